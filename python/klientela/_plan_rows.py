"""Planned contacts as Python values: rows of the table, checked, with their times on the clock of the manager."""

from __future__ import annotations

import datetime as dt
import unicodedata
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from klientela import _core
from klientela._columns import table_of

Language = Literal["en", "ru"]
REQUIRED = ("id", "client", "manager", "channel", "start", "end", "time_zone")
_OPTIONAL = ("name", "topic", "purpose", "initiative", "minutes", "value", "playbook", "reason")

# What people call a channel; others are called as they are.
_CHANNELS = {
    "phone": ("Call", "Звонок"),
    "call": ("Call", "Звонок"),
    "email": ("E-mail", "Письмо"),
    "meeting": ("Meeting", "Встреча"),
    "visit": ("Visit", "Визит"),
    "letter": ("Letter", "Письмо почтой"),
    "sms": ("Text message", "СМС"),
    "messenger": ("Messenger", "Мессенджер"),
    "chat": ("Chat", "Чат"),
    "social": ("Social media", "Соцсети"),
    "video": ("Video call", "Видеозвонок"),
}
_T = TypeVar("_T")


class Contact(NamedTuple):
    """One planned contact; `start` and `end` in the time zone of the manager."""

    id: str
    client: str
    manager: str
    channel: str
    start: dt.datetime
    end: dt.datetime
    name: str
    topic: str
    purpose: str
    initiative: str
    minutes: int
    value: Any
    playbook: str
    reason: str


def say(language: Language, english: _T, russian: _T) -> _T:
    """Give what the language has."""
    if language not in ("en", "ru"):
        raise _core.InvalidArgumentError(f"language must be 'en' or 'ru', not {language!r}", "language")
    return russian if language == "ru" else english


def channel_words(name: str, language: Language) -> str:
    """What people call a channel."""
    return say(language, *_CHANNELS.get(name, (name, name)))


