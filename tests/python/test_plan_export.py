"""A plan for other programs: what CSV, Parquet, Excel and iCalendar hold is what was planned, whatever the texts."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import unicodedata
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import klientela
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from klientela import plan_export
from klientela._plan_rows import contacts_of

icalendar = pytest.importorskip("icalendar")
openpyxl = pytest.importorskip("openpyxl")

UTC = dt.timezone.utc
STAMP = dt.datetime(2026, 11, 28, 12, tzinfo=UTC)
HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "http://elsewhere.example/x",
    "mailto:a@b.example",
    "line\r\nBEGIN:VEVENT\r\nUID:forged",
    'a;b,c\\n\\,d:e"f',
    "nul \0 bell \a tab \t",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil",
    "naïve \N{GRINNING FACE} 日本 " * 20,
    "para\u2028graph\u0085next",
    "\ufffe_x0041_",
    "<b>&amp;</b>",
    "'quoted'",
    "END:VCALENDAR",
]


def planned_of(*rows: dict[str, Any]) -> dict[str, list[Any]]:
    """A table of planned contacts; what a row does not say is usual."""
    usual = {
        "id": "7/growth/0/2026-12/1",
        "client": "7",
        "name": "Falk GmbH",
        "manager": "anna",
        "channel": "phone",
        "topic": "new equipment",
        "purpose": "offer",
        "initiative": "ours",
        "start": dt.datetime(2026, 12, 7, 9, 30, tzinfo=UTC),
        "time_zone": "Europe/Berlin",
        "minutes": 15,
        "value": Decimal("2.5"),
        "playbook": "growth",
        "reason": "hot clients are called twice a month",
    }
    full = [{**usual, **row} for row in rows]
    for row in full:
        if "end" not in row:
            row["end"] = row["start"] + dt.timedelta(minutes=row["minutes"])
    names = (
        "id client name manager channel topic purpose initiative start end time_zone minutes value playbook reason"
    ).split()
    return {name: [row[name] for row in full] for name in names}


def events_of(text: bytes) -> dict[str, Any]:
    calendar = icalendar.Calendar.from_ical(text)
    assert [str(error) for error in calendar.errors] == []
    events = calendar.walk("VEVENT")
    found = {str(event["UID"]): event for event in events}
    assert len(found) == len(events)
    return found


def only(text: bytes) -> Any:
    (event,) = events_of(text).values()
    return event


# CSV and Parquet


def test_csv_says_times_on_the_clock_of_the_manager():
    planned = planned_of(
        {"id": "a"},
        {"id": "b", "time_zone": "America/New_York", "start": dt.datetime(2026, 7, 1, 2, 0, tzinfo=UTC)},
        {"id": "c", "time_zone": "Asia/Kathmandu", "name": None, "value": None},
    )
    lines = plan_export.plan_csv(planned).splitlines()
    assert lines[0] == ",".join(planned)
    assert "2026-12-07T10:30:00+01:00,2026-12-07T10:45:00+01:00,Europe/Berlin" in lines[1]
    assert "2026-06-30T22:00:00-04:00,2026-06-30T22:15:00-04:00,America/New_York" in lines[2]
    assert "2026-12-07T15:15:00+05:45" in lines[3]
    assert lines[3].startswith("c,7,,anna")


def test_csv_keeps_what_a_spreadsheet_would_run_a_text():
    text = plan_export.plan_csv(planned_of({"name": "=1+1", "topic": "@SUM(A1)"}))
    assert ",'=1+1,anna," in text and ",'@SUM(A1)," in text


def test_csv_can_be_read_as_a_plan_again():
    planned = planned_of({"id": "a"}, {"id": "b", "time_zone": "America/New_York"})
    import csv

    rows = list(csv.DictReader(io.StringIO(plan_export.plan_csv(planned))))
    again = {name: [row[name] for row in rows] for name in rows[0]}
    assert plan_export.plan_csv(again) == plan_export.plan_csv(planned)


def test_the_second_time_that_a_clock_shows_an_hour_is_another_moment():
    twice = [dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC), dt.datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
    planned = planned_of({"id": "a", "start": twice[0]}, {"id": "b", "start": twice[1]})
    text = plan_export.plan_csv(planned)
    assert "2026-10-25T02:30:00+02:00" in text and "2026-10-25T02:30:00+01:00" in text
    events = events_of(plan_export.calendars(planned, stamp=STAMP)["anna"])
    assert [events[f"{key}@klientela"]["DTSTART"].dt.astimezone(UTC) for key in "ab"] == twice


def test_a_contact_may_last_while_the_clock_is_set_back(tmp_path: Path):
    first = {"id": "b", "start": dt.datetime(2026, 10, 25, 0, 50, tzinfo=UTC), "minutes": None, "end": None}
    first["end"] = first["start"] + dt.timedelta(minutes=20)  # 02:50 in summer to 02:10 in winter
    planned = planned_of(first, {"id": "a", "start": first["end"]})
    lines = plan_export.plan_csv(planned).splitlines()
    assert "2026-10-25T02:50:00+02:00,2026-10-25T02:10:00+01:00" in lines[1]
    contacts = contacts_of(planned)
    assert [(each.id, each.minutes) for each in contacts] == [("b", 20), ("a", 15)]
    event = events_of(plan_export.calendars(planned, stamp=STAMP)["anna"])["b@klientela"]
    assert event["DTEND"].dt - event["DTSTART"].dt.astimezone(UTC) == dt.timedelta(minutes=20)
    plan_export.write_plan(planned, tmp_path, also=["xlsx", "ics", "parquet"], stamp=STAMP)


@pytest.mark.parametrize(
    ("row", "where", "says"),
    [
        ({"time_zone": "Mars/Olympus"}, "planned.time_zone", "row 1 .*'Mars/Olympus', which is no IANA time zone"),
        ({"time_zone": "../../etc/passwd"}, "planned.time_zone", "no IANA time zone"),
        ({"time_zone": None}, "planned.time_zone", "row 1 .* time_zone has no value"),
        ({"manager": ""}, "planned.manager", "manager has no value"),
        ({"start": dt.datetime(2026, 12, 7), "end": dt.datetime(2026, 12, 8)}, "planned.start", "says no time zone"),
        ({"start": "soon", "end": "later"}, "planned.start", "'soon', which is no time"),
        ({"end": dt.datetime(2026, 12, 6, tzinfo=UTC)}, "planned.end", "lies before the start"),
        ({"start": "0001-01-01T00:00+14:00", "end": "2026-12-07T00:00Z"}, "planned.start", "years 1 to 9999"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row, where, says):
    with pytest.raises(klientela.BadDataError, match=says) as told:
        plan_export.plan_csv(planned_of(row))
    assert told.value.where == where


def test_ids_are_there_once_and_columns_are_asked_for():
    with pytest.raises(klientela.BadDataError, match=r"row 2 .* as in row 1"):
        plan_export.plan_csv(planned_of({}, {}))
    planned = planned_of({})
    del planned["time_zone"]
    with pytest.raises(klientela.NotFoundError, match="need a column 'time_zone'; there are: id, client") as told:
        plan_export.calendars(planned, stamp=STAMP)
    assert told.value.where == "planned.time_zone"


def test_a_plan_comes_from_anything_arrow():
    pyarrow = pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    planned = planned_of({"id": "a"}, {"id": "b", "name": None})
    expected = plan_export.plan_csv(planned)
    assert plan_export.plan_csv(pyarrow.table(planned)) == expected
    assert plan_export.plan_csv(klientela.Table(planned)) == expected
    assert plan_export.plan_csv(polars.DataFrame(planned)) == expected


# iCalendar


def test_an_event_says_what_was_planned():
    text = plan_export.calendars(planned_of({}), stamp=STAMP, names={"anna": "Anna Berg"})["anna"]
    calendar = icalendar.Calendar.from_ical(text)
    assert str(calendar["METHOD"]) == "PUBLISH" and str(calendar["VERSION"]) == "2.0"
    assert str(calendar["X-WR-CALNAME"]) == "Contacts: Anna Berg"
    event = only(text)
    assert str(event["UID"]) == "7%2Fgrowth%2F0%2F2026-12%2F1@klientela"
    assert str(event["SUMMARY"]) == "Call: Falk GmbH (new equipment)"
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt == dt.datetime(2026, 12, 7, 10, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    assert event["DTEND"].dt - event["DTSTART"].dt == dt.timedelta(minutes=15)
    assert event["DTSTAMP"].dt == STAMP and event["SEQUENCE"] == 0
    assert str(event["DESCRIPTION"]).split("\n") == [
        "Client: Falk GmbH (7)",
        "Topic: new equipment",
        "Purpose: offer",
        "Initiative: ours",
        "Playbook: growth",
        "Why: hot clients are called twice a month",
    ]
    russian = only(plan_export.calendars(planned_of({}), stamp=STAMP, language="ru")["anna"])
    assert str(russian["SUMMARY"]) == "Звонок: Falk GmbH (new equipment)"


def test_lines_are_folded_and_end_as_the_format_says():
    text = plan_export.calendars(planned_of({"reason": "длинно " * 60}), stamp=STAMP)["anna"]
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert re.search(rb"(?<!\r)\n", text) is None
    assert max(map(len, text.split(b"\r\n"))) <= 75
    for line in text.split(b"\r\n"):
        line.decode()


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Europe/Moscow", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
)
def test_the_rules_of_the_zone_are_those_of_the_zone(zone):
    """The offset that a program finds by the VTIMEZONE alone, as RFC 5545 says, is the zone's on every day."""
    rows = [
        {
            "id": str(n),
            "time_zone": zone,
            "start": dt.datetime(2026, 2, 3, tzinfo=UTC) + n * dt.timedelta(days=9, hours=1),
        }
        for n in range(75)
    ]
    text = plan_export.calendars(planned_of(*rows), stamp=STAMP)["anna"]
    calendar = icalendar.Calendar.from_ical(text)
    if zone == "UTC":
        assert b"DTSTART:20260203T000000Z" in text
        return
    (rules,) = calendar.walk("VTIMEZONE")
    assert str(rules["TZID"]) == zone
    onsets = sorted(
        (each["DTSTART"].dt - each["TZOFFSETFROM"].td, each["TZOFFSETTO"].td) for each in rules.subcomponents
    )
    real = zoneinfo.ZoneInfo(zone)
    for hour in range(0, 24 * 700):
        at = dt.datetime(2026, 1, 1) + dt.timedelta(hours=hour)
        assert [offset for onset, offset in onsets if onset <= at][-1] == at.replace(tzinfo=UTC).astimezone(
            real
        ).utcoffset(), at


