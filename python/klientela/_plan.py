"""Schedules: contacts of a period put on the days of managers, with their Python manners."""

from __future__ import annotations

import datetime as dt
import html
import os
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from klientela import _core, _policy
from klientela._columns import table_of
from klientela._holidays import holiday_table

_Day = dt.date | str


def make_schedule(
    result: _core.Result,
    managers: Any,
    period: str | tuple[_Day, _Day],
    *,
    holidays: Any = None,
    policy: Mapping[str, Any] | _core.Policy | str | os.PathLike[str] | None = None,
    as_of: _Day | None = None,
    language: Literal["en", "ru"] | None = None,
    owners: Any = None,
    held: Sequence[str] = (),
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> _core.Schedule:
    """Plan whom which manager contacts when, how and why, as well as the managers' time allows, with a proven bound.

    Parameters
    ----------
    result : Result
        What :func:`run` gave: the base with its classes, which the playbooks of the policy ask for.
    managers : table
        Who works when: one row a manager, with a column ``manager`` and, where there are any, ``name``, ``time_zone``,
        ``weekdays``, ``hours``, ``minutes``, ``pools``, ``tags``, ``capacities``, ``absences``, ``exceptions``,
        ``dedicated`` and ``country``; see docs/policy.md.
    period : str or (day, day)
        What is planned: ``"2026-12"``, ``"2026-W49"``, ``"2026-Q4"``, ``"2026"``, ``"2026-12-03"``,
        ``"2026-12-03..2026-12-20"``, or first and last day.
    holidays : table, str or sequence of str, optional
        Public holidays with the columns ``country``, ``day``, ``name`` and, where there are any, ``region``; or codes of
        countries, ``"DE"`` or ``"DE-BY"``, whose holidays the package ``holidays`` knows.
    policy : mapping, Policy, str or path, optional
        The policy's part ``plan``, as a mapping, JSON text or a file; or a whole policy, whose part ``plan`` counts.
        None: that of the run, or the default.
    as_of : datetime.date or str, optional
        Last day whose contacts are known; by default the day before the period.
    language : {"en", "ru"}, optional
        Of purposes, reasons and texts; by default that of the run's report.
    owners : table, optional
        Whom a plan that was announced gave the clients, as its ``owners``: they keep that manager, unless their card
        names another one who fits.
    held : sequence of str
        Ids of contacts of that plan that were held before their day, as its ``held``: they are not planned again.
    threads : int
        How many threads work; 0: one per core. The result does not depend on it.
    progress : callable, optional
        Called with the stage's name and the share done, from 0 to 1. What it raises stops the work.

    Returns
    -------
    Schedule
        Tables ``planned``, ``refused``, ``prices``, ``owners`` and ``shortfalls``, and a ``summary``.

    Raises
    ------
    BadDataError
        For a row of managers or holidays that cannot be read, naming row and column.
    BadPolicyError
        For a policy that cannot be used, naming the place in it.
    """
    if not isinstance(result, _core.Result):
        raise TypeError(f"result is what klientela.run() gave, not a {type(result).__name__}")
    text = period_text(period)
    return _core._make_schedule(
        result,
        table_of(managers),
        text,
        holidays_table(holidays, text),
        fragment(policy),
        as_of,
        language,
        None if owners is None else table_of(owners),
        list(held),
        True,
        threads,
        progress,
    )


def period_text(period: str | tuple[_Day, _Day]) -> str:
    """A period as the engine reads it, which says what else is wrong with it."""
    if isinstance(period, tuple) and len(period) == 2 and all(isinstance(day, (str, dt.date)) for day in period):
        period = "..".join(day if isinstance(day, str) else day.isoformat() for day in period)
    if not isinstance(period, str):
        raise _core.InvalidArgumentError(f"period is a text or two days, not {period!r}", "period")
    first, _, last = period.partition("..")
    try:
        reversed_days = dt.date.fromisoformat(first) > dt.date.fromisoformat(last)
    except ValueError:  # no two days
        return period
    if reversed_days:
        raise _core.InvalidArgumentError(
            f"the period {period!r} ends before it begins; did you mean {last}..{first}?", "period"
        )
    return period


def fragment(policy: Any) -> Any:
    """The part ``plan`` of a policy as a mapping, whether it is given alone or in a whole policy; None: that of the run."""
    if policy is None:
        return None
    if isinstance(policy, Mapping):
        policy = dict(policy)
        if "plan" not in policy:
            _policy.json_of({"plan": policy})  # names what JSON cannot hold by its place in the whole policy
            return policy
    elif isinstance(policy, os.PathLike) or (isinstance(policy, str) and not policy.lstrip().startswith("{")):
        policy = _policy.parse_document(_policy.read_policy_file(policy), os.fspath(policy))
    elif isinstance(policy, str):
        policy = _policy.parse_document(policy, "the policy")
    elif not isinstance(policy, _core.Policy):
        raise TypeError(f"policy must be a Policy, mapping, JSON text or path, not {type(policy).__name__}")
    if not isinstance(policy, _core.Policy):
        if "plan" not in policy:
            return policy
        policy = _core.Policy.from_dict(policy)
    return policy.to_dict()["plan"] or None


def holidays_table(holidays: Any, period: str) -> _core.Table | None:
    """A table of public holidays out of a table, or of codes of countries for the years around a period."""
    if holidays is None:
        return None
    if isinstance(holidays, str):
        holidays = [holidays]
    if not isinstance(holidays, Sequence):
        return table_of(holidays)
    years = sorted({int(text) for text in _years(period)} & set(range(1901, 2199)))  # of others the engine tells
    return holiday_table(holidays, range(years[0] - 1, years[-1] + 2)) if years else None


def _years(period: str) -> list[str]:
    return [part.strip()[:4] for part in period.split("..") if part.strip()[:4].isdigit()]


def _result_schedule(
    self: _core.Result, managers: Any, period: str | tuple[_Day, _Day], **options: Any
) -> _core.Schedule:
    """Plan the contacts of a period with these managers: see :func:`klientela.make_schedule`, whose options it takes."""
    return make_schedule(self, managers, period, **options)


def facts(summary: Mapping[str, Any]) -> str:
    """One line of figures."""
    refused = sum(summary["refused"].values())
    gap = "proved best" if summary["proved"] else f"within {summary['gap']:.2%} of the best"
    return (
        f"{summary['planned']:,} contacts planned from {summary['period']['first']} to {summary['period']['last']}, "
        f"{refused:,} refused, {gap}"
    )


def _repr(self: _core.Schedule) -> str:
    return f"<klientela.Schedule: {facts(self.summary)}>"


def _repr_html(self: _core.Schedule) -> str:
    planned = self.planned
    return f"<p>{html.escape(repr(self)[1:-1])}</p>" + (planned._repr_html_() if len(planned) else "")


def _to_pandas(self: _core.Schedule, table: str = "planned", *, money: Literal["float", "decimal"] = "float") -> Any:
    """Give one of the tables, by default ``planned``, as a ``pandas.DataFrame``."""
    return _named(self, table).to_pandas(money=money)


def _to_polars(self: _core.Schedule, table: str = "planned") -> Any:
    """Give one of the tables, by default ``planned``, as a ``polars.DataFrame``."""
    return _named(self, table).to_polars()


TABLES = ("planned", "refused", "prices", "owners", "shortfalls")


def _replan(
    self: _core.Schedule,
    since: _Day,
    *,
    managers: Any = None,
    absences: Mapping[str, str] | None = None,
    result: _core.Result | None = None,
    change_cost: Any = None,
    missed: Sequence[str] = (),
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> _core.Schedule:
    """Plan again with as little changed as can be of what this schedule says.

    Completed contacts that the base has of days before ``since`` count for gaps and limits. An announced contact of a
    later day that one of them fulfilled, as :meth:`registry` tells, is not planned again: its change says that it was
    held already, and ``held`` of the new schedule has its id.

    Parameters
    ----------
    since : datetime.date or str
        First day that may still change.
    managers : table, optional
        The managers as they are now; None: those of this schedule.
    absences : mapping of str to str, optional
        More absences by manager: ``{"anna": "2026-12-10..2026-12-12;2026-12-24"}``.
    result : Result, optional
        The base as it is now; None: that of this schedule.
    change_cost : number, optional
        How much more the plan must be worth for an announced contact to change; None: no worth outweighs a change.
    missed : sequence of str
        Ids of announced contacts whose day is over and that were not held: they may be planned again.
    threads : int
        0: one per core.
    progress : callable, optional
        As for :func:`klientela.make_schedule`.

    Returns
    -------
    Schedule
        Its ``changes`` list what is moved, handed over, added or dropped, each with what it does to the plan's worth.
    """
    cost = _units(change_cost, "change_cost")
    return self._replan(
        since,
        None if managers is None else table_of(managers),
        dict(absences or {}),
        result,
        cost,
        list(missed),
        threads,
        progress,
    )


def _units(amount: Any, argument: str) -> int | None:
    """An amount in units of 1/10000; None as it is."""
    if amount is None:
        return None
    try:
        units = Decimal(str(amount)) * 10_000
    except ArithmeticError:
        units = Decimal("NaN")
    if not units.is_finite() or units != units.to_integral_value() or not 0 <= units < 2**63:
        raise _core.InvalidArgumentError(
            f"{argument} must be an amount from 0 with at most four decimals, not {amount!r}", argument
        )
    return int(units)


def _read_back(
    self: _core.Schedule,
    planned: Any,
    refused: Any,
    prices: Any,
    *,
    objective: Any = None,
    upper_bound: Any = None,
) -> _core.Schedule:
    """Give the schedule that tables say, for example ones that were written and edited.

    Parameters
    ----------
    planned, refused, prices : table
        As the properties of these names give them; columns that only tell people something may be left out.
    objective, upper_bound : number, optional
        What the plan says of itself, for :meth:`check` to compare; None: what its contacts are worth, and what its
        prices prove.

    Returns
    -------
    Schedule
        Of the same clients, managers and rules; :meth:`check` says what is wrong with it.

    Raises
    ------
    BadDataError
        For an id that the schedule does not have or a cell that cannot be read, naming table and row. Managers, channels
        and days that it does not have are what :meth:`check` lists.
    """
    said = _units(objective, "objective"), _units(upper_bound, "upper_bound")
    return self._read_back(table_of(planned), table_of(refused), table_of(prices), *said)


def _registry(
    self: _core.Schedule,
    as_of: dt.datetime | dt.date,
    *,
    base: _core.ClientBase | _core.Result | None = None,
    days_before: int = 3,
    days_after: int = 7,
    client_outcomes: Sequence[str] | None = None,
    threads: int = 0,
) -> _core.Table:
    """Compare what was planned with what was done: which interaction fulfils which contact, and whose fault it was if none.

    Parameters
    ----------
    as_of : datetime.datetime or datetime.date
        Until when interactions are known, with a time zone; of a day its end in the schedule's zone.
    base : ClientBase or Result, optional
        The interactions; None: those of the base that the schedule was made of.
    days_before, days_after : int
        How far from its planned day an interaction may lie.
    client_outcomes : sequence of str, optional
        Outcomes of cancelled interactions by which it was the client who cancelled.
    threads : int
        0: one per core.

    Returns
    -------
    Table
        id, client, manager, channel, topic, start, end, state, interaction, match, candidates, fault, text.
    """
    if isinstance(as_of, dt.datetime):
        if as_of.tzinfo is None:
            raise _core.InvalidArgumentError("as_of needs a time zone, or is a day", "as_of")
        moment = as_of
    elif isinstance(as_of, dt.date):
        end = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), zoneinfo.ZoneInfo(self.time_zone))
        moment = end - dt.timedelta(microseconds=1)
    else:
        raise _core.InvalidArgumentError(f"as_of is a moment or a day, not {as_of!r}", "as_of")
    micros = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1)
    of = base.base if isinstance(base, _core.Result) else base
    outcomes = None if client_outcomes is None else list(client_outcomes)
    return self._registry(micros, of, days_before, days_after, outcomes, threads)


