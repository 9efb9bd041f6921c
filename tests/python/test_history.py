"""Classes through time in Python: against pandas, against one run a day, the command line, trackers."""

from __future__ import annotations

import csv
import datetime as dt
import json

import klientela
import numpy as np
import pandas as pd
import pytest
from klientela.writers import write_history

POLICY = {
    "version": 1,
    "features": {"groups": ["purchases"]},
    "classifiers": {
        "size": {
            "kind": "matrix",
            "x": {"bands": ["low", "middle", "high"], "measure": "money_net", "edges": [100, 400]},
            "y": {"bands": ["few", "many"], "measure": "frequency", "edges": [2]},
            "groups": [{"name": "all", "rules": [{}]}],
        },
        "abc": {"kind": "abc"},
    },
}


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    random = np.random.default_rng(5)
    n = 4_000
    return pd.DataFrame(
        {
            "client": random.integers(0, 300, n),
            "at": pd.Timestamp("2025-01-01 12:00") + pd.to_timedelta(random.integers(0, 330, n), unit="D"),
            "amount": np.round(random.lognormal(3, 1, n), 2) * np.where(random.random(n) < 0.05, -1, 1),
        }
    )


@pytest.fixture(scope="module")
def ran(sales: pd.DataFrame) -> klientela.Result:
    return klientela.run(sales, POLICY, as_of="2025-11-30")


def bands(sales: pd.DataFrame, day: dt.date, clients: pd.Index) -> pd.Series:
    """What pandas makes of the x axis as of a day; outside where nobody has bought."""
    past = sales[sales["at"].dt.date <= day]
    money = past.groupby("client")["amount"].sum().reindex(clients).fillna(0).round(2)
    bought = past[past["amount"] > 0].groupby("client").size().reindex(clients).fillna(0)
    band = pd.cut(money, [-np.inf, 100, 400, np.inf], labels=["low", "middle", "high"]).astype(str)
    return band.where(bought > 0, "outside")


def test_migration_equals_pandas(sales: pd.DataFrame, ran: klientela.Result) -> None:
    history = ran.history(every="month")
    assert history.one_pass
    assert len(history) == 11
    assert history.days[1] == dt.date(2025, 2, 28)
    clients = pd.Index(sorted(sales["client"].unique()))
    for before, after in zip(history.days, history.days[1:], strict=False):
        expected = pd.crosstab(bands(sales, before, clients), bands(sales, after, clients))
        found = history.migration(before, after, column="size_x").to_pandas()
        found = found[found["clients"] > 0]
        for row in found.itertuples():
            assert expected.loc[getattr(row, "_1", row[1]), row[2]] == row.clients
        total = found["clients"].sum()
        both_outside = expected.loc["outside", "outside"] if {"outside"} <= set(expected.index) & set(expected) else 0
        assert total == len(clients) - both_outside


def test_every_day_equals_a_run_of_its_own(sales: pd.DataFrame, ran: klientela.Result) -> None:
    history = klientela.history(ran.base, POLICY, days=["2025-03-31", "2025-11-30"], thresholds="refit")
    for day in history.days:
        alone = klientela.run(sales, POLICY, as_of=day)
        table = history.on(day).to_pandas()
        clients = alone.clients.to_pandas()
        for column in ("abc", "size_x", "size_cell"):
            assert table[column].astype(str).tolist() == clients[column].astype(str).tolist()


