"""Hostile input from Python: an error of klientela's that names what and where, or a rejected row; never a crash."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import datetime as dt
import gc
import pickle
import threading
from decimal import Decimal

import klientela
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

LONE = "a\ud800b"


@contextlib.contextmanager
def raises(error, where=None):
    with pytest.raises(error) as caught:
        yield caught
    assert where is None or caught.value.where == where


# Lone surrogates.


@pytest.fixture(scope="module")
def small():
    return klientela.run({"client": ["x", "y"], "at": ["2026-01-02", "2026-01-03"], "amount": [1, 2]})


@pytest.mark.parametrize(
    "call",
    [
        lambda r: klientela.Table({LONE: [1]}),
        lambda r: klientela.Table({"t": ["fine", LONE]}),
        lambda r: klientela.Table({"t": np.array(["fine", LONE], dtype=object)}),
        lambda r: klientela.run({"client": [LONE], "at": ["2026-01-01"], "amount": [1]}),
        lambda r: klientela.run({"client": [1], "at": ["2026-01-01"], "amount": [1], LONE: [1]}),
        lambda r: klientela.ingest({LONE: {"client": [1]}}),
        lambda r: klientela.ingest({"transactions": {"client": [1]}}, currency=LONE),
        lambda r: klientela.Policy.from_json(LONE),
        lambda r: klientela.Policy.from_dict({"report": {"title": LONE}}),
        lambda r: klientela.Policy.from_dict({LONE: 1}),
        lambda r: klientela.Policy.preset(LONE),
        lambda r: klientela.run(r.base.clients, "{" + LONE),
        lambda r: klientela.Classifier("rfm", LONE),
        lambda r: klientela.Classifier(LONE),
        lambda r: klientela.Model.from_json(LONE),
        lambda r: klientela.Expression(LONE),
        lambda r: klientela.Expression.problem("1", None, [LONE]),
        lambda r: klientela.Directory.builtin(LONE),
        lambda r: klientela.Directory.builtin("role").find(LONE),
        lambda r: klientela.Directory(LONE, {"code": ["a"]}),
        lambda r: klientela.coverage({"a": [1]}, [LONE]),
        lambda r: klientela.rule_set(LONE),
        lambda r: klientela.Assignments().assign(LONE, "a", "b"),
        lambda r: klientela.Assignments().assign("c", LONE, "b"),
        lambda r: klientela.Assignments().assign("c", "a", LONE),
        lambda r: klientela.Assignments().assign_bulk(["c", LONE], "a", "b"),
        lambda r: klientela.features(r.base, LONE),
        lambda r: klientela.cohorts(r.base, "2026-01-03", LONE),
        lambda r: r.row_of(LONE),
        lambda r: r.explain(LONE),
        lambda r: r.explain("x", LONE),
        lambda r: r.html(title=LONE),
        lambda r: r.html(language=LONE),
        lambda r: r.base.rows(LONE),
        lambda r: LONE in r.base,
        lambda r: r.clients[LONE],
        lambda r: r.clients.null_count(LONE),
        lambda r: r.history().labels(LONE),
        lambda r: r.history().transitions(client=LONE),
        lambda r: klientela.Tracker(r).purchase(LONE, "2026-01-03", 1),
        lambda r: klientela.Tracker(r).purchase("x", "2026-01-03", 1, order=LONE),
        lambda r: klientela.Tracker(r, columns=[LONE]),
    ],
)
def test_a_lone_surrogate_is_an_error_of_ours(small, call):
    with pytest.raises(klientela.KlientelaError) as caught:
        call(small)
    assert "\\ud800" in str(caught.value) or "ud800" in caught.value.where
    str(caught.value).encode()
    caught.value.where.encode()


def test_a_lone_surrogate_names_its_cell_and_its_place_in_a_policy():
    with raises(klientela.BadDataError, "t") as caught:
        klientela.Table({"t": ["fine", None, LONE]})
    assert "row 3" in str(caught.value)
    with raises(klientela.BadPolicyError, "/report/title"):
        klientela.Policy.from_dict({"report": {"title": LONE}})
    with raises(klientela.BadPolicyError, "/report/a\\ud800b"):
        klientela.Policy.from_dict({"report": {LONE: 1}})


# Policies.


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"report": {"top_clients": float("nan")}}, "/report/top_clients"),
        ({"classifiers": {"abc": {"measures": ["a", object()]}}}, "/classifiers/abc/measures/1"),
        ({"report": {"title": b"x"}}, "/report/title"),
        ({"report": {1j: 1}}, "/report"),
    ],
)
def test_what_json_does_not_know_is_named_by_pointer(document, where):
    with raises(klientela.BadPolicyError, where):
        klientela.Policy.from_dict(document)


def test_documents_without_end_are_errors():
    endless: dict[str, object] = {}
    endless["a"] = endless
    with pytest.raises(klientela.BadPolicyError):
        klientela.Policy.from_dict(endless)
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(klientela.BadPolicyError):
        klientela.Policy.from_dict({"report": deep})
    with pytest.raises(klientela.BadPolicyError):
        klientela.Policy.from_json("[" * 100_000 + "]" * 100_000)
    # Taken apart level by level: CPython frees nested lists by itself.


def test_numbers_of_numpy_are_numbers():
    assert klientela.Policy.from_dict({"report": {"top_clients": np.int64(7)}}).to_dict()["report"]["top_clients"] == 7


# Ids.


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u202f", "\u3000", "\ufeff", " \u200b\t", "\x0b"])
def test_blank_ids_are_rejected(blank):
    result = klientela.run({"client": ["x", blank, f"{blank}x{blank}"], "at": ["2026-01-02"] * 3, "amount": [1, 2, 4]})
    assert result.rejected.to_pydict()["reason"] == ["missing_value"]
    assert result.clients.to_pydict()["client"] == ["x"]
    assert f"{blank}x" in result.base and blank not in result.base
    with pytest.raises(klientela.NotFoundError):
        result.row_of(blank)
    with pytest.raises(klientela.KlientelaError):
        klientela.Tracker(result).purchase(blank, "2026-01-03", 1)
    with pytest.raises(klientela.KlientelaError):
        klientela.Assignments().assign(blank, "a", "b")


@pytest.mark.parametrize("alien", [None, b"x", 1.5, float("nan"), float("inf"), True, ["x"], object()])
def test_what_is_no_id_is_refused(small, alien):
    for call in (
        lambda: small.row_of(alien),
        lambda: small.explain(alien),
        lambda: klientela.Tracker(small).purchase(alien, "2026-01-03", 1),
        lambda: klientela.Assignments().assign(alien, "a", "b"),
    ):
        with raises(klientela.InvalidArgumentError, "client"):
            call()


def test_numbers_are_ids():
    result = klientela.run({"client": [7, 2**63 - 1], "at": ["2026-01-02"] * 2, "amount": [1, 2]})
    for seven in (7, "7", 7.0, np.int32(7), np.float64(7), " 7 "):
        assert seven in result.base and result.row_of(seven) == 0
    assert 2**63 not in result.base and -(2**200) not in result.base


# Arrow streams that lie.


class Raises:
    def __arrow_c_stream__(self, requested_schema=None):
        raise ZeroDivisionError("no stream today")


class Garbage:
    def __init__(self, given):
        self.given = given

    def __arrow_c_stream__(self, requested_schema=None):
        return self.given


def test_objects_whose_stream_is_none(sales):
    for take in (klientela.Table, lambda data: klientela.run({"transactions": data})):
        with pytest.raises(ZeroDivisionError):
            take(Raises())
        wrong = pa.array([1]).__arrow_c_array__()
        for given in (None, 5, "x", wrong, wrong[0]):
            with pytest.raises(klientela.BadDataError, match="__arrow_c_stream__"):
                take(Garbage(given))
        capsule = pa.table(sales).__arrow_c_stream__()
        take(Garbage(capsule))
        with pytest.raises(klientela.KlientelaError):
            take(Garbage(capsule))  # released by the first
        with pytest.raises(klientela.KlientelaError):
            take(pa.chunked_array([[1, 2]]))  # a stream, yet not of tables


class ArrowArray(ctypes.Structure):
    pass


ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.POINTER(ArrowArray)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class ArrowArrayStream(ctypes.Structure):
    pass


GET_NEXT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ArrowArrayStream), ctypes.POINTER(ArrowArray))
ArrowArrayStream._fields_ = [
    ("get_schema", ctypes.c_void_p),
    ("get_next", GET_NEXT),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def tampered(table, change):
    """The stream of a table whose first array is changed on its way."""
    capsule = table.__arrow_c_stream__()
    address = ctypes.pythonapi.PyCapsule_GetPointer(capsule, b"arrow_array_stream")
    stream = ctypes.cast(address, ctypes.POINTER(ArrowArrayStream)).contents
    inner = GET_NEXT(ctypes.cast(stream.get_next, ctypes.c_void_p).value)

    @GET_NEXT
    def get_next(own, out):
        status = inner(own, out)
        if status == 0 and out.contents.release:
            change(out.contents, out.contents.children[0].contents if out.contents.n_children else None)
        return status

    stream.get_next = get_next
    result = Garbage(capsule)
    result.kept = (get_next, inner)
    return result


def setting(**values):
    def change(batch, column):
        for name, value in values.items():
            setattr(column, name, value)

    return change


def buffer(place, value):
    def change(batch, column):
        column.buffers[place] = value

    return change


OFFSETS = (ctypes.c_int32 * 4)(0, -5, 2**30, 2)
VIEW = (ctypes.c_int32 * 12)(400, 0, 7, 0, 400, 0, -1, 0, -4, 0, 0, 0)
KEYS = (ctypes.c_int32 * 3)(0, 99, -1)
COLUMNS = {
    "text": pa.array(["a", "bb", "ccc"]),
    "large": pa.array(["a", "bb", "ccc"], pa.large_string()),
    "view": pa.array(["a text longer than its view", "b", "c"], pa.string_view()),
    "coded": pa.array(["a", "b", "a"]).dictionary_encode(),
    "whole": pa.array([1, 2, 3]),
    "decimal": pa.array([Decimal("1.5"), Decimal(2), Decimal(3)], pa.decimal128(9, 2)),
    "boolean": pa.array([True, False, True]),
    "moment": pa.array([1, 2, 3], pa.timestamp("us", "UTC")),
}


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize(
    "change",
    [
        setting(length=-1),
        setting(length=2),
        setting(length=2**62),
        setting(offset=-1),
        setting(offset=2**62),
        setting(n_buffers=0),
        setting(n_buffers=1),
        setting(n_buffers=-3),
        buffer(1, None),
        lambda batch, column: setattr(batch, "n_children", 0),
        lambda batch, column: setattr(batch, "length", -1),
        lambda batch, column: setattr(batch, "offset", 2**61),
        lambda batch, column: setattr(batch, "length", 2**61),
    ],
)
def test_arrays_that_lie_are_refused(name, change):
    arrow = pa.table({name: COLUMNS[name]})
    children = []

    def and_keep(batch, column):
        children.append(batch.n_children)
        change(batch, column)

    stream = tampered(arrow, and_keep)
    with pytest.raises(klientela.BadDataError) as caught:
        klientela.Table(stream)
    assert children and caught.value.where in ("data", f"data.{name}", name)
    with pytest.raises(klientela.BadDataError) as caught:
        klientela.run(
            {
                "transactions": tampered(
                    pa.table({"client": COLUMNS[name], "at": COLUMNS["moment"], "amount": COLUMNS["whole"]}), change
                )
            }
        )
    assert caught.value.where.startswith("transactions")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("text", buffer(1, ctypes.addressof(OFFSETS))),
        ("view", buffer(1, ctypes.addressof(VIEW))),
        ("view", buffer(3, None)),
        ("coded", buffer(1, ctypes.addressof(KEYS))),
        ("coded", setting(dictionary=None)),
    ],
)
def test_texts_and_keys_outside_their_buffers_are_refused(name, change):
    with pytest.raises(klientela.BadDataError) as caught:
        klientela.Table(tampered(pa.table({name: COLUMNS[name]}), change))
    assert name in caught.value.where


def test_bytes_that_are_no_text_name_column_and_row():
    broken = pa.array([b"fine", None, b"\xff\xfe"]).cast(pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, broken.buffers())
    for column in (text, text.dictionary_encode()):
        with raises(klientela.BadDataError, "t") as caught:
            klientela.Table(pa.table({"t": column}))
        assert "row 3" in str(caught.value) or column is not text


@pytest.mark.parametrize(
    "type_",
    [
        pa.list_(pa.int64()),
        pa.struct([("a", pa.int64())]),
        pa.map_(pa.string(), pa.int64()),
        pa.binary(),
        pa.binary(3),
        pa.duration("us"),
        pa.time64("us"),
        pa.month_day_nano_interval(),
        pa.run_end_encoded(pa.int32(), pa.int64()),
        pa.list_view(pa.int64()),
        pa.sparse_union([pa.field("a", pa.int64())]),
        pa.dictionary(pa.int32(), pa.int64()),
    ],
    ids=str,
)
def test_types_that_are_not_read_are_named(type_):
    for rows in (0, 1):
        with pytest.raises(klientela.BadDataError, match="odd"):
            klientela.Table(pa.table({"odd": pa.nulls(rows, type_)}))
        if pa.types.is_dictionary(type_) or pa.types.is_binary(type_):
            continue  # an amount may come by a dictionary, and as the bytes of a text
        columns = {
            "client": pa.nulls(rows, pa.int64()),
            "at": pa.nulls(rows, pa.date32()),
            "amount": pa.nulls(rows, type_),
        }
        with raises(klientela.BadDataError, "transactions.amount"):
            klientela.run({"transactions": pa.table(columns)})


# Columns of Python values.


@pytest.mark.parametrize(
    "values",
    [
        None,
        (value for value in [1, 2]),
        {1, 2},
        b"bytes",
        [1, "a", object()],
        [{"a": 1}],
        [b"x"],
        [1 + 2j],
        [dt.timedelta(1)],
        np.array([1, 2], dtype="timedelta64[s]"),
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        np.array([b"x"]),
        np.array(5),
        np.zeros((2, 2)),
    ],
    ids=repr,
)
def test_columns_that_are_none_name_themselves(values):
    with pytest.raises((TypeError, ValueError), match="guilty"):
        klientela.Table({"guilty": values})


def test_mixed_and_immense_values_are_read_or_rejected():
    table = klientela.Table(
        {
            "big": [2**63, -(2**63) - 1, 1],
            "immense": [10**5000, 1, None],
            "mixed": [1, "a", None],
            "decimal": [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400")],
            "huge": [1.5, 10**400, None],
            "moment": np.array(["NaT", "2026-01-01", "NaT"], dtype="datetime64[s]"),
            "never": np.array(["NaT"] * 3, dtype="datetime64[ns]"),
            "nothing": [None, float("nan"), pd.NaT],
        }
    )
    assert table.to_pydict()["big"] == [str(2**63), str(-(2**63) - 1), "1"]
    assert table.to_pydict()["immense"] == ["1" + "0" * 5000, "1", None]
    assert table.to_pydict()["mixed"] == ["1", "a", None]
    assert table.to_pydict()["huge"] == ["1.5", "1" + "0" * 400, None]
    assert table.to_pydict()["moment"] == [None, dt.datetime(2026, 1, 1), None]
    assert table.to_pydict()["never"] == table.to_pydict()["nothing"] == [None] * 3
    amounts = [
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+400"),
        Decimal("-1E-400"),
        Decimal("0.00001"),
        Decimal(1),
    ]
    result = klientela.run({"client": range(6), "at": ["2026-01-01"] * 6, "amount": amounts})
    assert result.summary["rows_used"] == 1 and result.summary["rows_rejected"] == 5
    assert "not_a_number" in result.rejected.to_pydict()["reason"]


@pytest.mark.parametrize(
    ("moments", "unit"), [([2**62], "s"), ([-(2**62)], "m"), ([2**40], "Y"), ([2**33], "D"), ([-(2**62)], "h")]
)
def test_moments_of_numpy_out_of_range(moments, unit):
    column = np.array(moments, dtype="int64").view(f"datetime64[{unit}]")
    with pytest.raises((OverflowError, ValueError), match="guilty"):
        klientela.Table({"guilty": column})


def test_dates_out_of_range_are_rejected_rows():
    at = [dt.date(1, 1, 1), dt.date(1899, 12, 31), dt.date(9999, 12, 31), dt.date(2026, 1, 1)]
    for column in (
        at,
        [dt.datetime(d.year, d.month, d.day) for d in at],
        [d.isoformat() for d in at],
        pa.array(at),
        pa.array(at).cast(pa.timestamp("s")),
        pl.Series(at),
    ):
        result = klientela.run({"client": range(4), "at": column, "amount": [1] * 4})
        assert result.summary["rows_used"] == 1
        assert result.rejected.to_pydict()["reason"] == ["date_out_of_range"] * 3
    with pytest.raises(klientela.KlientelaError):
        klientela.run({"client": [1], "at": at[3:], "amount": [1]}, as_of=dt.date(9999, 1, 1))


def test_amounts_that_are_none_and_sums_that_overflow():
    result = klientela.run(
        {"client": [1] * 4, "at": ["2026-01-01"] * 4, "amount": [float("nan"), float("inf"), -float("inf"), 1.0]}
    )
    assert result.rejected.to_pydict()["reason"] == ["not_a_number"] * 3
    with raises(klientela.ArithmeticOverflowError) as caught:
        klientela.run({"client": ["much"] * 3, "at": ["2026-01-01"] * 3, "amount": ["922337203685477"] * 3})
    assert "much" in str(caught.value) and caught.value.where
    base = klientela.ingest(
        {"transactions": {"client": ["much"], "at": ["2026-01-01"], "amount": ["922337203685477"]}}
    ).base
    more = {"transactions": {"client": ["much"] * 2, "at": ["2026-01-01"] * 2, "amount": ["922337203685477"] * 2}}
    with pytest.raises(klientela.ArithmeticOverflowError):
        klientela.features(base.extend(more).base, "2026-01-01")
    assert klientela.features(base, "2026-01-01").to_pydict()["money_net"] == [Decimal(922337203685477)]


def test_data_frames_with_names_that_repeat_or_are_no_texts(sales):
    frame = pd.DataFrame([["a", "2026-01-01", 1, 2]], columns=["client", "at", "amount", "amount"])
    for take in (klientela.Table, klientela.run):
        with pytest.raises((ValueError, klientela.KlientelaError), match="amount"):
            take(frame)
    numbered = klientela.run(pd.DataFrame(sales).assign(**{"0": 1}).rename(columns={"0": 0}))
    assert numbered.unused_columns == ["transactions.0"]


def test_tables_of_nothing():
    for empty in (
        {"client": [], "at": [], "amount": []},
        {"client": [None], "at": [None], "amount": [None]},
        pa.table({"client": pa.nulls(2), "at": pa.nulls(2), "amount": pa.nulls(2)}),
        pl.DataFrame({"client": [], "at": [], "amount": []}),
    ):
        result = klientela.ingest({"transactions": empty})
        counts = result.counts["transactions"]
        assert len(result.base) == 0 and counts["rows_used"] == 0
        assert counts["rows_read"] == counts["rows_rejected"] == len(result.rejected)
        assert len(klientela.features(result.base, "2026-01-01")) == 0
        with raises(klientela.InvalidArgumentError, "as_of"):
            klientela.run({"transactions": empty})
    assert len(klientela.Table({})) == 0
    with pytest.raises(klientela.KlientelaError):
        klientela.ingest({"transactions": {}})


# Arguments.


@pytest.mark.parametrize("threads", [1025, 10**9, 2**63 - 1])
def test_more_threads_than_there_can_be(sales, threads):
    with raises(klientela.OutOfRangeError, "threads"):
        klientela.run(sales, threads=threads)


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda r: klientela.ingest({5: {"client": [1]}}), "tables"),
        (lambda r: r.html(language=5), "language"),
        (lambda r: r.html(title=5), "title"),
        (lambda r: r.html(top_clients="many"), "top_clients"),
        (lambda r: r.html(top_clients=-1), "top_clients"),
        (lambda r: r.history(columns=[5]), "columns"),
        (lambda r: r.history(every=5), "every"),
        (lambda r: r.history(money=5), "money"),
        (lambda r: r.history().migration(column=5), "column"),
        (lambda r: klientela.run(r.base.clients, assignments=5), "assignments"),
        (lambda r: klientela.check_segments([5]), "rows"),
        (lambda r: klientela.check_segments([{"segment": "a", "recency": 5}]), "recency"),
    ],
)
def test_arguments_of_another_type_are_named(small, call, where):
    with raises(klientela.InvalidArgumentError, where):
        call(small)


def test_bins_and_quantiles_without_measure(small):
    for bins in (0, -1, 10, 10**9, 2**70):
        with pytest.raises(klientela.KlientelaError):
            klientela.RFM(bins=bins).fit(small.features)


# Objects.


def test_results_are_not_pickled_by_accident(small):
    table = small.clients
    for each in (small, small.base, small.features, table, small.classes["rfm"], small.models["rfm"]):
        for act in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="pickle"):
                act(each)


def test_columns_live_on_while_all_else_is_forgotten(base):
    result = klientela.run(base)
    table = result.features.table
    column, stream, capsule = table["frequency"], table.to_arrow(), table.__arrow_c_stream__()
    wanted = column.tolist()
    del result, table
    gc.collect()
    junk = [bytearray(1_000_000) for _ in range(20)]
    assert column.tolist() == stream["frequency"].to_pylist() == wanted
    assert pa.RecordBatchReader._import_from_c_capsule(capsule).read_all()["frequency"].to_pylist() == wanted
    del junk, capsule
    gc.collect()


def test_threads_share_a_result(result):
    wanted = (
        result.clients.to_csv(),
        result.matrix.to_csv(),
        result.html(),
        result.explain(result.clients["client"][0]),
    )
    faults: list[object] = []

    def read():
        try:
            for _ in range(3):
                got = (
                    result.clients.to_csv(),
                    result.matrix.to_csv(),
                    result.html(),
                    result.explain(result.clients["client"][0]),
                )
                if got != wanted:
                    faults.append("another answer")
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults


def test_a_failed_call_leaves_its_object(small):
    before = small.clients.to_csv()
    tracker = klientela.Tracker(small)
    snapshot = tracker.snapshot().to_csv()
    for call in (
        lambda: small.base.extend({"transactions": {"client": ["z"], "at": ["2026-01-01"]}}),
        lambda: small.base.extend({"transactions": Garbage(None)}),
        lambda: tracker.purchase("x", "2026-01-03", "much"),
        lambda: tracker.purchase("x", None, 1),
        lambda: tracker.purchase("x", "2026-01-03", float("nan")),
        lambda: tracker.purchase("x", "2026-01-03", 10**30),
        lambda: tracker.advance("1800-01-01"),
        lambda: small.html(language="xx"),
    ):
        with pytest.raises((klientela.KlientelaError, TypeError)):
            call()
    assert small.clients.to_csv() == before and tracker.snapshot().to_csv() == snapshot and tracker.events == 0
