"""Side by side: purchases in memory to recency, frequency and money scores, segment and ABC class of every client.

    python benchmarks/peers/activity.py --purchases 10000000 --clients 500000 --out activity.json

makes the purchases (the same for the same arguments), runs each system in a process of its own on all cores, and
writes one JSON object: per system the median seconds of `--repeat` runs after a warm-up, and the peak resident bytes
above those with the inputs loaded. It ends with 1 if two systems answer differently or one fails.

What is timed: from chunked Arrow columns in memory to one row per client with recency (days before the day of the last
purchase), frequency, money, the three scores, segment and class, in the system's own columnar form. What is not:
imports, loading the columns, connecting, and turning the answer into the digest by which answers are compared.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import machine, measured, resident_bytes, settle
from workload import Workload, digest, generate, load, reference

SYSTEMS = ["klientela", "duckdb", "polars", "pandas"]
PEERS = ["duckdb", "polars"]  # the two that count as the bar
PANDAS_LIMIT = 20_000_000
REFERENCE_LIMIT = 2_000_000


def work_in_this_process(arguments: argparse.Namespace) -> dict:
    """One system, one variant: the figures, and the digest of the answer."""
    table = load(arguments.input)
    if arguments.worker == "reference":
        return {"digest": digest(reference(table))}
    peer = importlib.import_module("peer_" + arguments.worker)
    run = peer.prepare(table, arguments.variant)
    settle()
    inputs = resident_bytes()
    figures, result = measured(run, inputs, arguments.repeat)
    return {
        **figures,
        "inputs_bytes": inputs,
        "version": peer.VERSION,
        "variant": arguments.variant,
        "digest": digest(peer.answer(result)),
    }


def run_worker(system: str, variant: str, path: pathlib.Path, repeat: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="activity-") as folder:
        out = pathlib.Path(folder) / "figures.json"
        command = [
            sys.executable,
            __file__,
            "--worker",
            system,
            "--variant",
            variant,
            "--input",
            str(path),
            "--repeat",
            str(repeat),
            "--out",
            str(out),
        ]
        done = subprocess.run(command, stdout=sys.stderr, check=False)
        if done.returncode != 0 or not out.exists():
            return {"variant": variant, "failed": f"{system} ({variant}) ended with {done.returncode}"}
        return json.loads(out.read_text())


def reason_to_skip(system: str, work: Workload) -> str | None:
    package = {"reference": "pyarrow"}.get(system, system)
    if importlib.util.find_spec(package) is None:
        return f"the package {package} is not installed"
    if system == "pandas" and work.purchases > PANDAS_LIMIT:
        return f"only up to {PANDAS_LIMIT:,} purchases"
    if system == "pandas" and work.amount != "float64":
        return "pandas has no fixed-point column of its own"
    if system == "reference" and work.purchases > REFERENCE_LIMIT:
        return f"only up to {REFERENCE_LIMIT:,} purchases"
    return None


def variants_of(system: str, asked: str) -> list[str]:
    if system == "reference":
        return ["whole numbers"]
    lists = json.loads((pathlib.Path(__file__).parent / "variants.json").read_text())[system]
    if asked in ("default", "all"):
        return list(lists[asked])
    named = [variant for variant in asked.split(",") if variant in lists["all"]]
    return named or list(lists["default"])


def measure_system(system: str, work: Workload, path: pathlib.Path, arguments: argparse.Namespace) -> dict:
    """Every asked variant; the fastest is the system's figure, the others stand beside it."""
    found = []
    for variant in variants_of(system, arguments.variants):
        figures = run_worker(system, variant, path, arguments.repeat)
        found.append(figures)
        if "failed" in figures:
            say(figures["failed"])
        elif "seconds" in figures:
            say(
                f"{system:10} {variant:16} {figures['seconds']:8.3f} s (least {figures['seconds_min']:.3f}) "
                f"{figures['peak_bytes'] / 2**20:8.0f} MiB  {figures['digest']['all'][:12]}"
            )
    good = [figures for figures in found if "failed" not in figures]
    if not good:
        return {"failed": "; ".join(figures["failed"] for figures in found)}
    best = min(good, key=lambda figures: figures.get("seconds", 0.0))
    others = {figures["variant"]: figures for figures in found if figures is not best}
    return {**best, **({"others": others} if others else {})}


