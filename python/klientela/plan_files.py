"""Writes schedules to a folder and reads them back: plan.csv with what belongs to it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np

from klientela import _core, plan_export, readers
from klientela._columns import table_of
from klientela._plan_rows import moment_from

INPUTS = "inputs.json"
# Columns of plan.csv that tell people something and count for nothing.
_TOLD = ("name", "topic", "purpose", "initiative", "end", "time_zone", "value", "playbook")
_CHANGES = (
    "change",
    "client",
    "name",
    "channel",
    "manager_before",
    "start_before",
    "manager",
    "start",
    "price",
    "text",
    "id",
)


def _is_day(value: Any) -> bool:
    try:
        dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


# What inputs.json has to say, and whether a value does.
_INPUTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "tables": (lambda value: all(map(_is_text, value.values())), "a file for each table"),
    "managers": (_is_text, "a file"),
    "period": (_is_text, "a period"),
    "as_of": (_is_day, "a day like 2026-12-03"),
    "policy": (lambda value: isinstance(value, dict), "a policy"),
    "countries": (lambda value: value is None or (isinstance(value, list) and all(map(_is_text, value))), "codes"),
    **{
        name: (_is_text_or_none, "a text")
        for name in ("assignments", "holidays", "plugins", "journal", "roll_up", "encoding", "language")
    },
}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def write_schedule(
    schedule: _core.Schedule,
    folder: str | os.PathLike[str],
    *,
    also: Collection[Literal["parquet", "xlsx", "ics"]] = (),
    stamp: dt.datetime | None = None,
    before: str | os.PathLike[str] | None = None,
    inputs: Mapping[str, Any] | None = None,
    managers: bool = False,
    rejected: _core.Table | None = None,
) -> dict[str, Path]:
    """Write plan.csv, refused.csv, prices.csv, owners.csv, shortfalls.csv and summary.json; all of them, or none.

    plan.csv has one row per planned contact; its start and end are of the manager's clock, with the offset. Of a schedule
    that replaces another one there is changes.csv. Files that an earlier plan wrote into the folder and this one does
    not are taken out of it, but for calendars.

    Parameters
    ----------
    schedule : Schedule
    folder : str or path
        Made where it is missing; files of the same names in it are replaced. Others are left alone.
    also : collection of {"parquet", "xlsx", "ics"}
        plan.parquet, plan.xlsx with a sheet a manager, calendars/MANAGER.ics.
    stamp : datetime, optional
        When this is published, with a time zone: needed for "xlsx" and "ics".
    before : str or path, optional
        The folder of the plan that was published before; by default `folder` itself.
    inputs : mapping, optional
        What the schedule was made of, for inputs.json, which names files as they lie beside the folder: a tree of
        folders that is moved as a whole can still be read.
    managers : bool
        Also write the table of managers as managers.csv.
    rejected : Table, optional
        Rows of the tables that the plan was made of which could not be read, for rejected.csv.

    Returns
    -------
    dict of str to pathlib.Path
        Where each file is.
    """
    more: dict[str, Callable[[], str]] = {}
    if inputs is not None:
        named = _with_files(inputs, lambda file: _beside(file, folder))
        more[INPUTS] = lambda: json.dumps(named, ensure_ascii=False, indent=2)
    if managers:
        more["managers.csv"] = schedule.managers.to_csv
    if rejected is not None:
        more["rejected.csv"] = rejected.to_csv
    return plan_export.write_plan(
        schedule.planned,
        folder,
        refused=schedule.refused,
        prices=schedule.prices,
        owners=schedule.owners,
        shortfalls=schedule.shortfalls,
        changes=_changes(schedule),
        summary=schedule.summary_json(),
        also=also,
        stamp=stamp,
        period=schedule.period,
        time_zone=schedule.time_zone,
        before=before,
        names={each["manager"]: each["name"] for each in schedule.summary["managers"] if each["name"]},
        language=schedule.language,
        more=more,
    )


def _changes(schedule: _core.Schedule) -> _core.Table | None:
    """Changes for people: who the client is, and in words only what no other column says."""
    if schedule.changes is None:
        return None
    names: dict[str, str | None] = {}
    for table in (schedule.planned, schedule.refused):
        names |= zip(map(str, table._column("client")), table._column("name"), strict=True)
    columns = schedule.changes.to_pydict()
    held = set(schedule.held)
    columns["name"] = [names.get(client) for client in columns["client"]]
    columns["text"] = [
        None
        if change != "dropped" or text is None
        else text.partition(": ")[0]
        if key in held
        else text.partition(f", {who}; ")[2]
        for key, change, who, text in zip(
            *(columns[name] for name in ("id", "change", "manager_before", "text")), strict=True
        )
    ]
    return table_of({name: columns[name] for name in _CHANGES})


def read_tables(
    folder: str | os.PathLike[str], *, surplus: bool = True
) -> tuple[_core.Table, _core.Table, _core.Table]:
    """Read plan.csv, refused.csv and prices.csv back, as :meth:`Schedule.read_back` takes them.

    Parameters
    ----------
    folder : str or path
    surplus : bool
        Whether what is refused keeps its surplus, which holds for the managers and the policy of the plan only.

    Raises
    ------
    NotFoundError
        For a file or column that is missing.
    BadDataError
        For a cell that cannot be read, naming file, row and column.
    """
    told = ("client", "minutes", *_TOLD)
    planned = _Sheet(Path(folder) / "plan.csv", ("id", "manager", "channel", "start"), told)
    refused = _Sheet(Path(folder) / "refused.csv", ("id", "reason", "surplus"))
    prices = _Sheet(Path(folder) / "prices.csv", ("manager", "day", "resource", "channel", "price"))
    return (
        _core.Table._from_columns(
            [
                *(planned.texts(name) for name in ("id", "manager", "channel", *told) if name in planned),
                planned.instants("start"),
            ]
        ),
        _core.Table._from_columns(
            [
                refused.texts("id"),
                refused.texts("reason"),
                refused.amounts("surplus") if surplus else refused.nothing("surplus"),
            ]
        ),
        _core.Table._from_columns(
            [
                prices.texts("manager"),
                prices.days("day"),
                prices.texts("resource"),
                prices.texts("channel"),
                prices.amounts("price"),
            ]
        ),
    )


def other_cells(planned: _core.Table, schedule: _core.Schedule) -> list[str]:
    """Cells of plan.csv that say otherwise than the contact whose id the row has, in words.

    Of a row manager, channel and start count, and client and minutes have to be the contact's: of those
    :meth:`Schedule.read_back` and :meth:`Schedule.check` say what is wrong. What is told beside them changes nothing.

    Parameters
    ----------
    planned : Table
        As :func:`read_tables` gives it.
    schedule : Schedule
        What was read back from it.
    """
    own = {row["id"]: row for row in csv.DictReader(io.StringIO(plan_export.plan_csv(schedule.planned)))}
    ids = planned._column("id")
    found = []
    for column in (name for name in _TOLD if name in planned):
        for row, (key, cell) in enumerate(zip(ids, planned._column(column), strict=True)):
            meant = own.get(str(key), {}).get(column)
            if meant is not None and not _means(column, (cell or "").strip(), _bare(meant).strip()):
                found.append((row, f"row {row + 1}: {column} {cell or ''!r} is {_bare(meant)!r} in the plan"))
    return [text for _, text in sorted(found)]


def _means(column: str, cell: str, meant: str) -> bool:
    """Whether two cells say the same."""
    if cell == meant:
        return True
    try:
        if column == "end":
            return bool(moment_from(cell) == moment_from(meant))
        return column == "value" and Decimal(cell) == Decimal(meant)
    except (ValueError, ArithmeticError):
        return False


def read_figures(folder: str | os.PathLike[str]) -> dict[str, Decimal]:
    """Read what the plan in the folder says of itself: objective, upper_bound and gap of summary.json.

    Returns
    -------
    dict of str to Decimal
        Empty where there is no summary.json.
    """
    path = Path(folder) / "summary.json"
    if not path.is_file():
        return {}
    try:
        summary = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        raise _core.BadDataError(f"{path} is not JSON: {error}", str(path)) from error
    figures = {}
    for name in ("objective", "upper_bound", "gap"):
        value = summary.get(name) if isinstance(summary, dict) else None
        if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
            raise _core.BadDataError(f"{path}: {name} is {value!r}, and not a number from 0", str(path))
        figures[name] = value
    return figures


def read_owners(folder: str | os.PathLike[str]) -> _core.Table:
    """Read owners.csv back: whom the plan in the folder gave the clients."""
    owners = _Sheet(Path(folder) / "owners.csv", ("client", "manager"))
    return _core.Table._from_columns([owners.texts("client"), owners.texts("manager")])


def read_inputs(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read inputs.json: what the plan in the folder was made of, with files as this process finds them."""
    path = Path(folder) / INPUTS
    if not path.is_file():
        there = Path(folder)
        what = (
            f"there is no {path}" if there.is_dir() else f"{there} is {'no folder' if there.exists() else 'not there'}"
        )
        raise _core.NotFoundError(f"{what}; name a folder that klientela plan wrote", str(path))
    try:
        inputs = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _core.BadDataError(f"{path} is not JSON: {error}", str(path)) from error
    if not isinstance(inputs, dict) or not isinstance(inputs.get("tables"), dict):
        raise _core.BadDataError(f"{path} does not say what a plan was made of", str(path))
    for name, (holds, what) in _INPUTS.items():
        if not holds(inputs.get(name)):
            raise _core.BadDataError(f"{path}: {name} is {inputs.get(name)!r}, and not {what}", str(path))
    return _with_files(inputs, lambda file: os.path.normpath(os.path.join(os.path.realpath(folder), file)))


