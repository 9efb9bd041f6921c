"""The commands plan, plan check and plan replan: what they write, what they find, their exit codes."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from pathlib import Path

import klientela
import klientela.plan_files
import klientela.readers
import pytest
from klientela.cli import app
from typer.testing import CliRunner

FILES = {"plan.csv", "refused.csv", "prices.csv", "owners.csv", "shortfalls.csv", "summary.json", "inputs.json"}
REJECTED = "rejected.csv"  # of the generated sales some are worth nothing
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
    assert {path.name for path in out.iterdir()} == FILES | {REJECTED, "plan.parquet"}
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert len(rows(out / "plan.csv")) == summary["planned"] > 0
    assert len(rows(out / "refused.csv")) == sum(summary["refused"].values())
    assert "2026-07-06" in done.stdout and "plan.csv" in done.stdout and f"{summary['planned']:,}" in done.stdout
    assert "Anna Belova" in done.stdout and "\x1b[" not in done.stdout and done.stderr == ""
    zones = {row["manager"]: row["start"][-6:] for row in rows(out / "plan.csv")}
    assert zones.get("a.belova", "+03:00") == "+03:00" and zones.get("chen.jing", "+08:00") == "+08:00"

    again = cli("plan", *arguments(tables), "--out", "deep/plan", "--quiet", "--language", "ru")
    assert again.returncode == 0, again.stderr
    assert {path.name for path in out.iterdir()} == FILES | {REJECTED}  # those of Parquet are of the earlier plan
    assert any("\u0400" <= letter <= "\u04ff" for letter in rows(out / "plan.csv")[0]["reason"])


def test_a_plan_that_was_written_has_no_faults(cli, planned):
    done = cli("plan", "check", planned)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no faults" in done.stdout
    assert cli("plan", "check", planned, "--quiet").stdout == ""


def test_checking_reads_each_file_of_the_plan_once(command, planned, monkeypatch):
    opened = []
    read = klientela.readers.read
    monkeypatch.setattr(
        klientela.readers, "read", lambda file, *more, **how: opened.append(file) or read(file, *more, **how)
    )
    assert command("plan", "check", planned).returncode == 0
    assert len(opened) == len(set(map(str, opened))) and planned / "plan.csv" in opened


def test_what_a_person_breaks_is_listed(cli, planned):
    lines = rows(planned / "plan.csv")
    twin = next(row for row in lines[1:] if row["manager"] == lines[0]["manager"])
    write_rows(
        planned / "plan.csv",
        [lines[0], *({**row, "start": lines[0]["start"]} if row is twin else row for row in lines[1:])],
    )
    done = cli("plan", "check", planned)
    assert done.returncode == 1
    assert "1 fault\n" in done.stdout and "double booked" in done.stdout
    assert f"another contact at {lines[0]['start'][11:16]}" in done.stdout

    write_rows(planned / "plan.csv", lines[1:])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "touch missing" in done.stdout

    for edited in (
        [{**lines[0], "manager": "zoe"}, {**lines[1], "manager": "yuri"}, *lines[2:]],
        [{**lines[0], "manager": "zoe"}, {**lines[1], "start": "2031-01-01T09:00+00:00"}, *lines[2:]],
    ):
        write_rows(planned / "plan.csv", edited)
        done = cli("plan", "check", planned)
        assert done.returncode == 1 and done.stderr == "" and "zoe" in done.stdout
        assert done.stdout.count("unknown manager") + done.stdout.count("unknown day") == 2
        assert "yuri" in done.stdout or "2031-01-01" in done.stdout
        assert "2 faults" in done.stdout, done.stdout

    early = next(row for row in lines[20:] if row["time_zone"] == "Asia/Shanghai" and "T09" in row["start"])
    start = early["start"].replace("T09", "T07")  # of the plan's clock it is the day before
    write_rows(planned / "plan.csv", [{**row, "start": start} if row is early else row for row in lines])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "outside shift" in done.stdout and start[:10] in done.stdout, done.stdout

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

    write_rows(planned / "plan.csv", [{**lines[0], "end": lines[1]["start"][:10] + "T23:59+00:00"}, *lines[1:]])
    done = cli("plan", "check", planned)
    assert done.returncode == 0 and "row 1: end" in done.stdout and "no faults" in done.stdout

    write_rows(
        planned / "plan.csv",
        [{**lines[0], "topic": "the [weather]", "value": f"{float(lines[0]['value']):.4f}"}, *lines[1:]],
    )
    done = cli("plan", "check", planned)
    assert done.returncode == 0 and "row 1: topic 'the [weather]'" in done.stdout and "more" not in done.stdout

    write_rows(planned / "plan.csv", lines)
    cells = rows(planned / "refused.csv")
    write_rows(planned / "refused.csv", [{**cells[0], "surplus": "1e999999999"}, *cells[1:]])
    done = cli("plan", "check", planned)
    assert done.returncode == 1 and "column surplus" in done.stderr and "Traceback" not in done.stderr


def test_what_a_plan_says_of_itself_is_compared(cli, planned):
    told = json.loads((planned / "summary.json").read_text(encoding="utf-8"))
    for figures, fault in (
        ({"upper_bound": told["objective"] / 2}, "bound too low"),
        ({"objective": told["objective"] / 2}, "wrong objective"),
        ({"gap": told["gap"] + 0.01}, "wrong gap"),
    ):
        (planned / "summary.json").write_text(json.dumps({**told, **figures}), encoding="utf-8")
        done = cli("plan", "check", planned)
        assert done.returncode == 1 and fault in done.stdout, (figures, done.stdout, done.stderr)
    for wrong, says in (("{", "not JSON"), ("[]", "objective"), (json.dumps({**told, "gap": "x"}), "gap")):
        (planned / "summary.json").write_text(wrong, encoding="utf-8")
        done = cli("plan", "check", planned)
        assert done.returncode == 1 and says in done.stderr and "summary.json" in done.stderr, done.stderr
    (planned / "summary.json").unlink()
    assert cli("plan", "check", planned).returncode == 0
    cells = rows(planned / "refused.csv")
    if worth_less := [row for row in cells if row["reason"] == "capacity"]:
        write_rows(
            planned / "refused.csv", [{**row, "surplus": "77"} if row is worth_less[0] else row for row in cells]
        )
        done = cli("plan", "check", planned)
        assert done.returncode == 1 and "wrong surplus" in done.stdout
        write_rows(planned / "refused.csv", [{**row, "surplus": ""} for row in cells])
        assert cli("plan", "check", planned).returncode == 0


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
    for name, what in (("nothing", "not there"), ("managers.csv", "no folder"), ("", "no ")):
        done = cli("plan", "check", tables / name)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert what in done.stderr and "a folder that klientela plan wrote" in done.stderr
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


def test_rows_that_count_for_nothing_are_told_and_listed(cli, tables, planned, tmp_path):
    """A consent that cannot be read forbids nothing, which nobody may overlook."""
    consents = rows(tables / "consents.csv")
    write_rows(tmp_path / "consents.csv", [{**consents[0], "granted": "never"}, *consents[1:]])
    given = [tmp_path / "consents.csv" if str(part).endswith("consents.csv") else part for part in arguments(tables)]
    done = cli("plan", *given, "--out", planned)
    assert done.returncode == 0, done.stderr
    assert f"1 of {len(consents):,} rows of consents could not be read; what they forbid is not kept" in done.stdout
    assert [row["table"] for row in rows(planned / REJECTED)].count("consents") == 1
    assert "rows of consents could not be read" in cli("plan", "check", planned).stdout
    assert "rows of consents" not in cli("plan", *arguments(tables), "--out", planned).stdout
    assert "consents" not in {row["table"] for row in rows(planned / REJECTED)}


def test_bad_holidays_are_named_with_their_file(cli, tables, tmp_path):
    (tmp_path / "days.csv").write_text("country,day,name\nDE,25.12.2026,Christmas\n", encoding="utf-8")
    done = cli("plan", *arguments(tables), "--out", "x", "--holidays", tmp_path / "days.csv")
    assert done.returncode == 1 and "days.csv" in done.stderr and "row 1, column day" in done.stderr
    assert not (tmp_path / "x").exists()


def test_replan_moves_only_what_an_absence_asks_for(cli, planned, tmp_path):
    before = {row["id"]: row for row in rows(planned / "plan.csv")}
    busiest = max(
        {row["manager"] for row in before.values()}, key=lambda m: sum(r["manager"] == m for r in before.values())
    )
    away = f"{busiest}=2026-07-14..2026-07-15"
    done = cli("plan", "replan", planned, "--absence", away, "--from", "2026-07-13", "--out", "again")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "again"
    assert {path.name for path in out.iterdir()} == FILES | {REJECTED, "changes.csv", "managers.csv"}
    assert "stay as announced" in done.stdout
    after = {row["id"]: row for row in rows(out / "plan.csv")}
    changed = {row["id"] for row in rows(out / "changes.csv")}
    for name, row in before.items():
        if name not in changed:
            assert (after[name]["start"], after[name]["manager"]) == (row["start"], row["manager"])
        if row["start"] < "2026-07-12":
            assert name not in changed or name not in before
    assert not any(
        row["manager"] == busiest and row["start"][:10] in ("2026-07-14", "2026-07-15") for row in after.values()
    )
    assert cli("plan", "check", out).returncode == 0
    nobody = cli("plan", "replan", planned, "--absence", "zoe=2026-07-14", "--from", "2026-07-13", "--out", "x")
    assert nobody.returncode == 1 and "zoe" in nobody.stderr
    odd = cli("plan", "replan", planned, "--absence", "zoe", "--from", "2026-07-13", "--out", "x")
    assert odd.returncode == 2 and "MANAGER=DAYS" in odd.stderr
    odd = cli("plan", "replan", planned, "--absence", f"{busiest}=soon", "--from", "2026-07-13", "--out", "x")
    assert odd.returncode == 1 and "--absence" in odd.stderr and busiest in odd.stderr and "soon" in odd.stderr
    late = cli("plan", "replan", planned, "--from", "2027-05-01", "--out", "x")
    assert late.returncode == 1 and "--from" in late.stderr and "lies behind the plan" in late.stderr


def test_changes_say_in_words_only_what_no_other_cell_says(cli, planned):
    before = rows(planned / "plan.csv")
    who = before[0]["manager"]
    away = f"{who}=2026-07-13..2026-07-19"
    done = cli("plan", "replan", planned, "--from", "2026-07-10", "--absence", away, "--out", "again", "--quiet")
    assert done.returncode == 0, done.stderr
    out = planned.parent / "again"
    names = {row["client"]: row["name"] for row in (*before, *rows(out / "refused.csv"))}
    changes = rows(out / "changes.csv")
    team = {row["manager"]: row["name"] for row in rows(out / "managers.csv")}
    named = ("--from", "2026-07-10", "--absence", away.replace(who, team[who]), "--out", "named", "--quiet")
    assert cli("plan", "replan", planned, *named).returncode == 0  # by name it is the same manager
    assert rows(out.parent / "named" / "changes.csv") == changes
    for row in changes:
        assert row["name"] == names[row["client"]]
        assert bool(row["text"]) == (row["change"] == "dropped"), row
        assert not any(cell in row["text"] for cell in (row["manager_before"], row["start_before"][:10]) if cell), row
    assert {"moved", "dropped"} <= {row["change"] for row in changes}


def test_absences_that_are_over_change_nothing(cli, planned):
    """What was announced before --from stays; an absence that goes on counts from there."""
    lines = rows(planned / "plan.csv")
    who = lines[0]["manager"]

    def again(since: str, days: str) -> tuple[int, str]:
        done = cli("plan", "replan", planned, "--from", since, "--absence", f"{who}={days}", "--out", "over")
        return done.returncode, done.stderr

    code, text = again("2026-07-09", "2026-07-06..2026-07-07")
    assert code == 1 and "--absence" in text and "2026-07-07" in text
    code, text = again("2026-07-20", "2026-07-20")
    assert code == 1 and "--from" in text and "2026-07-19" in text
    code, text = again("2026-07-08", "2026-07-06..2026-07-08")
    assert code == 0, text
    kept = {row["id"] for row in rows(planned.parent / "over" / "plan.csv")}
    assert {row["id"] for row in lines if row["manager"] == who and row["start"] < "2026-07-08"} <= kept


def test_replan_takes_up_what_was_missed(cli, planned, tmp_path):
    first = rows(planned / "plan.csv")[0]
    arguments = ("plan", "replan", planned, "--from", "2026-07-13", "--out", "again")
    done = cli(*arguments, "--missed", first["id"], "--as-of", "2026-07-12")
    assert done.returncode == 0, done.stderr
    again = {row["id"]: row for row in rows(tmp_path / "again" / "plan.csv")}
    changes = {row["id"]: row["change"] for row in rows(tmp_path / "again" / "changes.csv")}
    assert changes[first["id"]] in ("moved", "reassigned", "dropped")
    if first["id"] in again:
        assert again[first["id"]]["start"] >= "2026-07-13"
    assert json.loads((tmp_path / "again" / "inputs.json").read_text(encoding="utf-8"))["as_of"] == "2026-07-12"
    wrong = cli(*arguments, "--missed", "nobody/nothing")
    assert wrong.returncode == 1 and "nobody/nothing" in wrong.stderr and "plan.csv" in wrong.stderr
    dear = cli(*arguments, "--change-cost", "1e14")
    assert dear.returncode == 1 and "--change-cost" in dear.stderr, dear.stderr


def test_managers_of_a_replan_are_read_back_whatever_their_ids_begin_with(cli, tables, tmp_path):
    team = rows(tables / "managers.csv")
    write_rows(tmp_path / "team.csv", [{**team[0], "manager": "@anna"}, *team[1:]])
    given = [tmp_path / "team.csv" if each == tables / "managers.csv" else each for each in arguments(tables)]
    assert cli("plan", *given, "--out", "plan", "--quiet").returncode == 0
    done = cli("plan", "replan", "plan", "--from", "2026-07-13", "--out", "again", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "'@anna" in (tmp_path / "again" / "managers.csv").read_text(encoding="utf-8")
    done = cli("plan", "check", "again")
    assert done.returncode == 0, done.stdout + done.stderr


def test_replan_takes_what_was_held_early_for_done(cli, tables, tmp_path):
    data, out = tmp_path / "data", tmp_path / "again"
    shutil.copytree(tables, data)
    assert cli("plan", *arguments(data), "--out", "plan", "--quiet").returncode == 0
    row = next(row for row in rows(tmp_path / "plan" / "plan.csv") if row["start"] >= "2026-07-14")
    since = dt.date.fromisoformat(row["start"][:10])
    held = since - dt.timedelta(days=1)
    lines = rows(data / "interactions.csv")
    call = {"interaction": row["id"], "client": row["client"], "channel": row["channel"], "state": "completed"}
    lines.append(dict.fromkeys(lines[0], "") | call | {"initiative": "outbound", "started_at": f"{held}T09:00:00"})
    write_rows(data / "interactions.csv", lines)
    done = cli("plan", "replan", "plan", "--from", since, "--out", "again", "--quiet")
    assert done.returncode == 0, done.stderr
    assert row["id"] not in {each["id"] for each in rows(out / "plan.csv") + rows(out / "refused.csv")}
    changes = {each["id"]: each for each in rows(out / "changes.csv")}
    assert f"held already on {held}" in changes[row["id"]]["text"]
    assert json.loads((out / "inputs.json").read_text(encoding="utf-8"))["held"] == [row["id"]]
    checked = cli("plan", "check", "again")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert cli("plan", "replan", "again", "--from", since, "--out", "third", "--quiet").returncode == 0
    assert json.loads((tmp_path / "third" / "inputs.json").read_text(encoding="utf-8"))["held"] == [row["id"]]
    inputs = json.loads((out / "inputs.json").read_text(encoding="utf-8"))
    (out / "inputs.json").write_text(json.dumps({**inputs, "held": "all"}), encoding="utf-8")
    broken = cli("plan", "check", "again")
    assert broken.returncode == 1 and "held is 'all'" in broken.stderr


def test_a_tree_that_was_moved_is_still_understood(cli, tables, tmp_path):
    """inputs.json names files as they lie beside it, through links too."""
    shutil.copytree(tables, tmp_path / "office" / "data")
    (tmp_path / "shortcut").symlink_to(tmp_path / "office" / "data")
    done = cli("plan", *arguments(tmp_path / "shortcut"), "--out", "office/plan", "--quiet")
    assert done.returncode == 0, done.stderr
    inputs = json.loads((tmp_path / "office" / "plan" / "inputs.json").read_text(encoding="utf-8"))
    assert inputs["managers"] == "../data/managers.csv"
    assert set(inputs["tables"].values()) == {f"../data/{name}.csv" for name in klientela.tables()}
    assert str(tmp_path) not in json.dumps(inputs)
    (tmp_path / "shortcut").unlink()
    (tmp_path / "office").rename(tmp_path / "attic")
    assert cli("plan", "check", tmp_path / "attic" / "plan").returncode == 0
    done = cli("plan", "replan", "attic/plan", "--from", "2026-07-13", "--out", "attic/plan2", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    again = json.loads((tmp_path / "attic" / "plan2" / "inputs.json").read_text(encoding="utf-8"))
    assert (again["managers"], again["tables"]) == ("managers.csv", inputs["tables"])
    shutil.rmtree(tmp_path / "attic" / "data")
    done = cli("plan", "check", "attic/plan2")
    assert done.returncode == 1 and ".csv" in done.stderr and "Traceback" not in done.stderr


def test_owners_named_on_cards_win_over_those_announced(cli, tables, planned, tmp_path):
    """Another owner on a card takes the client's contacts over; nobody else's change."""
    cards = rows(tables / "clients.csv")
    owners = {row["client"]: row["manager"] for row in rows(planned / "owners.csv")}
    lines = rows(planned / "plan.csv")
    names = sorted({row["manager"] for row in lines})
    contacts = list({row["client"]: row for row in lines if row["manager"] == owners[row["client"]]}.values())[:8]
    inputs = json.loads((planned / "inputs.json").read_text(encoding="utf-8"))
    outcomes = set()
    for contact, other in ((contact, other) for contact in contacts for other in names if other != contact["manager"]):
        if "reassigned" in outcomes:  # who does not fit takes nothing over
            break
        write_rows(
            tmp_path / "clients.csv",
            [{**row, "owner": other} if row["client"] == contact["client"] else row for row in cards],
        )
        inputs["tables"]["clients"] = "../clients.csv"
        (planned / "inputs.json").write_text(json.dumps(inputs), encoding="utf-8")
        done = cli("plan", "replan", planned, "--from", "2026-07-06", "--out", "again")
        assert done.returncode == 0, done.stderr
        changes = rows(tmp_path / "again" / "changes.csv")
        now = {row["client"]: row["manager"] for row in rows(tmp_path / "again" / "owners.csv")}
        assert now == owners | {contact["client"]: now[contact["client"]]}
        outcomes |= {row["change"] for row in changes if row["client"] == contact["client"]}
        assert cli("plan", "check", "again").returncode == 0
    assert "reassigned" in outcomes


def test_what_the_demo_planned_is_checked_and_planned_again(cli, tmp_path):
    """From the tables that it saved, by which klientela plan makes the same plan."""
    made = cli("demo", "--clients", "200", "--out", "demo", "--save-tables", "tables", "--quiet")
    assert made.returncode == 0, made.stderr
    checked = cli("plan", "check", "demo/plan")
    assert checked.returncode == 0 and "no faults" in checked.stdout, checked.stdout + checked.stderr
    replan = ("--absence", "d.orlov=2026-07-10..2026-07-14", "--from", "2026-07-09", "--out", "again", "--quiet")
    assert cli("plan", "replan", "demo/plan", *replan).returncode == 0
    tables = [part for name in klientela.tables() for part in (f"--{name}", f"tables/{name}.csv")]
    team = ("--managers", "tables/managers.csv", "--policy", "tables/policy.json", "--period", "2026-07")
    done = cli("plan", *tables, *team, "--out", "plan", "--quiet")
    assert done.returncode == 0, done.stderr
    for name in FILES - {"inputs.json"}:
        assert (tmp_path / "plan" / name).read_bytes() == (tmp_path / "demo" / "plan" / name).read_bytes(), name


def test_a_run_with_managers_plans_too(cli, tables, planned, tmp_path):
    """klientela run writes the plan beside its own files; it is the one of klientela plan, and can be checked."""
    done = cli("run", *arguments(tables), "--out", "all")
    assert done.returncode == 0, done.stderr
    assert "contacts planned" in done.stdout
    out = tmp_path / "all" / "plan"
    assert {path.name for path in out.iterdir()} == FILES
    for name in FILES - {"inputs.json"}:
        assert (out / name).read_bytes() == (planned / name).read_bytes(), name
    assert 'id="plan"' in (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    assert cli("plan", "check", out).returncode == 0
    alone = cli("run", *arguments(tables)[:-2], "--out", "x")
    assert alone.returncode == 2 and "--period" in alone.stderr
    soon = cli("run", *arguments(tables)[:-1], "soon", "--out", "x")
    assert soon.returncode == 1 and "--period" in soon.stderr and not (tmp_path / "x").exists()


def test_help_of_each_command(cli):
    for command in (["plan"], ["plan", "check"], ["plan", "replan"]):
        done = cli(*command, "--help")
        assert done.returncode == 0 and "Usage" in done.stdout


def test_help_flows_with_the_width_of_the_terminal():
    for words in (["plan"], ["plan", "replan"], ["run"], ["dedupe", "undo"]):
        told = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*words, "--help"]).stdout.partition("╭")[0]
        for paragraph in told.split("\n" + " " * 80 + "\n"):
            *lines, _ = paragraph.strip().split("\n")
            assert all(len(line.rstrip()) > 60 for line in lines), told


def test_usage_and_errors_say_the_command_that_was_typed(command):
    for typed, called in (
        (["plan"], "klientela plan"),
        (["plan", "--bogus"], "klientela plan"),
        (["plan", "check"], "klientela plan check"),
        (["plan", "check", "x", "--bogus"], "klientela plan check"),
        (["plan", "replan", "--bogus"], "klientela plan replan"),
        (["dedupe", "--bogus"], "klientela dedupe"),
        (["dedupe", "undo"], "klientela dedupe undo"),
    ):
        done = command(*typed)
        assert done.returncode == 2, typed
        assert f"Usage: {called} [OPTIONS]" in done.stderr and f"Try '{called} --help'" in done.stderr, done.stderr
    assert "Usage: klientela plan [OPTIONS]" in command("plan", "--help").stdout
    slip = command("plan", "chekc", "december")
    assert slip.returncode == 2 and "'chekc'. Did you mean 'check'" in slip.stderr


def test_countries_and_periods_that_cannot_be_are_told_with_their_option(cli, tables):
    """Before any table is read: what is missing is not missed."""
    pytest.importorskip("holidays")
    files = ["--transactions", "none.csv", "--managers", tables / "managers.csv", "--out", "x"]
    for name in ("plan", "run"):
        done = cli(name, *files, "--period", "2026-12", "--country", "Germany")
        assert done.returncode == 1 and "--country" in done.stderr and "did you mean DE?" in done.stderr, done.stderr
        assert "'Germany'" in done.stderr
        done = cli(name, *files, "--period", "2026-12-31..2026-12-01")
        assert done.returncode == 2 and "--period" in done.stderr, done.stderr
        told = " ".join(done.stderr.replace("│", " ").split())
        assert "'2026-12-31..2026-12-01' ends before it begins; did you mean 2026-12-01..2026-12-31?" in told
    done = cli("plan", *arguments(tables)[:-1], "1850-12", "--country", "DE", "--out", "x")
    assert done.returncode == 1 and "--period" in done.stderr and "1850-12" in done.stderr, done.stderr


def plan_asking(when: str = "true", **more: object) -> dict[str, object]:
    quota = {"channels": ["phone"], "contacts": 1, "per": "month"}
    return {"plan": {"playbooks": [{"name": "a", "when": when, "quotas": [quota]}], **more}}


CARE = {"name": "day", "contact": {"channels": ["phone"]}}


@pytest.mark.parametrize(
    ("policy", "pointer", "told"),
    [
        (plan_asking("group = 'hott'"), "/plan/playbooks/0/when", "did you mean 'hot'?"),
        (plan_asking("grup = 'hot'"), "/plan/playbooks/0/when", 'did you mean "group"?'),
        (plan_asking("frequency"), "/plan/playbooks/0/when", "true or false"),
        ({"classifiers": {"rfm": {}}, **plan_asking("tier = 'gold'")}, "/plan/playbooks/0/when", "tier"),
        ({"preset": "online-retail", **plan_asking("tier = 'gold'")}, "/plan/playbooks/0/when", "tier"),
        (plan_asking(care=[{**CARE, "on": "group"}]), "/plan/care/0/on", "not days"),
        (plan_asking(owners={"needs": ["grup"]}), "/plan/owners/needs/0", "grup"),
        (plan_asking(time_zone="Europe/Berlni"), "/plan/time_zone", "Europe/Berlni"),
    ],
)
def test_policies_are_checked_for_what_a_plan_would_not_find(command, tables, tmp_path, policy, pointer, told):
    (tmp_path / "policy.json").write_text(json.dumps(policy), encoding="utf-8")
    checked = command("policy", "check", tmp_path / "policy.json")
    assert checked.returncode == 1 and pointer in checked.stderr and told in checked.stderr, checked.stderr
    if "preset" not in policy:
        given = [tmp_path / "policy.json" if part == tables / "policy.json" else part for part in arguments(tables)]
        planned = command("plan", *given, "--out", tmp_path / "x")
        assert planned.returncode == 1 and pointer in planned.stderr and told in planned.stderr, planned.stderr


def test_what_only_data_tell_is_no_fault_of_a_policy(command, tmp_path):
    """A column of a combination, one that was assigned by hand, a plug-in's class; and no plan at all."""
    for policy in (
        plan_asking("`interactions[fax,inbound,repair]` > 1 and hand.vip = 'yes' and card.category.4 = 'x'"),
        {"classifiers": {"rfm": {}}},
        {"plan": True},
        json.loads((Path(__file__).parents[2] / "examples" / "policies" / "month_plan.json").read_text("utf-8")),
    ):
        (tmp_path / "policy.json").write_text(json.dumps(policy), encoding="utf-8")
        done = command("policy", "check", tmp_path / "policy.json")
        assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1), done.stdout + done.stderr
    (tmp_path / "policy.json").write_text(json.dumps(plan_asking("own = 'x'")), encoding="utf-8")
    (tmp_path / "own.py").write_text("import klientela\nregistry = klientela.ClassifierRegistry()\n", encoding="utf-8")
    done = command("policy", "check", tmp_path / "policy.json", "--plugins", tmp_path / "own.py")
    assert done.returncode == 0 and "--plugins" in done.stdout, done.stdout + done.stderr
