"""The command line: what it writes, what it says, what it does not leave behind, and its exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import select
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import klientela
import pyarrow as pa
import pyarrow.parquet
import pytest
from klientela import cli as cli_module
from klientela import readers

FILES = {
    "clients.parquet",
    "clients.csv",
    "matrix.csv",
    "profiles.csv",
    "profile_products.csv",
    "profile_channels.csv",
    "attention.csv",
    "cohorts.csv",
    "rejected.csv",
    "summary.json",
    "report.html",
}
DUPLICATES_FILES = {
    "clusters.csv",
    "pairs.csv",
    "joins.csv",
    "cuts.csv",
    "review.csv",
    "weights.csv",
    "rules.csv",
    "merged.csv",
    "conflicts.csv",
    "journal.jsonl",
}
HISTORY_FILES = {"history.parquet", "migration.csv", "transitions.csv", "stays.csv", "projection.csv"}


def write_csv(path: Path, columns: dict[str, list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_run_writes_everything(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    done = cli("run", "--transactions", "sales.csv", "--out", "deep/er")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "deep" / "er"
    assert {path.name for path in out.iterdir()} == FILES
    assert "2026-02-03" in done.stdout and "report.html" in done.stdout
    assert done.stderr == "" and "\x1b[" not in done.stdout  # no bars, no colours where nobody looks
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["clients"] == 4 and summary["money_gross"] == "140.75"
    parquet = pa.parquet.read_table(out / "clients.parquet")
    assert parquet.num_rows == 4 and pa.types.is_decimal(parquet.schema.field("money_gross").type)
    assert [row["client"] for row in rows(out / "clients.csv")][:2] == ["-5", "7"]
    assert len(rows(out / "matrix.csv")) == sum(1 for _ in klientela.run(sales).matrix["cell"])


def test_quiet_is_quiet(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    done = cli("run", "--transactions", "sales.csv", "--out", "out", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_table_and_format(cli, tmp_path):
    made = cli("demo", "--clients", "150", "--seed", "3", "--out", "demo", "--save-tables", "tables", "--quiet")
    assert made.returncode == 0, made.stderr
    names = sorted(klientela.tables())
    kept = {path.name for path in (tmp_path / "tables").iterdir()}
    assert kept == {f"{name}.csv" for name in (*names, "managers")} | {"policy.json"}
    (tmp_path / "tables" / "policy.json").rename(tmp_path / "policy.json")
    arguments = [part for name in names for part in (f"--{name}", f"tables/{name}.csv")]
    done = cli("run", *arguments, "--policy", "policy.json", "--out", "again", "--quiet")
    assert done.returncode == 0, done.stderr
    for name in ("matrix.csv", "summary.json", "rejected.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "demo" / name).read_bytes(), name

    base = klientela.synthetic.make_base(clients=150, seed=3)
    (tmp_path / "mixed").mkdir()
    for name, table in base.items():
        pa.parquet.write_table(table.to_arrow(), tmp_path / "mixed" / f"{name}.parquet")
    arguments = [part for name in names for part in (f"--{name}", f"mixed/{name}.parquet")]
    done = cli("run", *arguments, "--policy", "policy.json", "--out", "parquet", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "parquet" / "matrix.csv").read_bytes() == (tmp_path / "demo" / "matrix.csv").read_bytes()


def test_the_demo_is_repeatable_and_honest(cli, tmp_path):
    for name in ("one", "two"):
        assert cli("demo", "--clients", "300", "--seed", "8", "--out", name).returncode == 0
    assert {path.name for path in (tmp_path / "one").iterdir()} == FILES | HISTORY_FILES | DUPLICATES_FILES | {"plan"}
    for file in ("plan.csv", "refused.csv", "prices.csv", "owners.csv", "shortfalls.csv", "summary.json"):
        assert (tmp_path / "one" / "plan" / file).read_bytes() == (tmp_path / "two" / "plan" / file).read_bytes(), file
    for file in (FILES | HISTORY_FILES | DUPLICATES_FILES) - {"clients.parquet", "history.parquet"}:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    base = klientela.synthetic.make_base(clients=300, seed=8)
    summary = json.loads((tmp_path / "one" / "summary.json").read_text(encoding="utf-8"))
    assert summary["rows_rejected"] == base.bad_rows["transactions"]


def test_cells_that_a_spreadsheet_would_run(cli, tmp_path, sales):
    evil = ["=1+1", "+cmd", "@SUM(A1)", "-2+3", "\ttab", "+7 970 123-45-67", "-5", "\n=2+2", "\r@x", " =3+3"]
    evil += ["＝1", "＋1", "－1", "＠x", "\u00a0=4+4", "\u3000＝5", "\u200b\ufeff@y", "'plain"]
    n = len(evil)
    cards = {"client": evil, "name": evil}
    sales = {"client": evil, "at": ["2026-01-02"] * n, "amount": ["1"] * n}
    write_csv(tmp_path / "cards.csv", cards)
    write_csv(tmp_path / "sales.csv", sales)
    done = cli("run", "--clients", "cards.csv", "--transactions", "sales.csv", "--out", "out", "--quiet")
    assert done.returncode == 0, done.stderr
    written = rows(tmp_path / "out" / "clients.csv")
    assert len(written) == n
    for row in written:
        for cell in row.values():
            numeric = cell.lstrip("+-").replace(" ", "").replace("-", "").replace(".", "").isdigit()
            bare = cell.lstrip(" \u00a0\u3000\u200b\ufeff")
            assert numeric or not bare.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")), cell
    # Our own reader takes the apostrophe off ids again: the written clients match the sales.
    again = cli("run", "--clients", "out/clients.csv", "--transactions", "sales.csv", "--out", "again", "--quiet")
    assert again.returncode == 0, again.stderr
    summary = json.loads((tmp_path / "again" / "summary.json").read_text(encoding="utf-8"))
    assert summary["rows_rejected"] == 0 and summary["clients"] == n
    ids = [pa.parquet.read_table(tmp_path / folder / "clients.parquet")["client"] for folder in ("out", "again")]
    assert ids[0] == ids[1] and set(ids[0].to_pylist()) == {
        each.strip(" \t\r\n\u00a0\u3000\u200b\ufeff") for each in evil
    }


def test_ids_keep_their_zeros(cli, tmp_path):
    write_csv(
        tmp_path / "sales.csv",
        {"client": ["00123", "123", "1e5", "0x1F"], "at": ["2026-01-02"] * 4, "amount": ["1"] * 4},
    )
    assert cli("run", "--transactions", "sales.csv", "--out", "out").returncode == 0
    assert {row["client"] for row in rows(tmp_path / "out" / "clients.csv")} == {"00123", "123", "1e5", "0x1F"}
    read = readers.read(tmp_path / "out" / "clients.csv", "clients")
    assert "00123" in pa.table(read.data)["client"].to_pylist()


def test_broken_lines_are_rejected_rows_with_their_numbers(cli, tmp_path):
    text = "client,at,amount\n1,2026-01-01,5\n2,2026-01-01\n3,2026-01-01,x\n4,2026-01-01,1,9\n5,never,2\n"
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    assert cli("run", "--transactions", "sales.csv", "--out", "out").returncode == 0
    got = [(int(row["row"]), row["reason"], row["value"]) for row in rows(tmp_path / "out" / "rejected.csv")]
    assert got == [
        (2, "malformed_row", "2,2026-01-01"),
        (3, "not_a_number", "x"),
        (4, "malformed_row", "4,2026-01-01,1,9"),
        (5, "not_a_date", "never"),
    ]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["rows_read"], summary["rows_used"], summary["rows_rejected"]) == (5, 1, 4)
    assert summary["rejected_by_reason"]["malformed_row"] == 2


def test_told_reasons_add_up_and_name_the_file(cli, tmp_path):
    text = "client,at,amount\n1,2026-01-01,5.5\n,2026-01-01,5\n2,never,5\n3,2026-01-01,x\n4,2026-01-01,0.00001\n5\n"
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    done = cli("run", "--transactions", "sales.csv", "--out", "out")
    assert "6 rows read, 5 rejected" in done.stdout and "2 for other reasons" in done.stdout
    assert "rejected rows: out/rejected.csv" in done.stdout and " 5.50" in done.stdout
    assert "in the future" not in done.stdout


def test_a_last_purchase_in_the_future_is_doubted(cli, tmp_path):
    (tmp_path / "sales.csv").write_text("client,at,amount\n1,2026-01-01,5\n2,2199-01-01,5\n", encoding="utf-8")
    assert "2199-01-01, is in the future" in cli("run", "--transactions", "sales.csv", "--out", "out").stdout
    done = cli("run", "--transactions", "sales.csv", "--as-of", "2199-01-01", "--out", "out")
    assert done.returncode == 0 and "in the future" not in done.stdout


def test_a_day_before_every_purchase_is_told(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    for command, out in (("run", "out"), ("classify", "classes.csv")):
        done = cli(command, "--transactions", "sales.csv", "--as-of", "2025-12-31", "--out", out)
        assert done.returncode == 0, done.stderr
        assert "No purchase counts: the as-of day, 2025-12-31, is before the first one, 2026-01-02." in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    (note,) = [note for note in summary["notes"] if note["classifier"] is None]
    assert note["rule"] == "report.as_of.before_purchases" and "2026-01-02" in note["ru"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.index("No purchase counts") < page.index("<main>")
    (tmp_path / "window.json").write_text('{"features": {"window_days": 30}}', encoding="utf-8")
    told = cli("run", "--transactions", "sales.csv", "--policy", "window.json", "--as-of", "2027-01-01", "--out", "out")
    assert "No purchase counts as of 2027-01-01: what was delivered lies from 2026-01-02 to 2026-02-03" in told.stdout
    assert "No purchase counts" not in cli("run", "--transactions", "sales.csv", "--out", "out").stdout


def test_a_day_long_after_everything_is_told(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    write_csv(tmp_path / "calls.csv", {"client": ["7"], "started_at": ["2027-01-31"]})
    told = "The as-of day, 2027-02-05, is 367 days after the last thing that was delivered, 2026-02-03"
    for command, out in (("run", "out"), ("classify", "classes.csv"), ("history", "through")):
        done = cli(command, "--transactions", "sales.csv", "--as-of", "2027-02-05", "--out", out)
        assert done.returncode == 0 and told in done.stdout, done.stdout + done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    (note,) = [note for note in summary["notes"] if note["classifier"] is None]
    assert note["rule"] == "report.as_of.long_after" and "367" in note["ru"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.index("367 days after") < page.index("<main>")
    for more in (["--as-of", "2027-02-04"], ["--as-of", "2027-02-05", "--interactions", "calls.csv"]):
        done = cli("run", "--transactions", "sales.csv", "--out", "out", *more)
        assert done.returncode == 0 and "days after the last" not in done.stdout


GERMAN = "Kunde;Datum;Betrag\n7;31.12.2025;1.234,50\n8;05.01.2026;1.234\n7;02.01.2026;12,5\n9;02.01.2026;1.23\n"


def test_dates_and_numbers_as_they_are_written(cli, tmp_path):
    (tmp_path / "sales.csv").write_text(GERMAN, encoding="utf-8")
    columns = {"client": "Kunde", "at": "Datum", "amount": "Betrag"}
    policy = {"preset": "default", "ingest": {"currency": "EUR", "mappings": {"transactions": {"columns": columns}}}}
    (tmp_path / "names.json").write_text(json.dumps(policy), encoding="utf-8")
    policy["ingest"] |= {"date_format": "%m-%d-%Y", "decimal_comma": False}
    (tmp_path / "other.json").write_text(json.dumps(policy), encoding="utf-8")
    policy["ingest"] |= {"date_format": "%d.%m.%Y", "decimal_comma": True}
    (tmp_path / "german.json").write_text(json.dumps(policy), encoding="utf-8")
    written = ["--date-format", "%d.%m.%Y", "--decimal-comma"]

    def run(*arguments: str) -> dict:
        done = cli("run", "--transactions", "sales.csv", "--out", "out", "--quiet", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))

    wanted = run("--policy", "german.json")
    assert (wanted["money_gross"], wanted["as_of"]) == ("2481", "2026-01-05")
    assert wanted["rejected_by_reason"] == {"not_a_number": 1}
    for choice in (["--policy", "names.json"], ["--policy", "other.json"], ["--preset", "other.json"]):
        assert run(*choice, *written) == wanted, choice
    assert run("--preset", "german.json", "--policy", "names.json") == wanted
    points = run("--policy", "german.json", "--decimal-point")
    assert (points["money_gross"], points["rows_rejected"]) == ("2.464", 2)
    for command, out in (("classify", "classes.csv"), ("history", "through")):
        done = cli(command, "--transactions", "sales.csv", "--policy", "names.json", "--out", out, *written)
        assert done.returncode == 0 and "1 not a number" in done.stdout, done.stdout + done.stderr


def test_classes_are_printed_in_the_order_of_their_classifier(cli, tmp_path):
    clients = [str(client) for client in range(20)]
    amounts = [str(1 + 2 ** (client // 2)) for client in range(20)]  # the smallest first: C comes before B and A
    write_csv(tmp_path / "sales.csv", {"client": clients, "at": ["2026-01-02"] * 20, "amount": amounts})
    done = cli("classify", "--transactions", "sales.csv", "--out", "classes.csv")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "classes.csv")[0]["abc"] == "C"
    lines = [line.split() for line in done.stdout.splitlines()]
    labels = [line[0] for line in lines if line and line[0] in ("A", "B", "C")]
    assert labels == ["A", "B", "C"]


def test_the_last_day_has_one_name_in_every_command(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    found = {}
    for option in ("--as-of", "--until"):
        for command, file in (("run", "summary.json"), ("history", "stays.csv"), ("classify", "")):
            out = f"{command}{option}"
            done = cli(command, "--transactions", "sales.csv", option, "2026-02-01", "--out", out, "--quiet")
            assert done.returncode == 0, done.stderr
            found.setdefault(command, []).append((tmp_path / out / file).read_bytes())
    assert all(one == other for one, other in found.values())
    assert b'"as_of": "2026-02-01"' in found["run"][0]


ODD_NAMES = [
    "a b",
    "it's",
    'say "hi"',
    "a*",
    "a?",
    "[ab]",
    "a[1]",
    "100%",
    "%s",
    "-dash",
    "--out",
    "a\nb",
    "Жанна 王芳",
    "a#b",
]
ODD_NAMES += ["$HOME", "~", "a;b", "{x}", "year=2024", ".csv", "back\\slash", "x" * 180, "[red]", "http:x"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_of_files_are_taken_as_they_are(tmp_path, name, sales):
    folder = tmp_path / name
    folder.mkdir()
    other = {"client": ["other"], "at": ["2026-01-01"], "amount": ["1"]}
    for each, columns in {"ab": other, "a1": other, "axb": other, "b": other, "a": other, name: sales}.items():
        file = write_csv(folder / f"{each}.csv", columns)
        pa.parquet.write_table(pa.table(columns), folder / f"{each}.parquet")
        (folder / f"{each}.jsonl").write_text(
            "".join(
                json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True)
            ),
            encoding="utf-8",
        )
        (folder / f"{each}.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    for ending in (".csv", ".parquet", ".jsonl", ".csv.gz"):
        read = pa.table(readers.read(folder / f"{name}{ending}").data)
        assert set(read.column_names) == set(sales) and read.num_rows == len(sales["client"]), ending
    result = klientela.run(sales)
    for file in klientela.writers.write(result, folder / f"out {name}").values():
        assert file.stat().st_size > 0
    klientela.writers.write_table(result.clients, folder / f"table {name}.parquet")
    assert pa.parquet.read_table(str(folder / f"table {name}.parquet")).num_rows == len(result.clients)
    assert not [each for each in os.listdir(folder) if each.startswith(".klientela")]


@pytest.mark.parametrize("name", ["-dash.csv", "a*.csv", "a\nb.csv", "100%.csv", "[bold]x.csv", "x" * 300 + ".csv"])
def test_names_of_files_on_the_command_line(cli, tmp_path, name, sales):
    missing = cli("run", "--transactions", name, "--out", "out")
    assert missing.returncode == 1 and missing.stderr.count("\n") == 1 and "error: " in missing.stderr
    assert name.replace("\n", "\\n") in missing.stderr
    if len(name) > 255:
        return
    write_csv(tmp_path / name, sales)
    done = cli("run", "--transactions", name, "--out", name + ".out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / f"{name}.out").iterdir()} == FILES


def broken_files(folder: Path) -> dict[str, str]:
    """Files that are not what their names say, and what is told of each."""
    whole = folder / "whole.parquet"
    pa.parquet.write_table(pa.table({"client": ["1"], "at": ["2026-01-01"], "amount": ["1"]}), whole)
    data = whole.read_bytes()
    made = {
        "text.parquet": b"client,at,amount\n1,2026-01-01,1\n",
        "cut.parquet": data[: len(data) // 2],
        "head.parquet": b"PAR1" + data[4:-40] + b"PAR1",
        "empty.parquet": b"",
        "text.xlsx": b"client,at,amount\n",
        "empty.xlsx": b"",
        "zip.xlsx": zip_of({"a.txt": b"x"}),
        "none.xlsx": zip_of(
            {
                "xl/workbook.xml": b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>',
                "[Content_Types].xml": b"<Types/>",
            }
        ),
        "text.xls": b"client,at,amount\n",
        "text.ods": b"PK\x03\x04 and no more",
        "plain.csv.gz": b"client,at,amount\n1,2026-01-01,1\n",
        "cut.csv.gz": gzip.compress(b"client,at,amount\n" + b"1,2026-01-01,1\n" * 9999)[:60],
        "plain.jsonl.gz": b'{"client": 1}\n',
        "nothing.jsonl": b"\n\n",
        "numbers.json": b"[1, 2]",
        "blank.csv": b"\n\n  \n",
        "bytes.csv": bytes(range(128, 256)) * 9,
        "no.ending": b"client,at,amount\n",
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    (folder / "folder.csv").mkdir()
    (folder / "loop.csv").symlink_to("loop.csv")
    return {**dict.fromkeys(made, ""), "folder.csv": "is a folder", "loop.csv": "", "book.xlsx#Nope": "no sheet"}


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_damaged_files_are_one_clear_line(tmp_path, capsys, monkeypatch, sales):
    import xlsxwriter

    monkeypatch.chdir(tmp_path)
    with xlsxwriter.Workbook("book.xlsx") as book:
        book.add_worksheet("Notes").write_row(0, 0, ["apples", "pears"])
        sheet = book.add_worksheet("Transactions")
        for place, (name, values) in enumerate(sales.items()):
            sheet.write_column(0, place, [name, *values])
    for name, told in broken_files(tmp_path).items():
        with pytest.raises(SystemExit) as stop:
            cli_module.app(["run", "--transactions", name, "--out", "out"], prog_name="klientela")
        said = capsys.readouterr().err
        assert stop.value.code == 1 and said.count("\n") == 1, (name, said)
        assert name.partition("#")[0] in said and told in said and "/tmp/" not in said, said
        assert not (tmp_path / "out").exists()
    assert pa.table(readers.read("book.xlsx", "transactions").data).num_rows == len(sales["client"])


def test_a_missing_policy_file_is_named_without_a_number(cli):
    done = cli("policy", "check", "nowhere.json")
    assert done.returncode == 1 and "nowhere.json: No such file" in done.stderr and "Errno" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "--transactions", "nowhere.csv", "--out", "out"], 1, "no file"),
        (["run", "--transactions", "empty.csv", "--out", "out"], 1, "empty"),
        (["run", "--transactions", "names.csv", "--out", "out"], 1, "names.csv"),
        (["run", "--transactions", "names.csv", "--out", "out"], 1, 'columns found: "apples", "pears"'),
        (["run", "--transactions", "names.csv", "--out", "out"], 1, "ingest.mappings.transactions.columns"),
        (
            ["run", "--transactions", "never.csv", "--out", "out"],
            1,
            "transactions: 2 rows read, 2 rejected (2 not_a_date)",
        ),
        (["run", "--transactions", "never.csv", "--out", "out"], 1, "--date-format and --decimal-comma"),
        (["history", "--transactions", "sales.csv", "--out", "out", "--language", "de"], 2, "en nor ru"),
        (["history", "--transactions", "sales.csv", "--out", "out", "--every", "fortnight"], 2, "week, month, quarter"),
        (["history", "--transactions", "sales.csv", "--out", "out", "--column", "segment"], 1, "abc"),
        (["history", "--transactions", "sales.csv", "--out", "out", "--column", "segment"], 1, "rfm_segment"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--date-format", "%d.%b.%Y"], 2, "%b"),
        (["policy", "check", "nope"], 1, "online-retail"),
        (["run", "--transactions", "sales.csv", "--out", "/proc/out"], 1, "/proc/out"),
        (["run", "--transactions", "sales.csv", "--out", "x" * 300], 1, "too long"),
        (["run", "--transactions", "twice.csv", "--out", "out"], 1, "two columns"),
        (["run", "--transactions", "sales.csv", "--policy", "bad.json", "--out", "out"], 1, "nonsense"),
        (["run", "--transactions", "sales.csv", "--policy", "nowhere.json", "--out", "out"], 1, "nowhere.json"),
        (["run", "--transactions", "sales.csv", "--out", "sales.csv"], 1, "not a folder"),
        (["run", "--transactions", "sales.csv"], 2, "--out"),
        (["run", "--out", "out"], 2, "--transactions"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--as-of", "soon"], 2, "soon"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--preset", "nope"], 2, "online-retail"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--threads", "-1"], 2, "threads"),
        (["walk"], 2, "walk"),
        (["policy", "check", "bad.json"], 1, "nonsense"),
        (["policy", "check", "broken.json"], 1, "not JSON"),
        (["policy", "show", "nope"], 1, "online-retail"),
        (["run", "--transactions", "sales.csv", "--policy", "twice.json", "--out", "out"], 1, "/ingest/currency"),
        (["run", "--transactions", "sales.csv", "--policy", "nan.json", "--out", "out"], 1, "NaN"),
        (["run", "--transactions", "sales.csv", "--policy", "deep.json", "--out", "out"], 1, "deep.json"),
        (["run", "--transactions", "sales.csv", "--policy", "huge.json", "--out", "out"], 1, "huge.json"),
        (["policy", "check", "twice.json"], 1, "/ingest/currency"),
        (["policy", "check", "deep.json"], 1, "deep.json"),
        (["policy", "show", "deep.json"], 1, "error"),
        (["run", "--transactions", "sales.csv", "--preset", "deep.json", "--out", "out"], 1, "error"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--as-of", "1800-01-01"], 2, "1800-01-01"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--encoding", "nonsense"], 2, "nonsense"),
        (["run", "--transactions", "sales.csv", "--out", "out", "--encoding", "hex"], 2, "hex"),
    ],
)
def test_errors_are_one_clear_line(cli, tmp_path, sales, arguments, code, message):
    write_csv(tmp_path / "sales.csv", sales)
    write_csv(tmp_path / "names.csv", {"apples": ["1"], "pears": ["2"]})
    (tmp_path / "twice.csv").write_text("client,client,at,amount\n", encoding="utf-8")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "never.csv").write_text("client,at,amount\n1,never,1\n2,soon,1\n", encoding="utf-8")
    (tmp_path / "bad.json").write_text('{"nonsense": 1}', encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "twice.json").write_text('{"ingest": {"currency": "EUR", "currency": "GBP"}}', encoding="utf-8")
    (tmp_path / "nan.json").write_text('{"classifiers": {"rfm": {"quantiles": NaN}}}', encoding="utf-8")
    (tmp_path / "deep.json").write_text('{"ingest": ' + "[" * 100_000 + "]" * 100_000 + "}", encoding="utf-8")
    (tmp_path / "huge.json").write_text('{"ingest": {"max_rejects_kept": ' + "9" * 5000 + "}}", encoding="utf-8")
    done = cli(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_failed_write_leaves_nothing(cli, tmp_path, sales, monkeypatch):
    out = tmp_path / "out"
    result = klientela.run(sales)
    from klientela import writers

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(writers, "write_parquet", fail)
    with pytest.raises(OSError, match="no space"):
        writers.write(result, out / "deeper")
    assert not out.exists()
    out.mkdir()
    (out / "clients.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(OSError, match="no space"):
        writers.write(result, out)
    assert [path.name for path in out.iterdir()] == ["clients.csv"]
    assert (out / "clients.csv").read_text(encoding="utf-8") == "mine"


def test_policies(cli, tmp_path):
    shown = cli("policy", "show", "online-retail")
    assert shown.returncode == 0
    document = json.loads(shown.stdout)
    assert document["ingest"]["currency"] == "GBP"
    (tmp_path / "policy.json").write_text(shown.stdout, encoding="utf-8")
    checked = cli("policy", "check", "policy.json")
    assert checked.returncode == 0 and "rfm" in checked.stdout
    for preset in klientela.Policy.presets():
        checked = cli("policy", "check", preset)
        assert checked.returncode == 0 and checked.stdout.startswith(f"{preset}: a policy that works")
    assert json.loads(cli("policy", "schema").stdout)["$schema"].startswith("https://json-schema.org")
    assert set(cli("policy", "show", "--presets").stdout.split()) == set(klientela.Policy.presets())


def test_version_and_help(cli):
    assert cli("--version").stdout.strip() == f"klientela {klientela.__version__}"
    for command in ([], ["run"], ["demo"], ["policy"], ["policy", "show"]):
        done = cli(*command, "--help")
        assert done.returncode == 0 and "Usage" in done.stdout
    # Lines end where the terminal does, not where those of the source do.
    assert "rules.csv and summary.json into   " in cli("dedupe", "--help").stdout


def test_a_policy_lies_over_a_preset(cli, tmp_path, sales):
    write_csv(
        tmp_path / "sales.csv",
        {
            "CustomerID": ["1", "1"],
            "InvoiceDate": ["2026-01-01"] * 2,
            "Quantity": ["2", "1"],
            "UnitPrice": ["1.5", "0"],
            "InvoiceNo": ["a", "b"],
            "StockCode": ["x", "y"],
        },
    )
    (tmp_path / "policy.json").write_text('{"ingest": {"currency": "EUR"}}', encoding="utf-8")
    done = cli(
        "run", "--transactions", "sales.csv", "--preset", "online-retail", "--policy", "policy.json", "--out", "out"
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["currency"], summary["time_zone"], summary["rows_rejected"]) == ("EUR", "Europe/London", 1)


def test_bars_on_a_terminal(tmp_path):
    """On a terminal there are bars while it works, and nothing of them is left behind."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "klientela", "demo", "--clients", "2000", "--out", "out"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(command, stdout=child, stderr=child, cwd=tmp_path, env=environment)
    os.close(child)
    screen = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _, _ = select.select([parent], [], [], 0.2)
        if ready:
            try:
                part = os.read(parent, 65536)
            except OSError:
                break
            if not part:
                break
            screen += part
    assert process.wait(10) == 0
    assert b"Making up clients" in screen and b"\x1b[" in screen
    assert b"done" in screen and b"clients clients" not in screen


