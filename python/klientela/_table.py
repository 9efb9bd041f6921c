"""The Python manners of klientela.Table: ways out to other libraries, and how it shows itself."""

from __future__ import annotations

import html
import math
import operator
from typing import Any

from klientela import _core

_NUMERIC = {"int8", "int32", "int64", "float64", "money"}


def _to_arrow(self: _core.Table) -> Any:
    """Give the table as a ``pyarrow.Table``; money is decimal128(19, 4)."""
    import pyarrow

    return pyarrow.table(self)


def _to_pandas(self: _core.Table, *, money: str = "float") -> Any:
    """Give the table as a ``pandas.DataFrame``.

    Parameters
    ----------
    money : {"float", "decimal"}
        Money as float64 (nearest, quick to calculate with) or as exact ``decimal.Decimal`` objects.
    """
    if money not in ("float", "decimal"):
        raise _core.InvalidArgumentError(f"money must be 'float' or 'decimal', not {money!r}", "money")
    import pandas

    columns: dict[str, Any] = {}
    for name, kind in self.types.items():
        if kind == "money" and money == "decimal":
            columns[name] = pandas.Series(self._column(name), dtype=object)
        elif kind in ("label", "term"):
            columns[name] = pandas.Categorical(self[name])
        elif kind == "text":
            columns[name] = pandas.array(self[name], dtype="string")
        elif kind in ("boolean", "int8", "int32", "int64") and self.null_count(name):
            dtype = {"boolean": "boolean", "int8": "Int8", "int32": "Int32", "int64": "Int64"}[kind]
            values: Any = self[name]  # a masked array, since there are nulls
            columns[name] = pandas.array(values.data, dtype=dtype)
            columns[name][values.mask] = pandas.NA
        else:
            columns[name] = self[name]
    return pandas.DataFrame(columns)


def _to_polars(self: _core.Table) -> Any:
    """Give the table as a ``polars.DataFrame``; money is an exact Decimal column."""
    import polars

    return polars.DataFrame(self)


def _to_pydict(self: _core.Table) -> dict[str, list[Any]]:
    """Give the table as a dict of lists of Python values; money as ``decimal.Decimal``, empty cells as None."""
    return {name: self._column(name) for name in self.columns}


def _array_iter(self: _core.Table) -> Any:
    return iter(self.columns)


def _rounded(text: str) -> str:
    """A float for eyes: four decimals, and small ones four significant digits; exact forms that are short stay."""
    number = float(text)
    if len(text) <= 8 or not math.isfinite(number):
        return text
    if 0 < abs(number) < 0.1:
        return f"{number:.4g}"
    return f"{number:.4f}".rstrip("0").rstrip(".") if abs(number) < 1e15 else text


def _shown(self: _core.Table, rows: int) -> list[list[str | None]]:
    """The first rows as people read them; to_csv and all other ways out give floats that read back the same."""
    floats = [kind == "float64" for kind in self.types.values()]
    return [
        [
            _rounded(value) if is_float and value is not None else value
            for value, is_float in zip(row, floats, strict=True)
        ]
        for row in self._texts(rows)
    ]


def _repr(self: _core.Table) -> str:
    shown = _shown(self, 10)
    names = self.columns
    cells = [[("-" if value is None else value)[:40] for value in row] for row in shown]
    widths = [max([len(name)] + [len(row[c]) for row in cells]) for c, name in enumerate(names)]
    right = [kind in _NUMERIC for kind in self.types.values()]

    def line(row: list[str]) -> str:
        return "  ".join(v.rjust(w) if r else v.ljust(w) for v, w, r in zip(row, widths, right, strict=True)).rstrip()

    lines = [f"klientela.Table: {len(self):,} rows, {len(names)} columns"]
    if names:
        lines += [line(names)] + [line(row) for row in cells]
    if len(self) > len(shown):
        lines.append("...")
    return "\n".join(lines)


def _repr_html(self: _core.Table) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
    right = [kind in _NUMERIC for kind in self.types.values()]
    body = ""
    for row in _shown(self, 10):
        cells = ""
        for value, numeric in zip(row, right, strict=True):
            style = ' style="text-align:right"' if numeric else ' style="text-align:left"'
            cells += f"<td{style}>{'' if value is None else html.escape(value)}</td>"
        body += f"<tr>{cells}</tr>"
    return (
        f'<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"<p>{len(self):,} rows, {len(self.columns)} columns</p>"
    )


_METHODS: dict[str, Any] = {
    "to_arrow": _to_arrow,
    "to_pandas": _to_pandas,
    "to_polars": _to_polars,
    "to_pydict": _to_pydict,
    "to_csv": lambda self: _core.to_csv(self),
    "__iter__": _array_iter,
    "__repr__": _repr,
    "_repr_html_": _repr_html,
}
_METHODS["to_csv"].__doc__ = "Give the table as CSV text (RFC 4180) that no spreadsheet runs."
# What classes that hold a table pass on to it.
_PASSED_ON = (
    *_METHODS,
    "__arrow_c_stream__",
    "__getitem__",
    "__contains__",
    "units",
    "null_count",
    "_column",
    "_texts",
)


def _passed_on(name: str) -> Any:
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        return getattr(self.table, name)(*args, **keywords)

    call.__name__ = name
    call.__doc__ = getattr(_core.Table, name).__doc__
    return call


def attach() -> None:
    """Give the compiled classes their Python methods; called once when the package is imported."""
    for name, function in _METHODS.items():
        setattr(_core.Table, name, function)
    for holder in (_core.FeatureTable, _core.Classification):
        for name in _PASSED_ON:
            setattr(holder, name, _passed_on(name))
        for name in ("columns", "types"):
            setattr(holder, name, property(operator.attrgetter(f"table.{name}")))
