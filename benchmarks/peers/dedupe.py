"""Side by side: duplicates among generated persons, klientela beside Splink on DuckDB; figures as JSON.

    python benchmarks/peers/dedupe.py --persons 1000000 --out dedupe.json

makes cards of persons (seeded; some with several, with the slips that people make) with first name, surname, date of
birth, city, e-mail and phone, and gives both systems the same blocking rules and the same columns to compare. Each runs
in a process of its own on all cores, from raw columns to clusters: klientela's ingest and normalisation included, Splink
with its training, on its columns as they are (they are generated in one spelling of case). Timed is one run after a
warm-up on a small list; told are seconds, processor seconds (of all threads, user and system), peak resident bytes above those with the columns
loaded and in all, pairs, and pairwise
and B-cubed F1. Splink's clusters are taken at each of its thresholds and the best F1 counts; klientela's at its default.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import PeakMemory, Stages, machine, resident_bytes, settle

SYLLABLES = [
    "an",
    "bel",
    "cor",
    "da",
    "el",
    "fin",
    "gar",
    "hol",
    "is",
    "jo",
    "ka",
    "lin",
    "mar",
    "ne",
    "ol",
    "per",
    "qua",
    "ros",
    "sam",
    "tor",
    "ul",
    "vin",
    "wes",
    "yor",
    "zan",
    "bra",
    "chi",
    "dre",
    "ste",
    "tri",
]
THRESHOLDS = [0.5, 0.8, 0.9, 0.95, *(1 - 10.0**-digits for digits in range(2, 11))]


def names(random: np.random.Generator, count: int) -> np.ndarray:
    """Distinct made-up names."""
    made: dict[str, None] = {}
    while len(made) < count:
        parts = random.integers(0, len(SYLLABLES), random.integers(2, 5))
        made["".join(SYLLABLES[p] for p in parts).capitalize()] = None
    return np.array(list(made))


def zipf(random: np.random.Generator, of: np.ndarray, count: int, power: float) -> np.ndarray:
    """Values drawn so that few are frequent and many are rare, as names and cities are."""
    weights = 1 / np.arange(1, len(of) + 1) ** power
    return of[np.searchsorted(np.cumsum(weights / weights.sum()), random.random(count))]


def slip(random: np.random.Generator, text: str) -> str:
    """One slip of the keyboard."""
    if len(text) < 3:
        return text
    at = int(random.integers(1, len(text) - 1))
    kind = random.integers(0, 4)
    letter = chr(97 + int(random.integers(0, 26)))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + letter + text[at + 1 :]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def cards(persons: int, seed: int = 1) -> pa.Table:
    """About `persons` cards; a quarter of them repeats another's, with slips and gaps. Shuffled; `truth` is the person."""
    random = np.random.default_rng(seed)
    clients = int(persons * 0.75)
    first = zipf(random, names(random, 4000), clients, 0.8)
    last = zipf(random, names(random, 40000), clients, 0.7)
    born = np.datetime64("1940-01-01") + random.integers(0, 365 * 65, clients).astype("timedelta64[D]")
    city = zipf(random, names(random, 3000), clients, 0.8)
    phone = random.integers(2_000_000_000, 9_999_999_999, clients)
    number = random.integers(1, 10000, clients)
    copies = np.minimum(random.geometric(0.75, clients), 6)
    owner = np.repeat(np.arange(clients), copies)[:persons]
    original = np.concatenate([[True], owner[1:] != owner[:-1]])
    rows = len(owner)
    columns = {
        "first_name": first[owner].astype(object),
        "surname": last[owner].astype(object),
        "dob": np.datetime_as_string(born[owner]).astype(object),
        "city": city[owner].astype(object),
        "email": np.array(
            [f"{first[o].lower()}.{last[o].lower()}{number[o]}@mail{number[o] % 7}.example" for o in owner],
            dtype=object,
        ),
        "phone": np.array([f"+1{phone[o]}" for o in owner], dtype=object),
    }
    for name, chance, gap in (
        ("first_name", 0.12, 0.02),
        ("surname", 0.12, 0.02),
        ("dob", 0.05, 0.05),
        ("city", 0.08, 0.1),
        ("email", 0.1, 0.25),
        ("phone", 0.05, 0.3),
    ):
        column = columns[name]
        changed = np.flatnonzero(~original & (random.random(rows) < chance))
        for row in changed:
            if name == "dob":
                year, month, day = column[row].split("-")
                swapped = f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-{max(1, int(day) - 1):02d}"
                column[row] = swapped
            else:
                column[row] = slip(random, column[row])
        column[random.random(rows) < gap] = None
    swapped = np.flatnonzero(~original & (random.random(rows) < 0.02))
    columns["first_name"][swapped], columns["surname"][swapped] = (
        columns["surname"][swapped],
        columns["first_name"][swapped],
    )
    order = random.permutation(rows)
    table = {"unique_id": pa.array(np.arange(rows))}
    table |= {name: pa.array(column[order], pa.string()) for name, column in columns.items()}
    return pa.table(table | {"truth": pa.array(owner[order])})


