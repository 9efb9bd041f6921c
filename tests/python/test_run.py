"""run(): one call from tables to classes, the same for every library, thread count and row order."""

from __future__ import annotations

import datetime as dt
import random
import signal
import threading
import time
from decimal import Decimal

import duckdb
import klientela
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def everything(result):
    return [
        result.clients.to_csv(),
        result.matrix.to_csv(),
        result.features.to_csv(),
        result.summary_json(),
        result.html(),
    ]


def test_small_run_by_hand(sales):
    result = klientela.run(sales)
    assert result.as_of == dt.date(2026, 2, 3)
    features = result.features.to_pydict()
    # Integers come before texts: "00123" is no integer, since it would not be written so.
    assert [str(client) for client in features["client"]] == ["-5", "7", "00123", "a;b"]
    assert features["money_gross"] == [Decimal("3.25"), Decimal(7), Decimal("30.5"), Decimal(100)]
    assert features["money_refunds"] == [0, 1, 0, 0]
    assert features["recency_days"] == [14, 2, 0, 1]
    assert "00123" in result.explain("00123")["rfm"] or "recency" in result.explain("00123")["rfm"]
    assert result.row_of(7) == result.row_of("7") == 1
    with pytest.raises(klientela.NotFoundError):
        result.explain("nobody")


def test_summary_counts_add_up(result):
    summary = result.summary
    for counts in summary["tables"].values():
        assert counts["rows_read"] == counts["rows_used"] + counts["rows_rejected"]
        assert sum(counts["rejected_by_reason"].values()) == counts["rows_rejected"]
    assert sum(summary["abc"].values()) == summary["clients_with_purchases"]
    assert sum(summary["classes"]["abc"].values()) == summary["clients"] == len(result.clients)
    assert sum(group["clients"] for group in summary["matrix"]["groups"].values()) == summary["clients"]
    assert len(result.rejected) == sum(counts["rows_rejected"] for counts in summary["tables"].values())


def test_classes_and_reasons(result):
    assert list(result.classes) == ["rfm", "abc", "matrix", "tiers", "relationship_type"]
    matrix = result.classes["matrix"]
    assert set(matrix.columns) == {"matrix_x", "matrix_y", "cell", "group"}
    row = 3
    reasons = matrix.reasons(row)
    assert {reason["column"] for reason in reasons} >= {"matrix_x", "matrix_y"}
    assert matrix.explain(row, "ru") != matrix.explain(row, "en")
    frozen = klientela.Model.from_json(result.models["abc"].to_json())
    assert frozen.classify(result.features)["abc"].tolist() == result.classes["abc"]["abc"].tolist()
    with pytest.raises(klientela.OutOfRangeError):
        matrix.reasons(10**6)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_change_nothing(base, result, threads):
    assert everything(klientela.run(base, klientela.synthetic.POLICY, threads=threads)) == everything(result)


def test_row_order_changes_nothing(base, result):
    shuffled = {}
    for name, table in base.items():
        rows = list(range(len(table)))
        random.Random(1).shuffle(rows)
        shuffled[name] = table.take(rows)
    again = klientela.run(shuffled, klientela.synthetic.POLICY)
    assert everything(again)[:3] == everything(result)[:3]
    assert again.summary == result.summary