def test_what_is_published_again_stays_and_what_changed_replaces():
    later = STAMP + dt.timedelta(days=1)
    rows = [{"id": key, "start": dt.datetime(2026, 12, 7 + n, 9, tzinfo=UTC)} for n, key in enumerate("abc")]
    first = plan_export.calendars(planned_of(*rows), stamp=STAMP)
    same = plan_export.calendars(planned_of(*rows), stamp=later, before=first.values())
    assert same == first

    moved = {**rows[0], "start": dt.datetime(2026, 12, 17, 9, tzinfo=UTC)}
    new = {"id": "d"}
    second = plan_export.calendars(planned_of(moved, rows[1], new), stamp=later, before=first.values())
    events = events_of(second["anna"])
    told = {key: (str(event["STATUS"]), event["SEQUENCE"], event["DTSTAMP"].dt) for key, event in events.items()}
    assert told == {
        "a@klientela": ("CONFIRMED", 1, later),
        "b@klientela": ("CONFIRMED", 0, STAMP),
        "c@klientela": ("CANCELLED", 1, later),
        "d@klientela": ("CONFIRMED", 0, later),
    }
    assert events["a@klientela"]["DTSTART"].dt.day == 17

    # Back again: a version after the one that cancelled it.
    third = events_of(plan_export.calendars(planned_of(*rows), stamp=later, before=second.values())["anna"])
    assert {key: (str(event["STATUS"]), event["SEQUENCE"]) for key, event in third.items()} == {
        "a@klientela": ("CONFIRMED", 2),
        "b@klientela": ("CONFIRMED", 0),
        "c@klientela": ("CONFIRMED", 2),
        "d@klientela": ("CANCELLED", 1),
    }


