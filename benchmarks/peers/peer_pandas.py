"""The job in pandas, with NumPy for what NumPy does faster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
from measure import Stages
from workload import CLASS_NAMES, EDGES, SEGMENT_NAMES, segment_codes

VERSION = pd.__version__


def prepare(table: pa.Table, variant: str) -> Callable[[Stages], object]:
    if pa.types.is_decimal(table.schema.field("amount").type):
        raise ValueError("pandas has no fixed-point column of its own; use --amount float64")
    cells = segment_codes()

    def run(stages: Stages) -> object:
        with stages("aggregate"):
            frame = table.to_pandas(date_as_object=False)
            if variant == "groupby":
                grouped = frame.groupby("client", sort=False)
                base = grouped.agg(
                    frequency=("amount", "size"), amount=("amount", "sum"), at=("at", "max")
                ).reset_index()
            else:
                codes, clients = pd.factorize(frame["client"])
                at = frame["at"].to_numpy()
                last = np.full(len(clients), np.iinfo(np.int64).min)
                np.maximum.at(last, codes, at.view(np.int64))
                base = pd.DataFrame(
                    {
                        "client": clients,
                        "frequency": np.bincount(codes, minlength=len(clients)),
                        "amount": np.bincount(codes, weights=frame["amount"].to_numpy(), minlength=len(clients)),
                        "at": last.view(at.dtype),
                    }
                )
            del frame
        with stages("scores"):
            cents = np.rint(base["amount"].to_numpy() * 100).astype(np.int64)
            day = base["at"].to_numpy().astype("datetime64[D]").astype(np.int32)
            recency = day.max() - day
            frequency = base["frequency"].to_numpy()
            r, f, m = (
                1 + np.searchsorted(np.quantile(values, EDGES), values, side="left").astype(np.int8)
                for values in (recency, frequency, cents)
            )
            r = np.int8(6) - r
        with stages("abc"):
            order = np.argsort(-cents)
            falling = cents[order]
            before = np.cumsum(falling) - falling
            total = int(cents.sum())
            positive = int(np.searchsorted(-falling, 0, side="left"))
            abc = np.zeros(len(cents), dtype=np.int8)
            clients = base["client"]
            for part, whole in ((4, 5), (19, 20)):
                count = min(int(np.searchsorted(before, -(-part * total // whole), side="left")), positive)
                if count < len(falling):
                    low = int(np.searchsorted(-falling, -falling[count], side="left"))
                    high = int(np.searchsorted(-falling, -falling[count], side="right"))
                    tied = order[low:high]  # equal money goes by client
                    tied = clients.iloc[tied].sort_values().index.to_numpy()
                    abc[tied[count - low :]] += 1
                    abc[order[high:]] += 1
        with stages("answer"):
            cell = (r - 1) * 25 + (f - 1) * 5 + (m - 1)
            return pd.DataFrame(
                {
                    "client": clients,
                    "recency": recency,
                    "frequency": frequency,
                    "cents": cents,
                    "r": r,
                    "f": f,
                    "m": m,
                    "segment": pd.Categorical.from_codes(cells[cell], SEGMENT_NAMES),
                    "abc": pd.Categorical.from_codes(abc, CLASS_NAMES),
                }
            )

    return run


def answer(result: pd.DataFrame) -> dict:
    names = ("client", "recency", "frequency", "cents", "r", "f", "m")
    codes = {name: pa.array(result[name].cat.codes.to_numpy()) for name in ("segment", "abc")}
    return {name: pa.array(result[name]) for name in names} | codes
