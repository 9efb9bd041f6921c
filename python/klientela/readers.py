"""Reads the files that companies have: CSV, TSV (gzip too), Parquet, JSON lines, Excel; nothing in them is guessed away.

Cells of text formats stay text until the engine reads them, so an id like 00123 stays what it is. Lines that cannot be
cut into columns are kept aside with their numbers instead of being dropped.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np

from klientela import _core
from klientela._columns import table_of

_HEAD = 1 << 20
_BLOCK = 1 << 23
_LONGEST = 1 << 24
_QUOTE, _LF, _CR = b'"\n\r'
_TEXT = {".csv", ".tsv", ".tab", ".txt"}
_PARQUET = {".parquet", ".pq"}
_JSON = {".jsonl", ".ndjson", ".json"}
_EXCEL = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_CUT = 200
# How R, databases and spreadsheets write an empty cell; between quotes they are texts.
_NULLS = ("", "NA", "N/A", "NULL", "\\N")


@dataclass
class Source:
    """One table as it was read.

    Attributes
    ----------
    data : object
        The rows, with ``__arrow_c_stream__``.
    malformed : list of (int, str, str)
        Lines that could not be cut into columns: number of the row in the file from 0, column, text.
    """

    data: Any
    malformed: list[tuple[int, str, str]] = field(default_factory=list)


def read(path: str | os.PathLike[str], table: str = "transactions", *, encoding: str | None = None) -> Source:
    """Read one file.

    Parameters
    ----------
    path : str or path
        The file; its ending says what it is. A sheet of a workbook is named behind ``#``: ``book.xlsx#May``;
        else the sheet called like the table is taken, else the first.
    table : str
        The table that the file is for.
    encoding : str, optional
        Encoding of a text file, for example ``cp1251``; None: UTF-8, or UTF-16 where it has a byte order mark.

    Raises
    ------
    BadDataError
        If the file cannot be read as what its name says; ``where`` is the path.
    NotFoundError
        If there is no such file or sheet.
    """
    name, sheet = _split_sheet(os.fspath(path))
    file = Path(name)
    if not file.is_file():
        raise _core.NotFoundError(f"there is no file {name}" if not file.is_dir() else f"{name} is a folder", name)
    packed = file.suffix.lower() == ".gz"
    ending = ending_of(file)
    try:
        if ending in _TEXT:
            return _read_text(file, ending, encoding)
        if ending in _PARQUET and not packed:
            return _read_parquet(file)
        if ending in _JSON:
            return _read_json(file)
        if ending in _EXCEL and not packed:
            return _read_excel(file, sheet, table)
    except duckdb.Error as error:
        raise _bad(name, f"cannot be read: {_first_line(error)}") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _bad(name, f"is not a whole gzip file: {error}") from error
    known = ", ".join(sorted(_TEXT | _PARQUET | _JSON | _EXCEL))
    raise _bad(name, f"has an ending that is not known; known are {known}, and .gz behind those of text")


def _bad(name: str, why: str) -> _core.BadDataError:
    return _core.BadDataError(f"{name} {why}", name)


def _first_line(error: BaseException) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"""["']?[^\s"']*[\\/]klientela-\w+[\\/][\w.]+["']?""", "the file", line)


def _split_sheet(path: str) -> tuple[str, str | None]:
    if "#" in path and not Path(path).exists():
        name, _, sheet = path.rpartition("#")
        return name, sheet
    return path, None


def _connect() -> Any:
    # Nothing is fetched from the network, whatever a file asks for.
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


class _Link:
    """Another name of a file, which DuckDB takes for nothing else: no pattern, no address, no key=value folders.

    It lives as long as this object.
    """

    def __init__(self, file: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="klientela-")
        link = Path(self._folder.name) / ("rows.gz" if file.suffix.lower() == ".gz" else "rows")
        try:
            link.symlink_to(file.resolve())
        except (OSError, NotImplementedError):
            shutil.copyfile(file, link)
        self.path = str(link)


class _Rows:
    """A relation, the connection it lives in, and the file that it still reads."""

    def __init__(self, connection: Any, relation: Any, link: _Link | None = None) -> None:
        self._connection = connection
        self._relation = relation
        self._link = link
        self.columns: list[str] = list(relation.columns)

    def count(self) -> int:
        ((rows,),) = self._connection.execute("SELECT count(*) FROM lines").fetchall()
        return int(rows)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._relation.__arrow_c_stream__()


def _open(file: Path) -> BinaryIO:
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")  # type: ignore[return-value]


def codec_of(head: bytes, encoding: str | None) -> str:
    """Name of the codec that a text file which begins so is read by."""
    if encoding is None:
        encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        "".encode(encoding)  # also refuses codecs that are not of text, such as hex
        codec = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise _core.InvalidArgumentError(f"there is no encoding {encoding!r}", "encoding") from error
    return "utf-8" if codec in ("utf-8-sig", "ascii") else codec


@contextlib.contextmanager
def in_utf8(file: Path, codec: str) -> Iterator[Path]:
    """Give the file, or while the block goes on another one with the same text in UTF-8."""
    if codec == "utf-8":
        yield file
        return
    folder = tempfile.mkdtemp(prefix="klientela-")
    try:
        converted = Path(folder) / "converted.csv"
        try:
            with _open(file) as stream, converted.open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(io.TextIOWrapper(stream, encoding=codec, newline=""), out)
        except UnicodeError as error:
            raise _bad(str(file), f"is not {codec}: {error}") from error
        yield converted
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_text(file: Path, ending: str, encoding: str | None) -> Source:
    name = str(file)
    with _open(file) as stream:
        head = stream.read(_HEAD)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise _bad(name, "is empty")
    codec = codec_of(head, encoding)
    if codec == "utf-8":
        text = _head_of(file)
        lines = text.splitlines()
        broken = sum("\ufffd" in line for line in lines)
        # A few broken lines are faults of their own; many, or a broken header, are another encoding.
        if "\ufffd" in lines[0] or broken * 2 > len(lines) or (broken >= 10 and broken * 10 > len(lines)):
            raise _bad(name, "is not UTF-8; name its encoding (--encoding cp1251, for example)")
    with in_utf8(file, codec) as converted:
        return _scan_text(converted, name, ending, _head_of(converted))


def _head_of(file: Path) -> str:
    """Text at the beginning of a file in UTF-8."""
    with _open(file) as stream:
        return stream.read(_HEAD).removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")


def ending_of(file: Path) -> str:
    """What kind of file the name says it is, whether or not it is packed."""
    return (Path(file.stem) if file.suffix.lower() == ".gz" else file).suffix.lower()


def _delimiter(head: str, ending: str) -> str:
    header = next((line for line in head.splitlines() if line.strip()), "")
    if ending in (".tsv", ".tab"):
        return "\t"
    outside = "".join(part for place, part in enumerate(header.split('"')) if place % 2 == 0)
    return max(",;\t|", key=outside.count)


def _scan_text(file: Path, name: str, ending: str, head: str) -> Source:
    delimiter = _delimiter(head, ending)
    try:
        header = next(row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row)
    except csv.Error as error:
        raise _bad(name, f"has a header that cannot be read: {error}") from error
    columns = [column.strip() or f"column{place}" for place, column in enumerate(header, 1)]
    _refuse_duplicates(name, columns)

    folder = tempfile.mkdtemp(prefix="klientela-")
    try:
        with _open(file) as stream:
            survey = _survey(stream, delimiter, name)
        uneven = survey.mixed or (survey.blank > 0 and len(columns) > 1)
        if uneven:
            even = Path(folder) / "even.csv"
            with _open(file) as stream, even.open("wb") as out:
                _even(stream, out, delimiter, name, len(columns) == 1)
            file = even
        connection = _connect()
        link = _Link(file)
        connection.execute(
            "CREATE TEMP TABLE lines AS SELECT * FROM read_csv(?, auto_detect = false, header = true, delim = ?, "
            "quote = '\"', escape = '\"', nullstr = ?, allow_quoted_nulls = false, new_line = ?, columns = ?, "
            "compression = ?, store_rejects = true, rejects_scan = 'klientela_scans', "
            "rejects_table = 'klientela_rejects', max_line_size = 16777216)",
            [
                link.path,
                delimiter,
                list(_NULLS),
                "\\n" if uneven else survey.line_end,
                dict.fromkeys(columns, "VARCHAR"),
                "gzip" if file.suffix.lower() == ".gz" else "none",
            ],
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rejected = connection.execute(
        "SELECT line, any_value(column_name), any_value(csv_line) FROM klientela_rejects GROUP BY line ORDER BY line"
    ).fetchall()
    rows = _Rows(connection, connection.table("lines"))
    kept = rows.count()
    # A blank line is a record of a file with one column, and nothing where there are more.
    records = survey.records + (survey.blank if len(columns) == 1 else 0) - 1
    if kept + len(rejected) != records:
        raise _bad(
            name,
            f"has {records:,} rows, of which {kept:,} could be read and {len(rejected):,} could not: "
            "the rest would be lost; look for quotes that are not doubled inside a quoted cell",
        )
    # The first line is the header; rows are counted from 0.
    malformed = [(max(int(line) - 2, 0), column or "", _cut(text)) for line, column, text in rejected]
    return Source(rows, malformed)


@dataclass
class _Survey:
    """The lines of a text file, counted outside quotes; those before the first name are not counted."""

    line_end: str
    mixed: bool  # several line ends, or blank lines before the header
    records: int  # that hold something, the header among them
    blank: int


def _quoted_cells(block: bytes, delimiter: str) -> list[tuple[int, int]]:
    """Where the quoted cells that hold line ends begin and end; one that is not closed ends where the block does.

    Cells without line ends may be among them.
    """
    codes = np.frombuffer(block, dtype=np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    opening = quotes[::2]
    previous = codes[opening - 1]
    proper = (
        (previous == ord(delimiter)) | (previous == _LF) | (previous == _CR) | (previous == _QUOTE) | (opening == 0)
    )
    if proper.all():
        # Every second quote begins a cell, or goes on with one behind a doubled quote.
        closing = np.append(quotes[1::2] + 1, [len(block)] * (quotes.size % 2)).astype(np.int64)
        ends = np.flatnonzero((codes == _LF) | (codes == _CR))
        holding = np.searchsorted(ends, opening) < np.searchsorted(ends, closing)
        return list(zip(opening[holding].tolist(), closing[holding].tolist(), strict=True))
    # A quote opens a cell only where the cell begins, blanks aside; elsewhere it is a character as others are.
    # The pattern begins with a fixed byte: it is looked for much faster than the place before it.
    ahead = rb"[\r\n " + re.escape(delimiter.encode()) + rb']"'
    cell = re.compile(rb'"(?:(?<=' + ahead + rb')|(?<=\A"))[^"]*(?:""[^"]*)*(?:"|\Z)')
    begins = (b"", b"\r", b"\n", delimiter.encode())
    spans = []
    place = 0
    while match := cell.search(block, place):
        start, place = match.span()
        if block[start - 1 : start] == b" ":
            blank = start - 1
            while blank > 0 and block[blank - 1] == 0x20:
                blank -= 1
            if block[max(blank - 1, 0) : blank] not in begins:
                place = start + 1
                continue
        spans.append((start, place))
    return spans


def _blocks(stream: BinaryIO, delimiter: str, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Whole records, some MiB at a time: as they are, and with every quoted cell cut to one quote."""
    held = stream.read(3).removeprefix(codecs.BOM_UTF8)
    last = False
    while not last:
        read = stream.read(_BLOCK)
        last = not read
        block = held + read
        # What stands between quoted cells. The last two bytes may be half of a line end or of a doubled quote.
        gaps = [(0, len(block))]
        if b'"' in block:
            spans = _quoted_cells(block, delimiter)
            gaps = list(zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), len(block)], strict=True))
        cut = len(block) if last else 0
        while not last and gaps:
            start, end = gaps[-1]
            cut = max(block.rfind(b"\n", start, end), block.rfind(b"\r", start, end)) + 1
            if cut and cut < len(block) - 2:
                cut += block[cut - 1 : cut + 1] == b"\r\n"
                gaps[-1] = (start, cut)
                break
            if cut:
                gaps[-1] = (start, cut - 1)
            else:
                gaps.pop()
        yield block[:cut], b'"'.join([block[start:end] for start, end in gaps])
        held = block[cut:]
        if len(held) > _LONGEST:
            raise _bad(name, "has a row longer than 16 MiB; a quote that is never closed does that")


