"""MergedBase: a base whose duplicate cards count as one client, with the journal that takes every step back."""

from __future__ import annotations

import datetime as dt
import html
import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from klientela import _core
from klientela._columns import check_base, table_of
from klientela._counted import counted
from klientela._duplicates import _columns, _is_none

_Id = int | str
_Progress = Callable[[str, float], object] | None
_LAST = 2**64 - 1  # the engine counts operations in so many
_CARDS_SHOWN = 3
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def decisions(journal: str) -> set[tuple[Any, Any, Any]]:
    """Give the operations of a journal but for merges of what was found, which finding makes again.

    Each as its number, what it is, and when. What is no journal holds something, too.
    """
    try:
        lines = [json.loads(line) for line in journal.splitlines()]
        known = "klientela_journal" in lines[0]
        decided = {
            (line["sequence"], line["operation"], line.get("at"))
            for line in lines
            if "operation" in line and not (line["operation"] == "merge" and line.get("reason") == _core._FOUND_REASON)
        }
    except (ValueError, TypeError, LookupError, AttributeError):
        known = False
    return decided if known else {(None, None, None)}


def check_rebase(before: str, after: str, base: _core.ClientBase) -> None:
    """Refuse a journal that was to go on with a base in which none of the cards is that it names.

    Raises
    ------
    InvalidArgumentError
        ``where`` is "rebase". Not where the base is the journal's own, or has no cards at all.
    """
    lines = [json.loads(line) for line in after.splitlines()]
    earlier = len(before.splitlines())
    if not any(line.get("operation") == "rebase" for line in lines[earlier:]):
        return
    named = {card for line in lines[:earlier] for card in line.get("cards", ())}
    if named and len(base) and not any(card in base for card in named):
        shown = ", ".join(map(str, sorted(named, key=str)[:_CARDS_SHOWN]))
        raise _core.InvalidArgumentError(
            f"the journal is of another list: of the cards that it names, such as {shown}, this one has none; a new journal "
            "begins where none is given",
            "rebase",
        )


@dataclass(frozen=True)
class MergePreview:
    """What a merge would do; nothing has changed.

    Attributes
    ----------
    survivors : list
        Ids of the clients that there would be.
    cards : Table
        Their cards.
    conflicts : Table
        As :attr:`MergedBase.conflicts`.
    moves : Table
        A row per client that would count as another: client, counts_as, and how many rows of each table would be read as
        that one's.
    refused : list of list
        Clusters of a :class:`Duplicates` that cannot be merged: an organisation and a person, or two cards that somebody
        said are two clients.
    """

    survivors: list[_Id]
    cards: _core.Table
    conflicts: _core.Table
    moves: _core.Table
    refused: list[list[_Id]]


@dataclass(frozen=True)
class Erasure:
    """What an erasure did. Names nothing of the client's.

    Attributes
    ----------
    merged : MergedBase
        Base and journal without the client; let go of the old ones, and of their files.
    operation : int
        Its number in the journal.
    cards : int
        How many clients were erased: all cards that counted as the one.
    removed : dict of str to int
        Rows by table.
    anonymised : int
        Transactions that stay as nobody's.
    emptied : int
        Rows and records of others in which something was emptied.
    disabled : list of int
        Operations that can be undone or redone no more.
    emptied_fields : Table
        Where: ``table``, ``row`` (from 0, of that table of ``merged.original``; of the ``journal`` the operation),
        ``field``. What stood there is in the base of before.
    """

    merged: MergedBase
    operation: int
    cards: int
    removed: dict[str, int]
    anonymised: int
    emptied: int
    disabled: list[int]
    emptied_fields: _core.Table


