"""Reads the files that companies have: CSV, TSV (gzip too), Parquet, JSON lines, Excel; nothing in them is guessed away.

Cells of text formats stay text until the engine reads them, so an id like 00123 stays what it is. Lines that cannot be
cut into columns are kept aside with their numbers instead of being dropped.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from klientela import _core
from klientela._columns import table_of

_HEAD = 1 << 20
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
    ending = Path(file.stem).suffix.lower() if packed else file.suffix.lower()
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
    except (EOFError, gzip.BadGzipFile) as error:
        raise _bad(name, f"is not a whole gzip file: {error}") from error
    known = ", ".join(sorted(_TEXT | _PARQUET | _JSON | _EXCEL))
    raise _bad(name, f"has an ending that is not known; known are {known}, and .gz behind those of text")


def _bad(name: str, why: str) -> _core.BadDataError:
    return _core.BadDataError(f"{name} {why}", name)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


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


class _Rows:
    """A relation and the connection it lives in."""

    def __init__(self, connection: Any, relation: Any) -> None:
        self._connection = connection
        self._relation = relation
        self.columns: list[str] = list(relation.columns)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._relation.__arrow_c_stream__()


def _open(file: Path) -> BinaryIO:
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")  # type: ignore[return-value]


def _read_text(file: Path, ending: str, encoding: str | None) -> Source:
    name = str(file)
    with _open(file) as stream:
        head = stream.read(_HEAD)
    if not head.strip():
        raise _bad(name, "is empty")
    if encoding is None:
        encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        codec = codecs.lookup(encoding).name
    except LookupError as error:
        raise _core.InvalidArgumentError(f"there is no encoding {encoding!r}", "encoding") from error
    if codec in ("utf-8", "utf-8-sig", "ascii"):
        text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")
        lines = text.splitlines()
        broken = sum("\ufffd" in line for line in lines)
        # A few broken lines are faults of their own; many, or a broken header, are another encoding.
        if "\ufffd" in lines[0] or broken * 2 > len(lines) or (broken >= 10 and broken * 10 > len(lines)):
            raise _bad(name, "is not UTF-8; name its encoding (--encoding cp1251, for example)")
        return _scan_text(file, name, ending, text)
    folder = tempfile.mkdtemp(prefix="klientela-")
    try:
        converted = Path(folder) / "converted.csv"
        try:
            with _open(file) as stream, converted.open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(io.TextIOWrapper(stream, encoding=codec, newline=""), out)
        except UnicodeError as error:
            raise _bad(name, f"is not {encoding}: {error}") from error
        with converted.open(encoding="utf-8", newline="") as text_stream:
            text = text_stream.read(_HEAD)
        return _scan_text(converted, name, ending, text.removeprefix("\ufeff"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _delimiter(header: str, ending: str) -> str:
    if ending in (".tsv", ".tab"):
        return "\t"
    outside = "".join(part for place, part in enumerate(header.split('"')) if place % 2 == 0)
    return max(",;\t|", key=outside.count)


def _scan_text(file: Path, name: str, ending: str, head: str) -> Source:
    lines = head.splitlines()
    delimiter = _delimiter(next((line for line in lines if line.strip()), ""), ending)
    try:
        header = next(row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row)
    except csv.Error as error:
        raise _bad(name, f"has a header that cannot be read: {error}") from error
    columns = [column.strip() or f"column{place}" for place, column in enumerate(header, 1)]
    _refuse_duplicates(name, columns)

    connection = _connect()
    connection.execute(
        "CREATE TEMP TABLE lines AS SELECT * FROM read_csv(?, auto_detect = false, header = true, delim = ?, "
        "quote = '\"', escape = '\"', nullstr = ?, allow_quoted_nulls = false, new_line = ?, columns = ?, compression = ?, store_rejects = true, "
        "rejects_scan = 'klientela_scans', rejects_table = 'klientela_rejects', max_line_size = 16777216)",
        [
            str(file),
            delimiter,
            list(_NULLS),
            _line_end(head),
            dict.fromkeys(columns, "VARCHAR"),
            "gzip" if file.suffix.lower() == ".gz" else "none",
        ],
    )
    rejected = connection.execute(
        "SELECT line, any_value(column_name), any_value(csv_line) FROM klientela_rejects GROUP BY line ORDER BY line"
    ).fetchall()
    # The first line is the header; rows are counted from 0.
    malformed = [(max(int(line) - 2, 0), column or "", _cut(text)) for line, column, text in rejected]
    return Source(_Rows(connection, connection.table("lines")), malformed)


def _line_end(head: str) -> str:
    if "\r\n" in head:
        return "\\r\\n"
    return "\\r" if "\r" in head and "\n" not in head else "\\n"


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
    return Source(_Rows(connection, connection.read_parquet(str(file))))


def _read_json(file: Path) -> Source:
    connection = _connect()
    options = "compression = 'gzip'" if file.suffix.lower() == ".gz" else "compression = 'auto'"
    lines = not _is_array(file)
    shape = "format = 'newline_delimited'" if lines else "format = 'array'"
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_json(?, {shape}, {options}, sample_size = -1, ignore_errors = {lines})",
        [str(file)],
    ).fetchall()
    # Texts stay texts: only numbers, truth values and lists of texts keep their types.
    kept = ("BIGINT", "UBIGINT", "DOUBLE", "BOOLEAN", "VARCHAR[]")
    columns = {str(row[0]): row[1] if row[1] in kept else "VARCHAR" for row in described}
    if set(columns) == {"json"}:
        raise _bad(str(file), "holds no JSON objects with named values")
    connection.execute(
        f"CREATE TEMP TABLE lines AS SELECT * FROM read_json(?, {shape}, {options}, columns = ?, ignore_errors = {lines})",
        [str(file), columns],
    )
    return Source(_Rows(connection, connection.table("lines")))


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
