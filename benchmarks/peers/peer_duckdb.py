"""The job in DuckDB SQL over the Arrow columns as they are."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa
from measure import Stages
from workload import CLASS_NAMES, EDGES, SEGMENT_NAMES, segment_codes

VERSION = duckdb.__version__

# Whole cents of a client's money. Amounts have two decimals and a client's sum is far below 2**53 cents, so the
# rounded double sum is exact; the other two forms sum whole numbers from the start.
MONEY = {
    "double": "round(sum(amount) * 100)::BIGINT",
    "cents": "sum(round(amount * 100)::BIGINT)::BIGINT",
    "decimal": "(sum(amount::DECIMAL(12, 2)) * 100)::BIGINT",
}
AGGREGATE = (
    'SELECT client, max("at"::DATE) AS last, count(*) AS frequency, {money} AS cents FROM {source} GROUP BY client'
)
QUANTILES = f"""
SELECT max(last) AS as_of, sum(cents)::BIGINT AS total,
       quantile_cont(datediff('day', last, DATE '2100-01-01'), {EDGES}) AS r,
       quantile_cont(frequency, {EDGES}) AS f, quantile_cont(cents, {EDGES}) AS m
FROM per_client"""


def _score(value: str, edges: list[float]) -> str:
    return "(1 + " + " + ".join(f"({value} > {edge!r})::INT" for edge in edges) + ")"


def _answer(source: str, abc: str) -> str:
    """Scores, then segment and class as enums by way of a 125-row table."""
    return f"""
SELECT client, recency, frequency, cents, r::TINYINT AS r, f::TINYINT AS f, m::TINYINT AS m, segment, {abc}::abc_class AS abc
FROM ({source}) JOIN segments ON cell = (r * 25 + f * 5 + m)::SMALLINT"""


def prepare(table: pa.Table, variant: str) -> Callable[[Stages], object]:
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    quote = "', '".join(name.replace("'", "''") for name in SEGMENT_NAMES)
    connection.execute(f"CREATE TYPE segment_name AS ENUM ('{quote}')")
    connection.execute("CREATE TYPE abc_class AS ENUM ('{}')".format("', '".join(CLASS_NAMES)))
    connection.execute("CREATE TABLE segments (cell SMALLINT, segment segment_name)")
    rows = [(int(at) + 31, SEGMENT_NAMES[code]) for at, code in enumerate(segment_codes())]
    connection.executemany("INSERT INTO segments VALUES (?, ?)", rows)
    connection.register("purchases", table)
    decimal_input = pa.types.is_decimal(table.schema.field("amount").type)
    money = MONEY["cents" if variant == "cents" else "decimal" if variant == "decimal" or decimal_input else "double"]

    def one_query(stages: Stages) -> object:
        window = "sum(cents) OVER (ORDER BY cents DESC, client ROWS UNBOUNDED PRECEDING) - cents"
        r, f, m = (
            "(1 + " + " + ".join(f"({v} > e.{e}[{i}])::INT" for i in range(1, 5)) + ")"
            for v, e in (("datediff('day', last, DATE '2100-01-01')", "r"), ("frequency", "f"), ("cents", "m"))
        )
        scored = f"""SELECT client, datediff('day', last, as_of)::INT AS recency, frequency, cents, 7 - {r} - 1 AS r,
                            {f} AS f, {m} AS m, total, before FROM
                     (SELECT *, {window} AS before FROM per_client) CROSS JOIN e"""
        abc = "CASE WHEN cents <= 0 OR 20 * before >= 19 * total THEN 'C' WHEN 5 * before < 4 * total THEN 'A' ELSE 'B' END"
        with stages("query"):
            return connection.sql(
                f"WITH per_client AS MATERIALIZED ({AGGREGATE.format(money=money, source='purchases')}), "
                f"e AS MATERIALIZED ({QUANTILES}) {_answer(scored, abc)}"
            ).to_arrow_table()

    def steps(stages: Stages) -> object:
        source = "purchases"
        with stages("aggregate"):
            if variant == "native":
                connection.execute("CREATE OR REPLACE TEMP TABLE own AS FROM purchases")
                source = "own"
            text = AGGREGATE.format(money=money, source=source)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE per_client AS {text}")
        with stages("quantiles"):
            as_of, total, r_edges, f_edges, m_edges = connection.execute(QUANTILES).fetchall()[0]
        # Recency edges were taken from days to a fixed date, so that one pass finds the last day as well.
        r = _score("datediff('day', last, DATE '2100-01-01')", r_edges)
        scored = f"""SELECT client, datediff('day', last, DATE '{as_of}')::INT AS recency, frequency, cents,
                            6 - {r} AS r, {_score("frequency", f_edges)} AS f, {_score("cents", m_edges)} AS m"""
        if variant == "cut":
            with stages("abc"):
                limits = _cut(connection, total)
            abc = (
                "CASE "
                + " ".join(
                    f"WHEN cents > {money} OR (cents = {money} AND client < {_literal(client)}) THEN '{name}'"
                    for name, (money, client) in zip("AB", limits, strict=True)
                )
                + " ELSE 'C' END"
            )
            source = scored + " FROM per_client"
        else:
            abc = f"CASE WHEN cents <= 0 OR 20 * before >= {19 * total} THEN 'C' WHEN 5 * before < {4 * total} THEN 'A' ELSE 'B' END"
            window = "sum(cents) OVER (ORDER BY cents DESC, client ROWS UNBOUNDED PRECEDING) - cents"
            source = scored + f", before FROM (SELECT *, ({window})::BIGINT AS before FROM per_client)"
        with stages("answer"):
            return connection.sql(_answer(source, abc)).to_arrow_table()

    return one_query if variant == "one-query" else steps


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _cut(connection: duckdb.DuckDBPyConnection, total: int) -> list[tuple[int, object]]:
    """For 80 and 95 %: (money, client) from which on, in falling money, a client is below the limit.

    Sums by fine steps of money find the step where the limit lies; only its clients are sorted.
    """
    steps = connection.execute(
        "SELECT step, (sum(sum) OVER (ORDER BY step DESC) - sum)::BIGINT AS before, sum::BIGINT AS sum FROM "
        "(SELECT (log2(greatest(cents, 1)) * 256)::INT AS step, sum(cents) AS sum FROM per_client WHERE cents > 0 GROUP BY 1) "
        "ORDER BY step DESC"
    ).fetchall()
    limits: list[tuple[int, object]] = []
    for part, whole in ((4, 5), (19, 20)):
        found: tuple[int, object] | None = None
        for step, before, own in steps:
            if whole * (before + own) < part * total:
                continue
            row = connection.execute(
                "SELECT cents, client FROM (SELECT cents, client, ? + sum(cents) OVER (ORDER BY cents DESC, client "
                "ROWS UNBOUNDED PRECEDING) - cents AS before FROM per_client "
                "WHERE cents > 0 AND (log2(greatest(cents, 1)) * 256)::INT = ?) "
                f"WHERE {whole} * before >= {part * total} ORDER BY cents DESC, client LIMIT 1",
                [before, step],
            ).fetchall()
            if row:
                found = row[0]
                break
        limits.append(
            found
            if found is not None
            else (0, connection.execute("SELECT min(client) FROM per_client").fetchall()[0][0])
        )
    return limits


def answer(result: pa.Table) -> dict:
    return {name: result[name] for name in result.column_names}
