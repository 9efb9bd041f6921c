"""run(): tables and a policy in, the classified base out."""

from __future__ import annotations

import datetime as dt
import html
import os
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from klientela import _core, _plan, _plugins
from klientela._columns import table_of
from klientela._counted import counted
from klientela._merge import MergedBase, check_rebase

_TABLES = tuple(_core.tables())
_merged: weakref.WeakKeyDictionary[_core.Result, MergedBase] = weakref.WeakKeyDictionary()


def run(
    tables: Any = None,
    policy: _core.Policy | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    as_of: dt.date | str | None = None,
    *,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    assignments: _core.Assignments | None = None,
    classifiers: _core.ClassifierRegistry | Mapping[str, Any] | None = None,
    roll_up: str | int | Mapping[str, Any] | None = None,
    history: str | bool | Mapping[str, Any] | None = None,
    journal: str | os.PathLike[str] | MergedBase | None = None,
    rebase: bool = False,
    managers: Any = None,
    period: str | tuple[dt.date | str, dt.date | str] | None = None,
    holidays: Any = None,
    **more: Any,
) -> _core.Result:
    """Classify a client base: ingest, duplicates merged, features, every classifier of the policy; and plan contacts.

    Where cards of clients are given, those that are surely the same client are merged by the policy's ``dedupe``, and
    everything after counts them as one; ``{"dedupe": {"merge": False}}`` leaves them as they are.

    Parameters
    ----------
    tables : mapping of str to table, or table
        Tables by name (``transactions``, ``clients``, ``interactions``, ...; see :func:`klientela.tables`). A table is
        anything with ``__arrow_c_stream__`` (pandas, polars, pyarrow, DuckDB, ``klientela.Table``) or a mapping of
        columns as lists or NumPy arrays. A single table is taken as the transactions.
    policy : Policy, mapping, str or path, optional
        The choices of the company: a policy document, the name of a preset, JSON text or a path. None: the default.
    as_of : datetime.date or str, optional
        Last day that counts, inclusive, in the base's time zone. None: the day of the last accepted purchase.
    threads : int
        How many threads work; 0: one per core. The result does not depend on it.
    progress : callable, optional
        Called with the stage's name and the share done, from 0 to 1. What it raises stops the work.
    assignments : Assignments, optional
        What people assigned by hand and in bulk; rule sets of the policy take it into account.
    classifiers : ClassifierRegistry or mapping, optional
        Your own kinds of classifiers, which the policy names. Of a mapping of functions and classes by kind, those that
        the policy does not name come after its classifiers, called as their kind.
    roll_up : {"roots", "every_node"}, int or mapping, optional
        Classify groups of clients, such as holdings with their branches, instead of single ones: see
        :func:`klientela.roll_up`. A mapping holds the options of the policy's part of that name, which it stands for.
    history : {"month", "day", "week", "quarter", "year"}, bool or mapping, optional
        Follow classes through time, by the ends of such periods: the last twelve, or as many, since and until when as
        the policy's own history says; False: do not. A mapping holds the options of the policy's part of that name,
        which it stands for. None: as the policy says. It is worked out when
        :meth:`Result.history` or the page asks for it.
    journal : path or MergedBase, optional
        What was merged, undone and said to be two clients before: a file that :meth:`MergedBase.save` or
        ``klientela run`` wrote, or the merged base itself. It goes on in :attr:`Result.merged`.
    rebase : bool
        Whether cards may have changed since the journal was written; some that it names must still be there.
    managers, period, holidays : optional
        Whose contacts are planned, for when, and days off, as :func:`klientela.make_schedule` takes them: the calendar
        is :attr:`Result.plan`, and the page tells of it. None: nothing is planned.
    **more : table
        More tables by name: ``run(transactions=sales, clients=cards)``.

    Returns
    -------
    Result
        Clients with features, scores, classes and reasons; the matrix; the rejected rows; a summary and a page.

    Raises
    ------
    KlientelaError
        One of its subclasses; ``where`` names the table and column, or the place in the policy.

    Examples
    --------
    >>> result = run({"client": ["a", "a", "b"], "at": ["2026-01-02", "2026-02-03", "2026-02-01"],
    ...               "amount": [10, 20.5, 7]})
    >>> result.as_of
    datetime.date(2026, 2, 3)
    """
    if (managers is None) != (period is None):
        raise _core.InvalidArgumentError(
            "contacts are planned for managers in a period: give both, or neither",
            "managers" if managers is None else "period",
        )
    planned = "" if period is None else _plan.period_text(period)
    policy = _plugins.policy_with(policy, classifiers)
    text = None if journal is None else _journal_text(journal)
    result = _core._run(
        tables_argument(tables, more),
        policy,
        as_of,
        threads,
        progress,
        assignments,
        roll_up,
        history,
        text,
        rebase,
        None if managers is None else table_of(managers),
        planned,
        _plan.holidays_table(holidays, planned) if planned else None,
    )
    if rebase and text is not None and (parts := result._merging) is not None:
        original, _, later = parts
        check_rebase(text, later, original)
    return result


