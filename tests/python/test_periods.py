"""Steadiness over periods, cohorts and the attention list against pandas; the kinds that read them as estimators."""

from __future__ import annotations

import datetime as dt

import klientela
import numpy as np
import pandas as pd
import pytest

AS_OF = dt.date(2026, 3, 10)


def sales(seed: int, lines: int = 2500) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(random.integers(0, 430, lines), unit="D")
    amounts = np.round(random.gamma(1.5, 40, lines), 2) + 0.01
    refunds = random.random(lines) < 0.1
    return pd.DataFrame(
        {
            "client": random.zipf(1.4, lines) % 90,
            "at": days + pd.Timedelta(hours=12),
            "amount": np.where(refunds, -amounts, amounts),
        }
    )


def base_of(frame: pd.DataFrame) -> klientela.ClientBase:
    return klientela.ingest({"transactions": frame}).base


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("start", ["first_purchase", "window"])
@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize("deviation", ["population", "sample"])
def test_variation_as_pandas_has_it(seed, start, empty, deviation):
    frame = sales(seed)
    ours = (
        klientela.periods(base_of(frame), AS_OF, start=start, empty_periods=empty, deviation=deviation)
        .to_pandas()
        .set_index("client")
    )
    frame = frame[frame["at"] < pd.Timestamp(AS_OF) + pd.Timedelta(days=1)]
    frame = frame.assign(month=frame["at"].dt.to_period("M"))
    last = pd.Period("2026-02", "M")  # March is not over
    positive = frame[frame["amount"] > 0]
    first = positive.groupby("client")["month"].min()
    for client, lines in frame.groupby("client"):
        if client not in first.index:
            assert ours.loc[client, "periods"] == 0
            continue
        begin = first[client] if start == "first_purchase" else frame["month"].min()
        months = pd.period_range(begin, last, freq="M") if begin <= last else pd.PeriodIndex([], freq="M")
        money = lines.groupby("month")["amount"].sum()
        orders = lines[lines["amount"] > 0].groupby("month")["amount"].size()
        if not empty:
            months = months[months.isin(money.index)]
        assert ours.loc[client, "periods"] == len(months)
        for name, sums in (("money", money), ("orders", orders)):
            values = sums.reindex(months, fill_value=0).astype(float)
            if len(values) == 0:
                assert pd.isna(ours.loc[client, f"period_{name}_mean"])
                continue
            assert ours.loc[client, f"period_{name}_mean"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-9)
            wanted = values.std(ddof=0 if deviation == "population" else 1) / values.mean()
            if values.mean() > 1e-9 and not pd.isna(wanted):
                assert ours.loc[client, f"period_{name}_cv"] == pytest.approx(wanted, rel=1e-8, abs=1e-12)
            elif values.mean() < -1e-9:
                assert pd.isna(ours.loc[client, f"period_{name}_cv"])
        days = positive.loc[positive["client"] == client, "at"].dt.normalize().drop_duplicates().sort_values()
        if len(days) > 1:
            assert ours.loc[client, "gap_days_last"] == (days.iloc[-1] - days.iloc[-2]).days
        else:
            assert pd.isna(ours.loc[client, "gap_days_last"])


@pytest.mark.parametrize(("period", "code"), [("month", "M"), ("quarter", "Q"), ("year", "Y"), ("week", "W-SUN")])
@pytest.mark.parametrize("seed", range(2))
def test_cohorts_as_pandas_has_them(seed, period, code):
    frame = sales(seed)
    ours = klientela.cohorts(base_of(frame), AS_OF, period).to_pandas()
    frame = frame[frame["at"] < pd.Timestamp(AS_OF) + pd.Timedelta(days=1)]
    frame = frame.assign(p=frame["at"].dt.to_period(code))
    positive = frame[frame["amount"] > 0]
    frame = frame.assign(cohort=frame["client"].map(positive.groupby("client")["p"].min())).dropna(subset=["cohort"])
    frame = frame[frame["p"] >= frame["cohort"]]
    positive = frame[frame["amount"] > 0]
    active = positive.groupby(["cohort", "p"])["client"].nunique()
    net = frame.groupby(["cohort", "p"])["amount"].sum()
    size = positive.groupby("cohort")["client"].nunique()
    last = pd.Period(AS_OF, code)
    wanted = [(cohort, p) for cohort in sorted(size.index) for p in pd.period_range(cohort, last, freq=code)]
    assert len(ours) == len(wanted)
    for (cohort, p), row in zip(wanted, ours.itertuples(), strict=True):
        assert row.age == p.ordinal - cohort.ordinal
        assert pd.Timestamp(row.cohort_begin) == cohort.start_time
        assert row.cohort_clients == size[cohort]
        assert row.clients == active.get((cohort, p), 0)
        assert row.retention == row.clients / row.cohort_clients
        assert float(row.money_net) == pytest.approx(net.get((cohort, p), 0), abs=1e-6)
        assert row.complete == (p.end_time.date() <= AS_OF)