def test_all_files_are_replaced_or_none(cli, tmp_path, sales, monkeypatch):
    result = klientela.run(sales)
    from klientela import writers

    out = tmp_path / "out"
    out.mkdir()
    for name in ("clients.csv", "matrix.csv"):
        (out / name).write_text("mine", encoding="utf-8")
    replace = os.replace

    def fail(source, target):
        if Path(source).name == "summary.json":
            raise OSError("the disk is gone")
        replace(source, target)

    monkeypatch.setattr(writers.os, "replace", fail)
    with pytest.raises(OSError, match="disk is gone"):
        writers.write(result, out)
    monkeypatch.undo()
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == {
        "clients.csv": "mine",
        "matrix.csv": "mine",
    }
    (out / "report.html").mkdir()
    write_csv(tmp_path / "sales.csv", sales)
    done = cli("run", "--transactions", "sales.csv", "--out", "out")
    assert done.returncode == 1 and "report.html is a folder" in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in out.iterdir()} == {"clients.csv", "matrix.csv", "report.html"}
    (out / "report.html").rmdir()
    assert cli("run", "--transactions", "sales.csv", "--out", "out").returncode == 0
    assert {path.name for path in out.iterdir()} == FILES


def test_files_of_an_earlier_run_do_not_stay(cli, tmp_path, sales, monkeypatch):
    sales["at"][0] = "2025-11-02"
    write_csv(tmp_path / "sales.csv", sales)
    out = tmp_path / "out"
    assert (
        cli("run", "--transactions", "sales.csv", "--history", "month", "--roll-up", "roots", "--out", out).returncode
        == 0
    )
    assert {path.name for path in out.iterdir()} == FILES | HISTORY_FILES | {"hierarchy.csv"}
    for name in ("notes.txt", "links.csv"):  # of others
        (out / name).write_text("mine", encoding="utf-8")
    (out / "stays.csv").unlink()
    (out / "stays.csv").mkdir()  # no file of ours
    mine = {"notes.txt", "links.csv", "stays.csv"}
    from klientela import writers

    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    replace = os.replace

    def fail(source, target):
        if Path(source) == out / "transitions.csv":
            raise OSError("the disk is gone")
        replace(source, target)

    monkeypatch.setattr(writers.os, "replace", fail)
    with pytest.raises(OSError, match="disk is gone"):
        writers.write(klientela.run(sales), out)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert cli("run", "--transactions", "sales.csv", "--out", out).returncode == 0
    assert {path.name for path in out.iterdir()} == FILES | mine
    assert all((out / name).read_text(encoding="utf-8") == "mine" for name in mine - {"stays.csv"})

    assert cli("history", "--transactions", "sales.csv", "--out", "through").returncode == 0
    through = tmp_path / "through"
    assert {path.name for path in through.iterdir()} == HISTORY_FILES
    (through / "clients.csv").write_text("mine", encoding="utf-8")
    assert cli("history", "--transactions", "sales.csv", "--periods", 1, "--out", "through").returncode == 0
    assert {path.name for path in through.iterdir()} == HISTORY_FILES - {"projection.csv"} | {"clients.csv"}

    write_csv(tmp_path / "cards.csv", {"client": ["1", "2"], "name": ["Ann Lee", "Ann Leigh"]})
    write_csv(tmp_path / "more.csv", {"client": ["1", "2"], "name": ["Ann Lee", "Bo Ray"]})
    assert cli("dedupe", "cards.csv", "--link", "more.csv", "--out", "found").returncode == 0
    assert (tmp_path / "found" / "links.csv").is_file()
    assert cli("dedupe", "cards.csv", "--out", "found").returncode == 0
    assert not (tmp_path / "found" / "links.csv").exists() and (tmp_path / "found" / "clusters.csv").is_file()


