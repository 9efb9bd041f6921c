"""CardIndex from Python and `klientela search`: cards looked up, half typed, and cards that come later."""

from __future__ import annotations

import csv
import datetime as dt
import re

import klientela
import pytest
from test_dedupe import base_of, persons, write_columns


def clusters_of(found):
    table = found.clusters.to_pydict()
    groups = {}
    for card, cluster in zip(table["id"], table["cluster"], strict=True):
        groups.setdefault(cluster, set()).add(card)
    return {frozenset(cards) for cards in groups.values()}


@pytest.fixture(scope="module")
def columns():
    return persons()[0]


@pytest.fixture(scope="module")
def index(columns):
    return klientela.CardIndex(klientela.find_duplicates(base_of(columns)))


def test_finds_the_card_and_says_why(index, columns):
    assert len(index) == len(columns["id"]) == len(index.duplicates)
    assert repr(index) == f"<klientela.CardIndex: {len(index)} cards>"
    for row in range(0, 60, 7):
        card = {name: values[row] for name, values in columns.items() if name != "id"}
        matches = index.search(card).to_pydict()
        assert columns["id"][row] in matches["id"][:2]
        best = matches["id"].index(columns["id"][row])
        assert matches["family_name"][best] == "same"
        weights = [
            values[best] for name, values in matches.items() if name.endswith("_weight") and name != "prior_weight"
        ]
        told = matches["prior_weight"][best] + sum(weight for weight in weights if weight is not None)
        assert matches["score"][best] == pytest.approx(told)
    assert len(index.search({"surname": "Xuthqoz"})) == 0
    assert len(index.search({})) == 0


def test_finds_what_is_being_typed(index, columns):
    row = 5
    typed = {"surname": columns["surname"][row][:4], "first_name": columns["first_name"][row][:2]}
    typed["phone"] = columns["phone"][row][:9]
    found = index.search(typed, incomplete=True, limit=3).to_pydict()
    assert columns["id"][row] in found["id"]
    assert found["family_name"][0] == "begins"
    assert len(index.search(typed)) == 0


def test_takes_values_of_any_kind(index, columns):
    row = next(row for row, mail in enumerate(columns["email"]) if mail)
    card = {"email": [columns["email"][row], None], "birthday": columns["dob"][row], "city": float("nan")}
    assert columns["id"][row] in index.search(card).to_pydict()["id"]
    card["birthday"] = dt.datetime.combine(columns["dob"][row], dt.time(12))
    assert columns["id"][row] in index.search(card).to_pydict()["id"]


def test_looks_every_card_of_a_base_up(index, columns):
    some = {name: values[:20] for name, values in columns.items()}
    matches = index.search(base_of(some), limit=2, threads=2).to_pydict()
    assert set(matches["client"]) == set(some["id"])
    assert all(
        card in {m for c, m in zip(matches["client"], matches["id"], strict=True) if c == card} for card in some["id"]
    )


def test_says_what_cannot_be(index, columns):
    for card, error, said in (
        ({"shoe size": 44}, klientela.NotFoundError, "shoe size"),
        ({"birthday": "3 May"}, klientela.InvalidArgumentError, "3 May"),
        ({"surname": "a", "last name": "b"}, klientela.InvalidArgumentError, "last name"),
        ([1, 2], klientela.InvalidArgumentError, "mapping"),
    ):
        with pytest.raises(error, match=said):
            index.search(card)
    with pytest.raises(klientela.InvalidArgumentError, match="limit"):
        index.search({"surname": "Abel"}, limit=0)
    with pytest.raises(klientela.InvalidArgumentError, match="base"):
        index.add(base_of(columns))
    with pytest.raises(klientela.NotFoundError, match="77777"):
        index.add(index.base, removed=[77777])


def test_adds_cards_as_a_search_of_all_finds_them(columns):
    old = {name: values[:-60] for name, values in columns.items()}
    new = {name: values[-60:] for name, values in columns.items()}
    first = klientela.find_duplicates(base_of(old))
    model = first.model
    for field in model["fields"]:
        field["tf_weight"] = 0
    index = klientela.CardIndex(klientela.find_duplicates(base_of(old), model=model))
    delivered = index.base.extend({"clients": new})
    gone = old["id"][3]
    later = index.add(delivered.base, removed=[gone], threads=2)
    rest = [row for row, card in enumerate(columns["id"]) if card != gone]
    everything = base_of({name: [values[row] for row in rest] for name, values in columns.items()})
    assert clusters_of(later.duplicates) == clusters_of(klientela.find_duplicates(everything, model=model))
    assert len(index) == len(old["id"])
    linked = later.add(
        later.base, must_links=[(old["id"][0], old["id"][5])], cannot_links=[(old["id"][1], old["id"][2])]
    )
    table = linked.duplicates.clusters.to_pydict()
    cluster = dict(zip(table["id"], table["cluster"], strict=True))
    assert cluster[old["id"][0]] == cluster[old["id"][5]]
    assert len(linked) == len(later)


