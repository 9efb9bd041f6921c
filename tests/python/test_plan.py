"""Schedules from Python: made, told, checked, edited and read back."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import klientela
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet
import pytest
from klientela import _core, plan_files

PERIOD = "2026-07-06..2026-07-19"
PLANNED = [
    "id",
    "client",
    "name",
    "manager",
    "channel",
    "topic",
    "purpose",
    "initiative",
    "start",
    "end",
    "time_zone",
    "minutes",
    "value",
    "playbook",
    "reason",
]
# Everybody is called once, by whoever is their owner.
SMALL = {
    "channels": [{"name": "phone", "minutes": 30, "contacts": 4}],
    "playbooks": [
        {
            "name": "call all",
            "when": "true",
            "en": "call",
            "ru": "звонок",
            "quotas": [
                {
                    "name": "call",
                    "channels": ["phone"],
                    "contacts": 1,
                    "per": "month",
                    "value": 3,
                    "purposes": [{"en": "say hello", "ru": "поздороваться"}],
                }
            ],
        }
    ],
    "care": [],
    "revisits": None,
    "limits": [],
    "batching": None,
    "owners": {"dedicated": None},
}
MANAGERS = {"manager": ["ann", "bob"], "name": ["Ann", None], "time_zone": ["Europe/Berlin", "Asia/Kathmandu"]}


def small_result(clients: int = 6, **more: dict[str, list[str]]) -> klientela.Result:
    ids = [f"c{number}" for number in range(clients)]
    cards = {"client": ids, "name": [f"Client {each}" for each in ids], "owner": ["ann", "bob"] * (clients // 2)}
    sales = {"client": ids, "at": ["2026-11-02"] * clients, "amount": [10 + number for number in range(clients)]}
    return klientela.run({"clients": cards, "transactions": sales, **more}, {"dedupe": {"merge": False}})


@pytest.fixture(scope="module")
def small() -> klientela.Schedule:
    return small_result().schedule(MANAGERS, "2026-12", policy=SMALL)


@pytest.fixture(scope="module")
def schedule(result: klientela.Result) -> klientela.Schedule:
    return result.schedule(klientela.synthetic.make_managers(), PERIOD)


def test_a_small_plan_is_told_in_full(small):
    assert len(small) == 6 and small.proved and small.gap == 0
    assert small.period == (dt.date(2026, 12, 1), dt.date(2026, 12, 31))
    assert small.channels == ["phone"] and small.language == "en"
    planned = small.planned.to_pydict()
    assert list(planned) == PLANNED
    assert set(planned["client"]) == {f"c{number}" for number in range(6)}
    assert set(planned["purpose"]) == {"say hello"} and set(planned["minutes"]) == {30}
    assert set(small.in_language("ru").planned["purpose"]) == {"поздороваться"}
    for start, end in zip(planned["start"], planned["end"], strict=True):
        assert end - start == dt.timedelta(minutes=30)
    assert small.objective == small.upper_bound == sum(planned["value"], Decimal())
    summary = small.summary
    assert summary["planned"] == 6 and summary["refused"] == {} and summary["proved"] is True
    assert json.loads(small.summary_json()) == summary
    assert len(small.owners) == 6 and len(small.refused) == 0 and len(small.shortfalls) == 0


def test_the_default_plan_of_a_generated_base_keeps_every_rule(schedule):
    assert len(schedule) > 50
    assert len(schedule.check()) == 0
    assert schedule.upper_bound >= schedule.objective > 0 and 0 <= schedule.gap < 0.05
    assert sum(schedule.summary["refused"].values()) == len(schedule.refused)
    managers = set(schedule.managers.to_pydict()["manager"])
    assert set(schedule.planned["manager"]) <= managers
    assert set(schedule.prices["resource"]) <= {"slot", "minute", "contact"}


def test_one_run_plans_too():
    """Managers and a period beside the tables: the run has its plan, and the page tells of it."""
    base = klientela.synthetic.make_base(clients=120, seed=5)
    team = klientela.synthetic.make_managers()
    plain = klientela.run(base, klientela.synthetic.POLICY)
    assert plain.plan is None and 'id="plan"' not in plain.html()
    stages = set()
    result = klientela.run(
        base,
        klientela.synthetic.POLICY,
        managers=team,
        period=PERIOD,
        progress=lambda stage, share: stages.add(stage),
    )
    assert "plan" in stages and "compile" in stages
    apart = plain.schedule(team, PERIOD)
    assert result.plan is not None and result.plan.planned.to_csv() == apart.planned.to_csv()
    assert 'id="plan"' in result.html() and 'id="plan"' not in result.html(hide=["plan"])
    assert 'id="plan"' in plain.html(schedule=apart)
    again = result.plan.replan("2026-07-13")
    assert again.change_counts["changed"] == 0 and set(again.changes.to_pydict()["change"]) <= {"added"}
    kept = plain.schedule(team, PERIOD, owners=apart.owners)
    told = kept.owners.to_pydict()
    assert told["manager"] == apart.owners.to_pydict()["manager"]
    assert {reason for reason, who in zip(told["reason"], told["manager"], strict=True) if who} == {"kept"}
    for part in ({"managers": team}, {"period": PERIOD}):
        with pytest.raises(klientela.InvalidArgumentError, match="give both, or neither"):
            klientela.run(base, **part)


def test_planning_again_counts_what_was_held_meanwhile(small):
    rows = small.planned.to_pydict()
    for column in ("start", "end"):
        rows[column] = [at + dt.timedelta(days=14) for at in rows[column]]
    announced = small.read_back(rows, small.refused, small.prices)
    assert len(announced.check()) == 0 and announced.held == []
    since = min(at.date() for at in rows["start"])
    held = since - dt.timedelta(days=1)
    call = {
        "client": ["c0"],
        "channel": ["phone"],
        "initiative": ["outbound"],
        "started_at": [f"{held}T10:00:00"],
        "state": ["completed"],
    }
    now = small_result(interactions=call)
    with pytest.raises(klientela.InvalidArgumentError, match="lies behind the plan") as caught:
        announced.replan("2030-01-01", result=now)
    assert caught.value.where == "since"
    again = announced.replan(since, result=now)
    done = rows["id"][rows["client"].index("c0")]
    assert again.held == [done] and done not in again.planned["id"]
    assert len(again) == 5 and len(again.check()) == 0 and len(again.shortfalls) == 0
    changes = again.changes.to_pydict()
    assert changes["change"] == ["dropped"] and f"held already on {held}" in changes["text"][0]
    later = again.replan(since, result=now)
    assert later.held == [done] and len(later.changes) == 0
    told = now.schedule(MANAGERS, "2026-12", policy=SMALL, held=again.held)
    assert set(told.planned["client"]) == {f"c{number}" for number in range(1, 6)}


def test_threads_change_nothing(result):
    managers = klientela.synthetic.make_managers()
    one, four = (klientela.make_schedule(result, managers, PERIOD, threads=threads) for threads in (1, 4))
    for table in ("planned", "refused", "prices", "owners", "shortfalls"):
        assert getattr(one, table).to_csv() == getattr(four, table).to_csv(), table
    assert one.summary_json() == four.summary_json()


def test_tables_go_to_frames(small):
    frame = small.to_pandas()
    assert list(frame.columns) == PLANNED and isinstance(frame, pandas.DataFrame)
    assert small.to_polars("owners").columns == ["client", "manager", "reason", "text"]
    assert isinstance(small.to_polars(), polars.DataFrame)
    assert pa.table(small).num_rows == 6
    assert "6 contacts planned" in repr(small) and "<table>" in small._repr_html_()
    with pytest.raises(klientela.InvalidArgumentError, match="table must be one of"):
        small.to_pandas("plans")


def test_progress_is_told_and_can_stop():
    seen: list[str] = []
    small_result().schedule(MANAGERS, "2026-12", policy=SMALL, progress=lambda stage, share: seen.append(stage))

    def stop(stage: str, share: float) -> None:
        raise RuntimeError("enough")

    if seen:
        with pytest.raises(RuntimeError, match="enough"):
            small_result().schedule(MANAGERS, "2026-12", policy=SMALL, progress=stop)


def edited(table: klientela.Table, column: str, row: int, value: object) -> klientela.Table:
    columns = table.to_pydict()
    columns[column][row] = value
    return klientela.Table(columns)


def test_what_a_person_broke_is_found(small):
    planned, refused, prices = small.planned, empty_refused(), small.prices
    assert len(small.read_back(planned, refused, prices).check()) == 0
    start = planned.to_pydict()["start"][0]
    night = edited(
        planned, "start", 0, start - dt.timedelta(hours=start.hour, minutes=start.minute) + dt.timedelta(hours=1)
    )
    faults = small.read_back(night, refused, prices).check().to_pydict()
    assert "outside_shift" in faults["violation"] and faults["id"][0] == planned["id"][0]
    assert faults["manager"][0] == planned["manager"][0] and faults["day"][0].year == 2026
    missing = klientela.Table({name: values[1:] for name, values in planned.to_pydict().items()})
    assert "touch_missing" in small.read_back(missing, refused, prices).check()["violation"]
    assert len(small.read_back(missing, refused, prices).check(max_faults=0)) == 0
    with pytest.raises(klientela.BadDataError, match="row 1, column id"):
        small.read_back(edited(planned, "id", 0, "nobody/x/y/z/1"), refused, prices)
    gone = small.read_back(edited(planned, "manager", 0, "zoe"), refused, prices)
    assert gone.check()["violation"] == ["unknown_manager"] and len(gone.planned) == len(planned) - 1
    assert gone.check_summary()["faults"] == 1 and small.check_summary()["bound_verified"]
    with pytest.raises(klientela.NotFoundError):
        small.read_back({"id": []}, refused, prices)


def empty_refused() -> klientela.Table:
    import numpy as np

    return _core.Table._from_columns(
        [("id", "text", [], None), ("reason", "text", [], None), ("surplus", "money", np.zeros(0, np.int64), None)]
    )


def test_files_come_back(schedule, tmp_path):
    written = schedule.write(tmp_path / "plan", also=["parquet"])
    assert set(written) == {
        "plan.csv",
        "refused.csv",
        "prices.csv",
        "owners.csv",
        "shortfalls.csv",
        "summary.json",
        "plan.parquet",
    }
    again = schedule.read_back(*plan_files.read_tables(tmp_path / "plan"))
    assert again.planned.to_csv() == schedule.planned.to_csv()
    assert again.refused.to_csv() == schedule.refused.to_csv()
    assert again.prices.to_csv() == schedule.prices.to_csv()
    assert again.objective == schedule.objective and len(again.check()) == 0
    assert pa.parquet.read_table(written["plan.parquet"]).num_rows == len(schedule)


def test_starts_in_the_file_are_of_the_managers_clock(small, tmp_path):
    small.write(tmp_path)
    lines = (tmp_path / "plan.csv").read_text(encoding="utf-8").splitlines()
    assert any("+01:00" in line for line in lines) and any("+05:45" in line for line in lines)
    for line in lines[1:]:
        hour = int(line.split("T", 1)[1][:2])
        assert 9 <= hour < 18


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"managers": {"name": ["Ann"]}}, klientela.NotFoundError, "manager"),
        ({"managers": {"manager": ["ann", "ann"]}}, klientela.BadDataError, "row 2"),
        ({"managers": {"manager": ["ann"], "time_zone": ["Mars/Base"]}}, klientela.KlientelaError, "Mars/Base"),
        ({"managers": {"manager": ["ann"], "hours": ["late"]}}, klientela.BadDataError, "hours"),
        ({"period": "December"}, klientela.InvalidArgumentError, "period"),
        ({"period": ("2026-12-10", "2026-12-01")}, klientela.InvalidArgumentError, "mean 2026-12-01..2026-12-10"),
        ({"period": (None, None)}, klientela.InvalidArgumentError, "two days"),
        ({"policy": {"channels": []}}, klientela.BadPolicyError, "/plan/channels"),
        ({"policy": {"nonsense": 1}}, klientela.BadPolicyError, "/plan"),
        ({"policy": {"solver": {"gap": float("nan")}}}, klientela.BadPolicyError, "^/plan/solver/gap: nan"),
        (
            {"policy": {**SMALL, "playbooks": [{"name": "x", "when": "no_such = 1"}]}},
            klientela.BadPolicyError,
            "no_such",
        ),
        ({"policy": "{"}, klientela.BadPolicyError, "JSON"),
        ({"holidays": {"country": ["DE"]}}, klientela.NotFoundError, "there is no column"),
        (
            {"holidays": {"country": ["DE"], "day": ["25.12.2026"], "name": ["x"]}},
            klientela.BadDataError,
            "holidays, row 1, column day",
        ),
        ({"as_of": "soon"}, klientela.KlientelaError, "as_of"),
        ({"language": "fr"}, klientela.InvalidArgumentError, "fr"),
    ],
)
def test_bad_arguments_are_named(change, error, words):
    given = {"managers": MANAGERS, "period": "2026-12", "policy": SMALL} | change
    with pytest.raises(error, match=words):
        small_result().schedule(given.pop("managers"), given.pop("period"), **given)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match=r"klientela\.run"):
        klientela.make_schedule({}, MANAGERS, "2026-12")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        small_result().schedule(7, "2026-12")
    with pytest.raises(klientela.InvalidArgumentError, match="two days"):
        small_result().schedule(MANAGERS, 2026)  # type: ignore[arg-type]


def test_a_policy_has_a_part_plan():
    policy = klientela.Policy.from_dict({"plan": SMALL, "dedupe": {"merge": False}})
    assert klientela.Policy.from_dict(policy.to_dict()) == policy
    assert policy.to_dict()["plan"]["channels"][0]["name"] == "phone"
    assert klientela.Policy().to_dict()["plan"] is None
    with pytest.raises(klientela.BadPolicyError) as caught:
        klientela.Policy.from_dict({"plan": {"channels": [{"name": ""}]}})
    assert caught.value.where.startswith("/plan/channels/0")
    sales = {"client": ["a"], "at": ["2026-11-02"], "amount": [1]}
    by_policy = klientela.run(sales, policy).schedule({"manager": ["ann"]}, "2026-12")
    assert len(by_policy) == 1
    other = klientela.run(sales).schedule({"manager": ["ann"]}, "2026-12", policy=policy)
    assert other.planned.to_csv() == by_policy.planned.to_csv()
    whole = {"plan": SMALL, "dedupe": {"merge": False}}
    for given in (whole, json.dumps(whole), SMALL):
        assert len(klientela.run(sales).schedule({"manager": ["ann"]}, "2026-12", policy=given)) == 1


EXAMPLE = Path(__file__).parents[2] / "examples" / "policies" / "month_plan.json"


def test_the_schema_takes_what_the_policy_takes():
    """The default, the example and the generated base's policy, as they are written and with every default written out."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(klientela.Policy.schema())
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert example["plan"]["playbooks"]
    for document in ({"plan": {}}, example, klientela.synthetic.POLICY):
        policy = klientela.Policy.from_dict(document)
        for each in (document, policy.to_dict()):
            assert [error.message for error in validator.iter_errors(each)] == []
        assert klientela.Policy.from_dict(policy.to_dict()) == policy
    assert klientela.Policy.from_dict({"plan": {}}).to_dict()["plan"]["playbooks"]


