"""Roll-ups against pandas relabelling, and profiles of groups against pandas and scipy."""

from __future__ import annotations

import datetime as dt

import klientela
import numpy as np
import pandas as pd
import pytest
from scipy import stats

AS_OF = dt.date(2026, 3, 31)


@pytest.mark.parametrize(("roll_up", "key"), [("root", "to"), (0, "level"), ({"contact": True}, "contact")])
def test_a_wrong_roll_up_is_named_in_full(roll_up: object, key: str) -> None:
    sales = {"client": [1], "at": ["2026-01-02"], "amount": [5]}
    with pytest.raises(klientela.BadPolicyError, match=f"/roll_up/{key}: ") as error:
        klientela.run(sales, roll_up=roll_up)
    assert error.value.where == f"/roll_up/{key}"
    with pytest.raises(klientela.BadPolicyError) as error:
        klientela.roll_up(klientela.run(sales).base, roll_up)
    assert error.value.where == key and str(error.value).startswith(f"{key}: ")


def holdings(seed: int, clients: int = 120) -> dict[str, pd.DataFrame]:
    """Cards in trees, and rows of everybody."""
    random = np.random.default_rng(seed)
    ids = [f"c{n:03d}" for n in range(clients)]
    parents = [None if n == 0 or random.random() < 0.3 else ids[random.integers(n)] for n in range(clients)]

    def days(rows: int) -> pd.DatetimeIndex:
        return pd.Timestamp("2025-01-01 12:00") + pd.to_timedelta(random.integers(0, 440, rows), unit="D")

    def some(rows: int) -> np.ndarray:
        return np.array(ids)[random.integers(0, clients, rows)]

    lines = clients * 12
    amounts = np.round(random.gamma(1.2, 30, lines), 2) + 0.01
    return {
        "clients": pd.DataFrame(
            {
                "client": ids,
                "parent": pd.Series(parents, dtype=object),  # None stays None, whatever pandas makes of texts
                "name": [f"Firm {each}" for each in ids],
            }
        ),
        "transactions": pd.DataFrame(
            {
                "client": some(lines),
                "at": days(lines),
                "amount": np.where(random.random(lines) < 0.1, -amounts, amounts),
                "order": [f"o{n}" for n in random.integers(0, clients * 3, lines)],
                "product": [f"p{n}" for n in random.integers(0, 9, lines) * random.integers(1, 5, lines)],
                "product_category": [f"k{n}" for n in random.integers(0, 4, lines)],
            }
        ),
        "interactions": pd.DataFrame(
            {
                "client": some(clients * 5),
                "started_at": days(clients * 5),
                "channel": random.choice(["phone", "email", "sms"], clients * 5),
                "initiative": random.choice(["inbound", "outbound"], clients * 5),
                "topic": random.choice(["interest", "complaint", "service"], clients * 5),
                "outcome": random.choice(["agreed", "refused", None], clients * 5),
            }
        ),
        "feedback": pd.DataFrame(
            {
                "client": some(clients * 2),
                "at": days(clients * 2),
                "measure": random.choice(["csat", "nps"], clients * 2),
                "score": random.integers(1, 6, clients * 2),
            }
        ),
    }


def root_of(cards: pd.DataFrame, level: int = 1) -> dict[str, str]:
    parent = dict(zip(cards["client"], cards["parent"], strict=True))
    groups = {}
    for client in parent:
        path = [client]
        while parent[path[-1]] is not None:
            path.append(parent[path[-1]])
        groups[client] = client if len(path) <= level else path[-level]
    return groups


def relabelled(tables: dict[str, pd.DataFrame], groups: dict[str, str]) -> dict[str, pd.DataFrame]:
    cards = tables["clients"]
    moved = {name: table.assign(client=table["client"].map(groups)) for name, table in tables.items()}
    return moved | {"clients": cards[cards["client"].map(groups) == cards["client"]].drop(columns="parent")}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("to", ["roots", 2, {"to": "level", "level": 3}])
def test_a_run_of_groups_is_that_of_relabelled_rows(seed, to):
    tables = holdings(seed)
    level = 1 if to == "roots" else to if isinstance(to, int) else to["level"]
    ours = klientela.run(tables, as_of=AS_OF, roll_up=to)
    theirs = klientela.run(relabelled(tables, root_of(tables["clients"], level)), as_of=AS_OF)
    assert ours.clients.to_csv() == theirs.clients.to_csv()
    assert ours.matrix.to_csv() == theirs.matrix.to_csv()
    for name in ("groups", "products", "channels"):
        assert getattr(ours.profiles(), name).to_csv() == getattr(theirs.profiles(), name).to_csv()
    found = ours.hierarchy.to_pandas()
    assert list(found["root"]) == [root_of(tables["clients"])[each] for each in tables["clients"]["client"]]
    assert found["members"].sum() == found["level"].sum()  # every client counts once for everybody above
    assert theirs.hierarchy is None


