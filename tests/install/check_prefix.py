"""Fails when the installed package files name the source or the build folder, or when a public header is missing."""

import sys
from pathlib import Path


def main() -> int:
    prefix, source, build = (Path(argument) for argument in sys.argv[1:4])
    faults = []
    texts = [p for p in prefix.rglob("*") if p.suffix in {".cmake", ".pc", ".hpp", ".h"}]
    if not texts:
        faults.append(f"{prefix}: nothing is installed")
    for path in texts:
        text = path.read_text(encoding="utf-8")
        for folder in (build, source, prefix):
            if str(folder) in text:
                faults.append(f"{path} names {folder}")
    for header in (source / "include").rglob("*.hpp"):
        if not (prefix / "include" / header.relative_to(source / "include")).is_file():
            faults.append(f"{header} is not installed")
    print("\n".join(faults) or f"{len(texts)} installed text files are sound")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
