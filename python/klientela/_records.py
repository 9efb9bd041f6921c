"""Writes a list again without some of its rows: those of text files that stay stay byte for byte."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from klientela import _core, readers, writers
from klientela._columns import stream_of, table_of

_LINE_END = re.compile(rb"\r\n?|\n")
_MARKS = {
    "utf-8": (codecs.BOM_UTF8,),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-16-le": (codecs.BOM_UTF16_LE,),
    "utf-16-be": (codecs.BOM_UTF16_BE,),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-32-le": (codecs.BOM_UTF32_LE,),
    "utf-32-be": (codecs.BOM_UTF32_BE,),
}


@dataclass
class Edit:
    """What becomes of the rows of a list, which are counted from 1.

    Attributes
    ----------
    dropped : collection of int
        Rows that go.
    emptied : mapping of str to collection of int
        By column rows that lose their cell.
    numbers : str, optional
        Name of a new first column with the numbers that the rows had.
    """

    dropped: Collection[int]
    emptied: Mapping[str, Collection[int]] = field(default_factory=dict)
    numbers: str | None = None


def stays_text(source: Path, target: Path, encoding: str | None) -> bool:
    """Whether a text file can be copied under another name, which says how its cells are kept apart."""
    ending = readers.ending_of(source)
    if ending not in readers._TEXT or readers.ending_of(target) not in readers._TEXT:
        return False
    with readers._open(source) as stream:
        codec = readers.codec_of(stream.read(4), encoding)
    with readers.in_utf8(source, codec) as text:
        head = readers._head_of(text)
    return readers._delimiter(head, ending) == readers._delimiter(head, readers.ending_of(target))


def copy_text(source: Path, target: Path, columns: Sequence[str], edit: Edit, encoding: str | None = None) -> int:
    """Copy a text file but for what is edited, and give how many rows it has.

    Raises
    ------
    BadDataError
        If the text cannot be written back in its encoding as it was, or a row that loses a cell cannot be cut.
    """
    with readers._open(source) as stream:
        head = stream.read(4)
    codec = readers.codec_of(head, encoding)
    mark = next((each for each in _MARKS.get(codec, ()) if head.startswith(each)), b"")
    own = _ordered(codec, mark)
    packed = target.suffix.lower() == ".gz"
    with (
        readers.in_utf8(source, codec) as text,
        readers._open(text) as stream,
        readers._open(source) as original,
        gzip.open(target, "wb") if packed else target.open("wb") as out,
    ):
        delimiter = readers._delimiter(readers._head_of(text), readers.ending_of(source))
        out.write(original.read(len(mark)))
        rows = -1
        for record in _records(stream, delimiter, str(source)):
            raw = _encoded(record, own)
            if own != "utf-8" and original.read(len(raw)) != raw:
                raise _core.BadDataError(
                    f"{source} cannot be written back in {codec} as it is; save it as UTF-8 first", str(source)
                )
            if not record.strip(b"\r\n") and (rows < 0 or len(columns) > 1):  # no row to the reader either
                out.write(raw)
                continue
            rows += 1
            if rows in edit.dropped:
                continue
            for column, of_rows in edit.emptied.items():
                if rows in of_rows:
                    record = _without_cell(record, columns.index(column), delimiter, f"row {rows:,} of {source}")
            if edit.numbers is not None:
                record = f"{rows or edit.numbers}{delimiter}".encode() + record
            out.write(_encoded(record, own))
    return rows


def _ordered(codec: str, mark: bytes) -> str:
    """The codec without a byte order mark of its own."""
    if codec not in ("utf-16", "utf-32"):
        return codec
    return f"{codec}-{'be' if mark in (codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE) else 'le'}"


def _encoded(record: bytes, codec: str) -> bytes:
    return record if codec == "utf-8" else record.decode().encode(codec)


def _records(stream: BinaryIO, delimiter: str, name: str) -> Iterator[bytes]:
    """Every line with its end; line ends in quoted cells are none."""
    for block, _ in readers._blocks(stream, delimiter, name):
        begin = place = 0
        for start, end in [*readers._quoted_cells(block, delimiter), (len(block), len(block))]:
            for match in _LINE_END.finditer(block, place, start):
                yield block[begin : match.end()]
                begin = match.end()
            place = end
        if begin < len(block):
            yield block[begin:]


def _without_cell(record: bytes, place: int, delimiter: str, where: str) -> bytes:
    """The record with nothing in one cell."""
    mark = re.escape(delimiter.encode())
    cell = re.compile(rb' *"(?:[^"]|"")*"[^\r\n' + mark + rb"]*|[^\r\n" + mark + rb"]*")
    begin = 0
    for _ in range(place):
        begin = cell.match(record, begin).end()  # type: ignore[union-attr]  # it matches nothing, too
        if record[begin : begin + 1] != delimiter.encode():
            raise _core.BadDataError(f"{where} cannot be cut into columns", where)
        begin += 1
    return record[:begin] + record[cell.match(record, begin).end() :]  # type: ignore[union-attr]


def cells_of(data: Any, columns: Sequence[str]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Give the names of all columns of a table, and its cells in some, row by row."""
    connection = readers._connect()
    connection.register("delivered", stream_of(data))
    delivered = connection.sql("SELECT * FROM delivered")
    chosen = ", ".join(map(_quoted, columns)) or "NULL"
    return list(delivered.columns), connection.execute(f"SELECT {chosen} FROM delivered").fetchall()


def write_rows(data: Any, target: Path, edit: Edit) -> int:
    """Write a table but for what is edited as Parquet or CSV, by the ending, and give how many rows it had.

    Parquet keeps the types of the columns; in CSV lists have semicolons between their texts.
    """
    connection = readers._connect()
    connection.register("delivered", stream_of(data))
    connection.execute("CREATE TEMP TABLE list AS SELECT * FROM delivered")
    columns = {str(name): str(kind) for name, kind, *_ in connection.execute("DESCRIBE list").fetchall()}
    number = "row"
    while number.casefold() in {column.casefold() for column in columns}:
        number += "_"
    chosen = [] if edit.numbers is None else [f"{number} AS {_quoted(edit.numbers)}"]
    as_text = target.suffix != ".parquet"
    for column, kind in columns.items():
        value = _quoted(column)
        if as_text:
            value = f"array_to_string({value}, ';')" if kind.endswith("[]") else f"CAST({value} AS VARCHAR)"
        if edit.emptied.get(column):
            value = f"CASE WHEN {number} NOT IN ({_listed(edit.emptied[column])}) THEN {value} END"
        chosen.append(f"{value} AS {_quoted(column)}")
    kept = f"WHERE {number} NOT IN ({_listed(edit.dropped)})" if edit.dropped else ""
    left = connection.sql(
        f"SELECT {', '.join(chosen)} FROM (SELECT row_number() OVER () AS {number}, * FROM list) {kept} ORDER BY {number}"
    )
    if as_text:
        writers.write_table(table_of(left), target)
    else:
        writers.write_parquet(readers._Rows(connection, left), target)
    ((rows,),) = connection.execute("SELECT count(*) FROM list").fetchall()
    return int(rows)


def _listed(rows: Collection[int]) -> str:
    return ", ".join(map(str, sorted(rows)))


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
