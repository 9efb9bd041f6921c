"""The job through the public Python package: the one call that `klientela run` makes too, validation on."""

from __future__ import annotations

from collections.abc import Callable

import klientela
import pyarrow as pa
import pyarrow.compute as pc
from measure import Stages
from workload import SEGMENTS

VERSION = klientela.__version__
POLICY = {
    "version": 1,
    "features": {"columns": ["recency_days", "frequency", "money_net"]},
    "classifiers": {
        "rfm": {
            "kind": "rfm",
            "segments": {
                "match": "first",
                "otherwise": "Others",
                "rows": [
                    {"segment": name, "recency": list(r), "frequency": list(f), "money": list(m)}
                    for name, r, f, m in SEGMENTS
                ],
            },
        },
        "abc": {"kind": "abc"},
    },
}
COLUMNS = {
    "client": "client",
    "recency": "recency_days",
    "frequency": "frequency",
    "money": "money_net",
    "r": "rfm_r",
    "f": "rfm_f",
    "m": "rfm_m",
    "segment": "rfm_segment",
    "abc": "abc",
}


def prepare(table: pa.Table, variant: str) -> Callable[[Stages], object]:
    key = table.schema.field("client").type

    def run(stages: Stages) -> object:
        # The as-of date is left to its default, the day of the last purchase.
        with stages("run"):
            return key, klientela.run({"transactions": table}, policy=POLICY)

    return run


def answer(result: tuple[pa.DataType, klientela.Result]) -> dict:
    key, found = result
    table = pa.table(found.features)  # checking only: the columns are there already, as in a Polars frame
    found = {name: table[column] for name, column in COLUMNS.items()}
    money = found.pop("money")
    hundred = pa.scalar(100, pa.decimal128(3, 0))
    cents = pc.multiply(money, hundred) if pa.types.is_decimal(money.type) else pc.round(pc.multiply(money, 100.0))
    return {**found, "client": found["client"].cast(key), "cents": cents.cast(pa.int64())}
