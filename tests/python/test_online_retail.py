"""A year of a real shop, through the command line: figures that were published or counted by other means."""

from __future__ import annotations

import csv
import json
import time

import duckdb
import pytest


@pytest.fixture(scope="module")
def run(shared_data, tmp_path_factory):
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("online-retail")

    def call(name, *more):
        out = folder / name
        if not out.exists():
            command = [sys.executable, "-m", "klientela", "run", "--preset", "online-retail", "--transactions"]
            command += [str(shared_data / "online_retail.csv.gz"), "--out", str(out), *map(str, more)]
            began = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            (out / "seconds").write_text(str(time.monotonic() - began))
            (out / "stdout").write_text(done.stdout)
        return out

    call.folder = folder
    return call


def test_summary_is_exact(run):
    out = run("default")
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    wanted = {
        "rows_read": 541909,
        "rows_rejected": 135120,
        "rows_used": 541909 - 135120,
        "lines": 397884,
        "refund_lines": 8905,
        "clients_with_purchases": 4338,
        "money_gross": "8911407.904",
        "money_refunds": "611342.09",
        "as_of": "2011-12-09",
        "abc": {"A": 1133, "B": 1469, "C": 1736},
    }
    got = {key: summary[key] for key in wanted}
    assert got == wanted
    assert summary["rejected_by_reason"] == {"missing_value": 135080, "zero_amount": 40}


def test_it_ends_in_time(run):
    assert float((run("default") / "seconds").read_text()) < 30


def test_the_other_abc_convention(run):
    policy = run.folder / "stay.json"
    policy.write_text(json.dumps({"classifiers": {"abc": {"convention": "stay"}}}), encoding="utf-8")
    summary = json.loads((run("stay", "--policy", policy) / "summary.json").read_text(encoding="utf-8"))
    assert summary["abc"] == {"A": 1132, "B": 1469, "C": 1737}


def test_rejected_rows_are_listed_with_their_place(run, shared_data):
    with (run("default") / "rejected.csv").open(encoding="utf-8", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert len(rejected) == 135120
    first = rejected[0]
    source = duckdb.execute(
        "SELECT row_number() OVER () AS row FROM read_csv(?, all_varchar = true) QUALIFY CustomerID = 'NA' ORDER BY row LIMIT 1",
        [str(shared_data / "online_retail.csv.gz")],
    ).fetchone()
    assert (first["table"], first["column"], first["reason"]) == ("transactions", "CustomerID", "missing_value")
    assert source is not None and int(first["row"]) == source[0]


def test_files_agree(run):
    out = run("default")
    parquet = duckdb.execute(
        f"SELECT count(*), sum(money_gross), sum(money_refunds) FROM '{out / 'clients.parquet'}'"
    ).fetchone()
    assert parquet is not None
    assert (str(parquet[1].normalize()), str(parquet[2].normalize())) == ("8911407.904", "611342.09")
    with (out / "clients.csv").open(encoding="utf-8", newline="") as file:
        clients = list(csv.DictReader(file))
    assert len(clients) == parquet[0]
    assert "2011-12-09" in (out / "stdout").read_text()


def test_money_by_client_equals_duckdb(run, shared_data):
    wanted = dict(
        duckdb.execute(
            "SELECT CustomerID, sum(Quantity::DECIMAL(18, 4) * UnitPrice::DECIMAL(18, 4)) FILTER (Quantity::INT > 0) FROM read_csv(?, all_varchar = true) "
            "WHERE CustomerID <> 'NA' AND UnitPrice::DECIMAL(18, 4) <> 0 GROUP BY 1",
            [str(shared_data / "online_retail.csv.gz")],
        ).fetchall()
    )
    got = dict(
        duckdb.execute(f"SELECT client::VARCHAR, money_gross FROM '{run('default') / 'clients.parquet'}'").fetchall()
    )
    assert got == {client: money or 0 for client, money in wanted.items()}
