"""What a classifier written in Python costs beside the library's own: ABC classes by frozen limits, one thread.

    python benchmarks/peers/plugin.py [--clients 500000 1000000] [--repeat 9] [--out FILE]

The function gets columns as NumPy arrays and gives codes; both models judge the same table, and their classes are compared.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import time
from collections.abc import Callable

import klientela
import numpy as np
import pyarrow as pa
from measure import machine


def table_of(clients: int) -> klientela.Table:
    """Different amounts, so that no class is cut by a tie; exact money, which a function sees as floats."""
    whole = np.random.default_rng(23).lognormal(4, 1.5, clients) * 100
    amounts = pa.array(whole.astype(np.int64) * 1_000_000 + np.arange(clients)).cast(pa.decimal128(19, 0))
    return klientela.Table(
        pa.table({"client": np.arange(clients), "money_net": amounts.cast(pa.decimal128(19, 4), safe=False)})
    )


def median_seconds(work: Callable[[], object], repeat: int) -> float:
    work()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def compared(clients: int, repeat: int) -> dict:
    table = table_of(clients)
    built_in = klientela.Classifier("abc").fit(table, threads=1)
    classes = np.array(built_in.classify(table).table.to_pydict()["abc"])
    money = table["money_net"]
    a, b = money[classes == "A"].min(), money[classes != "C"].min()

    registry = klientela.ClassifierRegistry()

    @registry.classifier("limits", labels=["A", "B", "C"])
    def limits(money_net):
        return (money_net < a).astype(np.uint8) + (money_net < b)

    plugin = registry.make("limits").fit(table, threads=1)
    if plugin.classify(table).table.to_pydict()["limits"] != classes.tolist():
        raise SystemExit("the classes differ")
    own = median_seconds(lambda: built_in.classify(table, threads=1), repeat)
    python = median_seconds(lambda: plugin.classify(table, threads=1), repeat)
    alone = median_seconds(lambda: limits(money), repeat)
    return {"clients": clients, "built_in": own, "plugin": python, "function_alone": alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[500_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    results = [compared(clients, arguments.repeat) for clients in arguments.clients]
    for found in results:
        print(
            f"{found['clients']:>9,} clients: built in {found['built_in'] * 1e3:.2f} ms, "
            f"in Python {found['plugin'] * 1e3:.2f} ms, of which the function {found['function_alone'] * 1e3:.2f} ms"
        )
    if arguments.out:
        arguments.out.write_text(json.dumps({"results": results, "machine": machine()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
