"""Contact plans for other programs: CSV, Parquet, Excel and iCalendar, as values and as a folder of files.

>>> import datetime as dt
>>> planned = {
...     "id": ["7/growth/0/1"], "client": ["7"], "manager": ["anna"], "channel": ["phone"],
...     "start": [dt.datetime(2026, 12, 7, 9, 30, tzinfo=dt.timezone.utc)],
...     "end": [dt.datetime(2026, 12, 7, 9, 45, tzinfo=dt.timezone.utc)],
...     "time_zone": ["Europe/Berlin"],
... }
>>> print(plan_csv(planned).splitlines()[1])
7/growth/0/1,7,anna,phone,2026-12-07T10:30:00+01:00,2026-12-07T10:45:00+01:00,Europe/Berlin
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from klientela import _core
from klientela._columns import table_of
from klientela._plan_calendars import calendars, file_names, is_ours
from klientela._plan_rows import Language, contacts_of, stamp_of
from klientela._plan_workbook import sheet_names, write_workbook
from klientela.writers import _write_all, _write_texts, write_parquet

__all__ = ["CALENDARS", "calendars", "file_names", "plan_csv", "sheet_names", "write_plan", "write_workbook"]

CALENDARS = "calendars"  # the folder of calendars below that of the plan
_TABLES = ("refused", "prices", "owners", "shortfalls", "changes")
_OPTIONAL = (
    "plan.parquet",
    "plan.xlsx",
    *(f"{name}.csv" for name in _TABLES),
    "summary.json",
    "inputs.json",
    "rejected.csv",
    "managers.csv",
)
# Instants of other tables, and the manager whose clock they are read on.
_CLOCKS = {"start": "manager", "end": "manager", "start_before": "manager_before"}


def plan_csv(planned: Any) -> str:
    """Give planned contacts as CSV: ``start`` and ``end`` on the clock of the manager, with the offset from UTC.

    Texts that a spreadsheet would run have an apostrophe in front, as in all CSV of klientela.
    """
    table = table_of(planned)
    times = {each.id: (each.start, each.end) for each in contacts_of(table)}
    columns = {name: table._column(name) for name in table.columns}
    ids = [str(key) for key in columns["id"]]
    for place, name in enumerate(("start", "end")):
        columns[name] = [times[key][place].isoformat() for key in ids]
    return _core.to_csv(table_of(columns))


def write_plan(
    planned: Any,
    folder: str | os.PathLike[str],
    *,
    refused: Any = None,
    prices: Any = None,
    owners: Any = None,
    shortfalls: Any = None,
    changes: Any = None,
    summary: str | Mapping[str, Any] | None = None,
    also: Collection[Literal["parquet", "xlsx", "ics"]] = (),
    stamp: dt.datetime | None = None,
    period: tuple[dt.date, dt.date] | None = None,
    time_zone: str | None = None,
    before: str | os.PathLike[str] | None = None,
    names: Mapping[str, str] | None = None,
    language: Language = "en",
    more: Mapping[str, Callable[[], str]] | None = None,
) -> dict[str, Path]:
    """Write plan.csv and, where they are given, refused.csv, prices.csv, owners.csv, shortfalls.csv, changes.csv and
    summary.json; on request plan.parquet, plan.xlsx and calendars/MANAGER.ics.

    All files are written, or none. Those of an earlier plan that this one has not go, but for calendars where none are
    asked for: they are what people hold. Files of others are left alone.

    Parameters
    ----------
    planned, refused, prices, owners, shortfalls, changes : table
        Anything with ``__arrow_c_stream__``, or a mapping of columns.
    folder : str or path
        Made where it is missing; files of the same names in it are replaced.
    summary : str or mapping, optional
        The text of summary.json, or what it holds.
    also : collection of {"parquet", "xlsx", "ics"}
        What else to write.
    stamp : datetime
        When this is published, with a time zone: needed for "xlsx" and "ics", since nothing here reads the clock.
    period : (first, last), optional
        The days that were planned, both in: calendars keep what was published for other days.
    time_zone : str, optional
        IANA name of the zone whose days those and the days of `prices` are; by default that of each manager.
    before : str or path, optional
        The folder of the plan that was published before; by default `folder` itself. Its calendars say what changed.
    names : mapping, optional
        What managers are called, by id.
    language : {"en", "ru"}
        Of headings and words beside the data.
    more : mapping of str to callable, optional
        More text files by name, each made when it is called.

    Returns
    -------
    dict of str to pathlib.Path
        Where each file is.
    """
    if unknown := sorted(set(also) - {"parquet", "xlsx", "ics"}):
        raise _core.InvalidArgumentError(f"also knows parquet, xlsx and ics, not {unknown[0]!r}", "also")
    needs_stamp = bool({"xlsx", "ics"} & set(also))
    moment = stamp_of(stamp) if stamp is not None or needs_stamp else None
    table = table_of(planned)
    given = {
        "refused": refused,
        "prices": prices,
        "owners": owners,
        "shortfalls": shortfalls,
        "changes": changes,
    }
    zones = {each.manager: each.start.tzinfo for each in contacts_of(table)}
    texts: dict[str, Callable[[], str]] = {"plan.csv": lambda: plan_csv(table)}
    for name in _TABLES:
        if given[name] is not None:
            texts[f"{name}.csv"] = functools.partial(_csv, table_of(given[name]), zones)
    if summary is not None:
        told = summary if isinstance(summary, str) else json.dumps(summary, ensure_ascii=False, indent=2, default=str)
        texts["summary.json"] = lambda: told
    texts |= more or {}
    out = Path(folder)
    books: dict[str, bytes] = {}
    stale: list[str] = []
    if "ics" in also:
        assert moment is not None
        ours = _calendars_in(out)
        published = ours if before is None else _calendars_in(Path(before))
        made = calendars(
            table,
            stamp=moment,
            before=published.values(),
            period=period,
            time_zone=time_zone,
            names=names,
            language=language,
        )
        files = file_names(made)
        books = {f"{CALENDARS}/{files[manager]}": text for manager, text in made.items()}
        stale = [name for name in (f"{CALENDARS}/{file}" for file in ours) if name not in books]

    def make(scratch: Path) -> None:
        _write_texts(scratch, texts)
        if "parquet" in also:
            write_parquet(table, scratch / "plan.parquet")
        if "xlsx" in also:
            assert moment is not None
            write_workbook(
                table,
                scratch / "plan.xlsx",
                stamp=moment,
                prices=prices,
                names=names,
                language=language,
                time_zone=time_zone,
            )
        if books:
            (scratch / CALENDARS).mkdir()
        for name, text in books.items():
            (scratch / name).write_bytes(text)

    binary = [f"plan.{ending}" for ending in ("parquet", "xlsx") if ending in also]
    return _write_all((*texts, *binary, *books), make, out, (*_OPTIONAL, *stale))


def _calendars_in(folder: Path) -> dict[str, bytes]:
    """The calendars of an earlier plan, by the names of their files."""
    texts = {path.name: path.read_bytes() for path in sorted((folder / CALENDARS).glob("*.ics")) if path.is_file()}
    return {name: text for name, text in texts.items() if is_ours(text)}


def _csv(table: _core.Table, zones: Mapping[str, dt.tzinfo | None]) -> str:
    """CSV with instants on the clock of their manager, in UTC where the manager has no planned contact."""
    columns = {name: table._column(name) for name in table.columns}
    for name, of in _CLOCKS.items():
        if table.types.get(name) == "instant" and of in columns:
            columns[name] = [
                None if at is None else at.astimezone(zones.get(str(who)) or dt.timezone.utc).isoformat()
                for at, who in zip(columns[name], columns[of], strict=True)
            ]
    return _core.to_csv(table_of(columns))
