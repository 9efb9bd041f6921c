"""find_duplicates(), link_lists() and CardIndex: cards and what people know, in whatever form they come."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from klientela import _core
from klientela._columns import check_base, table_of
from klientela._counted import counted

if TYPE_CHECKING:
    from klientela._merge import MergedBase


def find_duplicates(
    base: _core.ClientBase,
    *,
    must_links: Any = None,
    cannot_links: Any = None,
    previous: Any = None,
    labelled: Any = None,
    known: MergedBase | None = None,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    **options: Any,
) -> _core.Duplicates:
    """Find the cards of a base that are the same client.

    Values are normalised, pairs of cards that may be one client are compared field by field, the weight of each
    agreement is learnt from the cards themselves, and the scored pairs become clusters. The result does not depend on
    the order of rows or on threads.

    Parameters
    ----------
    base : ClientBase
    must_links, cannot_links : pairs of ids, or table with the columns id_a and id_b, optional
        Cards that are one client, and cards that are two, whatever their scores say.
    previous : mapping of id to label, or table with the columns id and cluster, optional
        Earlier clusters: those that go on keep their labels. Cards that are gone are passed over.
    labelled : triples (id_a, id_b, match), or table with these columns, optional
        Pairs that somebody judged, at least 20; the weights are learnt from them instead of from all cards, without
        classes of pairs of two clients. Pairs whose match is empty are not judged yet, and passed over.
    known : MergedBase, optional
        What its journal knows counts as well: merged cards are must-links, pairs that are two clients cannot-links.
        ``base`` is then its ``original``.
    threads : int
        0: one per core.
    progress : callable, optional
        Called with the stage and the share done.
    **options
        The dedupe part of a policy: normalise, blocking, comparisons, model, training, classes (none count with a model
        or labelled pairs but those of the model), random_pairs, training_pairs, clusters; survivorship is for
        :class:`MergedBase`.

    Returns
    -------
    Duplicates

    Raises
    ------
    InvalidArgumentError
        If no card has a value to compare by, or links, or judgements of one pair, contradict each other: the message
        names the cards and the rows.
    NotFoundError
        If a link or a labelled pair names a client without a card.
    BadPolicyError
        If an option is not known; ``where`` is its place.

    Examples
    --------
    >>> import klientela
    >>> cards = {"id": [1, 2, 3], "name": ["Anna Berg", "Berg, Anna", "Otto Kranz"],
    ...          "email": ["anna.berg@mail.example", "anna.berg@mail.example", "otto@mail.example"]}
    >>> found = klientela.find_duplicates(klientela.ingest({"clients": cards}).base)
    >>> found.clusters.to_pydict()
    {'id': [1, 2, 3], 'cluster': [1, 1, 3]}
    """
    pairs = _known_pairs(must_links, cannot_links, labelled)
    if known is not None and not hasattr(known, "_made"):
        raise _core.InvalidArgumentError(f"known must be a MergedBase, not {type(known).__name__}", "known")
    with _naming_rows(pairs):
        return _core._find_duplicates(
            check_base(base, "base"),
            None,
            pairs["must_links"],
            pairs["cannot_links"],
            _previous(previous),
            _judged(pairs["labelled"]),
            None if known is None else known._made,
            options,
            threads,
            progress,
        )


def link_lists(
    first: _core.ClientBase,
    second: _core.ClientBase,
    *,
    must_links: Any = None,
    cannot_links: Any = None,
    labelled: Any = None,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    **options: Any,
) -> _core.Duplicates:
    """Link the cards of two lists; only pairs between the lists are looked at.

    ``clusters={"sources": "one_to_one"}`` gives each card one partner at most, ``"one_to_many"`` each card of the second
    list; without, all that belong together do.

    Parameters
    ----------
    first, second : ClientBase
    must_links, cannot_links, labelled : optional
        As for :func:`find_duplicates`; in each pair a card of the first list comes before one of the second.
    threads, progress, **options
        As for :func:`find_duplicates`.

    Returns
    -------
    Duplicates

    Examples
    --------
    >>> import klientela
    >>> mail = ["info@nordwind.example", "otto@kranz.example"]
    >>> ours = klientela.ingest({"clients": {"id": [1, 2], "name": ["Nordwind GmbH", "Otto Kranz AG"], "email": mail}}).base
    >>> mail = ["info@nordwind.example", "post@adler.example"]
    >>> theirs = klientela.ingest({"clients": {"id": ["x", "y"], "name": ["NORDWIND", "Adler AG"], "email": mail}}).base
    >>> links = klientela.link_lists(ours, theirs, clusters={"sources": "one_to_one"}).pairs(min_score=0)
    >>> links.to_pydict()["id_a"], links.to_pydict()["id_b"]
    ([1], ['x'])
    """
    check_base(first, "first")
    check_base(second, "second")
    pairs = _known_pairs(must_links, cannot_links, labelled, two=True)
    with _naming_rows(pairs, (first, second)):
        return _core._find_duplicates(
            first,
            second,
            pairs["must_links"],
            pairs["cannot_links"],
            [],
            _judged(pairs["labelled"]),
            None,
            options,
            threads,
            progress,
        )


def propose_rules(
    base: _core.ClientBase,
    second: _core.ClientBase | None = None,
    *,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
    **options: Any,
) -> _core.RuleProposals:
    """Choose blocking rules that suit the cards, within the budget of pairs, and say why.

    Some pairs of the default rules and of other keys are drawn and weighed; of those that are expected to be one client
    each rule finds a share, and costs pairs. The rules that find most for least are taken. ``blocking={"rules": "auto"}``
    of :func:`find_duplicates` does the same on the way.

    Parameters
    ----------
    base : ClientBase
    second : ClientBase, optional
        A second list that the first is to be linked with.
    threads, progress, **options
        As for :func:`find_duplicates`; ``blocking`` has the budget: ``max_pairs``, ``pairs_per_card``, ``max_block``.

    Returns
    -------
    RuleProposals

    Examples
    --------
    >>> import klientela
    >>> base = klientela.ingest({"clients": klientela.synthetic.make_base(clients=500, seed=1)["clients"]}).base
    >>> proposals = klientela.propose_rules(base)
    >>> proposals.coverage > 0.9 and proposals.pairs <= proposals.budget
    True
    """
    check_base(base, "base")
    if second is not None:
        check_base(second, "second")
    return _core._propose_rules(base, second, options, threads, progress)


def _columns(data: Any, names: tuple[str, ...], argument: str) -> list[tuple[Any, ...]] | None:
    """Rows of the named columns where the data is a table."""
    if isinstance(data, Mapping) and not all(name in data for name in names):
        data = None if argument == "previous" else data
    if data is None or not (isinstance(data, Mapping) or hasattr(data, "__arrow_c_stream__")):
        return None
    table = table_of(data)
    for name in names:
        if name not in table:
            raise _core.InvalidArgumentError(
                f"{argument} has no column {name!r}, but {', '.join(map(repr, table.columns)) or 'none'}", argument
            )
    return list(zip(*(table._column(name) for name in names), strict=True))


def _rows(data: Any, names: tuple[str, ...], argument: str, needed: int) -> list[tuple[Any, ...]]:
    """Rows of the named columns, of which the first ones are needed."""
    if data is None:
        return []
    rows = _columns(data, names, argument)
    if rows is None:
        if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
            raise _core.InvalidArgumentError(
                f"{argument} must be a table with the columns {', '.join(names)}, or rows of them, not "
                f"{type(data).__name__}",
                argument,
            )
        rows = [
            tuple(row) if isinstance(row, Iterable) and not isinstance(row, (str, bytes)) else (row,) for row in data
        ]
    for number, row in enumerate(rows, 1):
        if len(row) == len(names) and any(value is None for value in row[:needed]):
            missing = next(name for name, value in zip(names, row, strict=True) if value is None)
            raise _core.InvalidArgumentError(f"row {number:,} of {argument} has no {missing}", argument)
        if len(row) != len(names):
            raise _core.InvalidArgumentError(
                f"row {number:,} of {argument} is {row!r}, which is not ({', '.join(names)})", argument
            )
    return rows


def _known_pairs(
    must_links: Any, cannot_links: Any, labelled: Any = None, *, two: bool = False
) -> dict[str, list[tuple[Any, ...]]]:
    """What people know of pairs, by the argument that says so."""
    return {
        "must_links": _pairs(must_links, "must_links"),
        "cannot_links": _pairs(cannot_links, "cannot_links"),
        "labelled": _labelled(labelled, two),
    }


@contextlib.contextmanager
def _naming_rows(
    pairs: Mapping[str, list[tuple[Any, ...]]], lists: tuple[_core.ClientBase, ...] = ()
) -> Iterator[None]:
    """Errors about a pair name its row. Of two lists the first card of a pair is in the first, the other in the second."""
    try:
        yield
    except (_core.InvalidArgumentError, _core.NotFoundError) as error:
        rows = enumerate(pairs.get(error.where, ()), 1)
        row = next((row for row, pair in rows if _is_about(error.message, pair[:2], lists)), None)
        if row is not None:
            error.message = f"row {row:,} of {error.where}: {error.message}"
        raise


def _is_about(message: str, pair: Sequence[Any], lists: tuple[_core.ClientBase, ...]) -> bool:
    a, b = (_core._client_id(str(card)) for card in pair)
    for place, card in enumerate((a, b)):
        if message.startswith(f"client {card} has no card") and not (lists and card in lists[place]):
            return True
    itself = a == b and message.startswith(f"card {a} is paired with itself")
    return itself or message.startswith((f"cards {a} and {b} must not", f"cards {b} and {a} must not"))


def _pairs(data: Any, argument: str) -> list[tuple[Any, ...]]:
    return _rows(data, ("id_a", "id_b"), argument, 2)


def _labelled(data: Any, two: bool) -> list[tuple[Any, ...]]:
    """Pairs, None as the match of those that are not judged, and none judged both ways.

    Of two lists an id in one is not the same card as in the other.
    """
    judged: dict[tuple[Any, ...], tuple[int, bool]] = {}
    rows: list[tuple[Any, ...]] = []
    for row, (a, b, match) in enumerate(_rows(data, ("id_a", "id_b", "match"), "labelled", 2), 1):
        if _is_none(match):
            rows.append((a, b, None))
            continue
        same = _truth(match, row)
        pair = (_core._client_id(str(a)), _core._client_id(str(b)))
        before, was = judged.setdefault(pair if two else tuple(sorted(pair, key=str)), (row, same))
        if was != same:
            raise _core.InvalidArgumentError(
                f"rows {before:,} and {row:,} of labelled contradict each other: cards {a} and {b} are one client in row "
                f"{before if was else row:,} and two in row {row if was else before:,}",
                "labelled",
            )
        rows.append((a, b, same))
    return rows


def _judged(labelled: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    judged = [pair for pair in labelled if pair[2] is not None]
    if labelled and not judged:
        raise _core.InvalidArgumentError(
            f"labelled has {counted(len(labelled), 'pair')}, and a match of none", "labelled"
        )
    return judged


def _truth(value: Any, row: int) -> bool:
    text = str(value).strip().casefold()
    if text in ("true", "1", "1.0", "yes", "y", "t", "on", "match", "да", "истина", "是"):
        return True
    if text in ("false", "0", "0.0", "no", "n", "f", "off", "distinct", "нет", "ложь", "否"):
        return False
    raise _core.InvalidArgumentError(
        f"row {row:,} of labelled has the match {value!r}, which is neither true nor false", "labelled"
    )


def _previous(data: Any) -> list[tuple[Any, Any]]:
    if data is None:
        return []
    rows = _columns(data, ("id", "cluster"), "previous")
    if rows is None:
        if not isinstance(data, Mapping):
            raise _core.InvalidArgumentError(
                f"previous must be a mapping of id to label or a table with the columns id and cluster, not "
                f"{type(data).__name__}",
                "previous",
            )
        rows = list(data.items())
    labels: dict[Any, tuple[int, Any]] = {}
    for row, (card, label) in enumerate(rows, 1):
        if card is None:
            raise _core.InvalidArgumentError(f"row {row:,} of previous has no id", "previous")
        if _is_none(label):
            continue
        before, was = labels.setdefault(_core._client_id(str(card)), (row, label))
        if str(was) != str(label):
            raise _core.InvalidArgumentError(
                f"rows {before:,} and {row:,} of previous put card {card} into two clusters, {was} and {label}",
                "previous",
            )
    return [(card, label) for card, label in rows if not _is_none(label)]


def _is_none(label: Any) -> bool:
    return label is None or label == "" or (isinstance(label, float) and math.isnan(label))


def _repr(self: _core.Duplicates) -> str:
    told = self.summary
    return (
        f"<klientela.Duplicates: {counted(told['cards'], 'card')}, {counted(told['clusters'], 'cluster')}, "
        f"{counted(told['duplicates'], 'duplicate')}>"
    )


_explain_pair = _core.Duplicates.explain


def _explain(self: _core.Duplicates, a: int | str, b: int | str) -> dict[str, Any]:
    """Say why the cards of two clients score as they do.

    Parameters
    ----------
    a, b : int or str
        Their ids; of two lists one of the first and one of the second.

    Returns
    -------
    dict
        The score, the probability, the weight of every field, and what a class such as a household explains of it.

    Raises
    ------
    InvalidArgumentError
        If both are one card.
    NotFoundError
        If a client has no card.
    """
    if _core._client_id(str(a)) == _core._client_id(str(b)) and "first_list" not in self.summary:
        raise _core.InvalidArgumentError(f"card {a} is not compared with itself", "b")
    return _explain_pair(self, a, b)


def _search(
    self: _core.CardIndex,
    card: Any,
    *,
    limit: int = 10,
    min_score: float | None = None,
    max_candidates: int = 1000,
    incomplete: bool = False,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> _core.Table:
    """Find the cards that may be the same client as one card, or as each card of a base.

    Parameters
    ----------
    card : mapping of field to value or values, or ClientBase
        Fields by the names or aliases of the table ``clients``, such as ``surname``, ``email``, ``birthday``. Values
        that are None are left out.
    limit : int
        Most cards to find, of each card looked up.
    min_score : float, optional
        Bits. None: 0, and any score where values are incomplete.
    max_candidates : int
        Most cards to compare with, those that share rare values first.
    incomplete : bool
        Whether values may be unfinished, as while somebody types: cards are found by how their names, organisations,
        e-mails, phones, cities, postcodes, numbers and websites begin, too. Not of a base.
    threads, progress
        Of the search of a base.

    Returns
    -------
    Table
        A row a match, by falling score: id, score, probability, prior_weight, shared_weight and shared_by (what a class
        such as a household explains of the evidence), and every field's level and weight; ``begins`` is the level where
        an incomplete value begins one of the card's. Of a base, the client who was looked up stands in front, in the
        column client.

    Examples
    --------
    >>> import klientela
    >>> cards = {"id": [1, 2, 3], "first name": ["Anna", "Otto", "Ida"], "surname": ["Berg", "Kranz", "Pohl"],
    ...          "email": ["anna@berg.example", "otto@kranz.example", "ida@pohl.example"]}
    >>> index = klientela.CardIndex(klientela.find_duplicates(klientela.ingest({"clients": cards}).base))
    >>> index.search({"surname": "kra"}, incomplete=True).to_pydict()["id"]
    [2]
    """
    if isinstance(card, _core.ClientBase):
        return self._search_base(card, limit, min_score, max_candidates, incomplete, threads, progress)
    if not isinstance(card, Mapping):
        raise _core.InvalidArgumentError(
            f"card must be a mapping of field to value, or a ClientBase, not {type(card).__name__}", "card"
        )
    return self._search(_values(card), limit, min_score, max_candidates, incomplete)


def _values(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    values = []
    for field, given in card.items():
        several = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
        for value in given if several else (given,):
            if _is_none(value):
                continue
            if isinstance(value, dt.datetime):
                value = value.date()
            values.append((str(field), value.isoformat() if isinstance(value, dt.date) else str(value)))
    return values


def _add(
    self: _core.CardIndex,
    base: _core.ClientBase,
    *,
    removed: Iterable[int | str] = (),
    must_links: Any = None,
    cannot_links: Any = None,
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> _core.CardIndex:
    """Take in cards that were delivered since, and find their duplicates among all.

    Only what came is compared; weights stay as they were learnt, and clusters that go on keep their names. The index
    that it is called on stays as it is.

    Parameters
    ----------
    base : ClientBase
        The indexed base, extended: ``cards.read(more, extends=index.base).base``, or ``index.base.extend`` with stricter
        rules. The newest card of a client counts.
    removed : ids, optional
        Cards that are gone, whatever the base says.
    must_links, cannot_links : pairs of ids, or table with the columns id_a and id_b, optional
        As for :func:`find_duplicates`; kept from then on, with those that there are.
    threads : int
        0: one per core.
    progress : callable, optional
        Called with the stage and the share done.

    Returns
    -------
    CardIndex
        Whose ``duplicates`` are of all cards.

    Raises
    ------
    InvalidArgumentError
        If the base does not extend the indexed one, or links contradict each other.
    NotFoundError
        If a client that is named has no card.
    """
    if isinstance(removed, (str, bytes)) or not isinstance(removed, Iterable):
        raise _core.InvalidArgumentError(f"removed must be ids, not {type(removed).__name__}", "removed")
    pairs = _known_pairs(must_links, cannot_links)
    with _naming_rows(pairs):
        return self._add(
            check_base(base, "base"), list(removed), pairs["must_links"], pairs["cannot_links"], threads, progress
        )


def attach() -> None:
    """Give the compiled classes their Python methods; called once when the package is imported."""
    for name, of_index in (
        ("search", _search),
        ("add", _add),
        ("__repr__", lambda self: f"<klientela.CardIndex: {counted(len(self), 'card')}>"),
    ):
        setattr(_core.CardIndex, name, of_index)
    for name, method in (
        ("__repr__", _repr),
        ("explain", _explain),
        ("_repr_html_", lambda self: self.clusters._repr_html_()),
    ):
        setattr(_core.Duplicates, name, method)
