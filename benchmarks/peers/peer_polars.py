"""The job in Polars: lazy group-by, then columns."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow as pa
from measure import Stages
from workload import CLASS_NAMES, EDGES, SEGMENT_NAMES, segment_codes

VERSION = pl.__version__


def prepare(table: pa.Table, variant: str) -> Callable[[Stages], object]:
    engine = "in-memory" if variant == "in-memory" else "streaming"
    decimal_input = pa.types.is_decimal(table.schema.field("amount").type)
    segment_type, class_type = pl.Enum(SEGMENT_NAMES), pl.Enum(CLASS_NAMES)
    segments = pl.Series("segment", [SEGMENT_NAMES[code] for code in segment_codes()], dtype=segment_type)

    # Whole cents of a client's money: a double sum of amounts with two decimals is exact once rounded.
    if decimal_input:
        add, cents = pl.col("amount").sum(), (pl.col("amount") * 100).cast(pl.Int64)
    elif variant == "streaming-cents":
        add, cents = (pl.col("amount") * 100).round().cast(pl.Int64).sum(), pl.col("amount")
    else:
        add, cents = pl.col("amount").sum(), (pl.col("amount") * 100).round().cast(pl.Int64)

    def score(value: pl.Expr, edges: list) -> pl.Expr:
        total = pl.lit(1, dtype=pl.Int8)
        for edge in edges:
            total = total + (value > edge).cast(pl.Int8)
        return total

    def aggregated() -> pl.LazyFrame:
        return (
            pl.from_arrow(table, rechunk=False)
            .lazy()
            .group_by("client")
            .agg(pl.len().alias("frequency"), add, pl.col("at").max())
            .select("client", "frequency", cents.alias("cents"), pl.col("at").cast(pl.Date).to_physical().alias("last"))
        )

    def columns(stages: Stages) -> object:
        with stages("aggregate"):
            base = aggregated().collect(engine=engine)
        with stages("quantiles"):
            as_of = base["last"].max()
            base = base.with_columns((as_of - pl.col("last")).alias("recency")).drop("last")
            if variant == "streaming-sort":
                base = base.sort(["cents", "client"], descending=[True, False])
                falling = base["cents"]
            else:
                falling = base["cents"].sort(descending=True)
            rising = falling.reverse().set_sorted()
            m_edges = [rising.quantile(q, interpolation="linear") for q in EDGES]
            few = base.select(
                *(
                    pl.col(name).quantile(q, interpolation="linear").alias(f"{name}{q}")
                    for name in ("recency", "frequency")
                    for q in EDGES
                )
            ).row(0)
            r_edges, f_edges = few[:4], few[4:]
        with stages("abc"):
            before = falling.cum_sum() - falling
            total = falling.sum()
            positive = int((falling > 0).sum())
            counts = [
                min(int(before.search_sorted(-(-part * total // whole), side="left")), positive)
                for part, whole in ((4, 5), (19, 20))
            ]
            if variant == "streaming-sort":
                row = pl.int_range(pl.len())
                abc = (row >= counts[0]).cast(pl.UInt8) + (row >= counts[1]).cast(pl.UInt8)
            else:
                abc = pl.lit(0, dtype=pl.UInt8)
                for count in counts:
                    abc = abc + _after(base, falling, count).cast(pl.UInt8)
        with stages("answer"):
            r, f, m = (
                score(pl.col(name), edges)
                for name, edges in (("recency", r_edges), ("frequency", f_edges), ("cents", m_edges))
            )
            base = base.with_columns((6 - r).alias("r"), f.alias("f"), m.alias("m"), abc.alias("abc"))
            cell = (pl.col("r") - 1) * 25 + (pl.col("f") - 1) * 5 + (pl.col("m") - 1)
            return base.with_columns(pl.lit(segments).gather(cell).alias("segment"), pl.col("abc").cat.to(class_type))

    def lazy(stages: Stages) -> object:
        """All of it as one lazy plan."""
        with stages("query"):
            frame = aggregated().with_columns((pl.col("last").max() - pl.col("last")).alias("recency"))
            frame = frame.sort(["cents", "client"], descending=[True, False])
            before, total = pl.col("cents").cum_sum() - pl.col("cents"), pl.col("cents").sum()
            frame = frame.with_columns(
                *(
                    (
                        base
                        + sign * score(pl.col(name), [pl.col(name).quantile(q, interpolation="linear") for q in EDGES])
                    ).alias(short)
                    for name, short, base, sign in (
                        ("recency", "r", 6, -1),
                        ("frequency", "f", 0, 1),
                        ("cents", "m", 0, 1),
                    )
                ),
                pl.when((pl.col("cents") <= 0) | (20 * before >= 19 * total))
                .then(2)
                .when(5 * before < 4 * total)
                .then(0)
                .otherwise(1)
                .cast(pl.UInt8)
                .cat.to(class_type)
                .alias("abc"),
            )
            cell = (pl.col("r") - 1) * 25 + (pl.col("f") - 1) * 5 + (pl.col("m") - 1)
            return frame.with_columns(pl.lit(segments).gather(cell).alias("segment")).collect(engine="streaming")

    return lazy if variant == "lazy" else columns


def _after(base: pl.DataFrame, falling: pl.Series, count: int) -> pl.Expr:
    """Whether a client stands at or after place `count` in falling money; equal money goes by client."""
    if count >= len(falling):
        return pl.lit(False)
    edge = falling[count]
    equal_inside = count - int(falling.search_sorted(edge, side="left", descending=True))
    first_outside = base.filter(pl.col("cents") == edge)["client"].sort()[equal_inside]
    return (pl.col("cents") < edge) | ((pl.col("cents") == edge) & (pl.col("client") >= first_outside))


def answer(result: pl.DataFrame) -> dict:
    return {
        name: result[name].to_physical().to_arrow() if name in ("segment", "abc") else result[name].to_arrow()
        for name in ("client", "recency", "frequency", "cents", "r", "f", "m", "segment", "abc")
    }
