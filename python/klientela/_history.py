"""history(): the base classified as of many days, and the Python manners of histories."""

from __future__ import annotations

import datetime as dt
import html
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from klientela import _core, _plugins, _table


def history(
    source: _core.Result | _core.ClientBase,
    policy: _core.Policy | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    days: Iterable[dt.date | str] | None = None,
    every: str | None = None,
    since: dt.date | str | None = None,
    until: dt.date | str | None = None,
    thresholds: str = "frozen",
    frozen_on: dt.date | str | None = None,
    columns: Sequence[str] | None = None,
    money: str | None = "money_net",
    hold: int = 1,
    margin: float = 0.0,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    classifiers: _core.ClassifierRegistry | Mapping[str, Any] | None = None,
) -> _core.History:
    """Classify a base as of a series of days, in one pass over its purchases where the classifiers allow it.

    Parameters
    ----------
    source : Result or ClientBase
        What :func:`run` gave, whose models are the frozen thresholds and whose assignments hold on every day; or a base,
        classified by ``policy``.
    policy : Policy, mapping, str or path, optional
        The classifiers; needed where thresholds are to be fitted. None with a base: the default policy.
    days : iterable of datetime.date or str, optional
        The days, ascending. Otherwise the ends of periods:
    every : {"month", "day", "week", "quarter", "year"}
        From the first purchase (or ``since``) to the last (or ``until``), which ends the last period.
    thresholds : {"frozen", "refit"}
        Judge every day by the thresholds of one day, or by its own.
    frozen_on : datetime.date or str, optional
        That day; by default the last one.
    columns : sequence of str, optional
        Class columns to keep; by default every column of labels.
    money : str or None
        The money measure by which migration is weighed.
    hold : int
        A client's class changes only after the new one has stood for so many of the days in a row, from the first day
        on which the client is known. The cell of a matrix and its bands hold as one.
    margin : float
        A client's class changes only where a measure has passed the threshold by more than this share of it: with 0.1
        and an edge at 100, past 110 and back at 90. Comes before ``hold``, and begins where that does. Acts on the
        labels of rfm, abc, matrix, tiers, xyz and lifecycle; rules, clusters, cohorts, ideal clients and plug-ins have
        no thresholds and stay as they are.
    classifiers : ClassifierRegistry or mapping, optional
        Your own kinds, which ``policy`` names, as in :func:`run`; a result's own models need none.

    Returns
    -------
    History
        Iterates as a table of one row per day and known client; ``migration()``, ``transitions()``, ``stay_times()``
        and ``project()`` tell the rest.
    """
    if policy is None and not isinstance(source, _core.Result):
        policy = _core.Policy()
    if policy is not None:
        policy = _plugins.policy_with(policy, classifiers)
    return _core._history(
        source,
        policy,
        None if days is None else list(days),
        every,
        since,
        until,
        thresholds,
        frozen_on,
        None if columns is None else list(columns),
        money,
        hold,
        margin,
        threads,
        progress,
    )


def _history_table(self: _core.History) -> _core.Table:
    """Give one row per day and client known by then: day, client, the kept columns, the money."""
    return self._table()


def _repr(self: _core.History) -> str:
    days = self.days
    span = f"{len(days)} days from {days[0]} to {days[-1]}" if days else "no days"
    return f"<klientela.History: {span}; {', '.join(self.class_columns)}>"


def _repr_html(self: _core.History) -> str:
    facts = f"<p>{html.escape(repr(self)[1:-1])}</p>"
    return facts + (self.migration()._repr_html_() if self.days and self.class_columns else "")


def attach() -> None:
    """Give the compiled classes their Python methods; called once when the package is imported."""
    members = {name: _table._passed_on(name) for name in _table._PASSED_ON if name != "__iter__"}
    members |= {"table": property(_history_table), "__repr__": _repr, "_repr_html_": _repr_html}
    for name, member in members.items():
        setattr(_core.History, name, member)
    setattr(_core.Result, "history", _of_result)  # noqa: B010


def _of_result(
    self: _core.Result,
    policy: Any = None,
    *,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    **options: Any,
) -> _core.History:
    """Give the classes through time: those of the policy's ``history``, or others by options.

    Without options, and where the run's policy has a history, it is that one, which is kept and shown on the page.
    Else :func:`klientela.history` makes one; its parameters are taken here too.
    """
    if policy is None and not options and (planned := self._planned_history(threads, progress)) is not None:
        return planned
    return history(self, policy, threads=threads, progress=progress, **options)
