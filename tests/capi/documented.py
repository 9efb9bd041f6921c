"""Fails where klientela.h, ABI.md and exports.map disagree or a function lacks its comment and its first ABI version."""

import re
import sys
from pathlib import Path

from header import functions


def main() -> int:
    folder = Path(sys.argv[1])
    header = (folder / "klientela.h").read_text(encoding="utf-8")
    declared = functions(folder / "klientela.h")
    names = [function.name for function in declared]
    exported = re.findall(r"^\s*(klt_\w+);", (folder / "exports.map").read_text(encoding="utf-8"), re.MULTILINE)
    version = int(re.search(r"#define KLT_ABI_VERSION (\d+)", header).group(1))
    faults = [f"{name}: declared twice" for name in set(names) if names.count(name) > 1]
    faults += [f"{name}: not in exports.map" for name in names if name not in exported]
    faults += [f"{name}: in exports.map but not declared" for name in exported if name not in names]
    for function in declared:
        since = re.search(r"Since ABI (\d+)", function.comment)
        if not since:
            faults.append(f"{function.name}: does not say since which ABI")
        elif not 1 <= int(since.group(1)) <= version:
            faults.append(f"{function.name}: since ABI {since.group(1)}, but this is ABI {version}")
    handles = set(re.findall(r"typedef struct (klt_\w+) \1;", header))
    for handle in sorted(handles):
        if f"{handle}_free" not in names:
            faults.append(f"{handle}: nothing frees it")
    if f"ABI {version}" not in (folder / "ABI.md").read_text(encoding="utf-8"):
        faults.append(f"ABI.md does not speak of ABI {version}")
    print("\n".join(faults) or f"{len(names)} functions of ABI {version} are documented")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
