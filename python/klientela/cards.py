"""Reads a list of clients as its owner has it, so that no card is lost: columns by their names, dates as they come.

>>> from klientela import cards
>>> read = cards.read({"Id": ["7", "8"], "Surname": ["Berg", "Kranz"], "DOB": ["31/12/1980", "sometime"]})
>>> read.columns
{'client': 'Id', 'family_name': 'Surname', 'birthday': 'DOB'}
>>> read.unreadable
{'DOB': 1}
>>> len(read.base)
2
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from klientela import _core, readers
from klientela._columns import check_base, stream_of, table_of
from klientela._counted import counted, noun

_FIELDS = _core.tables()["clients"]
_TIMES = ("birthday", "created_at", "updated_at")
# What duplicates are told by; the other fields are about the card.
_TOLD_BY = (
    "name", "given_name", "middle_name", "family_name", "birthday", "emails", "phones", "addresses", "street", "house",
    "street_2", "city", "region", "postcode", "country", "tax_numbers", "identifiers", "websites",
)  # fmt: skip
# Reasons that are about the id, since no other field of these cards can have them.
_ABOUT_IDS = ("missing_value", "duplicate_client", "not_a_number", "overflow")
_SHOWN = 20
_ROWS_SHOWN = 5
_BLANK = "[\\s\\v\\x{85}\\p{Z}\\x{200B}\\x{2060}\\x{FEFF}]"


@dataclass
class Cards:
    """Cards of clients as they were read.

    Attributes
    ----------
    base : ClientBase
        The cards.
    rows : int
        How many rows the list has, lines that could not be cut into columns and rows without any value included.
    rejected : int
        How many of them are no cards: such lines, and rows with bytes that are no text.
    columns : dict of str to str
        By field the column that it was read from; where several columns feed one field of several values, such as
        phones, their names joined by `` + ``.
    unused : list of str
        Columns that feed no field.
    unreadable : dict of str to int
        By column how many values could not be read; they count as none.
    numbered : bool
        Whether the cards have the numbers of their rows, from 1 and as in ``rows``, since there is no column of ids, or an id
        is missing or stands twice.
    ids : dict of str to str
        Ids that are written with blanks around them, by the id without.
    notes : list of str
        What was assumed, and what could not be read, in sentences.
    kept : Table, optional
        The columns that were not read as texts, behind a first column with the ids; None where there are none.
    parent : str, optional
        The column with the parents of cards, which is not read but stands in ``kept``.
    month_first : list of str
        Columns whose dates were read with the month before the day.
    """

    base: _core.ClientBase
    rows: int = 0
    rejected: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    unreadable: dict[str, int] = field(default_factory=dict)
    numbered: bool = False
    ids: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: _core.Table | None = field(default=None, repr=False)
    parent: str | None = None
    month_first: list[str] = field(default_factory=list)


def read(
    data: Any,
    *,
    ingest: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    extends: _core.ClientBase | None = None,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> Cards:
    """Read cards of clients from a file or a table and keep every one of them.

    Columns are recognised by their names (docs/tables.md, *clients*). Of two columns that feed one field the one whose
    name stands first there is read; fields of several values take all. Dates may be written YYYYMMDD, also as numbers,
    YYYY-MM-DD, or with day and month first in the order that more values of the column fit, day first where both do
    alike. A value that cannot be read counts as none.

    Parameters
    ----------
    data : path or table
        A file that :func:`klientela.readers.read` knows, or a table.
    ingest : mapping, optional
        The ingest part of a policy: ``mappings`` name columns, ``date_format`` says how dates are written.
    encoding : str, optional
        Of a text file that is not UTF-8.
    extends : ClientBase, optional
        A base that the cards are added to, which stays as it is. :meth:`ClientBase.extend` reads by the stricter rules of
        every table.
    threads : int
        0: one per core.
    progress : callable, optional
        Called with the stage and the share done.

    Returns
    -------
    Cards
        What it says of rows and columns is of this list alone; the base is the extended one, where there is one.

    Raises
    ------
    BadDataError
        If the file cannot be read at all, or has no column that duplicates can be told by; or if cards are to be added
        that have no id each.

    Examples
    --------
    >>> first = read({"id": [1, 2], "name": ["Anna Berg", "Otto Kranz"]})
    >>> more = read({"id": [2, 3], "name": ["Otto Krantz", "Ida Pohl"], "dob": ["17.8.1966", "?"]}, extends=first.base)
    >>> more.rows, len(more.base), more.unreadable
    (2, 3, {'dob': 1})
    """
    options = dict(ingest or {})
    if isinstance(data, (str, os.PathLike)):
        name = os.fspath(data)
        source = readers.read(data, "clients", encoding=encoding)
    else:
        name = "the table"
        source = readers.Source(data)
    table = _Delivered(source.data, name, options)
    columns = table.choose()
    empty = table.number([row for row, _, _ in source.malformed])
    wanted = {**options, "keep_unreadable_cards": True}
    into = _core.ingest
    if extends is not None:
        into = check_base(extends, "extends").extend
        wanted |= {"time_zone": extends.time_zone, "currency": extends.currency}
    mappings = {**options.get("mappings", {}), "clients": {"columns": columns}}

    def take(numbered: bool) -> _core.IngestResult:
        return into(
            {"clients": table.relation(numbered)},
            threads=threads,
            progress=progress,
            **{**wanted, "mappings": mappings},
        )

    numbered = table.id_column is None
    if numbered and extends is not None:
        raise _core.BadDataError(f"{name} has no column of ids, which cards that are added need", "clients")
    result = take(numbered)
    counts = result.counts["clients"]
    if any(reason in counts["by_reason"] for reason in _ABOUT_IDS):
        told = [
            f"{counts['by_reason'][reason]:,} {_WORDS[reason]}"
            for reason in _ABOUT_IDS
            if reason in counts["by_reason"]
        ]
        if extends is not None:
            raise _core.BadDataError(
                f"the column {table.id_column!r} of {name} holds no ids of cards ({', '.join(told)}), and cards that are added "
                f"need an id each: {_first_rows([], table.rows_of(result.rejected))}",
                "clients",
            )
        table.notes.insert(
            0,
            f"the column {table.id_column!r} holds no ids of cards ({', '.join(told)}): rows are numbered from 1 instead",
        )
        numbered = True
        result = take(numbered)
        counts = result.counts["clients"]
    elif numbered:
        table.notes.insert(0, "there is no column of ids: rows are numbered from 1")
    malformed = len(source.malformed)
    rejected = counts["rows_rejected"] + malformed
    rows = counts["rows_read"] + malformed + len(empty)
    if rejected:
        table.notes.append(
            f"{rejected:,} of {counted(rows, 'row')} could not be read as cards: "
            + _first_rows(
                [(row + 1, f"cannot be cut into columns: {text}") for row, _, text in source.malformed],
                table.rows_of(result.rejected),
            )
        )
    if empty:
        more = f" and {len(empty) - _ROWS_SHOWN:,} more" if len(empty) > _ROWS_SHOWN else ""
        table.notes.append(
            f"{noun(len(empty), 'row')} {', '.join(f'{row:,}' for row in empty[:_ROWS_SHOWN])}{more} "
            f"{noun(len(empty), 'has', 'have')} no value at all and {noun(len(empty), 'is no card', 'are no cards')}"
        )
    for column, values in counts["ignored_values"].items():
        closes = column == columns.get("parent")
        why = "would close a circle of parents" if closes else "could not be read"
        table.notes.append(_unreadable_note(column, values, table.examples(column), why))
    return Cards(
        base=result.base,
        rows=rows,
        rejected=rejected,
        columns={f: c for f, c in columns.items() if not (numbered and f == "client")},
        unused=table.unused + ([table.id_column] if numbered and table.id_column is not None else []),
        unreadable=dict(counts["ignored_values"]),
        numbered=numbered,
        ids={} if numbered else table.ids_with_blanks(),
        notes=table.notes,
        kept=table.values_not_read(numbered),
        parent=table.parent,
        month_first=table.month_first,
    )


def with_days(data: Any, ingest: Mapping[str, Any]) -> Any:
    """Give a table of clients with its dates written so that every reader takes them.

    They are read as :func:`read` does, but for those of a column in which the day or the month could be first: they stay
    as they are, as all do where ``ingest`` says how dates are written.
    """
    if ingest.get("date_format"):
        return data
    table = _Delivered(data, "the table", ingest)
    fields = {column: field_name for field_name, column in table._mapped.items()}
    days = [each for each in table.types if (fields.get(each) or _core._field_for("clients", each)) in _TIMES]
    written = {column: table._times(column, doubtful=False) for column in days}
    if all(written[column] in (_quoted(column), table._texts.get(column)) for column in days):
        return data
    return table.with_columns(written)


def day_of(text: str, *, date_format: str | None = None, month_first: bool = False) -> str:
    """Give a day that somebody wrote as 2026-12-31, as :func:`read` takes it in a column; a text that is none as it is.

    >>> day_of("3.5.1980"), day_of("03/05/1980", month_first=True), day_of("19800503"), day_of("soon")
    ('1980-05-03', '1980-03-05', '1980-05-03', 'soon')
    >>> day_of("1980 03 05", date_format="%Y %d %m")
    '1980-05-03'
    """
    text = text.strip()
    marks = [mark for mark in ".-/" if mark in text]
    orders = ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y"]
    orders = ["%Y{0}%m{0}%d", *(reversed(orders) if month_first else orders)]
    patterns = [order.format(mark) for order in orders for mark in marks]
    if len(text) == 8 and text.isdecimal():
        patterns = ["%Y%m%d"]
    for pattern in [date_format] if date_format else patterns:
        with contextlib.suppress(ValueError):
            return dt.datetime.strptime(text, pattern).date().isoformat()
    return text


def _first_rows(malformed: list[tuple[int, str]], rejected: list[tuple[int, str]]) -> str:
    """Which rows of the file they are, and why."""
    told = malformed + rejected
    shown = "; ".join(f"row {row:,} {text}" for row, text in sorted(told)[:_ROWS_SHOWN])
    return shown + (f"; and {len(told) - _ROWS_SHOWN:,} more" if len(told) > _ROWS_SHOWN else "")


_WORDS = {
    "missing_value": "missing",
    "duplicate_client": "that stand there before",
    "not_a_number": "that are no whole numbers",
    "overflow": "too large",
}


def _unreadable_note(column: str, values: int, examples: list[str], why: str) -> str:
    shown = f", such as {', '.join(examples)}" if examples else ""
    one = values == 1
    return (
        f"{counted(values, 'value')} of the column {column!r} {why}{shown}: "
        f"{'it counts' if one else 'they count'} as none, the {'card stays' if one else 'cards stay'}"
    )


class _Delivered:
    """The rows of a list in DuckDB, and which column feeds which field."""

    def __init__(self, data: Any, name: str, options: Mapping[str, Any]) -> None:
        self._name = name
        self._mapped: dict[str, str] = dict(options.get("mappings", {}).get("clients", {}).get("columns", {}))
        self._date_format = bool(options.get("date_format"))
        self._connection = readers._connect()
        try:
            self._connection.register("delivered", stream_of(data))
            self._connection.execute("CREATE TEMP TABLE cards AS SELECT * FROM delivered")
        except duckdb.Error as error:
            raise _core.BadDataError(f"{name} cannot be read: {readers._first_line(error)}", "clients") from error
        self._connection.unregister("delivered")
        described = self._connection.execute("DESCRIBE cards").fetchall()
        self.types: dict[str, str] = {str(row[0]): str(row[1]) for row in described}
        self.unused: list[str] = []
        self.notes: list[str] = []
        self.id_column: str | None = None
        self.parent: str | None = None
        self.month_first: list[str] = []
        self._number = "row"
        while self._number.casefold() in {column.casefold() for column in self.types}:
            self._number += "_"
        self._numbers = "row_number() OVER ()"
        self._parts: dict[str, list[str]] = {}  # by name of the column in the relation
        self._select: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of columns with times: the text as it came

    def choose(self) -> dict[str, str]:
        """By field the column that feeds it."""
        feeds: dict[str, list[str]] = {}
        for field_name, column in self._mapped.items():
            if column not in self.types:
                raise _core.BadDataError(f"{self._name} has no column {column!r} for the field {field_name}", column)
            feeds[field_name] = [column]
        taken = set(self._mapped.values())
        for column in self.types:
            if column in taken:
                continue
            found = _core._field_for("clients", column)
            if found is None or found in self._mapped:
                self.unused.append(column)
            else:
                feeds.setdefault(found, []).append(column)
        parents = feeds.pop("parent", [])  # a card stays whether or not its parent has one
        self.parent = parents[0] if parents else None
        columns: dict[str, str] = {}
        for field_name in _FIELDS:
            if field_name not in feeds:
                continue
            of_field = sorted(feeds[field_name], key=lambda column: _rank(field_name, column))
            if _FIELDS[field_name]["type"] != "texts" and len(of_field) > 1:
                self.notes.append(
                    f"the columns {_listed(of_field)} all feed {field_name}: {of_field[0]!r} is read; "
                    f"ingest.mappings.clients.columns of a policy can name another"
                )
                self.unused += of_field[1:]
                of_field = of_field[:1]
            columns[field_name] = self._add(field_name, of_field)
        if not any(told in columns for told in _TOLD_BY):
            listed = list(self.types)[:_SHOWN]
            more = f" and {len(self.types) - _SHOWN} more" if len(self.types) > _SHOWN else ""
            raise _core.BadDataError(
                f"{self._name} has no column that duplicates could be told by, such as a name, e-mail, phone or address; "
                f"columns found: {_listed(listed)}{more}; ingest.mappings.clients.columns of a policy can name the column "
                "of a field",
                "clients",
            )
        self.id_column = columns.get("client")
        columns.setdefault("client", self._number)
        return columns

    def number(self, malformed: Sequence[int]) -> list[int]:
        """Number the rows as the list has them, malformed lines included; leave out rows without any value, and say which."""
        run = self._connection.execute
        nothing = " AND ".join(f"coalesce({self._text(each)}, '') SIMILAR TO '{_BLANK}*'" for each in self.types)
        ((empty,),) = run(f"SELECT count(*) FROM cards WHERE {nothing}").fetchall()
        if not empty and not malformed:
            return []
        self._numbers = _quoted(self._number)
        run(
            f"CREATE TEMP TABLE numbers AS SELECT range + 1 AS {self._numbers} FROM "
            "range((SELECT count(*) FROM cards) + len(?::BIGINT[])) WHERE range NOT IN (SELECT unnest(?::BIGINT[])) "
            "ORDER BY range LIMIT (SELECT count(*) FROM cards)",
            [malformed, malformed],
        )
        run("CREATE TEMP TABLE numbered AS SELECT * FROM cards POSITIONAL JOIN numbers")
        run(f"CREATE OR REPLACE TEMP TABLE cards AS SELECT * FROM numbered WHERE NOT ({nothing})")
        rows = run(f"SELECT {self._numbers} FROM numbered WHERE {nothing} ORDER BY 1").fetchall()
        run("DROP TABLE numbered")
        return [row for (row,) in rows]

    def rows_of(self, rejected: _core.Table) -> list[tuple[int, str]]:
        """The numbers of rejected rows in the list, and why each was."""
        columns = (rejected._column(name) for name in ("row", "column", "reason"))
        rows = self._connection.execute(f"SELECT {self._numbers} FROM cards").fetchall() if len(rejected) else []
        return [
            (rows[row - 1][0], " ".join(str(word).replace("_", " ") for word in (column, reason) if word))
            for row, column, reason in zip(*columns, strict=True)
        ]

    def _add(self, field_name: str, of_field: list[str]) -> str:
        name = " + ".join(of_field)
        if len(of_field) > 1:
            parts = ", ".join(self._text(column) for column in of_field)
            self._select[name] = f"nullif(concat_ws(';', {parts}), '')"
        elif field_name in _TIMES:
            self._select[name] = self._times(of_field[0])
        else:
            self._select[name] = _quoted(of_field[0])
        return name

    def _text(self, column: str) -> str:
        if self.types[column].endswith("[]"):
            return f"array_to_string({_quoted(column)}, ';')"
        return f"CAST({_quoted(column)} AS VARCHAR)"

    def _times(self, column: str, *, doubtful: bool = True) -> str:
        """Times as they are, or in a text that can be read: dates of one order with the year first.

        Where each order is as likely, and it is no date with dots, the day is taken to be first, if that is not too doubtful.
        """
        kind = self.types[column]
        if kind in ("DATE", '"NULL"') or kind.startswith("TIMESTAMP"):
            return _quoted(column)
        text = f"trim(CAST({_quoted(column)} AS VARCHAR))"
        if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
            text = f"regexp_replace({text}, '\\.0+$', '')"
        self._texts[column] = text
        if self._date_format:
            return text
        parts = f"regexp_extract({text}, '^(\\d{{1,2}})([./-])(\\d{{1,2}})([./-])(\\d{{4}})((?:[ T].*)?)$'"
        first, second, year, rest = (f"{parts}, {group})" for group in (1, 3, 5, 6))
        day_first, month_first = _iso(year, second, first), _iso(year, first, second)
        solid = f"regexp_extract({text}, '^\\d{{8}}$')"
        solids = [
            _iso(*(f"substr({solid}, {begin}, {size})" for begin, size in places))
            for places in (((1, 4), (5, 2), (7, 2)), ((5, 4), (3, 2), (1, 2)), ((5, 4), (1, 2), (3, 2)))
        ]
        marks = f"regexp_extract({text}, '^(\\d{{4}})([./-])(\\d{{1,2}})[./-](\\d{{1,2}})((?:[ T].*)?)$'"
        year_first = _iso(f"{marks}, 1)", f"{marks}, 3)", f"{marks}, 4)")
        counted = ", ".join(f"count({each})" for each in (day_first, month_first, *solids))
        dotted = f"count(*) FILTER (WHERE {day_first} IS NOT NULL AND {parts}, 2) <> '.')"
        ((days, months, *in_one, undotted),) = self._connection.execute(
            f"SELECT {counted}, {dotted} FROM cards"
        ).fetchall()
        if days == months and undotted and not doubtful:
            return text
        if days == months and undotted:
            self.notes.append(
                f"the dates of the column {column!r} could be read with the day or the month first: the day is taken to be "
                "first; --date-format, such as %m/%d/%Y, says otherwise"
            )
        ordered = month_first if months > days else day_first
        if months > days:
            self.month_first.append(column)
        in_one_piece = solids[max(range(3), key=lambda order: (in_one[order], -order))]
        return f"coalesce({in_one_piece}, {ordered} || {rest}, {year_first} || {marks}, 5), {text})"

    def with_columns(self, written: Mapping[str, str]) -> readers._Rows:
        """All rows, some columns by an expression."""
        chosen = [f"{written.get(column, _quoted(column))} AS {_quoted(column)}" for column in self.types]
        return readers._Rows(self._connection, self._connection.sql(f"SELECT {', '.join(chosen)} FROM cards"))

    def relation(self, numbered: bool) -> Any:
        """What is ingested, with `numbered` ids or those that came."""
        chosen = [f"{expression} AS {_quoted(name)}" for name, expression in self._select.items()]
        if numbered:
            client = _quoted(self.id_column if self.id_column is not None else self._number)
            chosen = [each for each in chosen if not each.endswith(f" AS {client}")]
            chosen.insert(0, f"{self._numbers} AS {client}")
        return self._connection.sql(f"SELECT {', '.join(chosen)} FROM cards")

    def values_not_read(self, numbered: bool) -> _core.Table | None:
        """The columns that feed no field, and that of parents, as texts, behind the ids of their rows."""
        more = [self.parent, self.id_column if numbered else None]
        columns = self.unused + [column for column in more if column is not None]
        if not columns:
            return None
        name = self._number
        client = self._numbers if numbered or self.id_column is None else _quoted(self.id_column)
        chosen = [f"CAST({client} AS VARCHAR) AS {_quoted(name)}"]
        chosen += [f"{self._text(column)} AS {_quoted(column)}" for column in columns]
        return table_of(self._connection.sql(f"SELECT {', '.join(chosen)} FROM cards"))

    def ids_with_blanks(self) -> dict[str, str]:
        """Ids as they came, by what they count as."""
        if self.id_column is None or self.types[self.id_column] != "VARCHAR":
            return {}
        given = self._connection.execute(
            f"SELECT {_quoted(self.id_column)} FROM cards "
            f"WHERE regexp_matches({_quoted(self.id_column)}, '^(?:{_BLANK}|'')|{_BLANK}$')"
        ).fetchall()
        return {str(_core._client_id(text)): text for (text,) in given if str(_core._client_id(text)) != text}

    def examples(self, column: str) -> list[str]:
        """Some values of a column with times that are none."""
        text = self._texts.get(column)
        if text is None or self._date_format:
            return []
        rows = self._connection.execute(
            f"SELECT DISTINCT {text} AS value FROM cards WHERE try_cast({self._select[column]} AS TIMESTAMP) IS NULL "
            f"AND {text} <> '' ORDER BY value LIMIT 3"
        ).fetchall()
        return ["".join(each if each.isprintable() else " " for each in value[:40]) for (value,) in rows]


def _iso(year: str, month: str, day: str) -> str:
    """SQL of a date as text with the year first; NULL where there is no such day that a client could be born on."""
    text = f"({year} || '-' || lpad({month}, 2, '0') || '-' || lpad({day}, 2, '0'))"
    return f"CASE WHEN {year} BETWEEN '1900' AND '2199' AND try_cast({text} AS DATE) IS NOT NULL THEN {text} END"


def _rank(field_name: str, column: str) -> tuple[int, str]:
    """Where a column's name stands among those of its field."""
    names = [_plain(each) for each in (field_name, *_FIELDS[field_name]["aliases"])]
    plain = _plain(column)
    return (names.index(plain) if plain in names else len(names), column)


def _plain(name: str) -> str:
    return "".join(
        each for each in unicodedata.normalize("NFC", name).casefold() if not each.isspace() and each not in "_-."
    )


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _listed(columns: list[str]) -> str:
    return ", ".join(repr(column) for column in columns)
