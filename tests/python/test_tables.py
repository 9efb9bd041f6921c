"""klientela.Table: what goes in comes out, exactly, whatever library it came from."""

from __future__ import annotations

import datetime as dt
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

COLUMNS = {
    "whole": [1, None, -(2**62)],
    "real": [0.5, None, -1e300],
    "truth": [True, None, False],
    "text": ["яблоко", None, ""],
    "day": [dt.date(2026, 1, 31), None, dt.date(1900, 1, 1)],
    "moment": [
        dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.timezone.utc),
        None,
        dt.datetime(1969, 7, 20, tzinfo=dt.timezone.utc),
    ],
    "wall": [dt.datetime(2026, 1, 31, 9, 30, 0, 1), None, dt.datetime(1969, 7, 20)],
}


def test_python_values_come_back():
    table = klientela.Table(COLUMNS)
    assert len(table) == 3
    assert table.to_pydict() == COLUMNS
    assert list(table) == table.columns == list(COLUMNS)
    assert "text" in table and "nothing" not in table


def test_pyarrow_round_trip_keeps_types():
    arrow = klientela.Table(COLUMNS).to_arrow()
    assert arrow.to_pydict() == COLUMNS
    assert arrow.schema.field("moment").type == pa.timestamp("us", "UTC")
    assert arrow.schema.field("wall").type == pa.timestamp("us")
    assert klientela.Table(arrow).to_pydict() == COLUMNS


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_every_library_is_read(kind):
    arrow = pa.table({"a": [1, 2, 3], "t": ["x", None, "z"], "f": [1.5, 2.5, None]})
    data = {
        "pandas": lambda: arrow.to_pandas(),
        "polars": lambda: pl.from_arrow(arrow),
        "pyarrow": lambda: arrow,
        "duckdb": lambda: duckdb.from_arrow(arrow),
    }[kind]()
    assert klientela.Table(data).to_pydict() == arrow.to_pydict()


def test_arrow_layouts_are_read():
    words = ["a", None, "a longer text than twelve bytes", "b"]
    arrow = pa.table(
        {
            "plain": pa.array(words, pa.string()),
            "large": pa.array(words, pa.large_string()),
            "view": pa.array(words, pa.string_view()),
            "dictionary": pa.array(words).dictionary_encode(),
            "decimal": pa.array(
                [Decimal("1.5"), None, Decimal("-0.0001"), Decimal("922337203685477.5807")], pa.decimal128(30, 6)
            ),
            "wide": pa.array([Decimal("1.5"), None, Decimal("-2"), Decimal(0)], pa.decimal256(60, 2)),
            "small": pa.array([1, None, -128, 127], pa.int8()),
            "unsigned": pa.array([1, None, 2**63 - 1, 0], pa.uint64()),
            "half": pa.array([0.5, None, -2, 65504], pa.float16()),
            "date64": pa.array([dt.date(2026, 1, 1), None, dt.date(1969, 12, 31), dt.date(1970, 1, 1)], pa.date64()),
            "seconds": pa.array([0, None, -1, 1], pa.timestamp("s", "UTC")),
            "nanos": pa.array([1999, None, -1, 1000], pa.timestamp("ns")),
            "nothing": pa.nulls(4),
        }
    )
    whole = klientela.Table(arrow).to_pydict()
    assert whole["plain"] == whole["large"] == whole["view"] == whole["dictionary"] == words
    assert whole["decimal"] == [Decimal("1.5"), None, Decimal("-0.0001"), Decimal("922337203685477.5807")]
    assert whole["wide"] == [Decimal("1.5"), None, Decimal(-2), Decimal(0)]
    assert whole["unsigned"] == [1, None, 2**63 - 1, 0]
    assert whole["half"] == [0.5, None, -2.0, 65504.0]
    assert whole["date64"] == [dt.date(2026, 1, 1), None, dt.date(1969, 12, 31), dt.date(1970, 1, 1)]
    assert whole["seconds"][2] == dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc)
    assert whole["nanos"] == [
        dt.datetime(1970, 1, 1, 0, 0, 0, 1),
        None,
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
        dt.datetime(1970, 1, 1, 0, 0, 0, 1),
    ]
    assert whole["nothing"] == [None] * 4
    # The same through slices and chunks with offsets, and with a dictionary of each chunk's own.
    pieces = pa.concat_tables([arrow.slice(0, 1), arrow.slice(1, 3).combine_chunks().slice(0, 2), arrow.slice(3)])
    assert klientela.Table(pieces).to_pydict() == whole
    assert klientela.Table(arrow.slice(1, 2)).to_pydict() == {name: values[1:3] for name, values in whole.items()}


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (pa.array([Decimal("0.00001")], pa.decimal128(10, 5)), klientela.BadDataError),
        (pa.array([Decimal("922337203685477.5808")], pa.decimal128(20, 4)), OverflowError),
        (pa.array([2**63], pa.uint64()), klientela.BadDataError),
        (pa.array([[1]]), klientela.BadDataError),
        (pa.array([b"x"]), klientela.BadDataError),
    ],
)
def test_what_a_table_cannot_hold_names_the_column(column, error):
    with pytest.raises(error) as caught:
        klientela.Table(pa.table({"guilty": column}))
    assert caught.value.where == "guilty"


