"""The command search: which cards of a list may be the client of whom some values are known, or half typed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table as Grid

from klientela import _core, cards, writers
from klientela._duplicates import find_duplicates
from klientela._terminal import (
    DateFormat,
    Encoding,
    PolicyFile,
    Preset,
    Quiet,
    Threads,
    errors,
    one_line,
    progress,
)
from klientela._terminal import (
    out as console,
)
from klientela.cli_dedupe import _stage_steps
from klientela.cli_merge import policy_of

_TOLD = ("id", "list", "score", "probability", "prior_weight", "shared_weight", "shared_by")


def search(
    clients: Annotated[str, typer.Argument(help="Cards of organisations and persons.", metavar="CLIENTS")],
    values: Annotated[
        list[str],
        typer.Argument(
            help="What is known of the client, such as surname=Berg or email=anna@berg.example; fields by the names or "
            "aliases of the table clients.",
            metavar="FIELD=VALUE...",
        ),
    ],
    incomplete: Annotated[
        bool,
        typer.Option("--incomplete", "-i", help="Values may be unfinished: cards are found by how theirs begin, too."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most cards to find.")] = 10,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Least score in bits: 0 is even odds. Without it 0, and any with --incomplete.", metavar="BITS"
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Write the matches with all evidence to this file, .csv or .parquet.", metavar="FILE"),
    ] = None,
    preset: Preset = None,
    policy: PolicyFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Find the cards that may be a client.

    The weights of what agrees are learnt from all cards, as klientela dedupe learns them, so a long list takes a while:
    a program that searches often keeps a klientela.CardIndex.
    """
    said = [_value(each) for each in values]
    began = time.monotonic()
    with errors():
        chosen = policy_of(preset, policy, date_format)
        with progress(quiet) as steps:
            steps(f"Opening {Path(clients).name}", 0)
            read = cards.read(
                clients, ingest=chosen["ingest"], encoding=encoding, threads=threads, progress=_stage_steps(steps)
            )
            found = find_duplicates(read.base, threads=threads, progress=_stage_steps(steps), **chosen["dedupe"])
            index = _core.CardIndex(found, threads=threads)
            matches = index._search(said, limit, min_score, 1000, incomplete)
            if out is not None:
                writers.write_table(writers.with_ids(matches, ("id",), read.ids), out)
        if not quiet:
            _show(matches, read.ids)
            console.print(
                f"[dim]{len(index):,} cards searched in {time.monotonic() - began:.1f} s[/dim]", soft_wrap=True
            )


def _value(text: str) -> tuple[str, str]:
    field, mark, value = text.partition("=")
    if not mark or not field.strip():
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE, such as surname=Berg", param_hint="FIELD=VALUE...")
    return field.strip(), value


def _show(matches: _core.Table, ids: dict[str, str]) -> None:
    if len(matches) == 0:
        console.print("nobody is like that")
        return
    rows = matches.to_pydict()
    fields = [name for name in rows if name not in _TOLD and not name.endswith("_weight")]
    grid = Grid(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("id", "left"), ("score", "right"), ("chance", "right"), ("what agrees", "left")):
        grid.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row, client in enumerate(rows["id"]):
        told: list[str] = []
        for field in fields:
            level, weight = rows[field][row], rows[f"{field}_weight"][row]
            if level is not None:
                told.append(f"{field} {level} {weight:+.1f}")
        shown: Any = ids.get(str(client), client)
        grid.add_row(
            escape(one_line(str(shown))),
            f"{rows['score'][row]:.1f}",
            f"{rows['probability'][row]:.1%}",
            escape(", ".join(told)),
        )
    console.print(grid)