def test_who_loses_all_contacts_has_them_cancelled_and_the_other_ones_are_newer():
    first = plan_export.calendars(planned_of({}), stamp=STAMP)
    second = plan_export.calendars(planned_of({"manager": "bert"}), stamp=STAMP, before=first.values())
    assert sorted(second) == ["anna", "bert"]
    gone, there = only(second["anna"]), only(second["bert"])
    assert (str(gone["STATUS"]), gone["SEQUENCE"]) == ("CANCELLED", 1)
    assert (str(there["STATUS"]), there["SEQUENCE"]) == ("CONFIRMED", 2)
    assert gone["UID"] == there["UID"]
    assert plan_export.calendars(planned_of({"manager": "bert"}), stamp=STAMP, before=second.values()) == second


def test_what_was_published_for_other_days_stays():
    december = plan_export.calendars(planned_of({"id": "a"}), stamp=STAMP)
    january = planned_of({"id": "b", "start": dt.datetime(2027, 1, 11, 9, tzinfo=UTC)})
    period = dt.date(2027, 1, 1), dt.date(2027, 1, 31)
    both = plan_export.calendars(january, stamp=STAMP, before=december.values(), period=period)
    assert {str(event["STATUS"]) for event in events_of(both["anna"]).values()} == {"CONFIRMED"}
    assert len(events_of(both["anna"])) == 2
    without = plan_export.calendars(january, stamp=STAMP, before=december.values())
    assert str(events_of(without["anna"])["a@klientela"]["STATUS"]) == "CANCELLED"