def test_the_command_finds_cards(cli, tmp_path, columns):
    write_columns(tmp_path / "c.csv", columns)
    row = 5
    known = (f"surname={columns['surname'][row]}", f"phone={columns['phone'][row]}")
    done = cli("search", "c.csv", *known, "--out", "m.csv")
    assert done.returncode == 0, done.stderr
    assert str(columns["id"][row]) in done.stdout and "phone same" in done.stdout
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        assert str(columns["id"][row]) in {line["id"] for line in csv.DictReader(file)}
    ids = [f" {each} " for each in columns["id"]]  # written with blanks around them, and given back so
    write_columns(tmp_path / "b.csv", {**columns, "id": ids})
    done = cli("search", "b.csv", *known, "--out", "m.csv")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        found = {line["id"] for line in csv.DictReader(file)}
    assert ids[row] in found and found <= set(ids)
    done = cli("search", "c.csv", "-i", f"surname={columns['surname'][row][:4]}", "--limit", "3")
    assert done.returncode == 0 and "begins" in done.stdout, done.stderr
    assert "nobody" in cli("search", "c.csv", "surname=Xuthqoz").stdout
    assert cli("search", "c.csv", "surname").returncode == 2
    done = cli("search", "c.csv", "shoe=44")
    assert done.returncode == 1 and "shoe" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_whole_name_is_a_persons_where_the_list_has_parts_of_names(command, tmp_path, columns):
    write_columns(tmp_path / "c.csv", columns)
    name = f"name={columns['first_name'][5]} {columns['surname'][5]}"
    done = command("search", tmp_path / "c.csv", name, "--min-score", "-30")
    assert "given_name same" in done.stdout and "family_name same" in done.stdout, done.stdout
    done = command("search", tmp_path / "c.csv", name, "kind=organisation", "--min-score", "-30")
    assert "family_name same" not in done.stdout
    whole = {
        "id": columns["id"],
        "name": [f"{given} {name}" for given, name in zip(columns["first_name"], columns["surname"], strict=True)],
    }
    write_columns(tmp_path / "w.csv", whole)
    assert "organisation_name same" in command("search", tmp_path / "w.csv", name, "--min-score", "-30").stdout


def test_the_command_reads_days_as_the_list_does(command, tmp_path):
    file, any_score = tmp_path / "c.csv", ("--min-score", "-100")
    rows = ["Id,First name,Surname,DOB,Email", "1,Anna,Berg,03.05.1980,anna@berg.example", "2,Otto,Kranz,30.05.1981,"]
    file.write_text("\n".join(rows), "utf-8")
    for said in ("03.05.1980", "3.5.1980", "1980-05-03", "19800503", "3/5/1980"):
        done = command("search", file, "surname=Berg", f"dob={said}", *any_score)
        assert done.returncode == 0 and "birthday same" in done.stdout, done.stdout
        assert "Anna Berg, 1980-05-03, anna@berg.example" in done.stdout
    done = command("search", file, "surname=Berg", "birthday=03.05.1980", "--date-format", "%d.%m.%Y", *any_score)
    assert done.returncode == 0 and "birthday same" in done.stdout, done.stderr
    file.write_text("\n".join(rows).replace("03.05", "05/03").replace("30.05", "05/30"), "utf-8")
    assert "birthday same" in command("search", file, "surname=Berg", "dob=05/03/1980", *any_score).stdout
    done = command("search", file, "surname=Berg", "dob=soon")
    assert done.returncode == 1 and "--date-format says how" in done.stderr and "dob" in done.stderr


def test_the_command_names_who_comes_closest(command, tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("Id,Name,Email\n 1 ,Anna Berg [x],anna@berg.example\n2,Otto Kranz,\n3,Ida Pohl,\n", "utf-8")
    done = command("search", file, "name=Anna Berg", "email=other@mail.example", "--min-score", "90")
    closest = re.search(
        r"card  1 , Anna Berg \[x\], is the closest with a score of (\S+): --min-score (\S+) ", done.stdout
    )
    assert done.returncode == 0 and closest, done.stdout
    assert float(closest[2]) <= float(closest[1]) < float(closest[2]) + 1
    done = command("search", file, "name=Anna Berg", "email=other@mail.example", "--min-score", closest[2])
    assert "Anna Berg [x], anna@berg.example" in done.stdout and "closest" not in done.stdout
    done = command("search", file, "name=Xuthqoz")
    assert "no card agrees in anything" in done.stdout and "--incomplete" in done.stdout