def test_every_node_has_all_below_it():
    tables = holdings(7, 60)
    result = klientela.run(tables, as_of=AS_OF, roll_up="every_node")
    parent = dict(zip(tables["clients"]["client"], tables["clients"]["parent"], strict=True))
    rows = tables["transactions"]
    rows = rows[rows["at"] < pd.Timestamp(AS_OF) + pd.Timedelta(days=1)]
    found = result.clients.to_pandas().set_index("client")
    for node in parent:
        below = {node}
        while True:
            more = {each for each, up in parent.items() if up in below} - below
            if not more:
                break
            below |= more
        mine = rows[rows["client"].isin(below)]
        assert found.loc[node, "money_net"] == pytest.approx(mine["amount"].sum(), abs=1e-6)
        assert found.loc[node, "frequency"] == mine.loc[mine["amount"] > 0, "order"].nunique()
    assert result.summary["repeats_rows"] is True
    assert "one purchase counts for several" in result.html()
    with pytest.raises(klientela.UnsupportedError, match="several clients"):
        klientela.Tracker(result)


def test_bases_roll_up_by_themselves():
    tables = holdings(3)
    base = klientela.ingest(tables).base
    rolled = klientela.roll_up(base)
    assert len(rolled) == sum(parent is None for parent in tables["clients"]["parent"])
    features = klientela.features(rolled, AS_OF)
    again = klientela.run(tables, as_of=AS_OF, roll_up="roots").features
    assert features.to_pandas().equals(again.to_pandas()[features.to_pandas().columns])
    member = tables["clients"]["client"][tables["clients"]["parent"].notna()].iloc[0]
    assert member in rolled
    tree = klientela.hierarchy(base).to_pandas().set_index("client")
    assert (tree["parent"].notna() == (tree["link"] == "parent")).all()
    with pytest.raises(klientela.InvalidArgumentError, match="cannot be extended"):
        rolled.extend({"clients": {"client": ["new"]}})
    with pytest.raises(klientela.BadPolicyError):
        klientela.roll_up(base, "leaves")
    with pytest.raises(klientela.BadPolicyError):
        klientela.roll_up(base, 0)


def test_circles_are_named():
    tables = {
        "clients": {"client": [1, 2, 3], "parent": [None, 1, None]},
        "contacts": {"contact": [1], "organisation": [2]},
    }
    base = klientela.ingest(tables).base
    with pytest.raises(klientela.BadDataError, match="1 < 2 < 1"):
        klientela.roll_up(base)
    assert len(klientela.roll_up(base, contacts=False)) == 2
    result = klientela.ingest({"clients": {"client": [1, 2, 3], "parent": [2, 1, 9]}})
    assert result.rejected.to_pydict()["value"] == ["1 < 2 < 1", "9"]
    assert result.rejected.to_pydict()["reason"] == ["parent_cycle", "unknown_client"]
    counts = result.counts["clients"]
    assert (counts["rows_used"], counts["rows_rejected"], counts["ignored_values"]) == (2, 1, {"parent": 1})


def test_a_circle_of_parents_loses_no_money():
    result = klientela.run(
        clients={"client": [1, 2], "parent": [2, 1]},
        transactions={"client": [1, 2], "at": ["2026-01-05", "2026-01-06"], "amount": [10, 20]},
        roll_up="roots",
    )
    assert result.summary["rows_rejected"] == 0
    assert result.summary["money_net"] == "30" and result.summary["clients"] == 1
    assert result.rejected.to_pydict()["value"] == ["1 < 2 < 1"]
    page = result.html()
    assert "1 &lt; 2 &lt; 1" in page and "Every row that was read was used." in page


def expected_items(rows: pd.DataFrame, groups: pd.Series, item: str, least: int, test: str) -> pd.DataFrame:
    pairs = rows[["client", item]].drop_duplicates()
    pairs = pairs[pairs["client"].isin(groups.index)]
    have = groups.loc[pairs["client"].unique()]
    sizes = have.value_counts()
    totals = pairs[item].value_counts()
    tested = totals[totals >= least].index
    counts = pairs.assign(group=groups.loc[pairs["client"]].to_numpy()).groupby(["group", item]).size()
    found = []
    for group in sizes.index[sizes > 0]:
        for each in tested:
            k, n, hits, everybody = counts.get((group, each), 0), sizes[group], totals[each], len(have)
            table = [[k, n - k], [hits - k, everybody - n - hits + k]]
            found.append((group, each, k, hits - k, stats.fisher_exact(table, test)[1]))
    frame = pd.DataFrame(found, columns=["group", "item", "clients", "rest_clients", "p"])
    frame["q"] = stats.false_discovery_control(np.clip(frame["p"], 0, 1), method="bh")
    return frame.set_index(["group", "item"])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("test", ["greater", "two_sided"])