class MergedBase:
    """A base whose duplicate cards count as one client each; every step can be taken back.

    Nothing is rewritten: the cards stay, and purchases, contacts and all other rows are read through a map from card to
    client. What was done is written in a journal, which can be saved, opened again, and undone step by step, in any
    order. For one thread at a time.

    Parameters
    ----------
    base : ClientBase
        As delivered.
    survivorship : mapping or Policy, optional
        Whose value the one card keeps: the policy's ``dedupe.survivorship``, or the policy that has it.
    functions : mapping of str to callable, optional
        What ``{"custom": name}`` in the policy names. Called with the field's name (of a group: its first field's) and a
        list of candidates, dicts with client, values (a list of texts), created_at, updated_at and source; returns the
        place of the one that survives, or None for no value. The same question must get the same answer.
    journal : str, optional
        Text of a journal to go on from, as :attr:`journal_text` gives it; :meth:`open` reads a file.
    rebase : bool
        Whether the base may have changed since the journal was written: new cards, other values. The journal then says
        so from here on. A base with none of the cards that the journal names is refused all the same.
    who, reason : str, optional
        For the journal, where it says so.
    at : datetime.datetime, optional
        When, with a time zone.
    threads : int
        0: one per core.
    progress : callable, optional
        Called with the stage and the share done.

    Raises
    ------
    InvalidArgumentError
        If the journal belongs to another base, with `rebase` to one without any card that it names, or the base was
        merged or rolled up.
    BadDataError
        If the journal cannot be read, or has been altered; ``where`` names the line.
    BadPolicyError
        If the survivorship is wrong, or the journal has another one of the same version.
    NotFoundError
        If an operation of this very base names a client, or the policy a function, that is not there. Cards that are
        gone since are none: see :attr:`without_cards`.

    Examples
    --------
    >>> import klientela
    >>> cards = {"id": [1, 2, 3], "name": ["Anna Berg", "Anna Berg", "Otto Kranz"],
    ...          "email": ["anna@mail.example", "a.berg@firm.example", None]}
    >>> merged = klientela.MergedBase(klientela.ingest({"clients": cards}).base)
    >>> merged.merge([[1, 2]], who="clerk")
    [1]
    >>> len(merged.base), merged.counts_as(2)
    (2, 1)
    >>> merged.undo(1)
    2
    >>> len(merged.base)
    3
    """

    _made: _core._MergedBase

    def __init__(
        self,
        base: _core.ClientBase,
        survivorship: Mapping[str, Any] | _core.Policy | None = None,
        *,
        functions: Mapping[str, Callable[[str, list[dict[str, Any]]], int | None]] | None = None,
        journal: str | None = None,
        rebase: bool = False,
        who: str = "",
        reason: str = "",
        at: dt.datetime | None = None,
        threads: int = 0,
        progress: _Progress = None,
    ) -> None:
        self._made = _core._MergedBase(
            check_base(base, "base"),
            None if survivorship is None else _survivorship(survivorship),
            dict(functions or {}),
            journal,
            rebase,
            _note(who, reason, at),
            threads,
            progress,
        )
        if rebase and journal is not None:
            check_rebase(journal, self.journal_text, base)

    @classmethod
    def _of(cls, made: _core._MergedBase) -> MergedBase:
        self = cls.__new__(cls)
        self._made = made
        return self

    @classmethod
    def open(
        cls,
        base: _core.ClientBase,
        path: str | os.PathLike[str],
        survivorship: Mapping[str, Any] | _core.Policy | None = None,
        **options: Any,
    ) -> MergedBase:
        """Go on from the journal in a file, as :meth:`save` wrote it; other parameters as of the class."""
        name = os.fspath(path)
        try:
            text = Path(path).read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise _core.BadDataError(f"{name} is no journal: it is not UTF-8", name) from error
        try:
            return cls(base, survivorship, journal=text, **options)
        except (_core.BadDataError, _core.InvalidArgumentError, _core.NotFoundError) as error:
            if error.where in ("journal", "rebase") or error.where.startswith(("line ", "operation ")):
                error.message = f"{name}: {error.message}"
            raise

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the journal to a file, UTF-8 JSON lines; a failure leaves what was there. Who may read it stays."""
        out = Path(path)
        scratch = out.with_name(f".klientela-{secrets.token_hex(8)}")
        try:
            with scratch.open("x", encoding="utf-8", newline="") as stream:
                stream.write(self.journal_text)
                stream.flush()
                os.fsync(stream.fileno())
            if out.exists():
                shutil.copymode(out, scratch)
            os.replace(scratch, out)
        finally:
            scratch.unlink(missing_ok=True)

    @property
    def original(self) -> _core.ClientBase:
        """The base as delivered."""
        return self._made.original()

    @property
    def base(self) -> _core.ClientBase:
        """The base as merged, for everything that takes a base; ids of merged cards are understood as the client's."""
        return self._made.base(0, None)

    @property
    def cards(self) -> _core.Table:
        """One row per client: ``client``, ``cards`` (ids of all that count as it, "; " between them), and the fields."""
        return self._made.cards(0)

    @property
    def clusters(self) -> _core.Table:
        """One row per card that is merged: ``id``, ``cluster`` (the client's id)."""
        return self._made.clusters(0)

    @property
    def survivors(self) -> _core.Table:
        """The cards of clients that were merged or edited."""
        return self._made.survivors(0)

    @property
    def conflicts(self) -> _core.Table:
        """Where cards of one client say different things.

        One row per value: ``cluster`` (the client), ``table``, ``field``, ``row`` (of other tables than clients),
        ``client`` (whose value), ``value``, ``chosen``, ``rule``.
        """
        return self._made.conflicts(0)

    @property
    def journal(self) -> _core.Table:
        """Every operation: sequence, operation, counts, at, who, reason, cards, keep, policy, field, values, of, ..."""
        return self._made.journal()

    @property
    def journal_text(self) -> str:
        """The journal as JSON lines; what is appended to a journal is appended to its text."""
        return self._made.journal_text()

    @property
    def not_duplicates(self) -> list[tuple[_Id, _Id]]:
        """Pairs that somebody said are two clients."""
        return self._made.not_duplicates()

    @property
    def without_cards(self) -> list[int]:
        """Operations that have no effect, since their cards are gone from the base; where those come back they have it."""
        return self._made.without_cards()

    @property
    def survivorship(self) -> dict[str, Any]:
        """Whose value is kept, with every default; setting it rules merges from now on, under another version."""
        return self._made.policy()

    @survivorship.setter
    def survivorship(self, survivorship: Mapping[str, Any] | _core.Policy) -> None:
        self._made.set_policy(_survivorship(survivorship))

    def counts_as(self, client: _Id) -> _Id:
        """Give the id of the client that a card counts as."""
        return self._made.counts_as(client)

    def cards_of(self, client: _Id) -> list[_Id]:
        """Give all cards that count as the same client as this one, itself included."""
        return self._made.cards_of(client)

    def preview(self, clusters: Any, *, threads: int = 0, progress: _Progress = None) -> MergePreview:
        """Say what :meth:`merge` would do.

        Parameters
        ----------
        clusters
            As for :meth:`merge`.
        """
        wanted, refused = self._wanted(clusters)
        return MergePreview(**self._made.preview(wanted, threads, progress), refused=refused)

    def merge(
        self,
        clusters: Any,
        *,
        who: str = "",
        reason: str = "",
        at: dt.datetime | None = None,
    ) -> list[int]:
        """Let cards count as one client, all clusters or none.

        Parameters
        ----------
        clusters : Duplicates, iterable of iterables of ids, or table with the columns id and cluster
            A :class:`Duplicates`, best one that was found with ``known=`` this: its clusters, less what is merged
            already, and less those that cannot be (see :attr:`MergePreview.refused`). Of a table rows with one
            ``cluster`` are one client; a column ``keep`` with true in it names the card whose id stays.
        who, reason : str
            For the journal.
        at : datetime.datetime, optional
            When, with a time zone.

        Returns
        -------
        list of int
            The numbers of the operations, one per cluster.

        Raises
        ------
        InvalidArgumentError
            If a cluster has one card alone or one twice, holds an organisation and a person, or two cards that somebody
            said are two clients.
        NotFoundError
            If there is no such client.
        """
        wanted, _ = self._wanted(clusters)
        return self._made.merge(wanted, _note(who, reason, at))

    def edit(
        self,
        client: _Id,
        field: str,
        value: Any,
        *,
        who: str = "",
        reason: str = "",
        at: dt.datetime | None = None,
    ) -> int:
        """Write a field of a card; it wins over every rule, also in later merges.

        Parameters
        ----------
        client : int or str
        field : str
            A column of the table clients.
        value : str, number, date, iterable of str, or None
            As it would be delivered; None, or NaN, empties the field, and is left out of several values.

        Returns
        -------
        int
            The number of the operation.
        """
        return self._made.edit(client, field, _values(value), _note(who, reason, at))

    def undo(self, operation: int, *, who: str = "", reason: str = "", at: dt.datetime | None = None) -> int:
        """Take back an operation, whatever came after it; the undo of an undo does it again."""
        if isinstance(operation, int) and not 0 <= operation <= _LAST:
            raise _core.NotFoundError(f"the journal has no operation {operation}", "operation")
        return self._made.undo(operation, _note(who, reason, at))

    def not_duplicate(self, a: _Id, b: _Id, *, who: str = "", reason: str = "", at: dt.datetime | None = None) -> int:
        """Remember that two cards are two clients: they are never merged, nor found (``known=``) as one."""
        return self._made.not_duplicate(a, b, _note(who, reason, at))

    def rebased(
        self,
        base: _core.ClientBase,
        *,
        who: str = "",
        reason: str = "",
        at: dt.datetime | None = None,
        threads: int = 0,
        progress: _Progress = None,
    ) -> MergedBase:
        """Go on with a base that has changed: cards delivered again, new ones, cards that are gone, purchases."""
        later = MergedBase._of(self._made.rebased(base, _note(who, reason, at), threads, progress))
        check_rebase(self.journal_text, later.journal_text, base)
        return later

    def erase(
        self,
        client: _Id,
        *,
        transactions: Literal["remove", "anonymise"] = "remove",
        anonymous: str = "erased",
        mentions: bool = True,
        who: str = "",
        reason: str = "",
        at: dt.datetime | None = None,
        threads: int = 0,
        progress: _Progress = None,
    ) -> Erasure:
        """Give base and journal without a client: no byte of its own is left in them.

        Parameters
        ----------
        client : int or str
            All cards that count as the same client go.
        transactions : {"remove", "anonymise"}
            Whether its purchases go, or stay as nobody's, without order and hour.
        anonymous : str
            The client that anonymised purchases count for.
        mentions : bool
            Whether texts in rows of others, and who and reason in the journal, that name it are emptied, for good: whole
            words of five letters and more, numbers of six digits; a name that is a word too takes texts with that word.

        Returns
        -------
        Erasure
        """
        options = {"transactions": transactions, "anonymous": anonymous, "mentions": mentions}
        done = self._made.erase(client, options, _note(who, reason, at), threads, progress)
        done["merged"] = MergedBase._of(done["merged"])
        return Erasure(**done)

    def _wanted(self, clusters: Any) -> tuple[list[tuple[list[_Id], _Id | None]], list[list[_Id]]]:
        if isinstance(clusters, _core.Duplicates):
            proposed, refused = self._made.proposed(clusters)
            return [(cards, None) for cards in proposed], refused
        if isinstance(clusters, Mapping) or hasattr(clusters, "__arrow_c_stream__"):
            return _grouped(table_of(clusters)), []
        if isinstance(clusters, (str, bytes)) or not isinstance(clusters, Iterable):
            raise _core.InvalidArgumentError(
                "clusters must be a Duplicates, lists of ids, or a table with the columns id and cluster, not "
                f"{type(clusters).__name__}",
                "clusters",
            )
        return [(_ids(each), None) for each in clusters], []

    def __len__(self) -> int:
        """How many operations the journal holds."""
        return self._made.operations()

    def __repr__(self) -> str:
        merged = len(self.clusters)
        return (
            f"<klientela.MergedBase: {counted(len(self.original), 'card')}, {counted(len(self.base), 'client')}, "
            f"{counted(merged, 'card')} merged, {counted(len(self), 'operation')}>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>" + str(self.cards._repr_html_())


def _survivorship(given: Any) -> dict[str, Any]:
    if isinstance(given, _core.Policy):
        chosen: dict[str, Any] = given.to_dict()["dedupe"]["survivorship"]
        return chosen
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise _core.BadPolicyError(f"survivorship is no JSON: {error}", "survivorship") from error
    if not isinstance(given, Mapping):
        raise _core.InvalidArgumentError(
            f"survivorship must be a mapping or a Policy, not {type(given).__name__}", "survivorship"
        )
    return dict(given)


def _note(who: str, reason: str, at: dt.datetime | None) -> tuple[str, str, int | None]:
    if at is None:
        return who, reason, None
    if not isinstance(at, dt.datetime) or at.utcoffset() is None:
        raise _core.InvalidArgumentError("at must be a datetime with a time zone", "at")
    return who, reason, (at - _EPOCH) // dt.timedelta(microseconds=1)


def _values(value: Any) -> list[str]:
    if _is_missing(value):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, dt.datetime):
        if value.utcoffset() is None:
            raise _core.InvalidArgumentError("value must be a datetime with a time zone", "value")
        return [value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat() + "Z"]
    if isinstance(value, (dt.date, int, float)):
        return [str(value)]
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, Mapping)):
        return [str(each) for each in value if not _is_missing(each)]
    raise _core.InvalidArgumentError(f"value cannot be of the type {type(value).__name__}", "value")