def contacts_of(planned: Any) -> list[Contact]:
    """Read a table of planned contacts, sorted by start and id.

    Times are instants, or texts with an offset as in plan.csv.

    Raises
    ------
    NotFoundError
        A column of `REQUIRED` is missing.
    BadDataError
        A value cannot be used; the message names row and column.
    """
    table = table_of(planned)
    for name in REQUIRED:
        if name not in table:
            raise _core.NotFoundError(
                f"planned contacts need a column {name!r}; there are: {', '.join(table.columns) or 'none'}",
                f"planned.{name}",
            )
    rows = len(table)
    columns = {name: table._column(name) if name in table else [None] * rows for name in (*REQUIRED, *_OPTIONAL)}
    zones: dict[str, dt.tzinfo] = {}
    seen: dict[str, int] = {}
    contacts = []
    for row in range(rows):
        of = {name: values[row] for name, values in columns.items()}
        for name in REQUIRED:
            if of[name] is None or of[name] == "":
                raise _bad(row, name, "has no value")
        key = str(of["id"])
        if (first := seen.setdefault(key, row)) != row:
            raise _bad(row, "id", f"is {key!r}, as in row {first + 1}; ids are there once")
        zone = _zone(str(of["time_zone"]), row, zones)
        # Python compares moments of one zone by what its clock shows, which it may show twice: those of UTC do not.
        begins, ends = (_moment(of[name], row, name) for name in ("start", "end"))
        if ends < begins:
            raise _bad(row, "end", "lies before the start")
        minutes = of["minutes"]
        contacts.append(
            Contact(
                id=key,
                client=str(of["client"]),
                manager=str(of["manager"]),
                channel=str(of["channel"]),
                start=_on_clock(begins, zone, row, "start"),
                end=_on_clock(ends, zone, row, "end"),
                name=str(of["name"] or ""),
                topic=str(of["topic"] or ""),
                purpose=str(of["purpose"] or ""),
                initiative=str(of["initiative"] or ""),
                minutes=int((ends - begins).total_seconds() // 60 if minutes is None else minutes),
                value=of["value"],
                playbook=str(of["playbook"] or ""),
                reason=str(of["reason"] or ""),
            )
        )
    return sorted(contacts, key=lambda each: (each.start.astimezone(dt.timezone.utc), each.id))


def moment_from(text: str) -> dt.datetime:
    """Read a moment with its offset, as plan.csv writes it.

    Raises
    ------
    ValueError
        It is no time, or says no offset.
    """
    moment = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if moment.tzinfo is None:
        raise ValueError("without an offset")
    return moment


def zone_named(name: str | None) -> dt.tzinfo | None:
    """Look a time zone up; None for None.

    Raises
    ------
    InvalidArgumentError
        There is none of that name.
    """
    try:
        return None if name is None else zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise _core.InvalidArgumentError(f"there is no time zone {name!r}", "time_zone") from error


def day_of(moment: dt.datetime, zone: dt.tzinfo | None) -> dt.date:
    """The day of a moment in a zone; None: the moment's own."""
    return (moment if zone is None else moment.astimezone(zone)).date()


def by_manager(contacts: Sequence[Contact]) -> dict[str, list[Contact]]:
    """Contacts of each manager, by manager."""
    found: dict[str, list[Contact]] = {}
    for each in contacts:
        found.setdefault(each.manager, []).append(each)
    return dict(sorted(found.items()))


def stamp_of(stamp: Any, name: str = "stamp") -> dt.datetime:
    """Check a moment that the caller gives, since nothing here reads the clock; in UTC, in whole seconds."""
    if not isinstance(stamp, dt.datetime) or stamp.tzinfo is None:
        raise _core.InvalidArgumentError(f"{name} must be a datetime with a time zone, not {stamp!r}", name)
    return stamp.astimezone(dt.timezone.utc).replace(microsecond=0)


def one_line(text: str, limit: int) -> str:
    """Give the text without control characters, on one line, and cut."""
    return _cut(" ".join(_shown(text).split()), limit)


def lines_of(text: str, limit: int) -> str:
    """Give the text without control characters but for ends of lines, and cut."""
    return _cut("\n".join(" ".join(line.split()) for line in _shown(text).split("\n")), limit)


def unique(names: Sequence[str], key: Callable[[str], str], other: Callable[[str, int], str]) -> list[str]:
    """Give each name, or where one like it by `key` came before, the first free one of ``other(name, 2)``, ..."""
    taken: set[str] = set()
    found = []
    for name in names:
        each, number = name, 1
        while key(each) in taken:
            number += 1
            each = other(name, number)
        taken.add(key(each))
        found.append(each)
    return found


def _shown(text: str) -> str:
    """Ends of lines as newlines; what is no character of a text as U+FFFD."""
    if text.isprintable():
        return text
    for end in ("\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"):
        text = text.replace(end, "\n")
    return "".join(
        each
        if each in "\n\t" or (unicodedata.category(each) not in ("Cc", "Cs") and ord(each) & 0xFFFE != 0xFFFE)
        else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _bad(row: int, column: str, what: str) -> _core.BadDataError:
    return _core.BadDataError(f"row {row + 1} of the planned contacts: {column} {what}", f"planned.{column}")


def _zone(name: str, row: int, zones: dict[str, dt.tzinfo]) -> dt.tzinfo:
    if name not in zones:
        try:
            zones[name] = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _bad(row, "time_zone", f"is {name!r}, which is no IANA time zone") from error
    return zones[name]


def _moment(value: Any, row: int, column: str) -> dt.datetime:
    if isinstance(value, str):
        try:
            return moment_from(value)
        except ValueError:
            raise _bad(row, column, f"is {value!r}, which is no time such as 2026-12-07T10:30:00+01:00") from None
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise _bad(row, column, f"is {value!r}, which says no time zone")
    return _on_clock(value, dt.timezone.utc, row, column)


def _on_clock(moment: dt.datetime, zone: dt.tzinfo, row: int, column: str) -> dt.datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise _bad(row, column, f"is {moment.isoformat()}, which lies outside the years 1 to 9999") from None