def test_items_as_scipy_has_them(seed, test):
    tables = holdings(seed, 300)
    result = klientela.run(tables, as_of=AS_OF)
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    lines = tables["transactions"]
    lines = lines[(lines["amount"] > 0) & (lines["at"] < end)]
    talks = tables["interactions"]
    talks = talks[(talks["initiative"] == "inbound") & (talks["started_at"] < end)]
    for name, column in (("segment", "rfm_segment"), ("cell", "cell"), ("top_product", "top_product")):
        table = result.clients.to_pandas() if column in result.clients else result.features.to_pandas()
        groups = table.set_index("client")[column].dropna().astype(str)
        found = result.profiles(name, test=test, top=0, min_clients=4).products.to_pandas()
        assert set(found["column"]) == {column}
        for kind, rows, item in (
            ("product", lines, "product"),
            ("category", lines, "product_category"),
            ("topic", talks, "topic"),
        ):
            ours = found[found["kind"] == kind].set_index(["group", "item"])
            theirs = expected_items(rows, groups, item, 4, test.replace("_", "-"))
            assert set(ours.index) <= set(theirs.index)
            if test == "two_sided":
                assert set(ours.index) == set(theirs.index)
            else:
                assert (ours["lift"].isna() | (ours["lift"] > 1)).all()
            theirs = theirs.loc[ours.index]
            assert (ours["clients"] == theirs["clients"]).all()
            assert (ours["rest_clients"] == theirs["rest_clients"]).all()
            np.testing.assert_allclose(ours["p"], theirs["p"], rtol=1e-9)
            np.testing.assert_allclose(ours["q"], theirs["q"], rtol=1e-9)


def test_groups_and_channels_as_pandas_has_them():
    tables = holdings(5, 250)
    result = klientela.run(tables, as_of=AS_OF, policy={"preset": "default", "features": {"window_days": 200}})
    profiles = result.profiles("segment", positive_outcomes=["Agreed"], reply_days=5)
    features = result.features.to_pandas()
    groups = profiles.groups.to_pandas().set_index("group")
    by = features.groupby("rfm_segment", observed=False)
    sizes = by.size()
    assert (groups["clients"] == sizes.loc[groups.index]).all()
    for column in ("money_net", "frequency", "recency_days", "tenure_days"):
        name = column.removesuffix("_net")
        np.testing.assert_allclose(groups[f"{name}_mean"], by[column].mean().loc[groups.index], rtol=1e-9)
        np.testing.assert_allclose(groups[f"{name}_median"], by[column].median().loc[groups.index], rtol=1e-9)
    segment = features.set_index("client")["rfm_segment"].astype(str)

    first = pd.Timestamp(AS_OF) - pd.Timedelta(days=199)
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    talks = tables["interactions"]
    talks = talks[(talks["started_at"] >= first) & (talks["started_at"] < end)].assign(
        group=lambda frame: segment.loc[frame["client"]].to_numpy()
    )
    inbound = talks[talks["initiative"] == "inbound"]
    outbound = talks[talks["initiative"] == "outbound"].copy()

    def answered(row: pd.Series) -> bool:
        if row["outcome"] == "agreed":
            return True
        later = inbound.loc[inbound["client"] == row["client"], "started_at"]
        return bool(((later > row["started_at"]) & (later <= row["started_at"] + pd.Timedelta(days=5))).any())

    outbound["answered"] = outbound.apply(answered, axis=1)
    expected = outbound.groupby(["group", "channel"])["answered"].agg(["size", "sum"])
    channels = profiles.channels.to_pandas().set_index(["group", "channel"])
    assert set(channels.index) == set(expected.index)
    assert (channels["outbound"] == expected["size"].loc[channels.index]).all()
    assert (channels["answered"] == expected["sum"].loc[channels.index]).all()
    for row in channels.itertuples():
        low, high = stats.binomtest(row.answered, row.outbound).proportion_ci(method="wilson")
        assert (row.low, row.high) == (pytest.approx(low), pytest.approx(high))

    answers = tables["feedback"]
    answers = answers[(answers["at"] >= first) & (answers["at"] < end) & (answers["measure"] == "csat")]
    good = (answers["score"] >= 4).groupby(segment.loc[answers["client"]].to_numpy()).agg(["size", "mean"])
    asked = groups[groups["csat_n"] > 0]
    assert (asked["csat_n"] == good["size"].loc[asked.index]).all()
    np.testing.assert_allclose(asked["csat"], good["mean"].loc[asked.index])


def test_profiles_show_themselves():
    result = klientela.run(holdings(1), as_of=AS_OF)
    profiles = result.profiles()
    assert set(profiles.groups.to_pydict()["column"]) == {"group", "rfm_segment"}
    assert "groups of group, rfm_segment" in repr(profiles)
    assert "<table" in profiles._repr_html_()
    assert len(profiles.to_pandas("channels")) == len(profiles.channels)
    with pytest.raises(klientela.InvalidArgumentError):
        profiles.to_pandas("clients")
    with pytest.raises(klientela.NotFoundError, match="rfm_segment"):
        result.profiles("nothing")
    with pytest.raises(klientela.BadPolicyError, match="min_clients"):
        result.profiles(min_clients=0)
    page = result.html()
    assert "What the groups are like" in page
    assert "Чем группы отличаются" in result.html(language="ru")
    quiet = klientela.run(
        holdings(1), as_of=AS_OF, policy={"preset": "default", "report": {"profiles": {"columns": []}}}
    )
    assert len(quiet.profiles().groups) == 0 and "What the groups are like" not in quiet.html()
