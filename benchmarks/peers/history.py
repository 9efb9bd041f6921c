"""Side by side: 24 month ends of purchases in memory, every client's RFM segment and ABC class on each.

    python benchmarks/peers/history.py --purchases 10000000 --clients 500000 --out history.json

makes the purchases of activity.py (the same for the same arguments) and runs each system in a process of its own on all
cores: median seconds of `--repeat` runs after a warm-up, and the peak resident bytes above those with the inputs loaded.
It ends with 1 if two systems answer differently or one fails.

Thresholds are those of the last day (`--thresholds frozen`) or each day's own (`refit`). What is timed: from chunked
Arrow columns to segment and class of every client that has bought, on each day, in the system's own form; klientela's
ingest with its checks included. `snapshots` is what one writes who has activity.py's query: one filtered query a day.
`carried` aggregates by client and month once and adds the months up. `run` is one full run of klientela, for comparison:
ingest, features and classes of the last day. `--matrix` has the contact matrix made too, by `klientela` and `run` alone.

At the end stand the three figures that klientela is held to: seconds of the history (without ingest) to those of one run
(without ingest); seconds of the fastest peer to those of klientela with ingest; and its peak less what the result holds to
the peak of one run, all over the resident size with the inputs loaded.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from measure import Stages, machine, measured, resident_bytes, settle
from workload import DAYS, FIRST_DAY, SEGMENT_NAMES, Workload, generate, load, segment_codes

SYSTEMS = ["klientela", "run", "polars snapshots", "polars carried", "duckdb snapshots", "duckdb carried"]


def month_ends() -> list[dt.date]:
    first = FIRST_DAY.astype(object)
    last = first + dt.timedelta(days=DAYS - 1)
    ends = []
    year, month = first.year, first.month
    while not ends or ends[-1] < last:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        ends.append(min(dt.date(year, month, 1) - dt.timedelta(days=1), last))
    return ends


class Edges:
    """Thresholds of one day: type-7 quantiles, and the lower ends of A and B with the client that cuts a tie."""

    def __init__(self, client: np.ndarray, recency: np.ndarray, frequency: np.ndarray, cents: np.ndarray) -> None:
        quantiles = [0.2, 0.4, 0.6, 0.8]
        self.r, self.f, self.m = (np.quantile(each, quantiles) for each in (recency, frequency, cents))
        order = np.lexsort((client, -cents))
        falling = cents[order]
        before = np.cumsum(falling) - falling
        total = int(falling.sum())
        self.abc = []
        for part, whole in ((4, 5), (19, 20)):
            inside = int(np.searchsorted(before * whole, part * total, side="left"))
            edge = int(falling[inside - 1])
            cut = inside < len(falling) and falling[inside] == edge
            self.abc.append((edge, int(client[order[inside - 1]]) if cut else np.iinfo(np.int64).max))

    def segment_and_class(self, client, recency, frequency, cents) -> tuple[np.ndarray, np.ndarray]:
        """Only where a system has no form of its own for it."""
        r = 5 - np.searchsorted(self.r, recency, side="left")
        f, m = np.searchsorted(self.f, frequency, side="left"), np.searchsorted(self.m, cents, side="left")
        abc = np.zeros(len(cents), dtype=np.int8)
        for edge, last in self.abc:
            abc += ~((cents > edge) | ((cents == edge) & (client <= last)))
        return segment_codes()[(r - 1) * 25 + f * 5 + m], abc


def count(day: int, segment: np.ndarray, abc: np.ndarray, into: list) -> None:
    into.append([day, *np.bincount(segment.astype(np.int64) * 3 + abc, minlength=33).tolist()])


# ------------------------------------------------------------------------------------------------------- systems


def klientela_policy(matrix: bool) -> dict:
    from peer_klientela import POLICY

    return {**POLICY, "classifiers": {**POLICY["classifiers"], "matrix": {"kind": "matrix"}}} if matrix else POLICY


def with_klientela(
    table: pa.Table, thresholds: str, matrix: bool
) -> tuple[Callable[[Stages], object], Callable[[object], list]]:
    import klientela

    days = month_ends()
    columns = ["rfm_segment", "abc", *(["cell", "group"] if matrix else [])]

    def work(stages: Stages) -> object:
        with stages("ingest"):
            base = klientela.ingest({"transactions": table}).base
        with stages("history"):
            return klientela.history(base, klientela_policy(matrix), days=days, thresholds=thresholds, columns=columns)

    def answer(found: object) -> list:
        counts: list = []
        names = {name: code for code, name in enumerate(SEGMENT_NAMES)}
        for place, day in enumerate(days):
            rows = pa.table(found.on(day)).to_pandas()
            rows = rows[rows["rfm_segment"] != "none"]
            segment = rows["rfm_segment"].astype(str).map(names).to_numpy()
            count(place, segment, rows["abc"].astype(str).map({"A": 0, "B": 1, "C": 2}).to_numpy(), counts)
        return counts

    return work, answer


def with_run(table: pa.Table, matrix: bool) -> tuple[Callable[[Stages], object], Callable[[object], list]]:
    import klientela

    def work(stages: Stages) -> object:
        with stages("run"):
            return klientela.run({"transactions": table}, policy=klientela_policy(matrix), as_of=month_ends()[-1])

    return work, lambda _found: []


def with_polars(table: pa.Table, thresholds: str, carried: bool):
    import polars as pl

    days = month_ends()
    segments = pl.Series("segment", segment_codes())
    frame = pl.from_arrow(table, rechunk=False)

    def score(value: pl.Expr, edges: np.ndarray) -> pl.Expr:
        total = pl.lit(0, dtype=pl.Int32)
        for edge in edges:
            total = total + (value > float(edge)).cast(pl.Int32)
        return total

    def classes(state: pl.DataFrame, day: dt.date, edges: Edges) -> pl.DataFrame:
        recency = (pl.lit(day) - pl.col("last")).dt.total_days()
        cell = (4 - score(recency, edges.r)) * 25 + score(pl.col("frequency"), edges.f) * 5
        cell = cell + score(pl.col("cents"), edges.m)
        abc = pl.lit(0, dtype=pl.Int8)
        for edge, last in edges.abc:
            inside = (pl.col("cents") > edge) | ((pl.col("cents") == edge) & (pl.col("client") <= last))
            abc = abc + (~inside).cast(pl.Int8)
        return state.select("client", "cents", pl.lit(segments).gather(cell).alias("segment"), abc.alias("abc"))

    def edges_of(state: pl.DataFrame, day: dt.date) -> Edges:
        recency = state.select((pl.lit(day) - pl.col("last")).dt.total_days()).to_series()
        return Edges(*(each.to_numpy() for each in (state["client"], recency, state["frequency"], state["cents"])))

    def snapshot(day: dt.date) -> pl.DataFrame:
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
        return (
            frame.lazy()
            .filter(pl.col("at") < end)
            .group_by("client")
            .agg(pl.len().alias("frequency"), pl.col("amount").sum(), pl.col("at").max())
            .select(
                "client",
                "frequency",
                (pl.col("amount") * 100).round().cast(pl.Int64).alias("cents"),
                pl.col("at").cast(pl.Date).alias("last"),
            )
            .collect(engine="streaming")
        )

    def snapshots() -> Iterator[pl.DataFrame]:
        if not carried:
            yield from map(snapshot, days)
            return
        months = (
            frame.lazy()
            .group_by("client", pl.col("at").dt.truncate("1mo").cast(pl.Date).alias("month"))
            .agg(pl.len().alias("frequency"), pl.col("amount").sum(), pl.col("at").max())
            .select(
                "client",
                "month",
                "frequency",
                (pl.col("amount") * 100).round().cast(pl.Int64).alias("cents"),
                pl.col("at").cast(pl.Date).alias("last"),
            )
            .collect(engine="streaming")
            .partition_by("month", as_dict=True, include_key=False)
        )
        state: pl.DataFrame | None = None
        for day in days:
            new = months.get((day.replace(day=1),))
            both = [each for each in (state, new) if each is not None]
            state = (
                pl.concat(both)
                .lazy()
                .group_by("client")
                .agg(pl.col("frequency").sum(), pl.col("cents").sum(), pl.col("last").max())
                .collect(engine="streaming")
            )
            yield state

    def work(stages: Stages) -> object:
        with stages("history"):
            frozen = edges_of(snapshot(days[-1]), days[-1]) if thresholds == "frozen" else None
            return [
                classes(state, day, frozen or edges_of(state, day))
                for day, state in zip(days, snapshots(), strict=True)
            ]

    def answer(found: list) -> list:
        counts: list = []
        for place, rows in enumerate(found):
            count(place, rows["segment"].to_numpy(), rows["abc"].to_numpy(), counts)
        return counts

    return work, answer


def with_duckdb(table: pa.Table, thresholds: str, carried: bool):
    import duckdb

    days = month_ends()
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    connection.register("purchases", table)
    connection.execute("CREATE TABLE segments (cell SMALLINT, segment TINYINT)")
    connection.executemany("INSERT INTO segments VALUES (?, ?)", [(i, int(s)) for i, s in enumerate(segment_codes())])

    def state_of(day: dt.date) -> str:
        return f"""SELECT client, max("at"::DATE) AS last, count(*)::BIGINT AS frequency,
            round(sum(amount) * 100)::BIGINT AS cents FROM purchases
            WHERE "at" < TIMESTAMP '{day + dt.timedelta(days=1)}' GROUP BY client"""

    def edges_of(source: str, day: dt.date) -> Edges:
        rows = connection.execute(
            f"SELECT client, datediff('day', last, DATE '{day}') AS recency, frequency, cents FROM ({source})"
        ).fetchnumpy()
        return Edges(rows["client"], rows["recency"], rows["frequency"], rows["cents"])

    def classes(source: str, day: dt.date, edges: Edges) -> pa.Table:
        def score(value: str, at: np.ndarray) -> str:
            return "(" + " + ".join(f"({value} > {float(edge)!r})::INT" for edge in at) + ")"

        inside = [f"(cents > {edge} OR (cents = {edge} AND client <= {last}))" for edge, last in edges.abc]
        recency = f"datediff('day', last, DATE '{day}')"
        cell = f"(4 - {score(recency, edges.r)}) * 25 + {score('frequency', edges.f)} * 5 + {score('cents', edges.m)}"
        return connection.sql(
            f"""SELECT client, cents, segment, abc FROM (SELECT client, cents, ({cell})::SMALLINT AS cell,
                CASE WHEN {inside[0]} THEN 0 WHEN {inside[1]} THEN 1 ELSE 2 END::TINYINT AS abc FROM ({source}))
                JOIN segments USING (cell)"""
        ).to_arrow_table()

    def sources() -> Iterator[str]:
        if not carried:
            for day in days:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE state AS {state_of(day)}")
                yield "FROM state"
            return
        connection.execute(
            """CREATE OR REPLACE TEMP TABLE months AS SELECT client, date_trunc('month', "at")::DATE AS month,
               max("at"::DATE) AS last, count(*)::BIGINT AS frequency, round(sum(amount) * 100)::BIGINT AS cents
               FROM purchases GROUP BY ALL"""
        )
        connection.execute("CREATE OR REPLACE TEMP TABLE state AS SELECT * EXCLUDE month FROM months LIMIT 0")
        for day in days:
            connection.execute(
                f"""CREATE OR REPLACE TEMP TABLE state AS SELECT client, max(last) AS last,
                    sum(frequency)::BIGINT AS frequency, sum(cents)::BIGINT AS cents
                    FROM (FROM state UNION ALL BY NAME SELECT * EXCLUDE month FROM months
                          WHERE month = DATE '{day.replace(day=1)}') GROUP BY client"""
            )
            yield "FROM state"

    def work(stages: Stages) -> object:
        with stages("history"):
            frozen = edges_of(state_of(days[-1]), days[-1]) if thresholds == "frozen" else None
            return [
                classes(source, day, frozen or edges_of(source, day))
                for day, source in zip(days, sources(), strict=True)
            ]

    def answer(found: list) -> list:
        counts: list = []
        for place, rows in enumerate(found):
            count(place, rows["segment"].to_numpy(), rows["abc"].to_numpy(), counts)
        return counts

    return work, answer


def prepare(system: str, table: pa.Table, thresholds: str, matrix: bool):
    if system == "klientela":
        return with_klientela(table, thresholds, matrix)
    if system == "run":
        return with_run(table, matrix)
    name, _, way = system.partition(" ")
    return (with_polars if name == "polars" else with_duckdb)(table, thresholds, way == "carried")


# -------------------------------------------------------------------------------------------------------- frame


def work_in_this_process(arguments: argparse.Namespace) -> dict:
    table = load(arguments.input)
    work, answer = prepare(arguments.worker, table, arguments.thresholds, arguments.matrix)
    settle()
    inputs = resident_bytes()
    figures, result = measured(work, inputs, arguments.repeat)
    found = {"nbytes": result.nbytes} if arguments.worker == "klientela" else {}
    counts = answer(result)
    digest = hashlib.blake2b(json.dumps(counts).encode(), digest_size=8).hexdigest() if counts else None
    return {**figures, **found, "inputs_bytes": inputs, "digest": digest, "last_day": counts[-1] if counts else None}


def run_worker(system: str, path: pathlib.Path, arguments: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        out = pathlib.Path(folder) / "figures.json"
        command = [sys.executable, __file__, "--worker", system, "--input", str(path), "--out", str(out)]
        command += ["--repeat", str(arguments.repeat), "--thresholds", arguments.thresholds]
        command += ["--matrix"] if arguments.matrix else []
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode != 0 or not out.exists():
            return {"failed": f"{system} ended with {done.returncode}"}
        return json.loads(out.read_text())


def compare(results: dict) -> dict:
    own, run = results.get("klientela", {}), results.get("run", {})
    peers = {name: found for name, found in results.items() if " " in name and "seconds" in found}
    if "seconds" not in own:
        return {}
    answer: dict = {}
    for way in ("snapshots", "carried"):
        some = {name: found for name, found in peers.items() if name.endswith(way)}
        if some:
            fastest = min(some, key=lambda name: some[name]["seconds"])
            answer[f"fastest_{way}"] = fastest
            answer[f"times_faster_than_{way}"] = some[fastest]["seconds"] / own["seconds"]
    if "seconds" in run:
        answer["times_one_run"] = own["seconds"] / run["seconds"]
        ingest = own["stages"]["ingest"]
        answer["times_features_and_classes"] = own["stages"]["history"] / (run["seconds"] - ingest)
        answer["peak_without_result_to_one_run"] = (own["peak_bytes"] - own["nbytes"]) / run["peak_bytes"]
    return answer


def sentences(results: dict, comparison: dict) -> Iterator[str]:
    if "times_features_and_classes" in comparison:
        yield f"{comparison['times_features_and_classes']:.2f} times the features and classes of one run"
    for way in ("snapshots", "carried"):
        if f"fastest_{way}" in comparison:
            yield f"{comparison[f'times_faster_than_{way}']:.1f} times faster than {comparison[f'fastest_{way}']}"
    if "peak_without_result_to_one_run" in comparison:
        peak, held, run = (
            each / 2**20
            for each in (
                results["klientela"]["peak_bytes"],
                results["klientela"]["nbytes"],
                results["run"]["peak_bytes"],
            )
        )
        ratio = comparison["peak_without_result_to_one_run"]
        yield f"peak memory {ratio:.2f} times that of one run: ({peak:.0f} - {held:.0f} of the result) / {run:.0f} MiB"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--purchases", type=lambda text: int(float(text)), default=10_000_000)
    parser.add_argument("--clients", type=lambda text: int(float(text)), default=500_000)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the JSON file to write")
    parser.add_argument("--thresholds", choices=["frozen", "refit"], default="frozen")
    parser.add_argument("--matrix", action="store_true", help="the contact matrix too; only klientela and run know it")
    parser.add_argument("--systems", help=f"of {', '.join(SYSTEMS)}, in that order; those that can, unless given")
    parser.add_argument("--repeat", type=int, default=3, help="measured runs after the warm-up")
    parser.add_argument("--cache", type=pathlib.Path, help="folder that keeps the purchases between runs")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--input", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.worker:
        arguments.out.write_text(json.dumps(work_in_this_process(arguments)))
        return 0
    able = ["klientela", "run"] if arguments.matrix else SYSTEMS
    systems = arguments.systems.split(",") if arguments.systems else able
    unknown = set(systems) - set(able)
    if unknown:
        parser.error(f"--systems: {', '.join(sorted(unknown))} is none of {', '.join(able)}")
    work = Workload(arguments.purchases, arguments.clients)
    results: dict = {}
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        path = (arguments.cache or pathlib.Path(folder)) / work.label()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            say(f"making {work.purchases:,} purchases of {work.clients:,} clients")
            generate(work, path)
        for system in systems:
            found = results[system] = run_worker(system, path, arguments)
            if "failed" in found:
                say(found["failed"])
            else:
                say(f"{system:18} {found['seconds']:8.3f} s {found['peak_bytes'] / 2**20:8.0f} MiB  {found['digest']}")
    digests = {found["digest"] for found in results.values() if found.get("digest")}
    wrong = [found["failed"] for found in results.values() if "failed" in found]
    if len(digests) > 1:
        wrong.append("the systems answer differently")
    comparison = compare(results)
    for sentence in sentences(results, comparison):
        say(sentence)
    document = {**results, "comparison": comparison, "same_answer": not wrong, "differences": wrong}
    workload = {**vars(work), "thresholds": arguments.thresholds, "matrix": arguments.matrix}
    document |= {"workload": workload, "machine": machine()}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    for sentence in wrong:
        say("NOT THE SAME: " + sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
