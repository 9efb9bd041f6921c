"""What the Python tests share: where real data lies, small bases, and the command line as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import klientela
import pytest
from klientela.cli import app
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("KLIENTELA_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "online_retail.csv.gz").is_file():
        pytest.skip(f"real data are not in {folder}; KLIENTELA_SHARED_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def base() -> klientela.synthetic.SyntheticBase:
    return klientela.synthetic.make_base(clients=600, seed=7)


@pytest.fixture(scope="session")
def result(base: klientela.synthetic.SyntheticBase) -> klientela.Result:
    return klientela.run(base, klientela.synthetic.POLICY)


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "klientela", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            timeout=300,
            **options,
        )

    return call


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line within this process, which is quicker."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        line = [*map(str, arguments)]
        done = CliRunner(env={"COLUMNS": "120"}).invoke(app, line)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(line, done.exit_code, done.stdout, done.stderr)

    return call


SALES = {
    "client": ["00123", "00123", "7", "-5", "a;b", "7"],
    "at": ["2026-01-02", "2026-02-03", "2026-02-01", "2026-01-20", "2026-02-02", "2026-01-05"],
    "amount": ["10", "20.5", "7", "3.25", "100", "-1"],
}


@pytest.fixture
def sales() -> dict[str, list[str]]:
    return {name: list(values) for name, values in SALES.items()}
