"""The command search: which cards of a list may be the client of whom some values are known, or half typed."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Grid

from klientela import _core, cards, writers
from klientela._card_names import apart_of, names_of
from klientela._counted import counted
from klientela._duplicates import find_duplicates
from klientela._terminal import (
    DateFormat,
    Encoding,
    PolicyFile,
    Preset,
    Quiet,
    Threads,
    errors,
    escape,
    progress,
)
from klientela._terminal import (
    out as console,
)
from klientela.cli_dedupe import _stage_steps
from klientela.cli_merge import policy_of

_CANDIDATES = 1000
_ANY_SCORE = -1e6
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
            said = [(field, _as_in(read, chosen["ingest"]["date_format"], field, value)) for field, value in said]
            if not incomplete:  # else it is taken word by word
                said += _kind(read, {_core._field_for("clients", field) for field, _ in said})
            found = find_duplicates(read.base, threads=threads, progress=_stage_steps(steps), **chosen["dedupe"])
            index = _core.CardIndex(found, threads=threads)
            with _days_explained():
                matches = index._search(said, limit, min_score, _CANDIDATES, incomplete)
            if out is not None:
                writers.write_table(writers.with_ids(matches, ("id",), read.ids), out)
        if not quiet:
            if len(matches):
                _show(matches, read)
            else:
                best = index._search(said, 1, _ANY_SCORE, _CANDIDATES, incomplete)
                console.print(_nobody(best, read, incomplete), soft_wrap=True)
            console.print(
                f"[dim]{counted(len(index), 'card')} searched in {time.monotonic() - began:.1f} s[/dim]", soft_wrap=True
            )


def _value(text: str) -> tuple[str, str]:
    field, mark, value = text.partition("=")
    if not mark or not field.strip():
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE, such as surname=Berg", param_hint="FIELD=VALUE...")
    return field.strip(), value


def _as_in(read: cards.Cards, date_format: str | None, field: str, value: str) -> str:
    """A value as the engine reads it: days may be written as in the list."""
    if _core._field_for("clients", field) != "birthday":
        return value
    return cards.day_of(value, date_format=date_format, month_first=read.columns.get("birthday") in read.month_first)


def _kind(read: cards.Cards, fields: set[str | None]) -> list[tuple[str, str]]:
    """A whole name is a person's where the list has the parts of names alone."""
    parts = {"given_name", "family_name"} & read.columns.keys()
    return (
        [("kind", "person")]
        if "name" in fields and "kind" not in fields and parts and "name" not in read.columns
        else []
    )


@contextlib.contextmanager
def _days_explained() -> Iterator[None]:
    try:
        yield
    except _core.InvalidArgumentError as error:
        if _core._field_for("clients", error.where) == "birthday":
            error.message += f", nor as the list writes days ({error.where}); --date-format says how they are written"
        raise


def _evidence(rows: dict[str, list[Any]], row: int) -> list[tuple[str, str, float]]:
    """By field how a card agrees with what is known, and what that weighs."""
    fields = [name for name in rows if name not in _TOLD and not name.endswith("_weight")]
    return [(field, rows[field][row], rows[f"{field}_weight"][row]) for field in fields if rows[field][row] is not None]


def _nobody(best: _core.Table, read: cards.Cards, incomplete: bool) -> str:
    """That no card reaches the least score, and which one comes closest, if any value of it agrees."""
    rows = best.to_pydict()
    if not len(best) or not any(weight > 0 for _, _, weight in _evidence(rows, 0)):
        more = "" if incomplete else "; with --incomplete cards are found by how their values begin, too"
        return f"nobody is like that: no card agrees in anything{more}"
    ((client,), (score,)) = rows["id"], rows["score"]
    name = names_of(read.base, rows["id"]).get(client)
    card = str(read.ids.get(str(client), client)) + (f", {name}," if name else "")
    return escape(
        f"nobody is like that; card {card} is the closest with a score of {score:.1f}: --min-score {math.floor(score)} "
        "finds it, and a further value that is known may"
    )


def _show(matches: _core.Table, read: cards.Cards) -> None:
    rows = matches.to_pydict()
    names, apart = (tell(read.base, {*rows["id"]}) for tell in (names_of, apart_of))
    grid = Grid(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "card", "score", "chance", "what agrees"):
        grid.add_column(name, justify="right" if name in ("score", "chance") else "left")
    for row, client in enumerate(rows["id"]):
        told = [f"{field} {level} {weight:+.1f}" for field, level, weight in _evidence(rows, row)]
        known = [names.get(client, ""), *apart.get(client, [])]
        grid.add_row(
            escape(str(read.ids.get(str(client), client))),
            escape(", ".join(dict.fromkeys(filter(None, known)))),
            f"{rows['score'][row]:.1f}",
            f"{rows['probability'][row]:.1%}",
            escape(", ".join(told)),
        )
    console.print(grid)