def test_tables_cross_to_other_libraries(ran: klientela.Result) -> None:
    pa = pytest.importorskip("pyarrow")
    history = ran.history(every="quarter", columns=["abc"])
    assert history.class_columns == ["abc"]
    assert pa.table(history).num_rows == len(history.to_pandas()) == len(history.table)
    assert history.to_pandas()["day"].nunique() == 4
    assert "klientela.History" in repr(history)
    assert "<table>" in history._repr_html_()
    label = history.of_client(ran.clients["client"][0], "abc")[-1][1]
    assert label == ran.clients["abc"][0]
    transitions = history.transitions(column="abc", language="ru").to_pandas()
    assert set(transitions["kind"]) <= {"entry", "move", "exit"}
    assert transitions["reason"].notna().all()
    stays = history.stay_times(column="abc").to_pandas()
    assert stays["state"].tolist() == ["A", "B", "C"]
    ahead = history.project(3, column="abc").to_pandas()
    assert len(ahead) == 3 * 4
    everybody = ahead[ahead["step"] == 3]["clients"].sum()
    assert everybody == pytest.approx(len(ran.clients))
    chain = history.transition_probabilities(column="abc").to_pandas()
    assert chain.groupby("from", observed=True)["probability"].sum().tolist() == pytest.approx([1.0] * 4)
    # The last quarter is cut short, so nothing is learnt from it.
    learnt = history.transition_probabilities(column="abc").to_pydict()
    assert set(learnt["first_day"]) == {dt.date(2025, 3, 31)} and set(learnt["last_day"]) == {dt.date(2025, 9, 30)}
    whole = ran.history(days=history.days[:3], columns=["abc"])
    assert whole.transition_probabilities().to_pydict() == learnt


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"days": []}, klientela.InvalidArgumentError),
        ({"days": ["2025-03-01", "2025-02-01"]}, klientela.InvalidArgumentError),
        ({"days": ["2025-03-01"], "every": "month"}, klientela.InvalidArgumentError),
        ({"every": "fortnight"}, klientela.InvalidArgumentError),
        ({"every": "month", "hold": 0}, klientela.InvalidArgumentError),
        ({"every": "month", "margin": -0.1}, klientela.InvalidArgumentError),
        ({"every": "month", "margin": 1.0}, klientela.InvalidArgumentError),
        ({"every": "month", "margin": float("nan")}, klientela.InvalidArgumentError),
        ({"every": "month", "columns": ["nothing"]}, klientela.InvalidArgumentError),
        ({"every": "month", "thresholds": "refit"}, klientela.InvalidArgumentError),
        ({"every": "month", "thresholds": "melted"}, klientela.InvalidArgumentError),
    ],
)
def test_what_cannot_be_is_refused(ran: klientela.Result, options: dict, error: type) -> None:
    with pytest.raises(error):
        ran.history(**options)
    with pytest.raises(TypeError):
        klientela.history("no result")


def test_tracker_equals_a_run_of_everything(sales: pd.DataFrame, ran: klientela.Result) -> None:
    tracker = klientela.Tracker(ran)
    assert len(tracker) == len(ran.clients)
    random = np.random.default_rng(9)
    more = pd.DataFrame(
        {
            "client": random.integers(0, 330, 200),
            "at": pd.Timestamp("2025-01-01 12:00") + pd.to_timedelta(random.integers(0, 330, 200), unit="D"),
            "amount": np.round(random.lognormal(4, 1, 200), 2) * np.where(random.random(200) < 0.2, -1, 1),
        }
    )
    moved = []
    for row in more.itertuples():
        change = tracker.purchase(row.client, row.at.to_pydatetime(), row.amount)
        moved += [(change, move) for move in change.moves]
    assert tracker.events == 200
    whole = klientela.run(pd.concat([sales, more]), POLICY, as_of="2025-11-30")
    frozen = {row.client: row for row in tracker.snapshot().to_pandas().itertuples()}
    for row in whole.clients.to_pandas().itertuples():
        assert frozen[row.client].money_net == row.money_net
        assert frozen[row.client].frequency == row.frequency
        assert frozen[row.client].size_x == row.size_x  # its edges are the policy's, so they are the same
    change, move = next((c, m) for c, m in moved if m["column"] == "size_x" and m["from"])
    reason = next(each for each in tracker.explain(change) if each["column"] == "size_x")
    assert reason["measure"] == "money_net"
    assert reason["threshold"] in ("100", "400")
    assert move["to"] in ("low", "middle", "high")
    with pytest.raises(klientela.OutOfRangeError):
        tracker.purchase(1, "2025-12-01", 10)
    with pytest.raises(klientela.InvalidArgumentError):
        tracker.purchase(1, "2025-11-01", "ten")
    tracker.advance("2025-12-31")
    assert tracker.as_of == dt.date(2025, 12, 31)
    assert tracker.purchase("new one", dt.date(2025, 12, 1), "10.50").new_client
    assert tracker.of_client("new one")["money_net"][0] == 10.5