def test_the_days_of_a_plan_are_those_of_its_time_zone(tmp_path: Path):
    # The first of December in Moscow begins when it is November in Los Angeles.
    away = {"id": "a", "start": dt.datetime(2026, 11, 30, 22, tzinfo=UTC), "time_zone": "America/Los_Angeles"}
    period = dt.date(2026, 12, 1), dt.date(2026, 12, 31)
    first = plan_export.calendars(planned_of(away), stamp=STAMP)

    def status(**options: Any) -> str:
        again = planned_of({"id": "b"})
        made = plan_export.calendars(again, stamp=STAMP, before=first.values(), period=period, **options)
        return str(events_of(made["anna"])["a@klientela"]["STATUS"])

    assert status(time_zone="Europe/Moscow") == "CANCELLED"
    assert status() == "CONFIRMED"
    with pytest.raises(klientela.InvalidArgumentError, match="Mars"):
        status(time_zone="Mars/Base")
    prices = {"manager": ["anna"], "day": [dt.date(2026, 12, 1)], "resource": ["minute"], "capacity": [30]}
    book = workbook_of(planned_of(away), tmp_path, prices=prices, time_zone="Europe/Moscow")
    rows = [[cell.value for cell in row] for row in book["Overview"].iter_rows()]
    assert rows[0][6:] == [dt.datetime(2026, 12, 1)]
    assert rows[1][4:] == [30, 0.5, 15]


def test_calendars_of_others_are_left_out_and_broken_ones_are_told_of():
    other = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//other//EN\r\nEND:VCALENDAR\r\n"
    assert list(plan_export.calendars(planned_of({}), stamp=STAMP, before=[other])) == ["anna"]
    text = plan_export.calendars(planned_of({}), stamp=STAMP)["anna"]
    for broken in (text[: len(text) // 2], text.replace(b"SEQUENCE:0", b"SEQUENCE:x"), text.replace(b"UID:", b"XID:")):
        with pytest.raises(klientela.BadDataError, match="published before cannot be read"):
            plan_export.calendars(planned_of({}), stamp=STAMP, before=[broken])


def test_the_clock_is_the_callers():
    for stamp in (None, dt.datetime(2026, 1, 1), "now"):
        with pytest.raises(klientela.InvalidArgumentError, match="stamp must be a datetime with a time zone"):
            plan_export.calendars(planned_of({}), stamp=stamp)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_in_calendars(text):
    row = {
        name: text for name in ("id", "client", "name", "channel", "topic", "purpose", "playbook", "reason", "manager")
    }
    rows = [row, {**row, "id": text + "2"}, {"id": "plain", "manager": text}]
    made = plan_export.calendars(planned_of(*rows), stamp=STAMP, names={text: text})
    assert list(made) == [text]
    events = events_of(made[text])
    assert len(events) == 3
    for event in events.values():
        assert "\n" not in str(event["SUMMARY"])
        assert set(event) <= {
            "UID", "SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "SEQUENCE", "DESCRIPTION", "LAST-MODIFIED", "STATUS", "TRANSP",
        }  # fmt: skip
    printable = made[text].decode().replace("\r\n ", "").replace("\r\n", "").replace("\t", "")
    assert not [each for each in printable if unicodedata.category(each) == "Cc"]
    assert plan_export.calendars(planned_of(*rows), stamp=STAMP, before=made.values(), names={text: text}) == made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), min_size=1, max_size=6, unique=True))