def test_numpy_shares_memory_where_it_can():
    table = klientela.Table({"a": np.arange(5), "f": np.arange(5.0)})
    for name in ("a", "f"):
        first, second = table[name], table[name]
        assert np.shares_memory(first, second)
        assert not first.flags.writeable
    view = table["a"]
    del table
    assert view.tolist() == [0, 1, 2, 3, 4]


def test_numpy_with_nulls():
    table = klientela.Table(COLUMNS)
    assert table["whole"].tolist() == COLUMNS["whole"]  # a masked array, so that no digit is lost
    assert np.isnan(table["real"][1])
    assert np.isnat(table["day"][1]) and np.isnat(table["moment"][1])
    assert table["text"].tolist() == COLUMNS["text"]


def test_numpy_columns_in():
    days = np.array(["2026-01-01", "NaT"], dtype="datetime64[D]")
    table = klientela.Table(
        {
            "day": days,
            "wall": np.array(["2026-01-01T10:00:00", "NaT"], dtype="datetime64[ns]"),
            "word": np.array(["a", "bc"]),
            "mask": np.ma.array([1, 2], mask=[False, True]),
            "small": np.array([1, 2], dtype=np.uint8),
            "series": pd.Series([1.5, 2.5]),
        }
    )
    assert table.to_pydict() == {
        "day": [dt.date(2026, 1, 1), None],
        "wall": [dt.datetime(2026, 1, 1, 10), None],
        "word": ["a", "bc"],
        "mask": [1, None],
        "small": [1, 2],
        "series": [1.5, 2.5],
    }


def test_pandas_and_polars_out():
    table = klientela.Table(COLUMNS)
    frame = table.to_pandas()
    assert frame["whole"].tolist()[0] == 1 and frame["whole"].isna().tolist() == [False, True, False]
    assert str(frame["whole"].dtype) == "Int64"
    assert table.to_polars()["text"].to_list() == COLUMNS["text"]
    with pytest.raises(klientela.InvalidArgumentError):
        table.to_pandas(money="pounds")


def test_people_see_rounded_floats_and_files_do_not():
    values = [1 / 3, 2 / 3e5, 123456789.123456, -0.70000000000000007, 0.25, None]
    table = klientela.Table({"share": values})
    shown = ["0.3333", "6.667e-06", "123456789.1235", "-0.7", "0.25", "-"]
    assert [line.strip() for line in repr(table).splitlines()[2:]] == shown
    assert [f">{each}<" in table._repr_html_() for each in shown[:5]] == [True] * 5
    assert [float(each) for each in table.to_csv().splitlines()[1:6]] == values[:5]


