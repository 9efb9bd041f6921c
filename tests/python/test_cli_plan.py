"""The commands plan and plan check: what they write, what they find, their exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import klientela
import klientela.plan_files
import pytest

FILES = {"plan.csv", "refused.csv", "prices.csv", "owners.csv", "shortfalls.csv", "summary.json", "inputs.json"}
PERIOD = "2026-07-06..2026-07-19"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, lines: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated base and its managers as files."""
    folder = tmp_path_factory.mktemp("tables")
    for name, table in klientela.synthetic.make_base(clients=200, seed=4).items():
        (folder / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8", newline="")
    (folder / "managers.csv").write_text(klientela.synthetic.make_managers().to_csv(), encoding="utf-8", newline="")
    (folder / "policy.json").write_text(json.dumps(klientela.synthetic.POLICY), encoding="utf-8")
    return folder


def arguments(tables: Path) -> list[object]:
    named = [part for name in klientela.tables() for part in (f"--{name}", tables / f"{name}.csv")]
    return [*named, "--managers", tables / "managers.csv", "--policy", tables / "policy.json", "--period", PERIOD]


@pytest.fixture
def planned(cli, tables, tmp_path) -> Path:
    done = cli("plan", *arguments(tables), "--out", "plan", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return tmp_path / "plan"


def test_plan_writes_everything_and_says_so(cli, tables, tmp_path):
    done = cli("plan", *arguments(tables), "--out", "deep/plan", "--parquet")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "deep" / "plan"
    assert {path.name for path in out.iterdir()} == FILES | {"plan.parquet"}
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert len(rows(out / "plan.csv")) == summary["planned"] > 0
    assert len(rows(out / "refused.csv")) == sum(summary["refused"].values())
    assert "2026-07-06" in done.stdout and "plan.csv" in done.stdout and f"{summary['planned']:,}" in done.stdout
    assert "Anna Belova" in done.stdout and "\x1b[" not in done.stdout and done.stderr == ""
    zones = {row["manager"]: row["start"][-6:] for row in rows(out / "plan.csv")}
    assert zones.get("a.belova", "+03:00") == "+03:00" and zones.get("chen.jing", "+08:00") == "+08:00"

    again = cli("plan", *arguments(tables), "--out", "deep/plan", "--quiet", "--language", "ru")
    assert again.returncode == 0, again.stderr
    assert {path.name for path in out.iterdir()} == FILES  # those of Parquet are of the earlier plan
    assert any("\u0400" <= letter <= "\u04ff" for letter in rows(out / "plan.csv")[0]["reason"])


def test_a_plan_that_was_written_has_no_faults(cli, planned):
    done = cli("plan", "check", planned)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no faults" in done.stdout
    assert cli("plan", "check", planned, "--quiet").stdout == ""


def test_what_a_person_breaks_is_listed(cli, planned):
    lines = rows(planned / "plan.csv")
    twin = next(row for row in lines[1:] if row["manager"] == lines[0]["manager"])
    write_rows(
        planned / "plan.csv",
        [lines[0], *({**row, "start": lines[0]["start"]} if row is twin else row for row in lines[1:])],
    )
    done = cli("plan", "check", planned)
    assert done.returncode == 1
    assert "faults" in done.stdout and ("double booked" in done.stdout or "outside" in done.stdout)

    write_rows(planned / "plan.csv", lines[1:])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "touch missing" in done.stdout

    write_rows(planned / "plan.csv", [{**lines[0], "manager": "zoe"}, *lines[1:]])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "zoe" in done.stderr and "row 1" in done.stderr

    write_rows(planned / "plan.csv", [{**lines[0], "start": "tomorrow"}, *lines[1:]])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "tomorrow" in done.stderr and "plan.csv" in done.stderr
    assert "Traceback" not in done.stderr

    for column, value in (
        ("client", "nobody"),
        ("minutes", "600"),
        ("start", lines[0]["start"].replace(":00+", ":30+")),
    ):
        write_rows(planned / "plan.csv", [{**lines[0], column: value}, *lines[1:]])
        done = cli("plan", "check", planned)
        assert done.returncode == 1 and f"row 1, column {column}" in done.stderr, (column, done.stdout, done.stderr)

    write_rows(planned / "plan.csv", lines)
    cells = rows(planned / "refused.csv")
    write_rows(planned / "refused.csv", [{**cells[0], "surplus": "1e999999999"}, *cells[1:]])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "column surplus" in done.stderr and "Traceback" not in done.stderr


def test_inputs_that_people_broke_are_named(planned):
    inputs = json.loads((planned / "inputs.json").read_text(encoding="utf-8"))
    broken = {
        "tables": [None, {"clients": None}],
        "managers": [None, 5, []],
        "period": [None, {}],
        "as_of": [None, "soon", 5],
        "policy": [None, "x", []],
        "countries": [5, "DE", [None]],
        "holidays": [5],
        "plugins": [[]],
    }
    for name, values in broken.items():
        for value in values:
            (planned / "inputs.json").write_text(json.dumps({**inputs, name: value}), encoding="utf-8")
            with pytest.raises(klientela.BadDataError, match=r"inputs\.json"):
                klientela.plan_files.read_inputs(planned)
    (planned / "inputs.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(klientela.BadDataError, match=r"inputs\.json is not JSON"):
        klientela.plan_files.read_inputs(planned)


def test_check_against_other_managers(cli, tables, planned):
    lines = rows(tables / "managers.csv")
    write_rows(tables / "fewer.csv", [{**row, "absences": "2026-07-06..2026-07-19"} for row in lines])
    done = cli("plan", "check", planned, "--managers", tables / "fewer.csv")
    assert done.returncode == 1


def test_missing_and_wrong_files_are_named(cli, tables, tmp_path):
    done = cli("plan", "check", tmp_path / "nothing")
    assert done.returncode == 1 and "plan" in done.stderr and "Traceback" not in done.stderr
    done = cli("plan", *arguments(tables)[:-1], "soon", "--out", "x")
    assert done.returncode == 1 and "--period" in done.stderr and not (tmp_path / "x").exists()
    done = cli(
        "plan",
        "--period",
        "2026-12",
        "--out",
        "x",
        "--managers",
        "nobody.csv",
        "--transactions",
        tables / "transactions.csv",
    )
    assert done.returncode == 1 and "nobody.csv" in done.stderr
    bad = [{**row, "hours": "late"} for row in rows(tables / "managers.csv")]
    write_rows(tmp_path / "bad.csv", bad)
    done = cli(
        "plan",
        "--period",
        "2026-12",
        "--out",
        "x",
        "--managers",
        "bad.csv",
        "--transactions",
        tables / "transactions.csv",
    )
    assert done.returncode == 1 and "bad.csv" in done.stderr and "row 1" in done.stderr and "hours" in done.stderr
    assert cli("plan", "--period", "2026-12", "--out", "x").returncode == 2
    both = cli("plan", *arguments(tables), "--out", "x", "--country", "DE", "--holidays", "days.csv")
    assert both.returncode == 2 and "not both" in both.stderr


def test_bad_holidays_are_named_with_their_file(cli, tables, tmp_path):
    (tmp_path / "days.csv").write_text("country,day,name\nDE,25.12.2026,Christmas\n", encoding="utf-8")
    done = cli("plan", *arguments(tables), "--out", "x", "--holidays", tmp_path / "days.csv")
    assert done.returncode == 1 and "days.csv" in done.stderr and "row 1, column day" in done.stderr
    assert not (tmp_path / "x").exists()


def test_help_of_each_command(cli):
    for command in (["plan"], ["plan", "check"]):
        done = cli(*command, "--help")
        assert done.returncode == 0 and "Usage" in done.stdout