def test_any_texts_are_published_and_read_again(texts):
    rows = [{"id": text, "manager": text, "name": text, "reason": text, "topic": text} for text in texts]
    first = plan_export.calendars(planned_of(*rows), stamp=STAMP)
    assert sorted(first) == sorted(texts)
    assert plan_export.calendars(planned_of(*rows), stamp=STAMP, before=first.values()) == first
    gone = plan_export.calendars(planned_of(*rows[:-1]), stamp=STAMP, before=first.values())
    assert str(only(gone[texts[-1]])["STATUS"]) == "CANCELLED"
    names = plan_export.file_names(texts)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names.values()}) == len(texts)
    for name in names.values():
        assert re.fullmatch(r"[\w-]+\.ics", name) and len(name.encode()) <= 100


def test_names_of_files_are_safe_and_stay():
    managers = ["anna", "Anna", "../x", "a/b", "a:b", "con", "NUL", "", ".", "Борис", "x" * 300, "a b"]
    names = plan_export.file_names(managers)
    assert names["Борис"] == "Борис.ics"
    assert plan_export.file_names(["anna"]) == {"anna": "anna.ics"}
    assert len({name.casefold() for name in names.values()}) == len(managers)
    assert names["a/b"].startswith("a_b-") and names["a/b"] == plan_export.file_names(["a/b"])["a/b"]
    assert names["con"].startswith("con-") and names["NUL"].startswith("NUL-")


# Excel


def workbook_of(planned: Any, tmp_path: Path, **more: Any) -> Any:
    path = tmp_path / "plan.xlsx"
    plan_export.write_workbook(planned, path, stamp=STAMP, **more)
    return openpyxl.load_workbook(path)


def test_a_workbook_has_an_overview_and_a_sheet_for_each_manager(tmp_path: Path):
    day = dt.date(2026, 12, 7)
    planned = planned_of(
        {"id": "a"},
        {"id": "b", "manager": "bert", "time_zone": "America/New_York"},
        {"id": "c", "start": dt.datetime(2026, 12, 9, 9, tzinfo=UTC), "minutes": 60},
    )
    prices = {
        "manager": ["anna", "anna", "anna", "carl"],
        "day": [day, day + dt.timedelta(days=1), day, day],
        "resource": ["minute", "minute", "slot", "minute"],
        "capacity": [100, 50, 9, 480],
    }
    book = workbook_of(planned, tmp_path, prices=prices, names={"anna": "Anna Berg"})
    assert book.sheetnames == ["Overview", "Anna Berg", "bert"]
    assert book.properties.created == STAMP.replace(tzinfo=None)
    rows = [[cell.value for cell in row] for row in book["Overview"].iter_rows()]
    days = [dt.datetime(2026, 12, each) for each in (7, 8, 9)]
    assert rows[0] == ["Manager", "Contacts", "Minutes", "Worth", "Minutes there are", "Used", *days]
    assert rows[1] == ["Anna Berg", 2, 75, 5, 150, 0.5, 15, 0, 60]
    assert rows[2] == ["bert", 1, 15, 2.5, None, None, 15, None, None]
    sheet = book["Anna Berg"]
    assert [cell.value for cell in sheet[1]][:10] == [
        "Day", "Start", "End", "Client", "Name", "Channel", "Topic", "Purpose", "Minutes", "Worth",
    ]  # fmt: skip
    first = sheet[2]
    assert first[0].value == dt.datetime(2026, 12, 7) and first[0].is_date
    assert first[1].value == dt.datetime(2026, 12, 7, 10, 30) and first[1].number_format == "hh:mm"
    assert (first[3].value, first[3].data_type) == ("7", "s")
    assert book["bert"]["B2"].value == dt.datetime(2026, 12, 7, 4, 30)
    for each in book:
        assert each.freeze_panes is not None and each.auto_filter.ref is not None
        assert each.page_setup.orientation == "landscape" and each.sheet_properties.pageSetUpPr.fitToPage
        assert each.print_title_rows == "$1:$1"