def test_repr_html_escapes():
    shown = klientela.Table({"<b>": ["<script>alert(1)</script>", "&"]})._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (5, TypeError),
        ({"a": 5}, TypeError),
        ({"a": "text"}, TypeError),
        ({"a": [object()]}, TypeError),
        ({"a": np.zeros((2, 2))}, ValueError),
        ({"a": [1], "b": [1, 2]}, klientela.InvalidArgumentError),
        ({"a": np.array([1j])}, TypeError),
    ],
)
def test_bad_columns_are_refused(data, error):
    with pytest.raises(error):
        klientela.Table(data)


def test_a_missing_column_is_a_key_error():
    with pytest.raises(KeyError, match="there are: a"):
        klientela.Table({"a": [1]})["b"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=30),
    st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=30),
)
def test_any_integers_and_texts_round_trip(numbers, texts):
    size = min(len(numbers), len(texts))
    arrow = pa.table({"n": pa.array(numbers[:size], pa.int64()), "t": pa.array(texts[:size], pa.string_view())})
    table = klientela.Table(arrow)
    assert table.to_arrow().to_pydict() == arrow.to_pydict()
    again = klientela.Table({"n": numbers[:size], "t": texts[:size]})
    assert again.to_pydict() == arrow.to_pydict()


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.0, None, 3.0]),
        pd.Series([1.0, None, 3.0], dtype="Float64"),
        pd.Series([1.0, float("nan"), 3.0]),
        pl.Series([1.0, None, 3.0]),
        pl.Series([1, None, 3]),
        pa.array([1.0, None, 3.0]),
        pa.chunked_array([[1.0, None], [3.0]]),
    ],
    ids=lambda series: f"{type(series).__module__.partition('.')[0]}-{getattr(series, 'dtype', '')}",
)
def test_what_a_series_calls_empty_is_no_value(series):
    assert klientela.Table({"profit": series}).to_pydict() == {"profit": [1.0, None, 3.0]}


def test_an_empty_profit_of_a_series_is_as_in_a_data_frame(sales):
    frame = pd.DataFrame({**sales, "profit": [1.0, None, 2.0, None, 3.0, 1.5]})
    one = klientela.run(frame)
    other = klientela.run({name: frame[name] for name in frame})
    assert one.summary == other.summary and one.summary["rows_rejected"] == 0
    assert one.clients.to_csv() == other.clients.to_csv()


def test_nan_of_numpy_and_polars_stays_a_number_that_is_none():
    for values in (np.array([1.0, np.nan]), pl.Series([1.0, float("nan")])):
        back = klientela.Table({"x": values}).to_pydict()["x"]
        assert back[0] == 1.0 and back[1] != back[1] and back[1] is not None


@pytest.mark.parametrize("scale", [0, 1, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_decimal_that_does_not_fit_names_its_column(scale, sign):
    for units in (2**124, 2**126, 10**20):
        decimals = pa.array([Decimal(sign * units).scaleb(-scale)], pa.decimal128(38, scale))
        with pytest.raises(OverflowError, match="amount") as caught:
            klientela.Table(pa.table({"amount": decimals}))
        assert caught.value.where == "amount"


@pytest.mark.parametrize("make", ["decimal32", "decimal64", "decimal128", "decimal256"])
def test_decimals_of_every_width(make):
    if not hasattr(pa, make):
        pytest.skip(f"this pyarrow has no {make}")
    values = [Decimal("12.50"), None, Decimal("-0.25")]
    table = klientela.Table(pa.table({"amount": pa.array(values, getattr(pa, make)(9, 2))}))
    assert table.to_pydict() == {"amount": values}


def test_a_day_out_of_range_is_refused():
    far = pa.array([2**62 // 86_400_000 * 86_400_000], pa.int64()).view(pa.date64())
    with pytest.raises(klientela.BadDataError, match="day"):
        klientela.Table(pa.table({"day": far}))


def test_rejected_rows_have_the_same_numbers_everywhere(sales):
    sales["amount"][0] = "much"
    sales["at"][4] = "never"
    one = klientela.ingest({"transactions": sales}).rejected
    other = klientela.run(sales).rejected
    assert one.to_pydict() == other.to_pydict() and one.to_pydict()["row"] == [1, 5]
