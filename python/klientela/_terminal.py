"""What the commands share on a terminal: consoles, options, progress, and errors in one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich import markup
from rich.bar import Bar
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from typer.core import TyperCommand

from klientela import _core

DONE, BAD_INPUT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


Steps = Callable[[str, float], object]


def _encoding(text: str) -> str:
    try:
        "".encode(text)  # also refuses codecs that are not of text, such as hex
    except (LookupError, ValueError):
        raise typer.BadParameter(f"there is no encoding {text!r}") from None
    return text


def _preset(text: str) -> str:
    if text in _core.Policy.presets() or Path(text).is_file():
        return text
    raise typer.BadParameter(f"{text!r} is neither a preset ({', '.join(_core.Policy.presets())}) nor a file")


def _date_format(text: str) -> str:
    try:
        _core.Policy.from_dict({"ingest": {"date_format": text}})
    except _core.BadPolicyError as error:
        raise typer.BadParameter(f"{text!r} {error.message.removeprefix(f'{error.where}: ')}") from None
    return text


Preset = Annotated[
    str | None,
    typer.Option(help="A named policy, or a policy file, to begin with.", metavar="NAME|FILE", parser=_preset),
]
PolicyFile = Annotated[
    str | None, typer.Option(help="A policy file; it overrides the preset key by key.", metavar="FILE")
]
DateFormat = Annotated[
    str | None,
    typer.Option(
        "--date-format",
        help="How dates in text are written where not as 2026-11-21: %Y %m %d %H %M %S and what stands between them, for "
        "example %d.%m.%Y. Wins over the policy.",
        metavar="PATTERN",
        parser=_date_format,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="Encoding of text files that are not UTF-8, for example cp1251.",
        metavar="NAME",
        parser=_encoding,
    ),
]
Threads = Annotated[int, typer.Option(min=0, max=1024, help="How many threads work; 0: one per core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


class _OfGroup(typer.Context):
    """Of a command that people call by the name of its group."""

    @property
    def command_path(self) -> str:
        return super().command_path if self.parent is None else self.parent.command_path


class Unnamed(TyperCommand):
    """What a group does where no command is named: usage and errors say what was typed."""

    context_class = _OfGroup


@contextmanager
def progress(quiet: bool) -> Iterator[Steps]:
    if quiet or not err.is_terminal:
        yield lambda step, share: None
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as shown:
        task = shown.add_task("", total=None)

        def steps(step: str, share: float) -> None:
            shown.update(task, description=escape(step), total=1 if share > 0 else None, completed=share)

        yield steps


def one_line(text: str) -> str:
    """Text with control characters, such as the line ends of a file's name, written out."""
    return "".join(
        each if each.isprintable() or unicodedata.category(each) == "Zs" else each.encode("unicode_escape").decode()
        for each in text
    )


def escape(text: str) -> str:
    """Text that comes from files and options, for a terminal: nothing in it is markup or controls what is shown."""
    return markup.escape(one_line(text))


def drawn(message: str) -> tuple[str, list[str]]:
    """An error's first line, and, where it points into an expression, the line of it with the mark below."""
    first, *below = message.split("\n")
    if len(below) == 2 and below[1].strip() and not set(below[1]) - set(" ^~"):
        return one_line(first), [one_line(line) for line in below]
    return one_line(message), []


# What errors are about, as it is typed.
_OPTIONS = {
    "as_of": "--as-of",
    "out": "--out",
    "plugins": "--plugins",
    "policy": "--policy",
    "threads": "--threads",
}


@contextmanager
def errors(options: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn what can go wrong with input into one line and exit code 1; defects keep their traceback.

    ``options`` are the command's own, by what errors call them: an argument, or a place in the policy that the option
    stands for.
    """
    try:
        yield
    except _core.InternalError:
        raise
    except KeyboardInterrupt:
        err.print("interrupted; nothing was written")
        raise typer.Exit(INTERRUPTED) from None
    except _core.KlientelaError as error:
        about, message = error.where, error.message
        if option := {**_OPTIONS, **(options or {})}.get(about):
            if message.startswith(f"{about}: "):
                message = option + message.removeprefix(about)
            about = option
        where = f" [dim]({escape(about)})[/dim]"
        told = not about or about in message
        first, below = drawn(message)
        err.print(f"[bold red]error:[/bold red] {escape(first)}{'' if told else where}", soft_wrap=True)
        for line in below:
            err.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
        raise typer.Exit(BAD_INPUT) from None
    except (OSError, MemoryError, UnicodeEncodeError) as error:
        text = str(error) or "out of memory"
        if isinstance(error, UnicodeEncodeError):  # bytes of a name that are no text
            text = f"{error.object} is not UTF-8"
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            text = f"{error.filename}: {error.strerror}"
        err.print(f"[bold red]error:[/bold red] {escape(text)}", soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from None


def bars(title: str, counts: dict[str, int]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(min_width=16)
    grid.add_column(justify="right")
    grid.add_column(justify="right", style="dim")
    grid.add_column(width=24)
    total = sum(counts.values()) or 1
    grid.add_row(f"[bold]{escape(title)}[/bold]")
    for name, count in counts.items():
        grid.add_row(escape(name), f"{count:,}", f"{count / total:.1%}", Bar(total, 0, count, width=24, color="cyan"))
    return grid
