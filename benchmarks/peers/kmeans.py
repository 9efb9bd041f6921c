"""k-means of klientela beside scikit-learn: same points, same starts, same iterations; figures as JSON.

python kmeans.py [--rows 1000000] [--measures 4] [--k 5] [--iterations 25] [--threads 1 2] [--repeat 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import pathlib
import warnings

import klientela
import measure
import numpy as np
import sklearn
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits


def points_of(rows: int, measures: int, k: int, seed: int) -> np.ndarray:
    """Overlapping round heaps, so that Lloyd's iterations go on."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(k + 3, measures)) * 3
    return centers[random.integers(0, k + 3, rows)] + random.normal(size=(rows, measures))


def main() -> None:
    """Run both in turn and print, or write, what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measures", type=int, default=4)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=25)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()

    points = points_of(options.rows, options.measures, options.k, options.seed)
    start = points[: options.k].copy()
    names = [f"m{i}" for i in range(options.measures)]
    table = klientela.Table(
        {"client": np.arange(options.rows)} | {n: np.ascontiguousarray(points[:, i]) for i, n in enumerate(names)}
    )
    same = {"max_iterations": options.iterations, "tolerance": 0.0}

    def ours(threads: int) -> tuple[float, int]:
        classifier = klientela.Classifier(
            "kmeans", measures=names, centers=start.tolist(), scaling="none", silhouette_sample=100, **same
        )
        fit = classifier.fit(table, threads=threads).to_dict()["model"]["fit"]
        return fit["inertia"], fit["iterations"]

    def theirs(threads: int) -> tuple[float, int]:
        with threadpool_limits(threads), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the iterations are not enough
            fit = KMeans(options.k, init=start, n_init=1, max_iter=options.iterations, tol=0, algorithm="lloyd").fit(
                points
            )
        return float(fit.inertia_), int(fit.n_iter_)

    result = {
        "machine": measure.machine(),
        "versions": {"klientela": klientela.__version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "workload": {key: value for key, value in vars(options).items() if key not in ("out", "threads")},
        "runs": [],
    }
    baseline = measure.resident_bytes()
    for threads in options.threads:
        for name, work in (("klientela", ours), ("scikit-learn", theirs)):
            figures, (inertia, iterations) = measure.measured(
                lambda _, work=work, threads=threads: work(threads), baseline, options.repeat
            )
            result["runs"].append(
                {"system": name, "threads": threads, "inertia": inertia, "iterations": iterations, **figures}
            )
    for threads in options.threads:
        pair = {run["system"]: run for run in result["runs"] if run["threads"] == threads}
        one, other = pair["klientela"], pair["scikit-learn"]
        result.setdefault("comparison", []).append(
            {
                "threads": threads,
                "times_faster": other["seconds"] / one["seconds"],
                "inertia_relative_difference": abs(one["inertia"] - other["inertia"]) / other["inertia"],
                "iterations_equal": one["iterations"] == other["iterations"],
            }
        )
    text = json.dumps(result, indent=2)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text if not options.out else json.dumps(result["comparison"]))


if __name__ == "__main__":
    main()