SOURCES = {
    "lists": lambda arrow: arrow.to_pydict(),
    "numpy": lambda arrow: {name: np.array(arrow[name].to_pylist(), dtype=object) for name in arrow.column_names},
    "pandas": lambda arrow: arrow.to_pandas(),
    "pandas, arrow types": lambda arrow: arrow.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda arrow: pl.from_arrow(arrow),
    "pyarrow": lambda arrow: arrow,
    "duckdb": lambda arrow: duckdb.from_arrow(arrow),
    "batches": lambda arrow: pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(max_chunksize=7)),
    "slices": lambda arrow: pa.concat_tables([arrow.slice(0, 5), arrow.slice(5)]),
    "dictionaries": lambda arrow: pa.table(
        {n: arrow[n].dictionary_encode() if pa.types.is_string(arrow[n].type) else arrow[n] for n in arrow.column_names}
    ),
    "views": lambda arrow: arrow.set_column(0, "client", arrow["client"].cast(pa.string_view())),
    "large": lambda arrow: arrow.set_column(0, "client", arrow["client"].cast(pa.large_string())),
    "klientela": lambda arrow: klientela.Table(arrow),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same(source):
    generator = random.Random(3)
    count = 200
    arrow = pa.table(
        {
            "client": [f"c{generator.randrange(40):03d}" for _ in range(count)],
            "at": pa.array(
                [dt.datetime(2026, 1, 1) + dt.timedelta(hours=generator.randrange(2000)) for _ in range(count)],
                pa.timestamp("us"),
            ),
            "amount": pa.array(
                [Decimal(generator.randrange(-1000, 99999)) / 100 for _ in range(count)], pa.decimal128(12, 2)
            ),
            "product": [generator.choice(["tea", "чай", "茶", None]) for _ in range(count)],
        }
    )
    wanted = klientela.run({"transactions": arrow})
    got = klientela.run({"transactions": SOURCES[source](arrow)})
    assert everything(got) == everything(wanted)


def test_zoneless_times_are_wall_clock():
    at = [dt.datetime(2026, 1, 1, 0, 30)]
    policy = {"ingest": {"time_zone": "Asia/Shanghai"}}
    for data in ({"client": [1], "at": at, "amount": [1]}, klientela.Table({"client": [1], "at": at, "amount": [1]})):
        assert klientela.run(data, policy).as_of == dt.date(2026, 1, 1)
    aware = [at[0].replace(tzinfo=dt.timezone.utc) - dt.timedelta(hours=1)]
    assert klientela.run({"client": [1], "at": aware, "amount": [1]}, policy).as_of == dt.date(2026, 1, 1)


def test_every_stage_by_hand_is_the_run(base, result):
    policy = klientela.Policy.from_dict(klientela.synthetic.POLICY).to_dict()
    read = klientela.ingest(base, **policy["ingest"])
    merged = klientela.MergedBase(read.base, journal=result.merged.journal_text).base
    assert read.counts == result.counts and len(merged) == len(result.base) < len(read.base)
    features = klientela.features(merged, result.as_of, **policy["features"])
    for name, options in policy["classifiers"].items():
        classifier = klientela.Classifier(name=name, **options)
        table = klientela.base_columns(merged, features, result.as_of, classifier.inputs)
        got = classifier.fit(table).classify(table)
        assert got.table.to_csv() == result.classes[name].table.to_csv()
    assert features.to_csv() == klientela.to_csv(klientela.Table(result.features.to_arrow().select(features.columns)))