def test_a_margin_keeps_clients_where_they_were(sales: pd.DataFrame, ran: klientela.Result) -> None:
    plain = ran.history(every="month", columns=["size_x", "abc"])
    calm = ran.history(every="month", columns=["size_x", "abc"], margin=0.2)
    assert len(ran.history(every="month", margin=0.0).transitions()) == len(ran.history(every="month").transitions())
    assert len(calm.transitions(column="size_x")) < len(plain.transitions(column="size_x"))
    # By hand: a band changes where money is past the edge by more than a fifth, and not before.
    edges = {"low": (None, 100), "middle": (100, 400), "high": (400, None)}
    money = {}
    for row in calm.table.to_pandas().itertuples():
        before = money.get(row.client)
        expected = next(
            band
            for band, (low, high) in edges.items()
            if (low is None or row.money_net > low) and (high is None or row.money_net <= high)
        )
        if before is not None and expected != before:
            low, high = edges[before]
            stays = (low is None or row.money_net > low * 0.8) and (high is None or row.money_net <= high * 1.2)
            expected = before if stays else expected
        if before is not None:  # of who is not known yet the class counts too: low
            assert row.size_x == expected, row
        money[row.client] = row.size_x
    rules = {"relationship_type": {"kind": "rules", "rules": "relationship_type"}}
    with pytest.raises(klientela.InvalidArgumentError) as caught:
        klientela.history(ran.base, {"classifiers": rules}, every="month", margin=0.1)
    assert caught.value.where == "margin"


def test_the_default_policy_can_be_tracked_on_the_demo_base() -> None:
    demo = klientela.synthetic.make_base(clients=400, seed=11)
    result = klientela.run(demo, klientela.synthetic.POLICY)
    tracker = klientela.Tracker(result)
    snapshot = tracker.snapshot()
    assert {"requests", "card.relationship_type", "relationship_type"} <= set(snapshot.columns)
    classes = result.classes
    assert list(snapshot["relationship_type"]) == list(classes["relationship_type"]["relationship_type"])
    assert list(snapshot["tier"]) == list(classes["tiers"]["tier"])
    change = tracker.request("somebody new", result.as_of)
    assert {move["column"]: move["to"] for move in change.moves}["relationship_type"] == "potential"
    assert next(why for why in tracker.explain(change) if why["column"] == "relationship_type")["reason"]
    change = tracker.purchase("somebody new", result.as_of, 10)
    assert {move["column"]: move["to"] for move in change.moves}["relationship_type"] == "client"


def test_command_line(tmp_path, cli, sales: pd.DataFrame) -> None:
    sales.to_csv(tmp_path / "sales.csv", index=False)
    done = cli("history", "--transactions", tmp_path / "sales.csv", "--out", tmp_path / "out", "--every", "quarter")
    assert done.returncode == 0, done.stderr
    assert "4 days from 2025-03-31" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"history.parquet", "migration.csv", "transitions.csv", "stays.csv", "projection.csv"}
    with (tmp_path / "out" / "migration.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["classes"] for row in rows} >= {"rfm_segment", "abc", "group"}
    calm = cli(
        "history", "--transactions", tmp_path / "sales.csv", "--out", tmp_path / "calm", "--every", "quarter",
        "--margin", 0.3,
    )  # fmt: skip
    assert calm.returncode == 0, calm.stderr
    lines = [(tmp_path / name / "transitions.csv").read_text(encoding="utf-8").count("\n") for name in ("out", "calm")]
    assert lines[1] < lines[0]
    wrong = cli("history", "--transactions", tmp_path / "sales.csv", "--out", tmp_path / "no", "--margin", "1")
    assert wrong.returncode == 1
    assert "margin" in wrong.stderr
    wrong = cli("history", "--transactions", tmp_path / "sales.csv", "--out", tmp_path / "no", "--every", "moon")
    assert wrong.returncode == 2
    assert "day, week, month, quarter, year" in wrong.stderr
    assert not (tmp_path / "no").exists()


def test_files_keep_ids_of_any_length_and_content(tmp_path) -> None:
    ids = ["=1+cmd|x", "x" * 140_000, 'two\r\nlines, "quoted"', "a\0b"]
    result = klientela.run(
        {
            "client": ids * 3,
            "at": ["2026-01-05"] * 4 + ["2026-03-05"] * 4 + ["2026-03-07"] * 4,
            "amount": [5] * 12,
        },
        POLICY,
    )
    written = write_history(klientela.history(result, POLICY), tmp_path)
    limit = csv.field_size_limit(1_000_000)
    try:
        with written["transitions.csv"].open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    finally:
        csv.field_size_limit(limit)
    assert {row["client"] for row in rows} == {"'" + ids[0], *ids[1:]}
    assert all(None not in row and None not in row.values() for row in rows)
    assert b"\r\n" not in written["migration.csv"].read_bytes()


def test_a_policy_says_which_history(sales):
    planned = {**POLICY, "history": {"every": "quarter", "columns": ["abc"]}}
    result = klientela.run(sales, planned)
    found = result.history()
    assert found.class_columns == ["abc"] and [day.month for day in found.days] == [3, 6, 9, 11]
    pd.testing.assert_frame_equal(
        found.to_pandas(), klientela.history(result, every="quarter", columns=["abc"]).to_pandas()
    )
    assert len(result.history(every="month")) == 11  # options make another one
    assert 'id="movement"' in result.html()
    assert 'id="movement"' not in result.html(hide=["movement"])
    with pytest.raises(klientela.BadPolicyError) as wrong:
        result.html(hide=["moves"])
    assert wrong.value.where == "/hide/0"


def test_the_command_takes_the_history_of_the_policy(cli, tmp_path, sales):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "policy.json").write_text(json.dumps({**POLICY, "history": {"every": "quarter", "columns": ["abc"]}}))
    arguments = ["history", "--transactions", "sales.csv", "--policy", "policy.json", "--out"]
    done = cli(*arguments, "planned")
    assert done.returncode == 0, done.stderr
    assert "4 days" in done.stdout and "classes abc" in done.stdout
    done = cli(*arguments, "asked", "--every", "month")
    assert done.returncode == 0, done.stderr
    assert "11 days" in done.stdout and "classes abc" in done.stdout


