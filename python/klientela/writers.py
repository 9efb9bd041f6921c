"""Writes a result to a folder: all of its files, or none of them."""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb

from klientela import _core
from klientela._card_names import names_of
from klientela._columns import table_of
from klientela._merge import MergedBase, decisions

# What not every history, run and search for duplicates writes: a later one takes away what is there of an earlier one, so
# that a folder never holds files of two results.
_HISTORY_FILES = ("history.parquet", "migration.csv", "transitions.csv", "stays.csv", "projection.csv")
_MERGED_FILES = ("merged.csv", "conflicts.csv")
_DUPLICATES_FILES = ("links.csv", "proposals.csv", *_MERGED_FILES)
_FOUND_FILES = ("clusters.csv", "pairs.csv", "joins.csv", "cuts.csv", "review.csv", "weights.csv", "rules.csv")
_RUN_FILES = ("attention.csv", "hierarchy.csv", *_HISTORY_FILES, *_FOUND_FILES, "proposals.csv", *_MERGED_FILES)


def write(result: _core.Result, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write clients.parquet, clients.csv, matrix.csv, the profiles, rejected.csv, summary.json, report.html and more.

    Profiles are profiles.csv, profile_products.csv and profile_channels.csv; cohorts.csv is retention by the period of
    the first purchase. The page tells of the run's plan of contacts, whose files :func:`plan_files.write_schedule` writes.
    Where the features have what it is made of, attention.csv lists who needs accompaniment now.
    Where the policy has a history there are also the files of :func:`write_history`, and where clients were rolled up
    hierarchy.csv, which says whose rows stand in whose group. Where duplicates were looked for among the cards there are
    the files of :func:`write_duplicates` but for summary.json, whose figures stand in the one of the run, those of
    :func:`write_merged`, and journal.jsonl.

    The files are written under other names first and then renamed; where one cannot be, those that were there before
    are put back. So a failure leaves nothing half-written and no mixture of two results. Neither does success: those of
    the files above that this result has not, such as the history of an earlier one, are taken out of the folder, but for
    a journal. One in which somebody undid, wrote or said something that the journal of this result has not is not written
    over.

    Parameters
    ----------
    result : Result
        What :func:`klientela.run` gave.
    folder : str or path
        Made where it is missing; files of the same names in it are replaced. Others are left alone.

    Returns
    -------
    dict of str to pathlib.Path
        Where each file is.

    Raises
    ------
    InvalidArgumentError
        If the journal in the folder holds what somebody decided and this result's has not: ``run(..., journal=)`` goes
        on from it. Nothing is written then.
    """
    clients = result.clients
    profiles = result.profiles()
    hierarchy = result.hierarchy
    history = result._planned_history() if result._has_history else None
    texts = {
        "clients.csv": clients.to_csv,
        "matrix.csv": result.matrix.to_csv,
        "profiles.csv": profiles.groups.to_csv,
        "profile_products.csv": profiles.products.to_csv,
        "profile_channels.csv": profiles.channels.to_csv,
        "cohorts.csv": result.cohorts().to_csv,
        "rejected.csv": result.rejected.to_csv,
        "summary.json": result.summary_json,
        "report.html": result.html,
    }
    if result._has_attention:
        texts["attention.csv"] = result.attention().to_csv
    if hierarchy is not None:
        texts["hierarchy.csv"] = hierarchy.to_csv
    if result.duplicates is not None:
        base = result.base if result.merged is None else result.merged.original
        tables = _duplicates_tables(result.duplicates, result.duplicates.summary["threshold"], 0, _Named([base]))
        texts |= {name: functools.partial(_csv_of, tell) for name, tell in tables.items()}
    if (merged := result.merged) is not None:
        _check_journal(Path(folder) / "journal.jsonl", merged)
        texts |= _merged_sheets(merged, {}, None, None)
        texts["journal.jsonl"] = lambda: merged.journal_text
    sheets = {} if history is None else _history_sheets(history, result._language)

    def make(scratch: Path) -> None:
        write_parquet(clients, scratch / "clients.parquet")
        if history is not None:
            write_parquet(history.table, scratch / "history.parquet")
        _write_texts(scratch, texts | sheets)

    parquet = ("clients.parquet",) if history is None else ("clients.parquet", "history.parquet")
    return _write_all((*parquet, *texts, *sheets), make, folder, _RUN_FILES)


def _check_journal(file: Path, merged: MergedBase) -> None:
    if not file.is_file():
        return
    there = decisions(file.read_text(encoding="utf-8", errors="surrogateescape"))
    if any(operation != "rebase" for _, operation, _ in there - decisions(merged.journal_text)):
        raise _core.InvalidArgumentError(
            f"{file} holds what somebody decided and this result has not: run(..., journal={str(file)!r}) goes on from it, "
            "another folder leaves it",
            "folder",
        )


def write_history(
    history: _core.History, folder: str | os.PathLike[str], *, language: Literal["en", "ru"] = "en"
) -> dict[str, Path]:
    """Write history.parquet, migration.csv, transitions.csv, stays.csv and, from two days on, projection.csv.

    history.parquet has one row per day and client known by then. The other files have a column ``classes`` in front:
    the class column that their rows are about, of which there is one after the other. All files are written, or none.
    A projection.csv of an earlier history is taken out of the folder where this one has none.

    Parameters
    ----------
    history : History
        What :func:`klientela.history` gave.
    folder : str or path
        Made where it is missing; files of the same names in it are replaced. Others are left alone.
    language : {"en", "ru"}
        Of the reasons in transitions.csv.
    """
    sheets = _history_sheets(history, language)

    def make(scratch: Path) -> None:
        write_parquet(history.table, scratch / "history.parquet")
        _write_texts(scratch, sheets)

    return _write_all(("history.parquet", *sheets), make, folder, _HISTORY_FILES)


def _history_sheets(history: _core.History, language: Literal["en", "ru"]) -> dict[str, Callable[[], str]]:
    """Give the text files of a history by name, each made when it is called."""
    columns = [name for name in history.class_columns if _has_labels(history, name)]
    tables: dict[str, Callable[[str], _core.Table]] = {
        "migration.csv": lambda name: history.migrations(column=name),
        "transitions.csv": lambda name: history.transitions(column=name, language=language),
        "stays.csv": lambda name: history.stay_times(column=name),
    }
    if len(history) > 1:
        tables["projection.csv"] = lambda name: history.project(column=name)

    def sheet(tell: Callable[[str], _core.Table]) -> str:
        parts = [(name, tell(name).to_csv()) for name in columns]
        return "".join(_with_name(name, text, head=place == 0) for place, (name, text) in enumerate(parts))

    return {file: functools.partial(sheet, tell) for file, tell in tables.items()}


def write_duplicates(
    found: _core.Duplicates,
    folder: str | os.PathLike[str],
    *,
    summary: Mapping[str, Any] | None = None,
    ids: Sequence[Mapping[str, str]] = (),
    threads: int = 0,
    merged: MergedBase | None = None,
    kept: _core.Table | None = None,
    parent: str | None = None,
    lists: Sequence[_core.ClientBase] = (),
) -> dict[str, Path]:
    """Write clusters.csv, pairs.csv, joins.csv, cuts.csv, review.csv, weights.csv, rules.csv and summary.json.

    Of two lists there is also links.csv: the cards of the first list with those of the second; proposals.csv
    says why rules were chosen, where they were. Of a merged base there are
    the files of :func:`write_merged`. All files are written, or none. What an earlier search wrote and this one does not,
    links.csv, proposals.csv or the files of a merged base, is taken out of the folder.

    Parameters
    ----------
    found : Duplicates
        What :func:`klientela.find_duplicates` or :func:`klientela.link_lists` gave.
    folder : str or path
        Made where it is missing; files of the same names in it are replaced. Others are left alone.
    summary : mapping, optional
        More for summary.json, in front of what the result says of itself.
    ids : sequence of mapping, optional
        For each list the ids that are to be written otherwise, as :attr:`klientela.cards.Cards.ids` says.
    threads : int
        0: one per core.
    merged : MergedBase, optional
        What the duplicates were merged in.
    kept, parent : optional
        As for :func:`write_merged`.
    lists : sequence of ClientBase, optional
        The bases that were searched, the merged one's without it: the two cards of each pair are then named at the end of
        its row, as name_a and name_b.
    """
    if not lists and merged is not None:
        lists = (merged.original,)
    told = found.summary
    two = "first_list" in told
    of_lists = [dict(each) for each in ids] or [{}]
    first, second = of_lists[0], of_lists[-1]
    named = _Named(lists)
    tables = _duplicates_tables(found, told["threshold"], threads, named)
    if two:
        tables["links.csv"] = named(lambda: found.links)

    def text(tell: Callable[[], _core.Table]) -> str:
        table = tell()
        return (_with_ids(table, first, second, two) if first or second else table).to_csv()

    document = json.dumps({**(summary or {}), **told}, ensure_ascii=False, indent=2)
    texts: dict[str, Callable[[], str]] = {file: functools.partial(text, tell) for file, tell in tables.items()}
    if merged is not None:
        texts |= _merged_sheets(merged, first, kept, parent)
    files = (*texts, "summary.json")

    def make(scratch: Path) -> None:
        _write_texts(scratch, {**texts, "summary.json": lambda: document})

    return _write_all(files, make, folder, _DUPLICATES_FILES)


def write_merged(
    merged: MergedBase,
    folder: str | os.PathLike[str],
    *,
    ids: Mapping[str, str] | None = None,
    kept: _core.Table | None = None,
    parent: str | None = None,
) -> dict[str, Path]:
    """Write merged.csv, one row per client, and conflicts.csv, where its cards say different things; both or none.

    The journal is written by :meth:`klientela.MergedBase.save`.

    Parameters
    ----------
    merged : MergedBase
    folder : str or path
        Made where it is missing; files of the same names in it are replaced.
    ids : mapping, optional
        The ids that are to be written otherwise, as :attr:`klientela.cards.Cards.ids` says.
    kept : Table, optional
        More columns for merged.csv, as :attr:`klientela.cards.Cards.kept` says: of each client its own card's value, or
        the first of its other cards'.
    parent : str, optional
        The column of it with the ids of parents, who are named as the clients that they count as.
    """
    sheets = _merged_sheets(merged, ids or {}, kept, parent)
    return _write_all(tuple(sheets), lambda scratch: _write_texts(scratch, sheets), folder, ())


def _merged_sheets(
    merged: MergedBase, ids: Mapping[str, str], kept: _core.Table | None, parent: str | None
) -> dict[str, Callable[[], str]]:
    def counts_as(text: str) -> str:
        client = _core._client_id(text)
        return str(merged.counts_as(client)) if client in merged.original else text

    def cards() -> str:
        table = merged.cards
        if kept is not None and "client" in table:  # else no card is left
            members = [merged.cards_of(client) for client in table._column("client")]
            table = with_columns(table, members, kept, {} if parent is None else {parent: counts_as})
        return with_ids(table, ("client",), ids).to_csv()

    return {
        "merged.csv": cards,
        "conflicts.csv": lambda: with_ids(merged.conflicts, ("cluster", "client"), ids).to_csv(),
    }


def with_ids(table: _core.Table, names: Sequence[str], ids: Mapping[str, str]) -> _core.Table:
    """Give the table with the ids in these columns as :attr:`klientela.cards.Cards.ids` says."""
    if not ids:
        return table
    columns = table.to_pydict()
    for name in names:
        columns[name] = [ids.get(str(value), value) for value in columns[name]]
    return table_of(columns)


def with_columns(
    table: _core.Table,
    members: Sequence[Sequence[int | str]],
    kept: _core.Table,
    changed: Mapping[str, Callable[[str], str | None]],
    *,
    own: str = "client",
) -> _core.Table:
    """Add the columns of ``kept`` to a table of clients whose cards are its rows of ``members``, the own card first.

    The ids of the clients stand in the column ``own``. Texts of the columns in ``changed`` are replaced by what their
    functions give.
    """
    by, *names = kept.columns
    places = {str(_core._client_id(text)): row for row, text in enumerate(kept._column(by)) if text is not None}
    clients = table._column(own)
    columns = {name: table._column(name) for name in table.columns}
    rows = [
        [places[str(card)] for card in sorted(cards, key=lambda card: card != client) if str(card) in places]
        for client, cards in zip(clients, members, strict=True)
    ]
    for name in names:
        values = kept._column(name)
        if name in changed:
            values = [changed[name](text) if text else None for text in values]
        free = name
        while free in columns:
            free += "_"
        columns[free] = [next((values[row] for row in of if values[row] not in (None, "")), None) for of in rows]
    return table_of(columns)


def _csv_of(tell: Callable[[], _core.Table]) -> str:
    return tell().to_csv()


def _duplicates_tables(
    found: _core.Duplicates, threshold: float, threads: int, named: _Named
) -> dict[str, Callable[[], _core.Table]]:
    """Give the tables of duplicates by the names of their files, each made when it is called."""
    tables: dict[str, Callable[[], _core.Table]] = {
        "clusters.csv": lambda: found.clusters,
        "pairs.csv": named(lambda: found.pairs(min_score=threshold, threads=threads)),
        "joins.csv": named(lambda: found.joins),
        "cuts.csv": named(lambda: found.cuts),
        "review.csv": named(lambda: found.review),
        "weights.csv": lambda: found.weights,
        "rules.csv": lambda: found.rules,
    }
    if (proposals := found.proposals) is not None:
        tables["proposals.csv"] = lambda: proposals.table
    return tables


class _Named:
    """Tables of pairs with the names of their cards at the end of the columns, where the lists are given."""

    def __init__(self, lists: Sequence[_core.ClientBase]) -> None:
        self._lists = lists

    @functools.cached_property
    def _names(self) -> list[dict[int | str, str]]:
        return [names_of(base) for base in self._lists]

    def __call__(self, tell: Callable[[], _core.Table]) -> Callable[[], _core.Table]:
        return functools.partial(self._table, tell)

    def _table(self, tell: Callable[[], _core.Table]) -> _core.Table:
        table = tell()
        if not self._lists:
            return table
        first, second = self._names[0], self._names[-1]
        names = {
            "name_a": [first.get(card) for card in table._column("id_a")],
            "name_b": [second.get(card) for card in table._column("id_b")],
        }
        connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        connection.register("pairs", table)
        connection.register("names", table_of(names))
        return table_of(connection.sql("SELECT * FROM pairs POSITIONAL JOIN names"))


def _with_ids(table: _core.Table, first: Mapping[str, str], second: Mapping[str, str], two: bool) -> _core.Table:
    """The table with its ids as they came in the lists."""
    columns = table.to_pydict()

    def named(values: list[Any], of: Mapping[str, str]) -> list[Any]:
        return [of.get(str(value), value) for value in values]

    def marked(values: list[Any]) -> list[Any]:
        """Ids with the number of their list in front."""
        lists = {"1": first, "2": second}
        cut = [(value[0], value[2:]) if str(value)[:2] in ("1:", "2:") else (None, value) for value in values]
        return [value if mark is None else f"{mark}:{lists[mark].get(value, value)}" for mark, value in cut]

    for name, values in columns.items():
        if name == "id" and two:
            columns[name] = [
                (first if each == 1 else second).get(str(value), value)
                for each, value in zip(columns["list"], values, strict=True)
            ]
        elif name == "cluster" and two:
            columns[name] = marked(values)
        elif name == "id_a" or (name in ("id", "cluster") and not two):
            columns[name] = named(values, first)
        elif name == "id_b":
            columns[name] = named(values, second)
    return _core.Table(columns)


def _has_labels(history: _core.History, column: str) -> bool:
    try:
        history.labels(column)
    except _core.InvalidArgumentError:
        return False
    return True


def _with_name(name: str, text: str, *, head: bool) -> str:
    """CSV text with a first column that holds a name; without its head where others stand before it."""
    cell = _core.to_csv(_core.Table({"classes": [name]})).partition("\n")[2].removesuffix("\n")
    # A line ends a row where the quotes before it are in pairs; cells of any length and content stay as they are.
    rows: list[str] = []
    begun: list[str] = []
    quotes = 0
    for line in text.split("\n"):
        begun.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            rows.append("\n".join(begun))
            begun.clear()
    if rows and not rows[-1]:
        rows.pop()
    named = [f"classes,{rows[0]}"] if head and rows else []
    return "".join(f"{row}\n" for row in (*named, *(f"{cell},{row}" for row in rows[1:])))


def _write_texts(scratch: Path, texts: Mapping[str, Callable[[], str]]) -> None:
    for name, make in texts.items():
        text = make()
        with (scratch / name).open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            if not text.endswith("\n"):
                stream.write("\n")


def _write_all(
    files: Sequence[str], make: Callable[[Path], None], folder: str | os.PathLike[str], optional: Sequence[str]
) -> dict[str, Path]:
    """Let `make` write the files into a scratch folder, then put all of them into the folder, or none.

    Files can lie in folders below it (``calendars/anna.ics``). Files of the `optional` names that are not among them are of an earlier result, and go.
    """
    out = Path(folder)
    for name in files:
        if (out / name).is_dir():
            raise IsADirectoryError(f"{out / name} is a folder; a file of that name is to be written")
    made = _make(out)
    for below in sorted({(out / name).parent for name in files} - {out}):
        made = _make(below) + made
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".klientela-", dir=out))
        try:
            make(scratch)
            stale = [name for name in optional if name not in files and _is_file(out / name)]
            _move(scratch, out, files, stale)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except BaseException:
        for path in made:  # folders of ours that stayed empty
            try:
                path.rmdir()
            except OSError:
                break
        raise
    return {name: out / name for name in files}


def _is_file(path: Path) -> bool:
    return path.is_file() or path.is_symlink()


def _move(scratch: Path, out: Path, files: Sequence[str], stale: Sequence[str]) -> None:
    """Put all files of a folder into another and take the stale ones out of it, or leave that one as it was."""
    old = scratch / "old"
    old.mkdir()
    try:
        for name in (*files, *stale):
            (old / name).parent.mkdir(parents=True, exist_ok=True)
        for name in files:
            if os.path.lexists(out / name):
                os.replace(out / name, old / name)
            os.replace(scratch / name, out / name)
        for name in stale:
            os.replace(out / name, old / name)
    except BaseException:
        for name in (*files, *stale):
            if os.path.lexists(old / name):
                os.replace(old / name, out / name)
            elif name in files and not os.path.lexists(scratch / name):
                (out / name).unlink(missing_ok=True)
        raise


def write_parquet(table: Any, path: str | os.PathLike[str]) -> None:
    """Write one table, a klientela one or another with ``__arrow_c_stream__``, as a Parquet file."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", table)
        target = os.fspath(path).replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM rows) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.Error as error:
        raise OSError(f"{os.fspath(path)} cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()


def write_table(table: _core.Table, path: str | os.PathLike[str]) -> None:
    """Write one table as Parquet or CSV, by the ending of the file; a failure leaves what was there.

    Parameters
    ----------
    table : Table
        What to write.
    path : str or path
        ``.parquet`` is Parquet, everything else CSV.
    """
    out = Path(path)
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; a file of that name is to be written")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {out.parent} for {out.name}")
    scratch = out.with_name(f".{out.name}.part")
    try:
        if out.suffix == ".parquet":
            write_parquet(table, scratch)
        else:
            scratch.write_text(table.to_csv(), encoding="utf-8", newline="")
        scratch.replace(out)
    finally:
        scratch.unlink(missing_ok=True)


def _make(folder: Path) -> list[Path]:
    """Make a folder and give those that were made, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