def _is_missing(value: Any) -> bool:
    # What a table of another library has in a cell that is empty.
    return value is None or (isinstance(value, float) and math.isnan(value))


def _grouped(table: _core.Table) -> list[tuple[list[_Id], _Id | None]]:
    """Clusters of two cards and more out of the columns id, cluster and, where there is one, keep."""
    rows = _columns(table, ("id", "cluster"), "clusters") or []
    kept = table._column("keep") if "keep" in table else [None] * len(rows)
    cards: dict[Any, list[_Id]] = {}
    keep: dict[Any, _Id] = {}
    for (card, cluster), stays in zip(rows, kept, strict=True):
        if _is_none(cluster):
            continue
        cards.setdefault(cluster, []).append(card)
        if not (_is_missing(stays) or stays in (0, 1)):
            raise _core.InvalidArgumentError(
                f"the column 'keep' holds {stays!r}, which is neither true nor false", "clusters"
            )
        if not _is_missing(stays) and stays:
            if cluster in keep:
                raise _core.InvalidArgumentError(f"cluster {cluster} keeps two cards", "clusters")
            keep[cluster] = card
    return [(of, keep.get(cluster)) for cluster, of in cards.items() if len(of) > 1]


def _ids(cluster: Any) -> list[_Id]:
    if isinstance(cluster, (str, bytes)) or not isinstance(cluster, Iterable):
        raise _core.InvalidArgumentError(f"clusters holds {cluster!r}, which is no list of ids", "clusters")
    return list(cluster)