def test_options_win_over_the_history_of_the_policy_key_by_key(cli, tmp_path, sales):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    planned = {"every": "month", "periods": 4, "thresholds": "refit", "hold": 2, "margin": 0.4, "columns": ["size_x"]}
    (tmp_path / "policy.json").write_text(json.dumps({**POLICY, "history": planned}))
    ran = klientela.run(sales, POLICY)

    def moves(*options: object) -> str:
        done = cli("history", "--transactions", "sales.csv", "--policy", "policy.json", "--out", "out", *options)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "out" / "transitions.csv").read_text(encoding="utf-8")

    def expected(**wanted: object) -> str:
        plan = {key: value for key, value in {**planned, **wanted}.items() if value is not None}
        history = klientela.run(sales, {**POLICY, "history": plan}).history()
        return write_history(history, tmp_path / "expected")["transitions.csv"].read_text(encoding="utf-8")

    own = moves()
    assert own == expected()
    seen = {own}
    for options, wanted in (
        (("--hold", 1), {"hold": 1}),
        (("--margin", 0), {"margin": 0}),
        (("--hold", 1, "--margin", 0), {"hold": 1, "margin": 0}),
        (("--frozen",), {"thresholds": "frozen"}),
        (("--periods", 0), {"periods": 0}),
        (("--since", "2025-02-01"), {"since": "2025-02-01", "periods": 0}),
        (("--since", "2025-02-01", "--periods", 5), {"since": "2025-02-01", "periods": 5}),
        (("--column", "abc"), {"columns": ["abc"]}),
        (("--every", "week"), {"every": "week"}),
    ):
        found = moves(*options)
        assert found == expected(**wanted), options
        seen.add(found)
    assert len(seen) > 7  # they do make a difference
    # What the policy leaves out is as without a history of its own.
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    assert moves("--column", "size_x", "--hold", 2) == write_history(
        ran.history(columns=["size_x"], hold=2), tmp_path / "expected"
    )["transitions.csv"].read_text(encoding="utf-8")


def test_until_and_refit_take_the_days_of_the_policy_out_of_the_way(cli, tmp_path, sales):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    planned = {"until": "2025-06-30", "frozen_on": "2025-05-31"}
    (tmp_path / "policy.json").write_text(json.dumps({**POLICY, "history": planned}))
    arguments = ["history", "--transactions", "sales.csv", "--policy", "policy.json", "--out", "out"]
    for options, told in (
        ([], "6 days from 2025-01-31 to 2025-06-30"),
        (["--until", "2025-09-15"], "9 days from 2025-01-31 to 2025-09-15"),
        (["--refit"], "6 days from 2025-01-31 to 2025-06-30"),
    ):
        done = cli(*arguments, *options)
        assert done.returncode == 0 and told in done.stdout, done.stdout + done.stderr