def _survey(stream: BinaryIO, delimiter: str, name: str) -> _Survey:
    crlf = cr = lf = records = blank = 0
    leading = False
    for _, plain in _blocks(stream, delimiter, name):
        both = plain.count(b"\r\n")
        crlf += both
        cr += plain.count(b"\r") - both
        lf += plain.count(b"\n") - both
        if b"\r" in plain:
            plain = plain.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not records:
            bare = plain.lstrip(b"\n")
            leading = leading or len(bare) < len(plain)
            plain = bare
        ends = plain.count(b"\n") + (1 if plain and not plain.endswith(b"\n") else 0)
        empty = (1 if plain.startswith(b"\n") else 0) + sum(len(run) - 1 for run in re.findall(rb"\n\n+", plain))
        records += ends - empty
        blank += empty
    line_end = "\\r\\n" if crlf and not cr and not lf else "\\r" if cr and not crlf and not lf else "\\n"
    mixed = leading or (crlf > 0) + (cr > 0) + (lf > 0) > 1
    return _Survey(line_end, mixed, records, blank)


def _even(stream: BinaryIO, out: BinaryIO, delimiter: str, name: str, blanks: bool) -> None:
    """Write a file with LF between its rows, whatever stood there, and its cells as they are."""
    line_end = re.compile(rb"\r\n?|\n" if blanks else rb"[\r\n]+")
    begun = False
    for block, _ in _blocks(stream, delimiter, name):
        place = 0
        parts = []
        for start, end in _quoted_cells(block, delimiter):
            parts += [line_end.sub(b"\n", block[place:start]), block[start:end]]
            place = end
        parts.append(line_end.sub(b"\n", block[place:]))
        text = b"".join(parts)
        # No blank lines before the names; where blank lines are nothing, none at the seam of two blocks either.
        text = text if begun and blanks else text.lstrip(b"\n")
        begun = begun or bool(text)
        out.write(text)


