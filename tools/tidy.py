"""Runs clang-tidy on the sources of a build folder, and again only on what reads differently from what was clean."""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY, CLANG = "clang-tidy-14", "clang++-14"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "klientela-tidy"
KEPT_DAYS = 30


def commands(folder: Path) -> dict[Path, list[str]]:
    """Each source of the stages and the C library, with the arguments of its compiler but for what it writes."""
    found = {}
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        if source.suffix != ".cpp" or source.relative_to(ROOT).parts[0] not in ("src", "capi"):
            continue
        words = shlex.split(entry["command"])[1:]
        written = words.index("-o")
        del words[written : written + 2]
        words.remove("-c")
        found[source] = words
    return found


def key(arguments: list[str], settled: bytes) -> str | None:
    """What clang-tidy's answer hangs on: the source with all that it includes, comments and macros too."""
    made = subprocess.run(
        [CLANG, *arguments, "-w", "-E", "-C", "-dD", "-P"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    if made.returncode != 0:
        return None
    # Where the tree lies is no part of it.
    flags = " ".join(word for word in arguments if word[:2] in ("-D", "-f", "-s"))
    text = (flags.encode() + b"\0" + made.stdout).replace(os.fsencode(ROOT), b"")
    return hashlib.sha256(settled + text).hexdigest()


def check(source: Path, arguments: list[str], folder: Path, settled: bytes) -> tuple[bool, str]:
    """Whether it is clean, and what clang-tidy says of it where it was asked."""
    name = key(arguments, settled)
    mark = CACHE / name if name else None
    if mark and mark.exists():
        mark.touch()
        return True, ""
    ran = subprocess.run(
        [TIDY, "-quiet", "-extra-arg=-Wno-unknown-warning-option", "-p", str(folder), str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    if ran.returncode == 0 and mark:
        mark.touch()
    return ran.returncode == 0, ran.stdout


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    for mark in CACHE.iterdir():
        if mark.stat().st_mtime < time.time() - KEPT_DAYS * 86400:
            mark.unlink()
    version = subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, check=True).stdout
    settled = version + (ROOT / ".clang-tidy").read_bytes()
    bad = 0
    sources = commands(folder)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = [(source, pool.submit(check, source, words, folder, settled)) for source, words in sources.items()]
        for source, answer in checks:
            clean, said = answer.result()
            if not clean:
                bad += 1
                print(f"{source.relative_to(ROOT)}:\n{said}", flush=True)
    print(f"clang-tidy: {len(sources)} sources, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
