"""Writes a result to a folder: all of its files, or none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from klientela import _core

FILES = ("clients.parquet", "clients.csv", "matrix.csv", "rejected.csv", "summary.json", "report.html")


def write(result: _core.Result, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write clients.parquet, clients.csv, matrix.csv, rejected.csv, summary.json and report.html.

    The files are written under other names first and then renamed; where one cannot be, those that were there before
    are put back. So a failure leaves nothing half-written and no mixture of two results.

    Parameters
    ----------
    result : Result
        What :func:`klientela.run` gave.
    folder : str or path
        Made where it is missing; files of the same names in it are replaced.

    Returns
    -------
    dict of str to pathlib.Path
        Where each file is.
    """
    out = Path(folder)
    for name in FILES:
        if (out / name).is_dir():
            raise IsADirectoryError(f"{out / name} is a folder; a file of that name is to be written")
    made = _make(out)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".klientela-", dir=out))
        try:
            clients = result.clients
            write_parquet(clients, scratch / "clients.parquet")
            for name, text in (
                ("clients.csv", clients.to_csv()),
                ("matrix.csv", result.matrix.to_csv()),
                ("rejected.csv", result.rejected.to_csv()),
                ("summary.json", result.summary_json()),
                ("report.html", result.html()),
            ):
                with (scratch / name).open("w", encoding="utf-8", newline="") as stream:
                    stream.write(text)
                    if not text.endswith("\n"):
                        stream.write("\n")
            _move(scratch, out)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except BaseException:
        for path in made:  # folders of ours that stayed empty
            try:
                path.rmdir()
            except OSError:
                break
        raise
    return {name: out / name for name in FILES}


def _move(scratch: Path, out: Path) -> None:
    """Put all files of a folder into another, or leave that one as it was."""
    old = scratch / "old"
    old.mkdir()
    try:
        for name in FILES:
            if os.path.lexists(out / name):
                os.replace(out / name, old / name)
            os.replace(scratch / name, out / name)
    except BaseException:
        for name in FILES:
            if os.path.lexists(old / name):
                os.replace(old / name, out / name)
            elif not os.path.lexists(scratch / name):
                (out / name).unlink(missing_ok=True)
        raise


def write_parquet(table: _core.Table, path: str | os.PathLike[str]) -> None:
    """Write one table as a Parquet file."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", table)
        target = os.fspath(path).replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM rows) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.Error as error:
        raise OSError(f"{os.fspath(path)} cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()


def _make(folder: Path) -> list[Path]:
    """Make a folder and give those that were made, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
