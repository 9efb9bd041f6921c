"""Fails unless the C library exports exactly the functions that klientela.h declares, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path


def exported(library: Path) -> set[str]:
    lines = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def declared(header: Path) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    return set(re.findall(r"KLT_API\b[^;(]*?\b(klt_\w+)\s*\(", text))


def main() -> int:
    library, header = (Path(argument) for argument in sys.argv[1:3])
    have, want = exported(library), declared(header)
    if not want:
        print(f"{header}: no declaration was found")
        return 1
    for name in sorted(have - want):
        print(f"exported but not declared: {name}")
    for name in sorted(want - have):
        print(f"declared but not exported: {name}")
    print(f"{len(have & want)} functions are declared and exported")
    return 0 if have == want else 1


if __name__ == "__main__":
    sys.exit(main())