def _with_files(inputs: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Inputs with the name of every file changed."""
    changed = dict(inputs)
    for name in ("managers", "assignments", "holidays", "plugins", "journal"):
        if isinstance(changed.get(name), str):
            changed[name] = change(changed[name])
    changed["tables"] = {table: change(file) for table, file in inputs["tables"].items()}
    return changed


def _beside(file: str, folder: str | os.PathLike[str]) -> str:
    """Where a file lies from a folder; as it is where there is no such way, as from another drive."""
    place, name = os.path.split(file)
    try:
        way = os.path.relpath(os.path.join(os.path.realpath(place), name), os.path.realpath(folder))
    except ValueError:
        return os.path.abspath(file)
    return way.replace(os.sep, "/")


class _Sheet:
    """A CSV file, its cells as texts."""

    def __init__(self, path: Path, columns: Sequence[str], more: Sequence[str] = ()) -> None:
        source = readers.read(path, "plan")
        if source.malformed:
            row, _, text = source.malformed[0]
            raise _core.BadDataError(f"{path}, row {row + 1} cannot be cut into columns: {text}", str(path))
        table = table_of(source.data)
        for column in columns:
            if column not in table:
                raise _core.NotFoundError(f"{path} has no column {column}", column)
        self._path = path
        there = [*columns, *(column for column in more if column in table)]
        self._cells: dict[str, list[str | None]] = {column: table._column(column) for column in there}

    def __contains__(self, column: str) -> bool:
        return column in self._cells

    def texts(self, column: str) -> tuple[str, str, Any, Any]:
        """Texts; a leading apostrophe that only keeps spreadsheets from running a cell is taken off."""
        return column, "text", [None if cell is None else _bare(cell) for cell in self._cells[column]], None

    def nothing(self, column: str) -> tuple[str, str, Any, Any]:
        """Amounts that are not said."""
        rows = len(self._cells[column])
        return column, "money", np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)

    def instants(self, column: str) -> tuple[str, str, Any, Any]:
        """Moments with their offset, in microseconds."""
        return self._numbers(
            column,
            "instant",
            lambda text: (moment_from(text) - _EPOCH) // dt.timedelta(microseconds=1),
            np.int64,
            "a moment like 2026-12-03T09:00+03:00",
        )

    def days(self, column: str) -> tuple[str, str, Any, Any]:
        """Days since 1970."""
        return self._numbers(
            column,
            "day",
            lambda text: dt.date.fromisoformat(text).toordinal() - _EPOCH.toordinal(),
            np.int32,
            "a date like 2026-12-03",
        )

    def amounts(self, column: str) -> tuple[str, str, Any, Any]:
        """Money in units of 1/10000."""

        def parse(text: str) -> int:
            units = Decimal(text) * 10_000
            if units != units.to_integral_value() or abs(units) >= 2**63:
                raise ValueError("more than four decimals, or too large")
            return int(units)

        return self._numbers(column, "money", parse, np.int64, "an amount with at most four decimals")

    def _numbers(
        self, column: str, kind: str, parse: Callable[[str], int], dtype: Any, like: str
    ) -> tuple[str, str, Any, Any]:
        cells = self._cells[column]
        values = np.zeros(len(cells), dtype=dtype)
        valid = np.ones(len(cells), dtype=bool)
        for row, cell in enumerate(cells):
            if cell is None or not cell.strip():
                valid[row] = False
                continue
            try:
                values[row] = parse(cell.strip())
            except (ValueError, ArithmeticError) as error:
                raise _core.BadDataError(
                    f"{self._path}, row {row + 1}, column {column}: {cell!r} is not {like}",
                    f"{self._path.stem}.{column}",
                ) from error
        return column, kind, values, None if valid.all() else valid


def _bare(text: str) -> str:
    rest = text[1:].lstrip(" \u00a0\u3000\u200b\ufeff")
    return text[1:] if text.startswith("'") and rest[:1] and rest[0] in "=+-@＝＋－＠\t\r\n" else text