def test_refresh_and_merge_equal_the_whole():
    base = klientela.synthetic.make_base(clients=300, seed=9, bad_rows=0)
    arrow = base["transactions"].to_arrow().sort_by("at")
    at = arrow["at"].to_pylist()
    cut = next(row for row in range(len(at) * 9 // 10, len(at)) if at[row][:7] != at[row - 1][:7])
    first = klientela.ingest({"transactions": arrow.slice(0, cut)})
    day = dt.date.fromisoformat(at[cut - 1][:10])
    earlier = klientela.features(first.base, day, groups=["purchases"])
    grown = first.base.extend({"transactions": arrow.slice(cut)})
    assert grown.base.extends(first.base) and not first.base.extends(grown.base)
    last = grown.base.last_purchase_day
    fresh = klientela.features(grown.base, last, groups=["purchases"])
    assert klientela.refresh(earlier, grown.base, last).to_csv() == fresh.to_csv()
    assert earlier.as_of == day and len(earlier) == len(first.base)
    later = klientela.features(klientela.ingest({"transactions": arrow.slice(cut)}).base, last, groups=["purchases"])
    orders = set(arrow["order"].to_pylist()[:cut]) & set(arrow["order"].to_pylist()[cut:])
    if not orders:
        assert klientela.merge(earlier, later).to_csv() == fresh.to_csv()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-5, 5),
            st.dates(dt.date(2020, 1, 1), dt.date(2021, 12, 31)),
            st.decimals(-10_000, 10_000, places=4),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_money_and_counts_are_exact(rows):
    data = {
        "client": [row[0] for row in rows],
        "at": [row[1] for row in rows],
        "amount": pa.array([row[2] for row in rows], pa.decimal128(12, 4)),
    }
    result = klientela.run({"transactions": pa.table(data)})
    features = result.features.to_pydict()
    assert features["client"] == sorted({row[0] for row in rows})
    for place, client in enumerate(features["client"]):
        own = [row for row in rows if row[0] == client]
        assert features["money_gross"][place] == sum((row[2] for row in own if row[2] > 0), Decimal(0))
        assert features["money_refunds"][place] == -sum((row[2] for row in own if row[2] < 0), Decimal(0))
    assert result.as_of == max(row[1] for row in rows)


@pytest.mark.parametrize(
    ("call", "error", "where"),
    [
        (lambda s: klientela.run({}), ValueError, "tables"),
        (lambda s: klientela.run({"sales": s}), LookupError, "sales"),
        (lambda s: klientela.run(s, transactions=s), ValueError, "transactions"),
        (lambda s: klientela.run({**s, "Client": s["client"]}), ValueError, None),
        (lambda s: klientela.run({"client": s["client"], "at": s["at"]}), ValueError, None),
        (lambda s: klientela.run(s, "no such preset"), LookupError, None),
        (lambda s: klientela.run(s, {"nonsense": 1}), klientela.BadPolicyError, "/nonsense"),
        (lambda s: klientela.run(s, "{"), klientela.BadPolicyError, None),
        (lambda s: klientela.run(s, as_of="yesterday"), ValueError, "as_of"),
        (lambda s: klientela.run(s, {"features": {"window_days": -1}}), ValueError, None),
        (lambda s: klientela.run(s, {"classifiers": {"abc": {"a": 0.9, "b": 0.5}}}), klientela.BadPolicyError, None),
        (lambda s: klientela.run({"client": [], "at": [], "amount": []}), ValueError, "as_of"),
        (
            lambda s: klientela.features(klientela.ClientBase(), "2026-01-01", nonsense=1),
            klientela.BadPolicyError,
            None,
        ),
    ],
)
def test_errors_say_what_and_where(sales, call, error, where):
    with pytest.raises(error) as caught:
        call(sales)
    assert isinstance(caught.value, klientela.KlientelaError)
    assert str(caught.value)
    if where is not None:
        assert caught.value.where == where


def test_error_classes():
    for name in dir(klientela):
        each = getattr(klientela, name)
        if (
            isinstance(each, type)
            and issubclass(each, klientela.KlientelaError)
            and each is not klientela.KlientelaError
        ):
            assert len(each.__mro__) > 3 and each("text", "place").where == "place"
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        klientela.run({"transactions": 5, "clients": {}})


def test_bad_cells_are_rejected_rows(sales):
    sales["amount"][0] = "12,5O"
    sales["at"][1] = "31.02.2026"
    sales["client"][2] = None
    sales["amount"][3] = float("nan")
    sales["amount"][4] = "9" * 30
    sales["amount"] = [str(value) for value in sales["amount"]]
    result = klientela.run(sales)
    rejected = result.rejected.to_pydict()
    assert rejected["row"] == [1, 2, 3, 4, 5]
    assert rejected["reason"] == ["not_a_number", "not_a_date", "missing_value", "not_a_number", "overflow"]
    assert rejected["value"][0] == "12,5O"
    assert result.summary["rows_used"] == 1


def test_an_interrupted_stream_is_an_error(sales):
    arrow = pa.table(sales)

    def batches():
        yield arrow.to_batches()[0]
        raise RuntimeError("the cable was pulled")

    with pytest.raises(klientela.BadDataError, match="cable") as caught:
        klientela.run({"transactions": pa.RecordBatchReader.from_batches(arrow.schema, batches())})
    assert caught.value.where.startswith("transactions")


def test_a_stream_is_taken_once(sales):
    reader = pa.RecordBatchReader.from_batches(pa.table(sales).schema, pa.table(sales).to_batches())
    klientela.run({"transactions": reader})
    with pytest.raises(Exception):  # noqa: B017
        klientela.run({"transactions": reader})


def test_progress_is_told_and_can_stop(base):
    seen = []
    klientela.run(base, klientela.synthetic.POLICY, progress=lambda stage, share: seen.append((stage, share)))
    assert seen and all(0 <= share <= 1 for _, share in seen)

    class Enough(Exception):
        pass

    def stop(stage, share):
        raise Enough

    with pytest.raises(Enough):
        klientela.run(base, klientela.synthetic.POLICY, progress=stop)


def test_ctrl_c_stops_long_work():
    count = 4_000_000
    generator = np.random.default_rng(1)
    table = pa.table(
        {
            "client": pa.array(generator.integers(0, 10**6, count)).cast(pa.string()),
            "at": pa.array(generator.integers(18_000, 19_000, count).astype(np.int32)).cast(pa.date32()),
            "amount": generator.random(count).round(2).astype(str),
        }
    )
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    try:
        threading.Timer(0.15, signal.raise_signal, [signal.SIGINT]).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(50):
                klientela.run({"transactions": table})
    finally:
        signal.signal(signal.SIGINT, handler)
    assert time.monotonic() - began < 20


def test_inputs_may_be_forgotten_while_views_live(sales):
    frame = pl.DataFrame({"client": [1, 2], "at": [dt.date(2026, 1, 1)] * 2, "amount": [1.5, 2.5]})
    result = klientela.run({"transactions": frame})
    del frame
    money = result.features["recency_days"]
    del result
    assert money.tolist() == [0, 0]


def test_policy_in_every_form(sales, tmp_path):
    document = {"classifiers": {"abc": {"measures": ["money_gross"]}}}
    file = tmp_path / "policy.json"
    file.write_text(__import__("json").dumps(document), encoding="utf-8")
    wanted = everything(klientela.run(sales, document))
    policy = klientela.Policy.from_dict(document)
    for form in (policy, file, str(file), policy.to_json()):
        assert everything(klientela.run(sales, form)) == wanted
    assert klientela.Policy.from_dict(policy.to_dict()) == policy
    assert klientela.Policy.preset("online-retail") != klientela.Policy()
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(klientela.Policy.schema())
    for preset in klientela.Policy.presets():
        validator.validate(klientela.Policy.preset(preset).to_dict())
    assert not validator.is_valid({"nonsense": 1})


def test_the_page_escapes_what_comes_from_data():
    evil = "<script>alert('x')</script>"
    result = klientela.run(
        {"client": [1, 2], "name": [evil, '"><img src=x onerror=alert(1)>']}
        and {
            "clients": {"client": [1, 2], "name": [evil, '"><img src=x onerror=alert(1)>']},
            "transactions": {"client": [1, 2, 3], "at": ["2026-01-01"] * 3, "amount": ["1", evil, "2"]},
        }
    )
    page = result.html(title=evil)
    assert evil not in page and "<img src=x" not in page
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_results_show_themselves(result):
    assert f"{len(result.clients)} clients" in repr(result) and "<table>" in result._repr_html_()
    assert "ClientBase" in repr(result.base)
    assert "<table>" in result.features._repr_html_()