@pytest.mark.parametrize(
    "plan",
    [
        {"nonsense": 1},
        {"limits": [{"contacts": 3}]},
        {"limits": [{"contacts": "three", "days": 7}]},
        {"channels": [{"minutes": 10}]},
        {"playbooks": [{"when": "true"}]},
        {"playbooks": [{"name": "p", "when": "true", "quotas": [{"channel": "phone", "gap_days": -1}]}]},
        {"care": [{"on": "card.birthday"}]},
        {"campaigns": [{"name": "c", "contact": {"channel": "phone"}}]},
        {"batching": {"channels": ["meeting"], "value": "much"}},
        {"solver": {"rounds": -1}},
    ],
)
def test_what_the_schema_refuses_the_policy_refuses(plan):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(klientela.Policy.schema())
    assert not validator.is_valid({"plan": plan})
    with pytest.raises(klientela.BadPolicyError, match="/plan/"):
        klientela.Policy.from_dict({"plan": plan})


def test_holidays_are_days_off():
    managers = {"manager": ["ann"], "country": ["DE"]}
    days = [dt.date(2026, 12, day) for day in range(1, 32) if day != 9]
    holidays = {"country": ["DE"] * len(days), "day": days, "name": ["Feast"] * len(days)}
    result = small_result(2)
    policy = {**SMALL, "playbooks": [{**SMALL["playbooks"][0]}]}
    planned = result.schedule(managers, "2026-12", policy=policy, holidays=holidays).planned
    assert {start.astype("datetime64[D]").astype(object) for start in planned["start"]} == {dt.date(2026, 12, 9)}


def test_holidays_of_a_country_by_the_package():
    pytest.importorskip("holidays")
    result = small_result()
    assert len(result.schedule(MANAGERS, "2026-12", policy=SMALL, holidays=["DE-BY", "NP"])) == 6
    team = {"manager": ["ann"], "country": ["DE"]}
    planned = result.schedule(team, "2026-12-24..2026-12-26", policy=SMALL, holidays="DE").planned
    assert dt.date(2026, 12, 25) not in {start.astype("datetime64[D]").astype(object) for start in planned["start"]}
    with pytest.raises(klientela.NotFoundError, match="XX"):
        result.schedule(MANAGERS, "2026-12", holidays="XX")
