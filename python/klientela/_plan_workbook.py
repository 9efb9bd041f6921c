"""Planned contacts as an Excel workbook: the load of everybody on the first sheet, then one sheet a manager."""

from __future__ import annotations

import datetime as dt
import math
import os
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from klientela import _core
from klientela._columns import table_of
from klientela._plan_rows import (
    Contact,
    Language,
    by_manager,
    channel_words,
    contacts_of,
    day_of,
    one_line,
    say,
    stamp_of,
    unique,
    zone_named,
)

_SHEET_NAME = 31  # characters that Excel takes, in UTF-16
_ROWS = 1_048_575  # below the head
_HIGHEST_ROW = 409  # points
_CELL = 32_000
_WIDEST, _WIDE = 44, 28  # of columns, in characters: of sentences, and of what is wrapped beside them
_DAYS = 45  # of the overview that can be read on a page


def write_workbook(
    planned: Any,
    path: str | os.PathLike[str],
    *,
    stamp: dt.datetime,
    prices: Any = None,
    names: Mapping[str, str] | None = None,
    language: Language = "en",
    time_zone: str | None = None,
) -> None:
    """Write an Excel workbook with an overview of the load by manager and day, and a sheet for each manager.

    Texts are texts, whatever they begin with: never formulas, numbers or links. Days and times are those of the
    manager's clock, as dates that Excel calculates with; days of the overview are those of `time_zone`. The same input
    gives the same bytes.

    Parameters
    ----------
    planned : table
        Planned contacts: anything with ``__arrow_c_stream__``, or a mapping of columns.
    path : str or path
        Where to write it.
    stamp : datetime
        What the file says of when it was made, with a time zone.
    prices : table, optional
        prices.csv, for the minutes that there are: capacity of the resource ``minute``.
    names : mapping, optional
        What managers are called, by id.
    language : {"en", "ru"}
        Of headings.
    time_zone : str, optional
        IANA name of the zone whose days `prices` has; by default that of each manager.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise ImportError("workbooks need the package XlsxWriter: pip install 'klientela[plan]'") from error
    created = stamp_of(stamp)
    zone = zone_named(time_zone)
    of = by_manager(contacts_of(planned))
    called = {manager: one_line((names or {}).get(manager) or manager, 200) for manager in of}
    for manager, contacts in of.items():
        if len(contacts) > _ROWS:
            raise _core.OutOfRangeError(
                f"{called[manager]} has {len(contacts):,} contacts; a sheet holds {_ROWS:,}", "planned.manager"
            )
    book = xlsxwriter.Workbook(
        os.fspath(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties(
        {"created": created.replace(tzinfo=None), "title": say(language, "Contact plan", "План контактов")}
    )
    sheet = _Writer(book, language)
    overview = say(language, "Overview", "Обзор")
    titles = sheet_names([overview, *called.values()])
    sheet.overview(titles[0], of, called, _capacity(prices), zone)
    for title, contacts in zip(titles[1:], of.values(), strict=True):
        sheet.manager(title, contacts)
    book.close()


def sheet_names(titles: Sequence[str]) -> list[str]:
    """Give each title a name that Excel takes for a sheet: 31 characters at most, unlike the others in any case."""
    return unique([_sheet_name(title) for title in titles], str.casefold, lambda name, n: _ended(name, f" ({n})"))


def _sheet_name(title: str) -> str:
    name = "".join(" " if each in "[]:*?/\\" else each for each in one_line(title, 200))
    name = _ended(" ".join(name.split()), "").strip(" '")
    if name.casefold() in ("history", "журнал"):  # Excel's own
        name += "_"
    return name or "-"


def _ended(name: str, ending: str) -> str:
    """The name, cut so that the ending fits behind it."""
    room = 2 * (_SHEET_NAME - len(ending))
    return name.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore").rstrip() + ending


def _capacity(prices: Any) -> dict[tuple[str, dt.date], int] | None:
    """Minutes of contacts that a manager has on a day."""
    if prices is None:
        return None
    table = table_of(prices)
    columns = [table._column(name) for name in ("manager", "day", "resource", "capacity")]
    return {
        (str(manager), dt.date.fromisoformat(day) if isinstance(day, str) else day): int(minutes)
        for manager, day, resource, minutes in zip(*columns, strict=True)
        if resource == "minute"
    }


class _Writer:
    def __init__(self, book: Any, language: Language) -> None:
        self.book = book
        self.language = language
        head = {"bold": True, "bg_color": "#E8EDF6", "bottom": 1, "valign": "vcenter", "text_wrap": True}
        self.head = book.add_format(head)
        self.head_right = book.add_format({**head, "align": "right"})
        self.head_day = book.add_format({**head, "align": "center", "num_format": "ddd d mmm", "rotation": 90})
        self.text = book.add_format({"valign": "top", "num_format": "@"})
        self.folded = book.add_format({"valign": "top", "num_format": "@", "text_wrap": True, "align": "left"})
        self.wrapped = book.add_format(
            {"valign": "top", "num_format": "@", "text_wrap": True, "align": "left", "indent": 1}
        )
        self.day = book.add_format({"valign": "top", "num_format": "ddd yyyy-mm-dd", "align": "left"})
        self.next_day = book.add_format({"top": 1})
        self.time = book.add_format({"valign": "top", "num_format": "hh:mm", "align": "left"})
        self.number = book.add_format({"valign": "top", "num_format": "#,##0"})
        self.share = book.add_format({"valign": "top", "num_format": "0%"})
        self.amount = book.add_format({"valign": "top", "num_format": "#,##0.00"})
        self.load = book.add_format({"num_format": '#,##0;-#,##0;"·"', "align": "center"})

    def overview(
        self,
        title: str,
        of: Mapping[str, Sequence[Contact]],
        called: Mapping[str, str],
        capacity: Mapping[tuple[str, dt.date], int] | None,
        zone: dt.tzinfo | None,
    ) -> None:
        """Minutes of each manager's days, and sums."""
        sheet = self.book.add_worksheet(title)
        load: dict[tuple[str, dt.date], int] = {}
        for manager, contacts in of.items():
            for each in contacts:
                key = manager, day_of(each.start, zone)
                load[key] = load.get(key, 0) + each.minutes
        known = {key: minutes for key, minutes in (capacity or {}).items() if key[0] in of}
        days = sorted({day for _, day in (*load, *known)})
        sums = [
            (say(self.language, "Contacts", "Контактов"), 10),
            (say(self.language, "Minutes", "Минут"), 9),
            (say(self.language, "Worth", "Ценность"), 11),
        ]
        if known:
            sums += [
                (say(self.language, "Minutes there are", "Минут всего"), 11),
                (say(self.language, "Used", "Занято"), 8),
            ]
        sheet.write_string(0, 0, say(self.language, "Manager", "Менеджер"), self.head)
        sheet.set_column(0, 0, _width(called.values(), 12))
        for column, (name, width) in enumerate(sums, 1):
            sheet.write_string(0, column, name, self.head_right)
            sheet.set_column(column, column, width)
        first = 1 + len(sums)
        for column, day in enumerate(days, first):
            sheet.write_datetime(0, column, dt.datetime(day.year, day.month, day.day), self.head_day)
        if days:
            sheet.set_column(first, first + len(days) - 1, 5)
        sheet.set_row(0, 78)
        for row, (manager, contacts) in enumerate(of.items(), 1):
            minutes = sum(each.minutes for each in contacts)
            self._write_text(sheet, row, 0, called[manager], self.text)
            sheet.write_number(row, 1, len(contacts), self.number)
            sheet.write_number(row, 2, minutes, self.number)
            sheet.write_number(row, 3, sum(float(each.value or 0) for each in contacts), self.amount)
            if known:
                there = sum(value for (who, _), value in known.items() if who == manager)
                if there:
                    sheet.write_number(row, 4, there, self.number)
                    sheet.write_number(row, 5, minutes / there, self.share)
            for column, day in enumerate(days, first):
                if (key := (manager, day)) in load or known.get(key):
                    sheet.write_number(row, column, load.get(key, 0), self.load)
        if of and days:
            sheet.conditional_format(
                1,
                first,
                len(of),
                first + len(days) - 1,
                {
                    "type": "2_color_scale",
                    "min_type": "num",
                    "min_value": 0,
                    "min_color": "#FFFFFF",
                    "max_color": "#7FB2E5",
                },
            )
        self._finish(sheet, 1, 1, len(of), first + len(days) - 1, pages=math.ceil(len(days) / _DAYS))

    def manager(self, title: str, contacts: Sequence[Contact]) -> None:
        """One row a contact, by start."""
        sheet = self.book.add_worksheet(title)
        language = self.language
        texts = [
            (say(language, "Client", "Клиент"), [each.client for each in contacts], 8),
            (say(language, "Name", "Название"), [each.name for each in contacts], 8),
            (say(language, "Channel", "Канал"), [channel_words(each.channel, language) for each in contacts], 9),
            (say(language, "Topic", "Тема"), [each.topic for each in contacts], 8),
            (say(language, "Purpose", "Цель"), [each.purpose for each in contacts], 8),
        ]
        ends = [
            (say(language, "Why", "Почему"), [each.reason for each in contacts], 10),
            (say(language, "Playbook", "Сценарий"), [each.playbook for each in contacts], 10),
            (say(language, "Initiative", "Инициатива"), [each.initiative for each in contacts], 10),
            (say(language, "Time zone", "Часовой пояс"), [str(each.start.tzinfo) for each in contacts], 10),
            (say(language, "Id", "Номер"), [each.id for each in contacts], 8),
        ]
        heads = [
            (say(language, "Day", "День"), 15.5),
            (say(language, "Start", "Начало"), 8),
            (say(language, "End", "Конец"), 8),
            *((name, _width([name, *values], least, _WIDE)) for name, values, least in texts),
            (say(language, "Minutes", "Минут"), 9),
            (say(language, "Worth", "Ценность"), 10),
            *((name, _width([name, *values], least)) for name, values, least in ends),
        ]
        for column, (name, width) in enumerate(heads):
            numeric = column in (3 + len(texts), 4 + len(texts))
            sheet.write_string(0, column, name, self.head_right if numeric else self.head)
            sheet.set_column(column, column, width)
        sheet.set_row(0, 20)
        why = 5 + len(texts)
        for row, each in enumerate(contacts, 1):
            start, end = each.start.replace(tzinfo=None), each.end.replace(tzinfo=None)
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
            sheet.write_datetime(row, 0, midnight, self.day)
            sheet.write_datetime(row, 1, start, self.time)
            sheet.write_datetime(row, 2, end, self.time)
            for column, (_, values, _) in enumerate(texts, 3):
                self._write_text(sheet, row, column, values[row - 1], self.folded)
            sheet.write_number(row, 3 + len(texts), each.minutes, self.number)
            if each.value is not None:
                sheet.write_number(row, 4 + len(texts), float(each.value), self.amount)
            for column, (_, values, _) in enumerate(ends, 5 + len(texts)):
                self._write_text(sheet, row, column, values[row - 1], self.wrapped if column == why else self.text)
            lines = [_lines(values[row - 1], heads[column][1]) for column, (_, values, _) in enumerate(texts, 3)]
            sheet.set_row(row, min(_HIGHEST_ROW, 15 * max(*lines, _lines(each.reason, heads[why][1]))))
        if len(contacts) > 1:
            rule = {"type": "formula", "criteria": "=$A3<>$A2", "format": self.next_day}
            sheet.conditional_format(2, 0, len(contacts), len(heads) - 1, rule)
        sheet.print_area(0, 0, len(contacts), why)  # what comes behind is for programs
        self._finish(sheet, 1, 3, len(contacts), len(heads) - 1)

    @staticmethod
    def _write_text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
        if text:
            sheet.write_string(row, column, one_line(text, _CELL), form)

    def _finish(self, sheet: Any, rows: int, columns: int, last_row: int, last_column: int, *, pages: int = 1) -> None:
        sheet.freeze_panes(rows, columns)
        if last_row:
            sheet.autofilter(0, 0, last_row, last_column)
            sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last_row + 1}"})
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(max(1, pages), 0)
        sheet.repeat_rows(0)
        if pages > 1:
            sheet.repeat_columns(0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&A&R&P / &N")


def _width(texts: Any, least: float, most: float = _WIDEST) -> float:
    """Of a column, in characters."""
    return float(min(max([least, *(_columns(text) + 2 for text in texts)]), most))


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a column that wraps it."""
    taken = _columns(one_line(text, _CELL))
    return 1 if taken + 2 <= width else math.ceil(1.1 * taken / (width - 1))


def _columns(text: str) -> int:
    """Of a text, in characters of which those of Chinese and the like are two."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
