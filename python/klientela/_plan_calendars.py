"""Planned contacts as iCalendar files (RFC 5545) that can be published again: what changed replaces what was there."""

from __future__ import annotations

import copy
import datetime as dt
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
    lines_of,
    one_line,
    say,
    stamp_of,
)

if TYPE_CHECKING:
    from icalendar import Calendar, Event, Timezone

_PRODID = "-//klientela//contact plan//EN"
_MANAGER = "X-KLIENTELA-MANAGER"
# What tells versions of an event apart, and not events.
_VERSION = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")
_NONE = dt.timedelta()
_SECOND = dt.timedelta(seconds=1)
# Names that Windows keeps for devices.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}


class _Published(NamedTuple):
    """What was published of one contact in the calendar of one manager."""

    manager: str
    event: Event
    sequence: int
    cancelled: bool


def calendars(
    planned: Any,
    *,
    stamp: dt.datetime,
    before: Iterable[bytes | str] = (),
    period: tuple[dt.date, dt.date] | None = None,
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
    contacts = contacts_of(planned)
    published: dict[str, list[_Published]] = {}
    managers: dict[str, list[str]] = {}  # UIDs in the order of each manager's calendar
    for text in before:
        _read(text, published, managers)
    found: dict[str, list[Event]] = {manager: [] for manager in managers}
    live: dict[tuple[str, str], Event] = {}
    for manager, of in by_manager(contacts).items():
        for each in of:
            event = _event(each, _uid(each.id, domain), language)
            live[manager, str(event["UID"])] = event
            found.setdefault(manager, []).append(_versioned(event, manager, published, moment))
    for manager, uids in managers.items():
        found[manager] += [
            _ended(old, moment) if _within(old.event, period) else old.event
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


def _event(contact: Contact, uid: str, language: Language) -> Event:
    from icalendar import Event

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
    event = Event()
    event.add("uid", uid)
    event.add("dtstart", _written(contact.start))
    event.add("dtend", _written(contact.end))
    event.add("summary", one_line(summary, 200))
    event.add("description", "\n".join(f"{word}: {lines_of(text, 1000)}" for word, text in words if text))
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    return event


def _written(moment: dt.datetime) -> dt.datetime:
    """The reading of a clock that shows it twice is the first one: the second is written in UTC."""
    return moment if moment.replace(fold=0).utcoffset() == moment.utcoffset() else moment.astimezone(dt.timezone.utc)


def _versioned(event: Event, manager: str, published: Mapping[str, Sequence[_Published]], stamp: dt.datetime) -> Event:
    """The event as it was published, or its next version."""
    olds = published.get(str(event["UID"]), ())
    for old in olds:
        if old.manager == manager and _content(old.event) == _content(event):
            return old.event
    if olds:
        # Above what cancels it in the calendar of another manager.
        moved = any(old.manager != manager and not old.cancelled for old in olds)
        _stamp(event, max(old.sequence for old in olds) + (2 if moved else 1), stamp)
    else:
        _stamp(event, 0, stamp)
    return event


def _ended(old: _Published, stamp: dt.datetime) -> Event:
    if old.cancelled:
        return old.event
    event = copy.deepcopy(old.event)
    del event["STATUS"]
    event.add("status", "CANCELLED")
    _stamp(event, old.sequence + 1, stamp)
    return event


def _stamp(event: Event, sequence: int, stamp: dt.datetime) -> None:
    for name in _VERSION:
        event.pop(name, None)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("sequence", sequence)


def _content(event: Event) -> list[str]:
    """The lines of an event but for those of its version."""
    return [str(line) for line in event.content_lines() if not str(line).startswith(_VERSION)]


def _within(event: Event, period: tuple[dt.date, dt.date] | None) -> bool:
    return period is None or period[0] <= event["DTSTART"].dt.date() <= period[1]


def _read(text: bytes | str, published: dict[str, list[_Published]], managers: dict[str, list[str]]) -> None:
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(text)
        if str(calendar.get("PRODID", "")) != _PRODID or _MANAGER not in calendar:
            return
        manager = urllib.parse.unquote(str(calendar[_MANAGER]))
        uids = managers.setdefault(manager, [])
        for event in calendar.walk("VEVENT"):
            uid = str(event["UID"])
            event["DTSTART"].dt.date()
            cancelled = str(event.get("STATUS", "")) == "CANCELLED"
            published.setdefault(uid, []).append(_Published(manager, event, int(event.get("SEQUENCE", 0)), cancelled))
            uids.append(uid)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise _core.BadDataError(f"a calendar that was published before cannot be read: {error}", "before") from error


def _calendar(manager: str, events: Sequence[Event], name: str, language: Language) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{say(language, 'Contacts', 'Контакты')}: {one_line(name, 100)}")
    calendar.add(_MANAGER.lower(), urllib.parse.quote(manager, safe=""))
    events = sorted(events, key=lambda event: (event["DTSTART"].dt, str(event["UID"])))
    _add_zones(calendar, events)
    for event in events:
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _add_zones(calendar: Calendar, events: Sequence[Event]) -> None:
    """The rules of each zone for the years of its events."""
    years: dict[str, list[int]] = {}
    for event in events:
        for name in ("DTSTART", "DTEND"):
            if zone := event[name].params.get("TZID"):
                years.setdefault(str(zone), []).append(event[name].dt.year)
    for zone, of in sorted(years.items()):
        calendar.add_component(_rules(zone, min(of), max(of)))


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
