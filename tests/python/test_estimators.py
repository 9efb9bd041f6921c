"""RFM, ABC and ContactMatrix: scikit-learn's manners, klientela's exactness."""

from __future__ import annotations

from decimal import Decimal

import klientela
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

MEASURES = {
    "client": [1, 2, 3, 4, 5, 6],
    "recency_days": [1, 5, 9, 100, 200, None],
    "frequency": [10, 8, 3, 2, 1, 0],
    "money_net": [1000.5, 200.0, 50.0, 20.0, 10.0, 0.0],
}


@pytest.mark.parametrize("estimator", [klientela.RFM(bins=3), klientela.ABC(), klientela.ContactMatrix()])
def test_manners(estimator):
    kind = type(estimator)
    copy = kind(**estimator.get_params())
    assert copy.get_params() == estimator.get_params() and copy is not estimator
    with pytest.raises(klientela.InvalidArgumentError, match="fit"):
        copy.transform(MEASURES)
    assert copy.fit(MEASURES) is copy
    assert copy.transform(MEASURES).to_csv() == estimator.fit_transform(MEASURES).to_csv()
    with pytest.raises(klientela.InvalidArgumentError, match="no parameter 'x1'"):
        copy.set_params(x1=1)
    assert copy.set_params(name="other").name == "other"
    assert "other" in repr(copy)
    # Thresholds are frozen: one row alone is classed as it was among all.
    first = {name: values[:1] for name, values in MEASURES.items()}
    assert estimator.transform(first).to_pydict() == {
        n: v[:1] for n, v in estimator.transform(MEASURES).to_pydict().items()
    }


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table, klientela.Table])
def test_any_column_table(make):
    wanted = klientela.RFM(bins=3).fit_transform(MEASURES).to_pydict()
    assert klientela.RFM(bins=3).fit_transform(make(MEASURES)).to_pydict() == wanted


def test_rfm_scores_and_reasons():
    rfm = klientela.RFM(bins=3).fit(MEASURES)
    scores = rfm.transform(MEASURES).to_pydict()
    assert scores["rfm_r"] == [3, 3, 2, 1, 1, None]
    assert scores["rfm_segment"][5] == "none"
    classes = rfm.classify(MEASURES)
    assert classes.reasons(0)[0]["measure"] == "recency_days"
    assert "recency_days" in classes.explain(0) and "recency_days" in classes.explain(0, "ru")


def test_rfm_with_fixed_cutoffs():
    rfm = klientela.RFM(
        bins=2,
        method="fixed",
        recency={"measure": "recency_days", "better": "low", "cutoffs": [9]},
        frequency={"measure": "frequency", "cutoffs": [2]},
        money={"measure": "money_net", "cutoffs": [50]},
    )
    assert rfm.fit_transform(MEASURES).to_pydict()["rfm_r"] == [2, 2, 2, 1, 1, None]


def test_abc_conventions_and_decimals():
    values = {"client": [1, 2, 3], "money_net": [Decimal("0.8"), Decimal("0.15"), Decimal("0.05")]}
    assert klientela.ABC().fit_transform(values).to_pydict()["abc"] == ["A", "B", "C"]
    crossing = {"client": [1, 2, 3], "money_net": [Decimal("0.7"), Decimal("0.2"), Decimal("0.1")]}
    assert klientela.ABC().fit_transform(crossing).to_pydict()["abc"] == ["A", "A", "B"]
    assert klientela.ABC(convention="stay").fit_transform(crossing).to_pydict()["abc"] == ["A", "B", "C"]


def test_abc_with_computed_limits():
    values = {"client": list(range(1, 11)), "money_net": list(range(1, 11))}
    assert "".join(klientela.ABC(limits="computed").fit_transform(values).to_pydict()["abc"]) == "CCCCBBBAAA"


def test_matrix_by_hand():
    matrix = klientela.ContactMatrix(
        x={"bands": ["few", "many"], "measure": "frequency", "edges": [2]},
        y={"bands": ["small", "large"], "measure": "money_net", "edges": [100]},
        groups=[{"name": "best", "rules": [{"x": ["many"], "y": ["large"]}]}],
        otherwise="rest",
    )
    assert matrix.fit_transform(MEASURES).to_pydict()["group"] == ["best", "best", "rest", "rest", "rest", "rest"]


def test_a_segment_table_with_a_hole_is_refused_by_name():
    rows = [{"segment": "x", "recency": [1, 5], "frequency": [1, 5], "money": [2, 5]}]
    assert klientela.check_segments(rows)["missing"][0] == (1, 1, 1)
    with pytest.raises(klientela.BadPolicyError, match="1/1/1") as caught:
        klientela.RFM(segments={"rows": rows}).fit(MEASURES)
    assert caught.value.where == "/segments"
    published = klientela.rfm10_segments()
    assert len(klientela.check_segments(published["rows"])["missing"]) == 10
    assert klientela.check_segments(klientela.default_segments()["rows"])["missing"] == []


def test_an_absent_column_is_named():
    with pytest.raises(LookupError, match="nope"):
        klientela.ABC(measures="nope").fit(MEASURES)