def test_sheets_print_so_that_people_can_read_them(tmp_path: Path):
    """Landscape, as wide as a page, the head on each; what is for programs stays out, and long texts are wrapped."""
    long = "Anstalt für die Instandhaltung von Druckmaschinen in Mecklenburg"
    planned = planned_of({"id": "a", "name": long, "reason": "because " * 20}, {"id": "b", "name": "苏州明德建材公司"})
    book = workbook_of(planned, tmp_path)
    for sheet in book:
        setup = sheet.page_setup
        assert (setup.orientation, setup.paperSize, sheet.print_title_rows) == ("landscape", 9, "$1:$1")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and (setup.fitToWidth or 1, setup.fitToHeight) == (1, 0)
    sheet = book["anna"]
    heads = {cell.value: cell.column_letter for cell in sheet[1]}
    assert sheet.print_area == f"'anna'!$A$1:${heads['Why']}$3"
    widths = {name: sheet.column_dimensions[letter].width for name, letter in heads.items() if letter in "EHK"}
    assert 18 < widths["Name"] < 30 and widths["Why"] < 46
    assert sheet[f"{heads['Name']}2"].alignment.wrap_text and sheet[f"{heads['Why']}2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height >= 15 * math.ceil(len("because " * 20) / 46)
    assert (sheet.row_dimensions[3].height or 15) == 15
    only_chinese = workbook_of(planned_of({"name": "苏州明德建材公司"}), tmp_path)["anna"]
    assert only_chinese.column_dimensions["E"].width > 2 * 8


def test_an_overview_of_many_days_prints_on_several_pages(tmp_path: Path):
    days = [dt.datetime(2026, 10, 1, 9, tzinfo=UTC) + dt.timedelta(days=day) for day in range(92)]
    rows = [{"id": str(day), "start": day, "end": day + dt.timedelta(minutes=15)} for day in days]
    sheet = workbook_of(planned_of(*rows), tmp_path)["Overview"]
    assert sheet.page_setup.fitToWidth == 3 and sheet.page_setup.fitToHeight == 0
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$A")


def test_a_workbook_repeats_to_the_byte(tmp_path: Path):
    for name in ("a.xlsx", "b.xlsx"):
        plan_export.write_workbook(planned_of({}), tmp_path / name, stamp=STAMP, language="ru")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_hostile_texts_stay_texts_in_workbooks(tmp_path: Path):
    columns = ("id", "client", "name", "channel", "topic", "purpose", "initiative", "playbook", "reason", "manager")
    planned = planned_of(*({name: text for name in columns} for text in HOSTILE))
    book = workbook_of(planned, tmp_path, names={HOSTILE[0]: "'History'"})
    assert len(book.sheetnames) == len(HOSTILE) + 1
    seen = set()
    for sheet in book:
        assert re.fullmatch(r"[^\[\]:*?/\\]{1,31}", sheet.title) and sheet.title.strip("'") == sheet.title
        assert len(sheet.title.encode("utf-16-le")) <= 62
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "d"), cell.coordinate
                assert cell.hyperlink is None
                seen.add(cell.value)
    assert {"=1+1", "+cmd|' /C calc'!A0", "http://elsewhere.example/x", "<b>&amp;</b>", "\ufffd_x0041_"} <= seen


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=12))
def test_any_titles_become_names_of_sheets(titles):
    names = plan_export.sheet_names(["Overview", *titles])
    assert len(names) == len(titles) + 1
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) <= 62
        assert not re.search(r"[\[\]:*?/\\]|^'|'$", name)
        assert name.casefold() != "history"


def test_names_of_sheets_that_would_be_alike_are_numbered():
    long = "Anna Berg of the northern territory, first half"
    assert plan_export.sheet_names(["Anna", "anna", "a/b", "a:b", long, long, "", "History"]) == [
        "Anna", "anna (2)", "a b", "a b (2)", "Anna Berg of the northern terri", "Anna Berg of the northern t (2)", "-", "History_",
    ]  # fmt: skip


# A folder of all of them


TABLES: dict[str, dict[str, list[Any]]] = {
    "refused": {"id": ["r"], "client": ["8"], "reason": ["capacity"], "text": ["=full"]},
    "prices": {"manager": ["anna"], "day": [dt.date(2026, 12, 7)], "resource": ["minute"], "capacity": [480]},
    "owners": {"client": ["7"], "manager": ["anna"]},
    "shortfalls": {"client": ["7"], "least": [2], "planned": [1]},
    "changes": {
        "id": ["x", "y"],
        "manager_before": ["anna", "gone"],
        "start_before": [dt.datetime(2026, 12, 7, 9, tzinfo=UTC)] * 2,
        "manager": ["anna", None],
        "start": [dt.datetime(2026, 12, 8, 9, tzinfo=UTC), None],
    },
}


