"""Turns what Python users hold (dicts of lists and NumPy arrays, data frames) into klientela tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from klientela import _core

Prepared = tuple[str, str, Any, Any]
_INT32 = np.iinfo(np.int32)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)


def table_of(data: Any) -> _core.Table:
    """Make a table of a mapping of columns, or of anything with ``__arrow_c_stream__``."""
    if isinstance(data, _core.Table):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return _core.Table._from_arrow(data)
    if isinstance(data, Mapping):
        return _core.Table._from_columns([prepare(str(name), values) for name, values in data.items()])
    raise TypeError(
        f"a table is a mapping of columns or has __arrow_c_stream__ (pandas, polars, pyarrow, duckdb); "
        f"got {type(data).__name__}"
    )


def check_base(base: Any, argument: str) -> _core.ClientBase:
    """Give back a base, or say that the argument is none."""
    if isinstance(base, _core.ClientBase):
        return base
    raise _core.InvalidArgumentError(
        f"{argument} must be a ClientBase, such as klientela.cards.read(...).base, not {type(base).__name__}", argument
    )


def stream_of(data: Any) -> Any:
    """Give back an object with ``__arrow_c_stream__`` for a table argument."""
    return data if hasattr(data, "__arrow_c_stream__") else table_of(data)


def prepare(name: str, values: Any) -> Prepared:
    """Name, kind, values and validity of one column."""
    if isinstance(values, np.ma.MaskedArray):
        mask = ~np.ma.getmaskarray(values)
        name, kind, prepared, valid = _array(name, values.filled() if values.dtype == object else values.data)
        return name, kind, prepared, mask if valid is None else (mask & valid)
    if isinstance(values, np.ndarray):
        return _array(name, values)
    if hasattr(values, "to_numpy"):
        return _series(name, values)
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise TypeError(f"column '{name}' must be a sequence of values, not {type(values).__name__}")
    return _objects(name, values)


def _series(name: str, values: Any) -> Prepared:
    """A column of a data frame on its own: what it calls empty is empty, a NaN of pandas too."""
    name, kind, prepared, valid = _array(name, _numpy(values))
    empty = getattr(values, "isna", None) or getattr(values, "is_null", None)  # pandas; polars and Arrow
    if kind == "text" or not callable(empty):
        return name, kind, prepared, valid
    present = ~_numpy(empty()).astype(bool)
    if valid is not None:
        present &= valid
    return name, kind, prepared, None if present.all() else present


def _numpy(values: Any) -> np.ndarray[Any, Any]:
    # Arrow's own to_numpy() refuses to copy.
    return np.asarray(values if hasattr(values, "__array__") else values.to_numpy())


def _array(name: str, values: np.ndarray[Any, Any]) -> Prepared:
    if values.ndim != 1:
        raise ValueError(f"column '{name}' must have one dimension, not {values.ndim}")
    kind = values.dtype.kind
    if kind == "b":
        return name, "boolean", values.astype(np.uint8), None
    if kind == "u" and values.dtype.itemsize == 8 and values.size and values.max() > np.iinfo(np.int64).max:
        raise OverflowError(f"column '{name}' holds an unsigned number above the range of int64")
    if kind in "iu":
        return name, "int64", values.astype(np.int64, copy=False), None
    if kind == "f":
        return name, "float64", values.astype(np.float64, copy=False), None
    if kind == "M":
        valid = ~np.isnat(values)
        if np.datetime_data(values.dtype)[0] in ("Y", "M", "W", "D"):
            days = _ticks(name, values, valid, "D")
            if days.size and (days.min() < _INT32.min or days.max() > _INT32.max):
                raise _core.OutOfRangeError(f"column '{name}' holds a day out of range", name)
            return name, "day", days.astype(np.int32), valid
        return name, "zoneless", _ticks(name, values, valid, "us"), valid
    if kind in "UTO":
        return _objects(name, values.tolist())
    raise TypeError(f"column '{name}' has the NumPy type {values.dtype}, which a table cannot hold")


def _ticks(name: str, values: np.ndarray[Any, Any], valid: Any, unit: str) -> Any:
    """Moments in another unit, 0 where there is none. NumPy wraps around where the new unit does not reach."""
    moments = values.astype(f"datetime64[{unit}]")
    finer = np.datetime_data(values.dtype)[0] in ("ns", "ps", "fs", "as")
    if not finer and not np.array_equal(moments.astype(values.dtype)[valid], values[valid]):
        raise _core.OutOfRangeError(f"column '{name}' holds a moment out of range", name)
    ticks = moments.astype(np.int64)
    ticks[~valid] = 0
    return ticks


def _objects(name: str, values: Sequence[Any]) -> Prepared:
    valid = np.fromiter((not _is_missing(value) for value in values), dtype=bool, count=len(values))
    kinds = {_kind(name, value) for value, present in zip(values, valid, strict=True) if present}
    if not kinds:
        return name, "text", [None] * len(values), None
    mask = None if valid.all() else valid
    if kinds == {"bool"}:
        return (
            name,
            "boolean",
            np.array([bool(v) if ok else False for v, ok in zip(values, valid, strict=True)], dtype=np.uint8),
            mask,
        )
    if kinds == {"int"}:
        try:
            return (
                name,
                "int64",
                np.array([int(v) if ok else 0 for v, ok in zip(values, valid, strict=True)], dtype=np.int64),
                mask,
            )
        except OverflowError:
            return name, "text", [_text(v) if ok else None for v, ok in zip(values, valid, strict=True)], None
    if kinds <= {"int", "float"}:
        # A float that is no number stays one: the row is rejected with that reason instead of read as empty.
        try:
            floats = np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
        except OverflowError:
            return name, "text", [_text(v) if ok else None for v, ok in zip(values, valid, strict=True)], None
        return name, "float64", floats, _not_none(values)
    if kinds == {"Decimal"} and (units := _units(values, valid)) is not None:
        return name, "money", np.array(units, dtype=np.int64), mask
    if kinds == {"date"}:
        days = [v.toordinal() - _EPOCH_DAY if ok else 0 for v, ok in zip(values, valid, strict=True)]
        return name, "day", np.array(days, dtype=np.int32), mask
    if kinds == {"aware"}:
        micros = [(v - _UTC_EPOCH) // _MICROSECOND if ok else 0 for v, ok in zip(values, valid, strict=True)]
        return name, "instant", np.array(micros, dtype=np.int64), mask
    if kinds == {"naive"} or kinds == {"naive", "date"}:
        # Workbooks show a midnight as a date.
        values = [
            dt.datetime(v.year, v.month, v.day) if ok and type(v) is dt.date else v
            for v, ok in zip(values, valid, strict=True)
        ]
        micros = [(v - _EPOCH) // _MICROSECOND if ok else 0 for v, ok in zip(values, valid, strict=True)]
        return name, "zoneless", np.array(micros, dtype=np.int64), mask
    return name, "text", [_text(v) if ok else None for v, ok in zip(values, valid, strict=True)], None


def _units(values: Sequence[Any], valid: Any) -> list[int] | None:
    """Decimals in units of 1/10000, or None where one does not fit exactly: as a text the engine can say why."""
    units = []
    for value, present in zip(values, valid, strict=True):
        if not present:
            units.append(0)
            continue
        if not value.is_finite() or not -19 < value.adjusted() < 16:
            return None
        scaled = value * 10_000
        if scaled != int(scaled) or abs(scaled) >= 2**63:
            return None
        units.append(int(scaled))
    return units


def _not_none(values: Sequence[Any]) -> Any:
    present = np.fromiter((value is not None for value in values), dtype=bool, count=len(values))
    return None if present.all() else present


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return type(value).__name__ in ("NAType", "NaTType")


def _kind(name: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (int, np.integer)):
        return "int"
    if isinstance(value, (float, np.floating)):
        return "float"
    if isinstance(value, dt.datetime):
        return "naive" if value.tzinfo is None else "aware"
    if isinstance(value, dt.date):
        return "date"
    if isinstance(value, (str, Decimal, np.datetime64)):
        return type(value).__name__
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return "list"
    raise TypeError(f"column '{name}' holds a {type(value).__name__}, which a table cannot hold")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ";".join(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)  # str() refuses more than some thousand digits
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value)