# First name and surname, and each with another hint; birthdays; e-mails; phones: about ten pairs a card at a million.
RULES = [
    ("email",),
    ("phone",),
    ("first_name", "surname"),
    ("surname", "dob"),
    ("first_name", "dob"),
    ("surname", "city"),
    ("first_name", "city"),
]
OURS = {"first_name": "given_name", "surname": "family_name", "dob": "birthday"}


def with_klientela(table: pa.Table, stages: Stages) -> tuple[dict, np.ndarray]:
    import klientela

    rules = [" + ".join(OURS.get(column, column) for column in rule) for rule in RULES]
    with stages("ingest"):
        base = klientela.ingest({"clients": table.drop_columns(["truth"])}).base
    with stages("find"):
        found = klientela.find_duplicates(
            base,
            blocking={"rules": rules, "max_pairs": 1_000_000_000, "pairs_per_card": 1000, "max_block": 100_000},
            comparisons=[{"field": f} for f in ("given_name", "family_name", "birthday", "city", "email", "phone")],
        )
        clusters = pa.table(found.clusters)["cluster"].to_numpy()
    return {"pairs": found.summary["pairs"], "status": found.summary["training"]["status"]}, clusters


def with_splink(table: pa.Table, stages: Stages) -> tuple[dict, list]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in RULES],
        comparisons=[
            cl.JaroWinklerAtThresholds("first_name", [0.92, 0.82]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("surname", [0.92, 0.82]).configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.JaroWinklerAtThresholds("city", [0.92]).configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
            cl.LevenshteinAtThresholds("phone", [1]),
        ],
        retain_intermediate_calculation_columns=False,
    )
    with stages("find"):
        api = DuckDBAPI()
        linker = Linker(api.register(table.drop_columns(["truth"])), settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(
            [block_on("first_name", "surname", "dob"), block_on("email")], recall=0.8
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "surname"))
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob", "city"))
        pairs = linker.inference.predict(threshold_match_probability=THRESHOLDS[0])
        first = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, THRESHOLDS[2])
        clusters = first.as_duckdbpyrelation().order("unique_id").fetchnumpy()["cluster_id"]
    answers = [clusters]
    for threshold in THRESHOLDS:
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold)
        answers.append(found.as_duckdbpyrelation().order("unique_id").fetchnumpy()["cluster_id"])
    return {}, answers


def f1(clusters: np.ndarray, truth: np.ndarray) -> dict:
    """Pairwise and B-cubed F1, and the largest cluster."""
    _, clusters = np.unique(clusters, return_inverse=True)
    _, inverse, counts = np.unique(clusters.astype(np.int64) << 32 | truth, return_inverse=True, return_counts=True)
    of_cluster, of_truth = np.bincount(clusters), np.bincount(truth)

    def pairs(c: np.ndarray) -> float:
        return float((c * (c - 1) / 2).sum())

    precision = (counts[inverse] / of_cluster[clusters]).mean()
    recall = (counts[inverse] / of_truth[truth]).mean()
    return {
        "pairwise_f1": 2 * pairs(counts) / (pairs(of_cluster) + pairs(of_truth)),
        "b_cubed_f1": 2 * precision * recall / (precision + recall),
        "largest": int(of_cluster.max()),
    }


def run_one(system: str, path: pathlib.Path) -> None:
    """One system on the cards of a file; figures to standard output."""
    work = {"klientela": with_klientela, "splink": with_splink}[system]
    work(cards(2000, seed=7), Stages())
    table = pq.read_table(path)
    truth = table["truth"].to_numpy()
    settle()
    before = resident_bytes()
    peak = PeakMemory()
    peak.start()
    stages = Stages()
    figures, answers = work(table, stages)
    highest = peak.stop()
    figures |= {
        "seconds": sum(stages.seconds.values()),
        "stages": stages.seconds,
        "processor_seconds": stages.processor_seconds,
    }
    figures |= {"peak_bytes": highest - before, "peak_resident_bytes": highest}
    all_answers = answers if isinstance(answers, list) else [answers]
    figures |= max((f1(each, truth) for each in all_answers), key=lambda each: each["pairwise_f1"])
    print(json.dumps(figures))


def main() -> None:
    """Run the systems in turn and print, or write, what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--systems", nargs="+", default=["klientela", "splink"])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--cards", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.cards)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "cards.parquet"
        pq.write_table(cards(options.persons), path)
        found = {"machine": machine(), "date": str(dt.date.today()), "persons": options.persons, "systems": {}}
        for system in options.systems:
            command = [sys.executable, __file__, "--one", system, "--cards", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{system} failed:\n{done.stderr[-3000:]}")
            found["systems"][system] = json.loads(done.stdout.splitlines()[-1])
            print(system, json.dumps(found["systems"][system]))
    if {"klientela", "splink"} <= found["systems"].keys():
        ours, theirs = found["systems"]["klientela"], found["systems"]["splink"]
        times = {each: theirs[each] / ours[each] for each in ("seconds", "processor_seconds")}
        print(f"klientela is {times['seconds']:.1f} times as fast, for 1/{times['processor_seconds']:.1f} of the work")
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