def _cut(text: str | None) -> str:
    text = (text or "").rstrip("\r\n")
    return text.encode("utf-8", errors="replace")[:_CUT].decode("utf-8", errors="ignore")


def _refuse_duplicates(name: str, columns: list[str]) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        if column.casefold() in seen:
            raise _bad(name, f"has two columns called '{column}'")
        seen[column.casefold()] = column


def _read_parquet(file: Path) -> Source:
    connection = _connect()
    link = _Link(file)
    return Source(_Rows(connection, connection.read_parquet(link.path, hive_partitioning=False), link))


def _read_json(file: Path) -> Source:
    name = str(file)
    if _is_array(file):
        return Source(_scan_json(file, name, lines=False))
    with contextlib.suppress(duckdb.Error, _core.BadDataError):
        return Source(_scan_json(file, name, lines=True))
    # Some line is broken: the whole ones are read, the others are kept aside.
    folder = tempfile.mkdtemp(prefix="klientela-")
    try:
        whole = Path(folder) / "whole.jsonl"
        malformed = []
        row = 0
        with _open(file) as stream, whole.open("wb") as out:
            for line in stream:
                line = line.removeprefix(codecs.BOM_UTF8).strip() if row == 0 else line.strip()
                if not line:
                    continue
                if _is_object(line):
                    out.write(line + b"\n")
                else:
                    malformed.append((row, "", _cut(line[: 4 * _CUT].decode("utf-8", errors="replace"))))
                row += 1
        if row == len(malformed):
            raise _bad(name, "holds no JSON objects with named values")
        rows = _scan_json(whole, name, lines=True)
        if (kept := rows.count()) + len(malformed) != row:
            raise _bad(name, f"has {row:,} lines, of which {kept:,} could be read and {len(malformed):,} could not")
        return Source(rows, malformed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line, parse_constant=_refuse_constant), dict)
    except (ValueError, RecursionError):
        return False


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _scan_json(file: Path, name: str, *, lines: bool) -> _Rows:
    connection = _connect()
    link = _Link(file)
    options = "compression = 'gzip'" if file.suffix.lower() == ".gz" else "compression = 'auto'"
    shape = "format = 'newline_delimited'" if lines else "format = 'array'"
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_json(?, {shape}, {options}, sample_size = -1)", [link.path]
    ).fetchall()
    # Texts stay texts: only numbers, truth values and lists of texts keep their types.
    kept = ("BIGINT", "UBIGINT", "DOUBLE", "BOOLEAN", "VARCHAR[]")
    columns = {str(row[0]): row[1] if row[1] in kept else "VARCHAR" for row in described}
    if set(columns) == {"json"}:
        raise _bad(name, "holds no JSON objects with named values")
    connection.execute(
        f"CREATE TEMP TABLE lines AS SELECT * FROM read_json(?, {shape}, {options}, columns = ?)", [link.path, columns]
    )
    return _Rows(connection, connection.table("lines"))


