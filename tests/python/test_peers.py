"""The comparison with other systems still runs, and all of them still give the reference's answer."""

import json
import pathlib
import subprocess
import sys

import pytest

PEERS = pathlib.Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.mark.parametrize("keys", ["int", "string"])
def test_everybody_agrees_on_a_small_base(keys, tmp_path):
    out = tmp_path / "activity.json"
    command = [sys.executable, "activity.py", "--purchases", "20000", "--clients", "1500", "--repeat", "1"]
    command += ["--keys", keys, "--systems", "reference,klientela,duckdb,polars,pandas", "--out", str(out)]
    done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(out.read_text())
    for system in ("klientela", "duckdb", "polars"):
        assert figures[system]["seconds"] > 0, figures[system]
        assert figures[system]["peak_bytes"] >= 0
