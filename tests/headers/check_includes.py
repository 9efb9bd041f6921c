"""Fails when a public header includes anything but the standard library and other public headers."""

import re
import sys
import tempfile
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# The C++20 standard library has no dots or slashes in its names; these are the C names that may be used besides.
C_HEADERS = {"stddef.h", "stdint.h"}


def violations(root: Path) -> list[str]:
    found = []
    for header in sorted((root / "include").rglob("*")):
        if not header.is_file():
            continue
        if header.suffix != ".hpp":
            found.append(f"{header}: public headers end in .hpp")
            continue
        text = header.read_text(encoding="utf-8")
        if "#pragma once" not in text:
            found.append(f"{header}: no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            bracket, name = match.groups()
            if bracket == "<":
                good = re.fullmatch(r"[a-z_0-9]+", name) is not None or name in C_HEADERS
            else:
                good = name.startswith("klientela/") and (root / "include" / name).is_file()
            if not good:
                found.append(f"{header}:{number}: {line.strip()}")
    c_header = root / "capi" / "klientela.h"
    if c_header.is_file():
        for number, line in enumerate(c_header.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(2) not in C_HEADERS:
                found.append(f"{c_header}:{number}: {line.strip()}")
    return found


def self_test() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        header = root / "include" / "klientela" / "core" / "a.hpp"
        header.parent.mkdir(parents=True)
        header.write_text('#pragma once\n#include <vector>\n#include "klientela/core/a.hpp"\n')
        assert not violations(root), violations(root)
        for bad in ("<fmt/core.h>", '"nlohmann/json.hpp"', '"klientela/core/missing.hpp"', "<Python.h>"):
            header.write_text(f"#pragma once\n#  include {bad}\n")
            assert len(violations(root)) == 1, bad
        header.write_text("#include <vector>\n")
        assert len(violations(root)) == 1


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    found = violations(Path(sys.argv[1]))
    print("\n".join(found) or "every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