def differences(results: dict) -> list[str]:
    """One sentence for every answer that is not the first one's, or did not come."""
    sentences, first = [], None
    for system, figures in results.items():
        for entry in [figures, *figures.get("others", {}).values()]:
            name = f"{system} ({entry.get('variant', '')})"
            if "failed" in entry:
                sentences.append(entry["failed"])
            elif "digest" in entry and first is None:
                first = (name, entry["digest"])
            elif "digest" in entry and entry["digest"] != first[1]:
                columns = [
                    column for column, value in entry["digest"].items() if value != first[1][column] and column != "all"
                ]
                sentences.append(f"{name} and {first[0]} answer differently in {', '.join(columns)}")
    return sentences


def compare(results: dict) -> dict:
    """The own figures against the fastest and against the leanest peer."""
    peers = {name: results[name] for name in PEERS if "seconds" in results.get(name, {})}
    if not peers or "seconds" not in results.get("klientela", {}):
        return {}
    own = results["klientela"]
    fastest = min(peers, key=lambda name: peers[name]["seconds"])
    leanest = min(peers, key=lambda name: peers[name]["peak_bytes"])
    return {
        "fastest_peer": fastest,
        "times_faster": peers[fastest]["seconds"] / own["seconds"],
        "leanest_peer": leanest,
        "share_of_its_memory": own["peak_bytes"] / peers[leanest]["peak_bytes"],
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--purchases", type=lambda text: int(float(text)), default=10_000_000)
    parser.add_argument("--clients", type=lambda text: int(float(text)), default=500_000)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the JSON file to write")
    parser.add_argument("--keys", choices=["int", "string"], default="int", help="type of the client column")
    parser.add_argument("--when", choices=["timestamp", "date"], default="timestamp", help="type of the time column")
    parser.add_argument("--amount", choices=["float64", "decimal128"], default="float64")
    parser.add_argument(
        "--systems", default=",".join(SYSTEMS), help=f"of {', '.join(SYSTEMS)} and reference; in that order"
    )
    parser.add_argument("--repeat", type=int, default=5, help="measured runs after the warm-up")
    parser.add_argument(
        "--variants", default="default", help="default, all, or names from variants.json; the fastest counts"
    )
    parser.add_argument("--seed", type=int, default=Workload(1, 1).seed)
    parser.add_argument(
        "--cache", type=pathlib.Path, help="folder that keeps the purchases between runs; default: none kept"
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    parser.add_argument("--input", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.purchases < 1 or arguments.clients < 1 or arguments.repeat < 1:
        parser.error("--purchases, --clients and --repeat must be at least 1")
    unknown = set(arguments.systems.split(",")) - {*SYSTEMS, "reference"}
    if unknown:
        parser.error(f"--systems: unknown {', '.join(sorted(unknown))}")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    if arguments.worker:
        arguments.out.write_text(json.dumps(work_in_this_process(arguments)))
        return 0
    work = Workload(
        arguments.purchases, arguments.clients, arguments.keys, arguments.when, arguments.amount, arguments.seed
    )
    results: dict = {}
    with tempfile.TemporaryDirectory(prefix="activity-") as folder:
        path = (arguments.cache or pathlib.Path(folder)) / work.label()
        path.parent.mkdir(parents=True, exist_ok=True)
        around = machine()
        if not path.exists():
            say(f"making {work.purchases:,} purchases of {work.clients:,} clients")
            generate(work, path)
        for system in arguments.systems.split(","):
            reason = reason_to_skip(system, work)
            if reason:
                say(f"{system} skipped: {reason}")
                results[system] = {"skipped": reason}
            else:
                results[system] = measure_system(system, work, path, arguments)
    around["load_after"] = [round(x, 2) for x in os.getloadavg()]
    wrong = differences(results)
    document = {
        **results,
        "comparison": compare(results),
        "same_answer": not wrong,
        "differences": wrong,
        "workload": {**vars(work), "repeat": arguments.repeat},
        "machine": around,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    for sentence in wrong:
        say("NOT THE SAME: " + sentence)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
