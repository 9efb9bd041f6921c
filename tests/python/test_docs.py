"""What the documentation shows is run: the guide's examples, the package's docstrings, the example program."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import klientela
import pytest
from conftest import ROOT


def test_the_python_guide():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "guide" / "python.md"), module_relative=False)
    assert tried > 10 and failed == 0


def test_the_guide_to_plug_ins():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "guide" / "plugins.md"), module_relative=False)
    assert tried > 15 and failed == 0


def test_the_guide_to_duplicates():
    failed, tried = doctest.testfile(str(ROOT / "docs" / "guide" / "dedupe.md"), module_relative=False)
    assert tried > 20 and failed == 0


def test_the_guide_to_merging():
    guide = str(ROOT / "docs" / "guide" / "merging.md")
    failed, tried = doctest.testfile(guide, module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 25 and failed == 0


def test_the_guide_to_plans():
    pytest.importorskip("icalendar")
    failed, tried = doctest.testfile(str(ROOT / "docs" / "guide" / "plan.md"), module_relative=False)
    assert tried > 8 and failed == 0


def test_the_c_guide_shows_what_its_program_does():
    guide = (ROOT / "docs" / "guide" / "c.md").read_text(encoding="utf-8")
    program = (ROOT / "examples" / "c" / "duplicates.c").read_text(encoding="utf-8").splitlines()
    run = {line.strip() for line in program}
    shown = guide[guide.index("## Duplicate cards") : guide.index("## Planning contacts")]
    lines = [line for block in re.findall(r"```c\n(.*?)```", shown, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 20
    assert [line for line in lines if re.sub(r"\s*/\*.*\*/", "", line).strip() not in run] == []


def test_a_term_stands_once_in_the_glossary():
    path = ROOT / "tools" / "check_tree.py"
    spec = importlib.util.spec_from_file_location("check_tree", path)
    assert spec is not None and spec.loader is not None
    check_tree = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check_tree)
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [term for _, term in check_tree.glossary_terms(glossary)]
    assert len(terms) > 250 and {"margin", "hysteresis", "as-of day", "attention list"} <= set(terms)
    assert check_tree.glossary_faults("glossary.md", glossary) == []
    twice = "| name | what it is |\n|---|---|\n| card | a row |\n| level (of a client), `Card` | another |\n\n**p**, **card**: x"
    assert check_tree.glossary_faults("g.md", twice) == [
        "g.md:4: 'card' stands in line 3 too",
        "g.md:6: 'card' stands in line 3 too",
    ]


@pytest.mark.parametrize(
    "module", sorted(m.name for m in pkgutil.iter_modules(klientela.__path__) if m.name not in ("_core", "__main__"))
)
def test_docstrings(module):
    failed, _ = doctest.testmod(importlib.import_module(f"klientela.{module}"))
    assert failed == 0


def test_everything_public_is_documented():
    missing = []
    for name in klientela.__all__:
        each = getattr(klientela, name)
        if isinstance(each, str):
            continue
        if not inspect.getdoc(each):
            missing.append(name)
        if inspect.isclass(each) and not issubclass(each, Exception):
            missing += [
                f"{name}.{part}"
                for part in vars(each)
                if not part.startswith("_") and not inspect.getdoc(getattr(each, part))
            ]
    assert missing == []


def test_stubs_name_what_there_is():
    stub = (inspect.getsourcefile(klientela) or "").replace("__init__.py", "_core.pyi")
    text = Path(stub).read_text(encoding="utf-8")
    for name in (
        "Table",
        "Result",
        "Policy",
        "Model",
        "Classifier",
        "Classification",
        "FeatureTable",
        "ClientBase",
        "Duplicates",
    ):
        for part in vars(getattr(klientela, name)):
            if not part.startswith("_") and part not in ("columns", "types"):
                assert f"def {part}(" in text, f"{name}.{part}"


def test_the_example():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "python" / "classify.py"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "the largest client is" in done.stdout


def test_the_example_of_plug_ins():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "python" / "plugin.py"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "invite" in done.stdout and "against a median of" in done.stdout


def test_the_readme():
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried >= 4 and failed == 0


def test_the_readme_names_the_packages_that_the_library_needs():
    (told,) = re.findall(r"^apt-get install (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    (needed,) = re.findall(r"^packages=\((.*)\)$", (ROOT / "tools" / "setup").read_text(encoding="utf-8"), re.MULTILINE)
    assert told.split() == needed.split()


def test_the_readme_names_what_there_is():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
    header = (ROOT / "capi" / "klientela.h").read_text(encoding="utf-8")
    for name in re.findall(r"\b(?:klt|KLT)_\w+", text):
        assert name.endswith("_") or re.search(rf"\b{name}\b", header), name