def test_groups_of_clients(cli, tmp_path):
    write_csv(tmp_path / "cards.csv", {"client": ["1", "2", "3"], "parent": ["", "1", ""]})
    write_csv(
        tmp_path / "sales.csv",
        {"client": ["1", "2", "3"], "at": ["2026-01-01"] * 3, "amount": ["1", "2", "4"], "product": ["a", "a", "b"]},
    )
    files = ("--clients", "cards.csv", "--transactions", "sales.csv")
    done = cli("run", *files, "--roll-up", "roots", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {"hierarchy.csv"}
    rows = (tmp_path / "out" / "hierarchy.csv").read_text(encoding="utf-8").splitlines()
    assert rows == [
        "client,parent,root,level,children,members,link",
        "1,,1,1,1,2,",
        "2,1,1,2,0,1,parent",
        "3,,3,1,0,1,",
    ]
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["clients"] == 2
    groups = (tmp_path / "out" / "profiles.csv").read_text(encoding="utf-8").splitlines()
    assert groups[0].startswith("column,group,clients,share,buyers,money_sum") and len(groups) > 5
    assert cli("run", *files, "--roll-up", "2", "--out", "two").returncode == 0
    done = cli("run", *files, "--roll-up", "leaves", "--out", "no")
    assert done.returncode == 2 and "every_node" in done.stderr and not (tmp_path / "no").exists()


def test_a_run_follows_classes_through_time(cli, tmp_path):
    evil = "=cmd()"
    days = [f"2026-{month:02}-15" for month in range(1, 7)]
    clients = ["a", evil, "c"]
    sales = {
        "client": [each for each in clients for _ in days],
        "at": days * 3,
        "amount": [*["10"] * 6, *["10", "20", "400", "900", "1600", "3000"], *["5000", "1", "1", "1", "1", "1"]],
    }
    write_csv(tmp_path / "sales.csv", sales)
    done = cli("run", "--transactions", "sales.csv", "--out", "out", "--history", "month")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | HISTORY_FILES
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="movement"' in page and 'class="flow"' in page
    # The same files as klientela history writes, as of the same days.
    again = cli("history", "--transactions", "sales.csv", "--out", "alone", "--quiet")
    assert again.returncode == 0, again.stderr
    for file in HISTORY_FILES - {"history.parquet"}:
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "alone" / file).read_bytes(), file
    moves = rows(tmp_path / "out" / "transitions.csv")
    assert {"'" + evil} == {row["client"] for row in moves if "cmd" in row["client"]}
    cohorts = rows(tmp_path / "out" / "cohorts.csv")
    assert [row["clients"] for row in cohorts if row["cohort"] == "2026-01"] == ["3"] * 6

    (tmp_path / "policy.json").write_text(json.dumps({"preset": "default", "history": {"every": "week"}}))
    done = cli("run", "--transactions", "sales.csv", "--policy", "policy.json", "--out", "weeks", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len({row["to_day"] for row in rows(tmp_path / "weeks" / "migration.csv")}) == 11
    # An option stands beside what the policy's own history says.
    done = cli("history", "--transactions", "sales.csv", "--policy", "policy.json", "--out", "own", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len({row["to_day"] for row in rows(tmp_path / "own" / "migration.csv")}) == 11
    done = cli("history", "--transactions", "sales.csv", "--policy", "policy.json", "--margin", "0.1", "--out", "calm")
    assert done.returncode == 0, done.stderr
    assert len({row["to_day"] for row in rows(tmp_path / "calm" / "migration.csv")}) == 11
    done = cli("run", "--transactions", "sales.csv", "--policy", "policy.json", "--history", "none", "--out", "none")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "none").iterdir()} == FILES
    done = cli("run", "--transactions", "sales.csv", "--out", "wrong", "--history", "fortnight")
    assert done.returncode == 2 and "quarter" in done.stderr


