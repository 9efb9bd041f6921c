"""Planned contacts as iCalendar files (RFC 5545) that can be published again: what changed replaces what was there."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import unicodedata
import urllib.parse
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from klientela import _core
from klientela._plan_rows import (
    Contact,
    Language,
    by_manager,
    channel_words,
    contacts_of,
    day_of,
    lines_of,
    one_line,
    say,
    stamp_of,
    zone_named,
)

if TYPE_CHECKING:
    from icalendar import Calendar, Timezone

_PRODID = "-//klientela//contact plan//EN"
_MANAGER = "X-KLIENTELA-MANAGER"
# What tells versions of an event apart, and not events.
_VERSION = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")
# In which order they stand; others come after them.
_ORDER = {
    name: place
    for place, name in enumerate(
        "SUMMARY DTSTART DTEND DTSTAMP UID SEQUENCE DESCRIPTION LAST-MODIFIED STATUS TRANSP".split()
    )
}
_NONE = dt.timedelta()
_SECOND = dt.timedelta(seconds=1)
# Names that Windows keeps for devices.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}


class _Event(NamedTuple):
    """An event as its file has it: lines are not folded, and say nothing of its version."""

    uid: str
    start: dt.datetime
    lines: tuple[str, ...]
    sequence: int
    cancelled: bool
    text: str  # with its version, folded


class _Published(NamedTuple):
    """What was published of one contact in the calendar of one manager."""

    manager: str
    event: _Event


def calendars(
    planned: Any,
    *,
    stamp: dt.datetime,
    before: Iterable[bytes | str] = (),
    period: tuple[dt.date, dt.date] | None = None,
    time_zone: str | None = None,
    names: Mapping[str, str] | None = None,
    language: Language = "en",
    domain: str = "klientela",
) -> dict[str, bytes]:
    """Make an iCalendar file of each manager's contacts.

    The UID of an event is ``id@domain``. An event that was published as it is stays so to the byte; one that was
    published otherwise gets a higher SEQUENCE, `stamp` as DTSTAMP and LAST-MODIFIED, and so replaces it; one that is no
    longer planned is cancelled. Times stand in the zone of the manager, whose rules are in the file.

    Parameters
    ----------
    planned : table
        Planned contacts: anything with ``__arrow_c_stream__``, or a mapping of columns.
    stamp : datetime
        When this is published, with a time zone.
    before : iterable of bytes or str
        The calendars that were published before, those of all managers. Calendars of others are left out.
    period : (first, last), optional
        The days that were planned, both in: what was published for other days stays as it is. By default all days.
    time_zone : str, optional
        IANA name of the zone whose days those are; by default the zone of each event.
    names : mapping, optional
        What managers are called, by id.
    language : {"en", "ru"}
        Of the words beside the data.
    domain : str
        What makes ids unlike those of other companies.

    Returns
    -------
    dict of str to bytes
        By manager: those who have contacts, and those who had some in `before`.
    """
    try:
        import icalendar  # noqa: F401
    except ImportError as error:
        raise ImportError("iCalendar files need the package icalendar: pip install 'klientela[plan]'") from error
    moment = stamp_of(stamp)
    zone = zone_named(time_zone)
    contacts = contacts_of(planned)
    published: dict[str, list[_Published]] = {}
    managers: dict[str, list[str]] = {}  # UIDs in the order of each manager's calendar
    for text in before:
        _read(text, published, managers)
    found: dict[str, list[_Event]] = {manager: [] for manager in managers}
    live: set[tuple[str, str]] = set()
    for manager, of in by_manager(contacts).items():
        for each in of:
            uid = _uid(each.id, domain)
            live.add((manager, uid))
            event = _versioned(uid, each.start, _lines(each, uid, language), manager, published, moment)
            found.setdefault(manager, []).append(event)
    for manager, uids in managers.items():
        found[manager] += [
            _ended(old.event, moment) if _within(old.event, period, zone) else old.event
            for uid in uids
            if (manager, uid) not in live
            for old in published[uid]
            if old.manager == manager
        ]
    return {
        manager: _calendar(manager, events, (names or {}).get(manager) or manager, language)
        for manager, events in sorted(found.items())
    }


def file_names(managers: Iterable[str]) -> dict[str, str]:
    """Give each manager's calendar a name that every file system takes and that none of the others has.

    Names say the id where it can be one; where something of it had to go, or where two differ by nothing that all file
    systems see, a mark of the id follows. So the name does not hang on who else is there, but for that.
    """
    plain = {manager: _plain(manager) for manager in managers}
    counts: dict[str, int] = {}
    for name in plain.values():
        counts[name.casefold()] = counts.get(name.casefold(), 0) + 1
    found = {}
    for manager, name in plain.items():
        exact = name == manager and counts[name.casefold()] == 1 and name.casefold() not in _DEVICES
        mark = hashlib.sha256(manager.encode()).hexdigest()
        found[manager] = f"{name}.ics" if exact else f"{name or 'manager'}-{mark[:12]}.ics"
    return found


def is_ours(text: bytes) -> bool:
    """Whether a calendar is one that this module made."""
    return _PRODID.encode() in text[:400]


def _plain(manager: str) -> str:
    """Letters, digits, - and _ of an id; at most 60 bytes in UTF-8."""
    text = unicodedata.normalize("NFC", manager)
    kept = "".join(each if each.isalnum() or each in "-_" else "_" for each in text).strip("_")
    return kept.encode()[:60].decode(errors="ignore")


def _uid(key: str, domain: str) -> str:
    name = urllib.parse.quote(key, safe="")
    if len(name) > 180:
        name = hashlib.sha256(key.encode()).hexdigest()
    return f"{name}@{urllib.parse.quote(domain, safe='')}"


def _lines(contact: Contact, uid: str, language: Language) -> tuple[str, ...]:
    client = contact.name or contact.client
    summary = f"{channel_words(contact.channel, language)}: {client}"
    if contact.topic:
        summary += f" ({contact.topic})"
    words = [
        (say(language, "Client", "Клиент"), f"{contact.name} ({contact.client})" if contact.name else contact.client),
        (say(language, "Topic", "Тема"), contact.topic),
        (say(language, "Purpose", "Цель"), contact.purpose),
        (say(language, "Initiative", "Инициатива"), contact.initiative),
        (say(language, "Playbook", "Сценарий"), contact.playbook),
        (say(language, "Why", "Почему"), contact.reason),
    ]
    description = "\n".join(f"{word}: {lines_of(text, 1000)}" for word, text in words if text)
    return (
        f"SUMMARY:{_escaped(one_line(summary, 200))}",
        f"DTSTART{_written(contact.start)}",
        f"DTEND{_written(contact.end)}",
        f"UID:{uid}",
        f"DESCRIPTION:{_escaped(description)}",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
    )


def _written(moment: dt.datetime) -> str:
    """What follows the name of a property: parameters and value.

    The reading of a clock that shows it twice is the first one, so that the second is written in UTC.
    """
    zone = str(moment.tzinfo)
    if zone == "UTC" or moment.replace(fold=0).utcoffset() != moment.utcoffset():
        return f":{moment.astimezone(dt.timezone.utc):%Y%m%dT%H%M%SZ}"
    return f";TZID={zone}:{moment:%Y%m%dT%H%M%S}"


def _moment(line: str) -> dt.datetime:
    """The moment of a line of DTSTART or DTEND."""
    name, _, value = line.rpartition(":")
    if value.endswith("Z"):
        return dt.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.timezone.utc)
    return dt.datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zoneinfo.ZoneInfo(_zone_of(name)))


def _name(line: str) -> str:
    return line.partition(":")[0].partition(";")[0]


def _zone_of(line: str) -> str:
    """TZID of a line; empty without one."""
    return line.partition(";TZID=")[2].partition(":")[0].partition(";")[0].strip('"')


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A line in pieces of 75 bytes at most, no character cut."""
    if len(line) < 25 or (line.isascii() and len(line) <= 75):
        return line
    left, pieces = line.encode(), []
    while len(left) > 74:
        end = 74
        while left[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(left[:end])
        left = left[end:]
    return b"\r\n ".join([*pieces, left]).decode()


def _versioned(
    uid: str,
    start: dt.datetime,
    lines: tuple[str, ...],
    manager: str,
    published: Mapping[str, Sequence[_Published]],
    stamp: dt.datetime,
) -> _Event:
    """The event as it was published, or its next version."""
    olds = published.get(uid, ())
    for old in olds:
        if old.manager == manager and sorted(old.event.lines) == sorted(lines):
            return old.event
    sequence = 0
    if olds:
        # Above what cancels it in the calendar of another manager.
        moved = any(old.manager != manager and not old.event.cancelled for old in olds)
        sequence = max(old.event.sequence for old in olds) + (2 if moved else 1)
    return _stamped(uid, start, lines, sequence, stamp)


def _ended(event: _Event, stamp: dt.datetime) -> _Event:
    if event.cancelled:
        return event
    lines = tuple(line for line in event.lines if not line.startswith("STATUS:"))
    return _stamped(event.uid, event.start, (*lines, "STATUS:CANCELLED"), event.sequence + 1, stamp)


def _stamped(uid: str, start: dt.datetime, lines: tuple[str, ...], sequence: int, stamp: dt.datetime) -> _Event:
    at = f"{stamp:%Y%m%dT%H%M%SZ}"
    version = (f"DTSTAMP:{at}", f"LAST-MODIFIED:{at}", f"SEQUENCE:{sequence}")
    written = sorted((*lines, *version), key=lambda line: _ORDER.get(_name(line), len(_ORDER)))
    text = "\r\n".join(map(_folded, ("BEGIN:VEVENT", *written, "END:VEVENT")))
    return _Event(uid, start, lines, sequence, "STATUS:CANCELLED" in lines, text)


def _within(event: _Event, period: tuple[dt.date, dt.date] | None, zone: dt.tzinfo | None) -> bool:
    return period is None or period[0] <= day_of(event.start, zone) <= period[1]


def _read(text: bytes | str, published: dict[str, list[_Published]], managers: dict[str, list[str]]) -> None:
    from icalendar import Calendar

    try:
        head, events = _cut(text if isinstance(text, str) else text.decode("utf-8-sig"))
        calendar = Calendar.from_ical(head)
        if str(calendar.get("PRODID", "")) != _PRODID or _MANAGER not in calendar:
            return
        manager = urllib.parse.unquote(str(calendar[_MANAGER]))
        uids = managers.setdefault(manager, [])
        for lines in events:
            event = _read_event(lines)
            published.setdefault(event.uid, []).append(_Published(manager, event))
            uids.append(event.uid)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise _core.BadDataError(f"a calendar that was published before cannot be read: {error}", "before") from error


def _cut(text: str) -> tuple[str, list[list[str]]]:
    """A calendar without its events, and the lines of each event, folded, with those that begin and end it."""
    head: list[str] = []
    events: list[list[str]] = []
    inside = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if line == "BEGIN:VEVENT":
            events.append([])
            inside = True
        (events[-1] if inside else head).append(line)
        inside = inside and line != "END:VEVENT"
    if inside:
        raise ValueError("it ends within an event")
    return "\r\n".join(head), events


def _read_event(folded: Sequence[str]) -> _Event:
    lines: list[str] = []
    for line in folded:
        if line[:1] in (" ", "\t"):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    lines = lines[1:-1]
    of = {_name(line): line for line in reversed(lines)}
    return _Event(
        uid=of["UID"].partition(":")[2],
        start=_moment(of["DTSTART"]),
        lines=tuple(line for line in lines if not line.startswith(_VERSION)),
        sequence=int(of.get("SEQUENCE", ":0").partition(":")[2]),
        cancelled=of.get("STATUS") == "STATUS:CANCELLED",
        text="\r\n".join(folded),
    )


def _calendar(manager: str, events: Sequence[_Event], name: str, language: Language) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{say(language, 'Contacts', 'Контакты')}: {one_line(name, 100)}")
    calendar.add(_MANAGER.lower(), urllib.parse.quote(manager, safe=""))
    events = sorted(events, key=lambda event: (event.start.astimezone(dt.timezone.utc), event.uid))
    _add_zones(calendar, events)
    # Events are thousands of a kind, which the package would write property by property, ten times slower.
    end = b"END:VCALENDAR\r\n"
    head: bytes = calendar.to_ical()
    return head.removesuffix(end) + b"".join(event.text.encode() + b"\r\n" for event in events) + end


def _add_zones(calendar: Calendar, events: Sequence[_Event]) -> None:
    """The rules of each zone for the years of its events."""
    years: dict[str, set[int]] = {}
    for event in events:
        for line in event.lines:
            if line.startswith(("DTSTART;", "DTEND;")) and (zone := _zone_of(line)):
                years.setdefault(zone, set()).add(int(line.rpartition(":")[2][:4]))
    for zone, of in sorted(years.items()):
        calendar.add_component(_rules(zone, min(of), max(of)))


@functools.lru_cache(maxsize=64)
def _rules(name: str, first: int, last: int) -> Timezone:
    """A VTIMEZONE with one observance for each change of the clock from the first year to the end of the last.

    The onset of an observance is read on the clock as it went before (RFC 5545, 3.6.5).
    """
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    zone = zoneinfo.ZoneInfo(name)
    rules = Timezone()
    rules.add("tzid", name)

    def add(at: dt.datetime, before: dt.timedelta) -> dt.timedelta:
        local = at.astimezone(zone)
        observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
        after = local.utcoffset() or _NONE
        observance.add("dtstart", at.replace(tzinfo=None) + before)
        observance.add("tzoffsetfrom", before)
        observance.add("tzoffsetto", after)
        observance.add("tzname", local.tzname() or name)
        rules.add_component(observance)
        return after

    def offset(at: dt.datetime) -> dt.timedelta:
        return at.astimezone(zone).utcoffset() or _NONE

    day = dt.datetime(first - 1, 12, 31, tzinfo=dt.timezone.utc)
    before = add(day, offset(day))
    while day.year <= last:
        after = day + dt.timedelta(days=1)
        if offset(after) != before:
            low, high = day, after  # the change is after low, and at high or before
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            before = add(high, before)
        day = after
    return rules