def _named(schedule: _core.Schedule, table: str) -> _core.Table:
    if table not in TABLES:
        raise _core.InvalidArgumentError(f"table must be one of {', '.join(TABLES)}, not {table!r}", "table")
    found: _core.Table = getattr(schedule, table)
    return found


def _stream(self: _core.Schedule, requested_schema: object = None) -> object:
    """Export the table ``planned`` as an Arrow stream."""
    return self.planned.__arrow_c_stream__(requested_schema)


def _write(self: _core.Schedule, folder: str | os.PathLike[str], **options: Any) -> dict[str, Path]:
    """Write the schedule to a folder: see :func:`klientela.plan_files.write_schedule`."""
    from klientela import plan_files

    return plan_files.write_schedule(self, folder, **options)


def attach() -> None:
    """Give the compiled classes their Python methods; called once when the package is imported."""
    methods = (
        (_core.Result, "schedule", _result_schedule),
        (_core.Schedule, "to_pandas", _to_pandas),
        (_core.Schedule, "to_polars", _to_polars),
        (_core.Schedule, "write", _write),
        (_core.Schedule, "read_back", _read_back),
        (_core.Schedule, "replan", _replan),
        (_core.Schedule, "registry", _registry),
        (_core.Schedule, "__arrow_c_stream__", _stream),
        (_core.Schedule, "__repr__", _repr),
        (_core.Schedule, "_repr_html_", _repr_html),
    )
    for owner, name, function in methods:
        setattr(owner, name, function)