def _is_array(file: Path) -> bool:
    with _open(file) as stream:
        head = stream.read(4096).removeprefix(codecs.BOM_UTF8).lstrip()
    if not head:
        raise _bad(str(file), "is empty")
    return head.startswith(b"[")


def _read_excel(file: Path, sheet: str | None, table: str) -> Source:
    import python_calamine

    name = str(file)
    try:
        book = python_calamine.CalamineWorkbook.from_path(name)
    except Exception as error:  # calamine has an exception class for every format
        raise _bad(name, f"is not a workbook that can be read: {_first_line(error)}") from error
    if not book.sheet_names:
        raise _bad(name, "has no sheet")
    if sheet is None:
        sheet = next((each for each in book.sheet_names if each.strip().casefold() == table), book.sheet_names[0])
    elif sheet not in book.sheet_names:
        raise _core.NotFoundError(f"{name} has no sheet '{sheet}'; there are: {', '.join(book.sheet_names)}", name)
    try:
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    except Exception as error:
        raise _bad(name, f"has a sheet '{sheet}' that cannot be read: {_first_line(error)}") from error
    if not rows:
        raise _bad(name, f"has an empty sheet '{sheet}'")
    columns = [str(_cell(value) or "").strip() or f"column{place}" for place, value in enumerate(rows[0], 1)]
    _refuse_duplicates(name, columns)
    cells = [[_cell(value) for value in row] for row in rows[1:]]
    return Source(table_of({column: [row[place] for row in cells] for place, column in enumerate(columns)}))


def _cell(value: Any) -> Any:
    if value == "":
        return None
    # Workbooks have one kind of number: 17850 is stored as 17850.0.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if type(value).__name__ in ("time", "timedelta"):
        return str(value)
    return value