def test_a_folder_holds_one_plan(tmp_path: Path):
    out = tmp_path / "plan"
    written = plan_export.write_plan(
        planned_of({"id": "a"}, {"id": "b", "manager": "bert"}),
        out,
        **TABLES,
        summary={"planned": 2},
        also=["parquet", "xlsx", "ics"],
        stamp=STAMP,
    )
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == set(written) == {
        "plan.csv", "plan.parquet", "plan.xlsx", "refused.csv", "prices.csv", "owners.csv", "shortfalls.csv",
        "changes.csv", "summary.json", "calendars/anna.ics", "calendars/bert.ics",
    }  # fmt: skip
    assert "'=full" in written["refused.csv"].read_text()
    changes = written["changes.csv"].read_text().splitlines()
    assert changes[1] == "x,anna,2026-12-07T10:00:00+01:00,anna,2026-12-08T10:00:00+01:00"
    assert changes[2] == "y,gone,2026-12-07T09:00:00+00:00,,"
    pyarrow = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.read_table(written["plan.parquet"])
    assert table["start"][0].as_py() == dt.datetime(2026, 12, 7, 9, 30, tzinfo=UTC)
    assert str(table.schema.field("value").type) == "decimal128(19, 4)"

    (out / "calendars" / "mine.ics").write_text("BEGIN:VCALENDAR\r\nPRODID:mine\r\nEND:VCALENDAR\r\n")
    plan_export.write_plan(planned_of({"id": "a"}), out, also=["ics"], stamp=STAMP)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    assert names == {"plan.csv", "calendars", "calendars/anna.ics", "calendars/bert.ics", "calendars/mine.ics"}
    assert str(only((out / "calendars/bert.ics").read_bytes())["STATUS"]) == "CANCELLED"
    plan_export.write_plan(planned_of({"id": "a"}), out)
    assert (out / "calendars/anna.ics").is_file(), "what people hold stays where no calendars are asked for"


def test_a_plan_can_follow_one_in_another_folder(tmp_path: Path):
    plan_export.write_plan(planned_of({"id": "a"}), tmp_path / "old", also=["ics"], stamp=STAMP)
    moved = planned_of({"id": "a", "start": dt.datetime(2026, 12, 8, 9, tzinfo=UTC)})
    new = plan_export.write_plan(moved, tmp_path / "new", also=["ics"], stamp=STAMP, before=tmp_path / "old")
    assert only(new["calendars/anna.ics"].read_bytes())["SEQUENCE"] == 1


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "plan"
    plan_export.write_plan(planned_of({"id": "a"}), out, also=["ics"], stamp=STAMP)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (out / "calendars" / "bert.ics").mkdir()
    both = planned_of({"id": "a", "topic": "other"}, {"id": "b", "manager": "bert"})
    with pytest.raises(IsADirectoryError):
        plan_export.write_plan(both, out, also=["ics"], stamp=STAMP)
    (out / "calendars" / "bert.ics").rmdir()
    real = plan_export.write_parquet

    def fail(*_: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(plan_export, "write_parquet", fail)
    with pytest.raises(OSError, match="no room"):
        plan_export.write_plan(both, out, also=["parquet", "ics"], stamp=STAMP)
    with pytest.raises(OSError, match="no room"):
        plan_export.write_plan(both, tmp_path / "fresh" / "deep", also=["parquet", "ics"], stamp=STAMP)
    assert not (tmp_path / "fresh").exists()
    monkeypatch.setattr(plan_export, "write_parquet", real)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_is_not_known_or_not_said_is_an_error(tmp_path: Path):
    with pytest.raises(klientela.InvalidArgumentError, match="not 'pdf'"):
        plan_export.write_plan(planned_of({}), tmp_path / "x", also=["pdf"])
    with pytest.raises(klientela.InvalidArgumentError, match="stamp"):
        plan_export.write_plan(planned_of({}), tmp_path / "x", also=["ics"])
    assert not (tmp_path / "x").exists()


def test_a_plan_of_nothing_is_written(tmp_path: Path):
    planned = planned_of()
    written = plan_export.write_plan(planned, tmp_path, also=["parquet", "xlsx", "ics"], stamp=STAMP)
    assert written["plan.csv"].read_text().strip() == ",".join(planned)
    assert openpyxl.load_workbook(written["plan.xlsx"]).sheetnames == ["Overview"]
    assert not (tmp_path / "calendars").exists()
