"""klientela.similarity.cdist beside rapidfuzz.process.cdist on one core: nanoseconds a pair; figures as JSON.

python similarity.py [--texts 2000] [--repeat 7] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import statistics
import time
from collections.abc import Callable

import klientela
import measure
import numpy as np
import rapidfuzz
from klientela import similarity
from rapidfuzz import distance, process

SCORERS = {
    "jaro_similarity": distance.Jaro.similarity,
    "jaro_winkler_similarity": distance.JaroWinkler.similarity,
    "osa_distance": distance.OSA.distance,
    "levenshtein_distance": distance.Levenshtein.distance,
}
ALPHABETS = {"latin": "abcdefghijklmnopqrstuvwxyz", "cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюя"}
LENGTHS = {"names": (4, 20), "addresses": (20, 60)}


def made(count: int, low: int, high: int, alphabet: str, seed: int) -> list[str]:
    """Texts of letters, addresses with blanks and digits among them."""
    rng = random.Random(seed)
    if low >= 20:
        alphabet += "     0123456789"
    return ["".join(rng.choices(alphabet, k=rng.randint(low, high))) for _ in range(count)]


def clock(work: Callable[[], np.ndarray]) -> float:
    """Processor seconds of all threads, which strangers on the machine disturb least."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Run both in turn and print, or write, what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()

    result = {
        "machine": measure.machine(),
        "versions": {"klientela": klientela.__version__, "rapidfuzz": rapidfuzz.__version__, "numpy": np.__version__},
        "texts": options.texts,
        "runs": [],
    }
    for kind, (low, high) in LENGTHS.items():
        for script, alphabet in ALPHABETS.items():
            queries = made(options.texts, low, high, alphabet, 1)
            choices = made(options.texts, low, high, alphabet, 2)
            for name, scorer in SCORERS.items():

                def ours(q=queries, c=choices, name=name) -> np.ndarray:
                    return similarity.cdist(q, c, scorer=name, threads=1)

                def theirs(q=queries, c=choices, scorer=scorer) -> np.ndarray:
                    return process.cdist(q, c, scorer=scorer, workers=1)

                assert np.allclose(ours(), theirs(), rtol=0, atol=1e-6), name
                seconds: dict[str, list[float]] = {"klientela": [], "rapidfuzz": []}
                for _ in range(options.repeat):  # in turn, so that a slow moment hits both
                    seconds["klientela"].append(clock(ours))
                    seconds["rapidfuzz"].append(clock(theirs))
                pair = {system: statistics.median(each) / options.texts**2 * 1e9 for system, each in seconds.items()}
                result["runs"].append(
                    {
                        "texts": kind,
                        "script": script,
                        "scorer": name,
                        **{f"{system}_ns": round(each, 2) for system, each in pair.items()},
                        "times_faster": round(pair["rapidfuzz"] / pair["klientela"], 2),
                    }
                )
    text = json.dumps(result, indent=2)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text if not options.out else json.dumps(result["runs"]))


if __name__ == "__main__":
    main()