def test_assignments_and_roll_ups_hold_on_every_day(cli, tmp_path, sales):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    cards = ["client,parent", *(f"{each},{'' if each < 30 else each % 30}" for each in range(300))]
    (tmp_path / "cards.csv").write_text("\n".join(cards), encoding="utf-8")
    people = klientela.Assignments()
    people.assign(7, "relationship_type", "non-client", day="2025-10-01", by="m.winslow")
    (tmp_path / "people.csv").write_text(people.table.to_csv(), encoding="utf-8")
    arguments = ["history", "--transactions", "sales.csv", "--clients", "cards.csv", "--column", "relationship_type"]
    done = cli(*arguments, "--assignments", "people.csv", "--roll-up", "roots", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "11 days" in done.stdout and ", 30 clients" in done.stdout
    found = pd.read_parquet(tmp_path / "out" / "history.parquet")
    groups = sales.assign(client=sales["client"] % 30, month=sales["at"].dt.to_period("M"))
    for day, rows in found.groupby("day"):
        assert set(rows["client"]) == set(groups[groups["month"] <= pd.Period(day, "M")]["client"])
        labels = rows.set_index("client")["relationship_type"]
        assert labels[7] == "non-client" and set(labels.drop(7)) == {"client"}
    wrong = cli(*arguments, "--assignments", "sales.csv", "--out", "no")
    assert wrong.returncode == 1 and not (tmp_path / "no").exists()


def test_errors_name_the_options_as_they_are_typed(cli, tmp_path, sales):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    planned = {"preset": "default", "history": {"margin": 0.1, "columns": ["relationship_type"]}}
    (tmp_path / "policy.json").write_text(json.dumps(planned))
    for options, told in (
        (["--every", "day", "--since", "1950-01-01", "--until", "2190-01-01"], "(--every)"),
        (["--margin", "1"], "--margin: must be below 1"),
        (["--column", "abd"], "(--column)"),
        (["--since", "2030-01-01"], "(--since)"),
        (["--policy", "policy.json"], "/history/margin"),  # what the policy says is not the option's
        (["--policy", "policy.json", "--margin", "0.2"], "--margin: none of the columns"),
        (["--roll-up", "every_node", "--policy", "no.json"], "no.json"),
        (["--out", "sales.csv"], "(--out)"),
        (["--plugins", "no.py"], "there is no file no.py (--plugins)"),
    ):
        done = cli("history", "--transactions", "sales.csv", "--out", "out", *options)
        assert done.returncode == 1, options
        assert told in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wanted", "days"), [("week", 12), ({"every": "month", "periods": 2}, 2), (True, 11), (False, None), (None, None)]
)
def test_a_run_can_be_told_its_history(sales, wanted, days):
    result = klientela.run(sales, POLICY, history=wanted)
    assert ('id="movement"' in result.html()) == (days is not None)
    if days is not None:
        assert len(result.history()) == days


def test_a_wrong_history_names_its_place(sales):
    for wanted, where in (("fortnight", "/history/every"), ({"hold": 0}, "/history/hold"), (3, "/history")):
        with pytest.raises(klientela.BadPolicyError) as wrong:
            klientela.run(sales, POLICY, history=wanted)
        assert wrong.value.where == where
    with pytest.raises(klientela.InvalidArgumentError, match=r"abd.*size_x"):
        klientela.run(sales, POLICY, history={"columns": ["abd"]})


def test_attention_and_cohorts_of_a_result(sales):
    result = klientela.run(sales, "default")
    assert result.attention().to_csv() == klientela.attention(result.features).to_csv()
    assert len(result.attention(limit=2)) == 2
    assert result.cohorts().to_csv() == klientela.cohorts(result.base, result.as_of).to_csv()
    assert result.cohorts("quarter").to_csv() == klientela.cohorts(result.base, result.as_of, "quarter").to_csv()
    russian = klientela.run(sales, {"report": {"language": "ru", "attention": {"limit": 1}}}).attention()
    assert "дней с последней покупки" in russian["reason"][0] and len(russian) == 1