def _journal_text(journal: str | os.PathLike[str] | MergedBase) -> str:
    if isinstance(journal, MergedBase):
        return journal.journal_text
    try:
        return Path(journal).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _core.BadDataError(f"{os.fspath(journal)} is no journal: it is not UTF-8", os.fspath(journal)) from error


def tables_argument(tables: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    """Tables by name, out of a mapping of tables, a single table, and keywords."""
    named: dict[str, Any] = {}
    if tables is None:
        pass
    elif isinstance(tables, Mapping) and not hasattr(tables, "__arrow_c_stream__"):
        if all(name in _TABLES for name in tables) or all(_is_table(value) for value in tables.values()):
            named.update(tables)
        else:
            named["transactions"] = tables
    else:
        named["transactions"] = tables
    for name, table in more.items():
        if name in named:
            raise _core.InvalidArgumentError(f"table '{name}' is given twice", name)
        if table is not None:
            named[name] = table
    if not named:
        raise _core.InvalidArgumentError(f"no table is given; tables are {', '.join(_TABLES)}", "tables")
    return named


def _is_table(value: Any) -> bool:
    # A Series exports a stream of one column too, yet stands for a column.
    if isinstance(value, Mapping):
        return True
    return hasattr(value, "__arrow_c_stream__") and hasattr(
        value, "columns" if not hasattr(value, "schema") else "schema"
    )


def _result_merged(self: _core.Result) -> MergedBase | None:
    """What is merged, as a base of its own to go on from; None where nothing was to be merged.

    Always the same one, so that what is done to it stays done; the result itself is as it was.
    """
    if self not in _merged:
        parts = self._merging
        if parts is None:
            return None
        original, survivorship, journal = parts
        _merged.setdefault(self, MergedBase(original, survivorship, journal=journal))
    return _merged[self]


def _result_repr(self: _core.Result) -> str:
    rejected = sum(counts["rows_rejected"] for counts in self.counts.values())
    clients = counted(len(self.features), "client")
    return f"<klientela.Result: {clients} as of {self.as_of}, {counted(rejected, 'row')} rejected>"


def _result_repr_html(self: _core.Result) -> str:
    matrix = self.matrix
    facts = html.escape(repr(self)[1:-1])
    return f"<p>{facts}</p>" + (matrix._repr_html_() if len(matrix) else "")


def _profiles_to_pandas(self: _core.Profiles, table: str = "groups") -> Any:
    """Give one of the tables, ``groups``, ``products`` or ``channels``, as a ``pandas.DataFrame``."""
    if table not in ("groups", "products", "channels"):
        raise _core.InvalidArgumentError(f"table must be groups, products or channels, not {table!r}", "table")
    return getattr(self, table).to_pandas()


def _profiles_repr(self: _core.Profiles) -> str:
    columns = ", ".join(dict.fromkeys(self.groups.to_pydict()["column"]))
    return f"<klientela.Profiles: {len(self.groups):,} groups of {columns or 'no column'}>"


def _profiles_repr_html(self: _core.Profiles) -> str:
    tables = ((name, getattr(self, name)) for name in ("groups", "products", "channels"))
    return "".join(f"<p>{name}</p>{table._repr_html_()}" for name, table in tables if len(table))


def attach() -> None:
    """Give the compiled classes their Python methods; called once when the package is imported."""
    methods = (
        (_core.Result, "merged", property(_result_merged)),
        (_core.Result, "__repr__", _result_repr),
        (_core.Result, "_repr_html_", _result_repr_html),
        (_core.Profiles, "to_pandas", _profiles_to_pandas),
        (_core.Profiles, "__repr__", _profiles_repr),
        (_core.Profiles, "_repr_html_", _profiles_repr_html),
    )
    for owner, name, function in methods:
        setattr(owner, name, function)
