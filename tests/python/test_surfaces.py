"""One input through C++, C, Python and the command line: the same bytes out of each."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
from pathlib import Path

import klientela
import pytest
from conftest import ROOT

# A plug-in that each surface has, the programs as surface.cpp and surface.c write it, and a matrix over it.
PLUGGED_IN = {
    "size": {"kind": "spender", "times": 1.5},
    "sizes": {
        "kind": "matrix",
        "x": {"measure": "size", "bands": ["small", "large"], "labels": [["small"], ["large"]]},
        "y": {"measure": "size_ratio", "bands": ["little", "much"], "edges": [0.5]},
        "groups": [{"name": "ours", "rules": [{"x": ["large"]}]}, {"name": "others", "rules": [{}]}],
    },
}
SPENDER = """
import klientela
import numpy as np

registry = klientela.ClassifierRegistry()


class Spender:
    inputs = ["money_net"]
    labels = {"": ["small", "large"], "_ratio": None}

    def __init__(self, times=1.0):
        self.times = times

    def fit(self, table):
        units = table.units("money_net")
        self.edge = self.times * (int(units.sum()) / np.ma.count(units))

    def classify(self, table):
        ratio = table.units("money_net") / self.edge
        return {"": (ratio > 1).astype(int), "_ratio": ratio}

    def reason(self, values, result):
        if result is None:
            return None
        if result == "large":
            return {"rule": "spender.above", "en": "which is above the mean", "ru": "это выше среднего"}
        return {"rule": "spender.below", "en": "which is not above the mean", "ru": "это не выше среднего"}


registry.add("spender", Spender)
"""
FILES = (
    "clients.csv",
    "matrix.csv",
    "attention.csv",
    "cohorts.csv",
    "transitions.csv",
    "rejected.csv",
    "summary.json",
    "report.html",
)
PLANNED = ("planned.csv", "refused.csv", "plan.json")


def programs() -> Path:
    """The folder of the C++ and C programs, which the release build makes."""
    named = os.environ.get("KLIENTELA_SURFACES_DIR")
    folder = Path(named) if named else ROOT / "build" / "release" / "tests" / "surfaces"
    if not (folder / "surface_cpp").is_file():
        if named or os.environ.get("KLIENTELA_REQUIRE_SURFACES"):
            pytest.fail(f"surface_cpp is not in {folder}")
        pytest.skip(f"surface_cpp is not built in {folder}; cmake --workflow --preset release builds it")
    return folder


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surfaces")
    base = klientela.synthetic.make_base(clients=400, seed=11)
    policy = folder / "policy.json"
    document = {**klientela.synthetic.POLICY, "report": {"language": "ru"}}
    document["classifiers"] = {**klientela.Policy.from_dict(document).to_dict()["classifiers"], **PLUGGED_IN}
    policy.write_text(json.dumps(document), encoding="utf-8")
    plugins = folder / "plugins.py"
    plugins.write_text(SPENDER, encoding="utf-8")
    registry = runpy.run_path(str(plugins))["registry"]
    tables = {name: table.to_pydict() for name, table in base.items()}
    for name, table in tables.items():
        lines = ["\t".join(table)]
        texts = {field: ["" if value is None else str(value) for value in values] for field, values in table.items()}
        lines += ["\t".join(row) for row in zip(*texts.values(), strict=True)]
        # The programs read plain cells: no tab, no quote, no line end inside.
        plain = "\n".join(lines).replace('"', "'") + "\n"
        (folder / f"{name}.tsv").write_text(plain, encoding="utf-8", newline="")
        tables[name] = {field: [value.replace('"', "'") or None for value in values] for field, values in texts.items()}
    managers = klientela.synthetic.make_managers().to_pydict()
    lines = ["\t".join(managers)]
    lines += [
        "\t".join("" if value is None else str(value) for value in row) for row in zip(*managers.values(), strict=True)
    ]
    (folder / "managers.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    outputs = {}
    arguments = [f"{name}={folder / name}.tsv" for name in (*tables, "managers")]
    for surface in ("surface_cpp", "surface_c"):
        out = folder / surface
        out.mkdir()
        subprocess.run([programs() / surface, policy, out, *arguments], check=True, timeout=300)
        outputs[surface] = {name: (out / name).read_text(encoding="utf-8") for name in (*FILES, *PLANNED)}

    result = klientela.run(tables, document, classifiers=registry)
    texts = (
        result.clients.to_csv(),
        result.matrix.to_csv(),
        result.attention().to_csv(),
        result.cohorts().to_csv(),
        result.history().transitions(column="group", language="ru").to_csv(),
        result.rejected.to_csv(),
        result.summary_json(),
        result.html(),
    )
    schedule = result.schedule(managers, "2026-07", language="ru")
    plan = (schedule.planned.to_csv(), schedule.refused.to_csv(), schedule.summary_json())
    outputs["python"] = dict(zip((*FILES, *PLANNED), (*texts, *plan), strict=True))

    import sys

    command = [sys.executable, "-m", "klientela", "run", "--policy", policy, "--out", folder / "cli", "--quiet"]
    command += ["--plugins", plugins]
    for name in tables:
        command += [f"--{name}", folder / f"{name}.tsv"]
    subprocess.run(command, check=True, timeout=300)
    outputs["cli"] = {name: (folder / "cli" / name).read_text(encoding="utf-8") for name in FILES}
    command = [sys.executable, "-m", "klientela", "plan", "--policy", policy, "--out", folder / "plan", "--quiet"]
    command += ["--plugins", plugins, "--managers", folder / "managers.tsv", "--period", "2026-07", "--language", "ru"]
    for name in tables:
        command += [f"--{name}", folder / f"{name}.tsv"]
    subprocess.run(command, check=True, timeout=300)
    outputs["cli"]["refused.csv"] = (folder / "plan" / "refused.csv").read_text(encoding="utf-8")
    outputs["cli"]["plan.json"] = (folder / "plan" / "summary.json").read_text(encoding="utf-8")
    # The file has the transitions of all columns below each other.
    named = outputs["cli"]["transitions.csv"].splitlines()
    of_group = [line.partition(",")[2] for line in named if line.startswith(("classes,", "group,"))]
    outputs["cli"]["transitions.csv"] = "\n".join(of_group)
    return outputs


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("surface", ["surface_c", "python", "cli"])
def test_all_surfaces_give_the_same_bytes(surfaces, surface, name):
    assert surfaces["surface_cpp"][name]
    assert surfaces[surface][name].rstrip("\n") == surfaces["surface_cpp"][name].rstrip("\n")


@pytest.mark.parametrize("name", PLANNED)
@pytest.mark.parametrize("surface", ["surface_c", "python", "cli"])
def test_all_surfaces_plan_the_same(surfaces, surface, name):
    if name not in surfaces[surface]:
        assert (surface, name) == ("cli", "planned.csv")  # plan.csv has the clocks of managers
        return
    assert surfaces[surface][name].rstrip("\n") == surfaces["surface_cpp"][name].rstrip("\n")
