"""Fails when an include, or a dependency named in CMake, runs against the flow of data between the stages."""

import re
import sys
import tempfile
from pathlib import Path

FLOW = "core model ingest dedupe features predict classify plan monitor report pipeline".split()
RANK = {stage: rank for rank, stage in enumerate(FLOW)}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](?:\.\./)*(?:klientela/)?([^>"]+)[>"]')
DEPENDS = re.compile(r"DEPENDS\b([^)]*?)(?:LINKS|HEADER_LINKS|SOURCES|\))", re.DOTALL)
SUFFIXES = {".hpp", ".h", ".cpp", ".cc", ".inl"}


def violations(root: Path) -> list[str]:
    found = []
    for base in (root / "include" / "klientela", root / "src"):
        folders = [p for p in base.iterdir() if p.is_dir()] if base.is_dir() else []
        for folder in sorted(folders):
            if folder.name not in RANK:
                found.append(f"{folder}: not a stage")
                continue
            for path in sorted(folder.rglob("*")):
                if path.suffix in SUFFIXES:
                    found += violations_of_source(path, folder.name)
                elif path.name == "CMakeLists.txt":
                    found += violations_of_cmake(path, folder.name)
    return found


def violations_of_source(path: Path, stage: str) -> list[str]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        first = target.split("/")[0]
        if target == "klientela.hpp":
            found.append(f"{path}:{number}: a stage does not include the umbrella header")
        elif "/" in target and first in RANK and RANK[first] > RANK[stage]:
            found.append(f"{path}:{number}: {stage} includes {first}, which stands to its right")
        elif target in ("klientela.h", "capi/klientela.h"):
            found.append(f"{path}:{number}: a stage does not include the C header")
    return found


def violations_of_cmake(path: Path, stage: str) -> list[str]:
    found = []
    for match in DEPENDS.finditer(path.read_text(encoding="utf-8")):
        for name in match.group(1).split():
            if name in RANK and RANK[name] >= RANK[stage]:
                found.append(f"{path}: {stage} depends on {name}, which does not stand to its left")
    return found


def self_test() -> None:
    def tree(**files: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name.replace("__", "/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return violations(Path(folder))

    good = {
        "include__klientela__model__a.hpp": '#include "klientela/core/error.hpp"\n#include <vector>\n',
        "src__features__a.cpp": '#include "model/private.hpp"\n#include "klientela/features/a.hpp"\n',
        "src__features__CMakeLists.txt": "klientela_stage(NAME features DEPENDS core model LINKS x)",
    }
    assert tree(**good) == [], tree(**good)
    bad = {
        "include__klientela__model__b.hpp": '#include "klientela/ingest/b.hpp"\n',
        "src__core__b.cpp": '#include "pipeline/private.hpp"\n',
        "src__ingest__b.cpp": '#  include "../classify/private.hpp"\n',
        "src__report__b.cpp": "#include <klientela/klientela.hpp>\n",
        "src__classify__CMakeLists.txt": "klientela_stage(NAME classify DEPENDS core plan LINKS x)",
        "src__helpers__b.cpp": "",
    }
    for name, text in bad.items():
        assert len(tree(**{**good, name: text})) == 1, name


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    found = violations(Path(sys.argv[1]))
    print("\n".join(found) or "every include follows the flow")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
