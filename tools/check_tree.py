"""Checks the rules that no other linter knows: a purpose in every first line, one version, one line a term, no leftovers."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = {".hpp", ".cpp", ".h", ".c", ".py", ".pyi", ".cmake", ".in"}
SCRIPTS = ("tools/", ".ci/")
# What a first line opens with, by the kind of file; a script's stands under its #! line.
OPENINGS = ("// ", "/* ", "# ", '"""', "/// ", "@PACKAGE", "<!--")
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\b[Ii]ssue #\d+")


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def first_line_faults(path: Path, name: str, lines: list[str]) -> list[str]:
    is_script = name.startswith(SCRIPTS) and path.suffix == ""
    if path.suffix not in CODE and path.name != "CMakeLists.txt" and not is_script:
        return []
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    if not lines or not lines[0].startswith(OPENINGS) or len(lines[0].split()) < 4:
        return [f"{name}: the first line does not say why the file exists"]
    return []


def glossary_terms(text: str) -> list[tuple[int, str]]:
    """Every term that a glossary defines, in a row of a table or in bold before its meaning, with its line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        names = ""
        if line.startswith("| ") and not line.startswith("| name |"):
            names = line.split("|")[1]
        elif bold := re.match(r"(?:\*\*[^*]+\*\*(?: \([^)]*\))?(?:, )?)+(?=[:,])", line):
            names = bold[0].replace("*", "")
        # A comma within brackets, of "interactions[channel,initiative,topic]", parts no terms.
        for name in re.split(r",(?![^\[(]*[\])])", names):
            if term := " ".join(name.replace("`", "").lower().split()):
                found.append((number, term))
    return found


def glossary_faults(name: str, text: str) -> list[str]:
    lines: dict[str, int] = {}
    faults = []
    for number, term in glossary_terms(text):
        if term in lines:
            faults.append(f"{name}:{number}: {term!r} stands in line {lines[term]} too")
        lines.setdefault(term, number)
    return faults


def main() -> int:
    glossary = "docs/glossary.md"
    faults = glossary_faults(glossary, (ROOT / glossary).read_text(encoding="utf-8"))
    version = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        faults.append(f"VERSION: {version!r} is not major.minor.patch")
    written = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    for path in tracked():
        name = str(path.relative_to(ROOT))
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()
        faults += first_line_faults(path, name, lines)
        is_code = path.suffix in CODE | {".txt", ".toml"} or name.startswith(SCRIPTS)
        for number, line in enumerate(lines, 1):
            if is_code and name != "VERSION" and written.search(line):
                faults.append(f"{name}:{number}: the version is written in VERSION only")
            if is_code and name != "tools/check_tree.py" and LEFTOVER.search(line):
                faults.append(f"{name}:{number}: leftover: {line.strip()}")
    for script in ("tools/setup", "tools/demo", "tools/test", "tools/lint", ".ci/run"):
        if not (ROOT / script).stat().st_mode & 0o100:
            faults.append(f"{script}: not executable")
    print("\n".join(faults) or "the tree keeps its rules")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