POLICY = {
    "periods": {"period": "month"},
    "classifiers": {
        "abc": {},
        "xyz": {"cross": "abc", "x": 0.5, "y": 1},
        "tiers": {},
        "lifecycle": {},
        "cohort": {"period": "quarter"},
        "matrix": {},
        "kmeans": {"k": 3, "scaling": "log"},
        "ideal_client": {"profiles": [{"name": "Steady", "criteria": [{"measure": "period_orders_cv", "at_most": 1}]}]},
    },
}


def test_a_policy_with_every_kind_and_its_words(base):
    policy = {**klientela.synthetic.POLICY, **POLICY}
    result = klientela.run(base, policy)
    clients = result.clients.to_pandas()
    assert set(clients["tier"]) == {"strategic", "important", "ordinary", "potential"}
    assert set(clients["group"]) <= {"cold", "warm", "hot", "partner"}
    assert clients["tier"].notna().all() and clients["lifecycle"].notna().all()
    assert {"abc_xyz", "cohort", "kmeans", "ideal_client", "period_orders_cv", "gap_days_last"} <= set(clients.columns)
    again = klientela.Policy.from_dict(klientela.Policy.from_dict(policy).to_dict())
    assert klientela.run(base, again).clients.to_csv() == result.clients.to_csv()
    for name, found in result.classes.items():
        for row in (0, 1, len(clients) - 1):
            assert found.explain(row) and found.explain(row, "ru") and found.explain(row) != found.explain(row, "ru"), (
                name
            )
            assert all(reason["rule"] for reason in found.reasons(row))


def test_the_default_policy_has_four_tiers_on_the_demo_base():
    demo = klientela.synthetic.make_base(clients=3000, seed=1)
    result = klientela.run(demo)
    counts = result.clients.to_pandas()["tier"].value_counts()
    assert set(counts.index) == {"strategic", "important", "ordinary", "potential"}
    assert counts.sum() == len(result.clients) == 3000 - result.summary["duplicates"]["merged_cards"]
    assert counts["strategic"] < counts["important"] < counts["ordinary"]
    tiers = result.classes["tiers"]
    assert "because" in tiers.explain(0) and "так как" in tiers.explain(0, "ru")


def test_attention_is_risk_times_value(base):
    result = klientela.run(base, {**klientela.synthetic.POLICY, **POLICY})
    lifecycle = result.classes["lifecycle"]
    listed = klientela.attention(result.features, lifecycle, limit=50).to_pandas()
    clients = result.clients.to_pandas().set_index("client")
    assert list(listed["rank"]) == list(range(1, len(listed) + 1))
    for row in listed.itertuples():
        client = clients.loc[row.client]
        assert row.state == client["lifecycle"] and row.loss_risk == client["lifecycle_loss_risk"]
        assert float(row.value_at_risk) == pytest.approx(client["money_net"] * row.loss_risk, abs=1e-3)
        assert row.rule and row.reason.endswith(".")
    assert listed["value_at_risk"].astype(float).is_monotonic_decreasing
    english = klientela.attention(result.features, lifecycle, limit=3)
    russian = klientela.attention(result.features, lifecycle, limit=3, language="ru")
    assert english.to_pydict()["client"] == russian.to_pydict()["client"]
    with pytest.raises(klientela.BadPolicyError) as caught:
        klientela.attention(result.features, lifecycle, limits=3)
    assert caught.value.where == "/limits"
    with pytest.raises(klientela.InvalidArgumentError, match="not lifecycle"):
        klientela.attention(result.features, result.classes["abc"])


MEASURES = {
    "client": [1, 2, 3],
    "recency_days": [5, 300, None],
    "tenure_days": [400, 400, None],
    "gap_days_mean": [30.0, 25.0, None],
    "gap_days_cv": [0.2, 0.4, None],
    "gap_days_last": [30, 20, None],
    "frequency": [14, 5, 0],
    "money_net": [1000.0, 100.0, 0.0],
    "period_money_cv": [0.05, 0.2, None],
    "first_purchase": [dt.date(2025, 1, 5), dt.date(2025, 4, 5), None],
}


@pytest.mark.parametrize(
    ("estimator", "column", "wanted"),
    [
        (klientela.XYZ(), "xyz", ["X", "Y", "unclassified"]),
        (klientela.Lifecycle(), "lifecycle", ["active", "lost", "unclassified"]),
        (klientela.Cohort(period="quarter"), "cohort", ["2025-Q1", "2025-Q2", "unclassified"]),
        (klientela.Tiers(), "tier", ["important", "ordinary", "potential"]),
        (
            klientela.IdealClient([{"name": "Often", "criteria": [{"measure": "frequency", "at_least": 10}]}]),
            "ideal_client",
            ["Often", "none", "none"],
        ),
    ],
)
def test_estimators(estimator, column, wanted):
    kind = type(estimator)
    assert kind(**estimator.get_params()).get_params() == estimator.get_params()
    assert estimator.fit(MEASURES) is estimator
    assert estimator.transform(MEASURES).to_pydict()[column] == wanted
    model = klientela.Model.from_json(estimator.model_.to_json())
    assert model.classify(MEASURES).table.to_pydict()[column] == wanted
