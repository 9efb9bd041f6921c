"""Reads klientela.h: the functions it declares, their parameters and the comment that stands over each."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Parameter:
    type: str
    name: str

    @property
    def is_pointer(self) -> bool:
        return "*" in self.type or self.type.endswith("_callback")


@dataclass
class Function:
    name: str
    returns: str
    parameters: list[Parameter]
    comment: str  # of its own, or of the declarations right before it


DECLARATION = re.compile(r"KLT_API\s+([^;(]*?)\b(klt_\w+)\s*\(([^;]*)\);[ \t]*(?:/\*(.*?)\*/)?", re.DOTALL)
TOKEN = re.compile(
    r"/\*(?P<comment>.*?)\*/|(?P<declaration>^KLT_API [^;]*;[ \t]*(?:/\*.*?\*/)?)", re.DOTALL | re.MULTILINE
)


def functions(header: Path) -> list[Function]:
    found = []
    comment = ""
    for match in TOKEN.finditer(header.read_text(encoding="utf-8")):
        if match["comment"] is not None:
            comment = match["comment"]
            continue
        declaration = DECLARATION.match(match["declaration"])
        assert declaration, match["declaration"]
        returns, name, parameters, trailing = declaration.groups()
        found.append(Function(name, returns.strip(), list(split(parameters)), trailing or comment))
    return found


def split(parameters: str):
    for parameter in parameters.split(","):
        text = " ".join(parameter.split())
        if text == "void":
            continue
        kind, name = re.fullmatch(r"(.*?)(\w+)", text).groups()
        yield Parameter(kind.strip(), name)