def test_the_attention_list_of_classify(cli, tmp_path, sales):
    sales["client"] += ["late"] * 4
    sales["at"] += ["2025-09-01", "2025-09-05", "2025-09-10", "2025-09-12"]
    sales["amount"] += ["100"] * 4
    write_csv(tmp_path / "sales.csv", sales)
    states = ["active", "cooling", "sleeping", "lost"]
    (tmp_path / "policy.json").write_text(json.dumps({"report": {"attention": {"states": states}}}), encoding="utf-8")
    arguments = ["--transactions", "sales.csv", "--policy", "policy.json"]
    done = cli("classify", *arguments, "--out", "classes.csv", "--attention", "attention.csv")
    assert done.returncode == 0, done.stderr
    listed = rows(tmp_path / "attention.csv")
    assert list(listed[0]) == ["rank", "client", "state", "loss_risk", "value", "value_at_risk", "rule", "reason"]
    assert listed[0]["client"] == "late"
    done = cli("run", *arguments, "--out", "out", "--quiet")
    assert rows(tmp_path / "out" / "attention.csv") == listed


def test_no_attention_list_without_its_measures(cli, tmp_path, sales):
    write_csv(tmp_path / "sales.csv", sales)
    (tmp_path / "policy.json").write_text(
        json.dumps({"features": {"columns": ["money_net"]}, "classifiers": {"abc": {}}}), encoding="utf-8"
    )
    done = cli("run", "--transactions", "sales.csv", "--policy", "policy.json", "--out", "out", "--quiet")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES - {"attention.csv"}


def test_errors_point_into_expressions(cli, tmp_path):
    """The line and the mark below it; nothing else of a message makes lines of its own."""
    from klientela._terminal import drawn

    assert drawn("no\nx = 1\n  ^~") == ("no", ["x = 1", "  ^~"])
    for other in ("no\nx = 1\n  ^ here", "a\nb", "a\n\x1b[31mb\n^\n"):
        first, below = drawn(other)
        assert "\n" not in first and "\x1b" not in first and below == []
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"plan": {"playbooks": [{"name": "x", "when": "group = 'hott'", "quotas": []}]}}))
    (tmp_path / "sales.csv").write_text("client,day,amount\n1,2026-01-01,5\n")
    (tmp_path / "team.csv").write_text("manager\nanna\n")
    done = cli("plan", "--transactions", "sales.csv", "--managers", "team.csv", "--period", "2026-12",
               "--policy", "policy.json", "--out", "plan")  # fmt: skip
    assert done.returncode == 1 and "\\n" not in done.stderr, done.stderr
    assert [line.strip() for line in done.stderr.splitlines()][-1].startswith("^"), done.stderr
