"""What the commands share that read tables and classify them: their options, and the way from files to a result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table as Grid

from klientela import _core, cards, cli_dedupe, readers
from klientela._counted import counted
from klientela._run import run as run_library
from klientela._terminal import Steps, escape

# The days that the engine knows.
_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)

# What the engine calls its stages, in words.
_STAGES = {
    **cli_dedupe._STAGES,
    "dedupe": "Looking for duplicates",
    "ingest": "Reading rows",
    "features": "Measuring clients",
    "classify": "Classifying",
    "history": "Going through time",
    "compile": "Working out what is asked for",
    "plan": "Planning contacts",
    "profiles": "Profiling groups",
    "report": "Reporting",
}


def file_option(help_text: str) -> Any:
    return typer.Option(help=help_text, metavar="FILE", rich_help_panel="Tables")


def parse_day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date like 2026-11-21") from None
    if day < _FIRST_DAY or day > _LAST_DAY:
        raise typer.BadParameter(f"{text!r} is not between {_FIRST_DAY} and {_LAST_DAY}")
    return day


def parse_language(text: str) -> Literal["en", "ru"]:
    if text == "en":
        return "en"
    if text == "ru":
        return "ru"
    raise typer.BadParameter(f"{text!r} is neither en nor ru")


Plugins = Annotated[
    str | None,
    typer.Option(
        help="A Python file with your own classifiers in a klientela.ClassifierRegistry called registry. It is run.",
        metavar="FILE",
    ),
]
AsOf = Annotated[
    dt.date | None,
    typer.Option(
        "--as-of",
        "--until",
        help="Last day that counts; by default that of the last purchase.",
        metavar="DATE",
        parser=parse_day,
    ),
]
AssignmentsFile = Annotated[str | None, file_option("What people assigned: client, attribute, value, source, day, by.")]
DecimalComma = Annotated[
    bool | None,
    typer.Option(
        "--decimal-comma/--decimal-point",
        help="Whether numbers in text are written as 1.234,50 or as 1,234.50. Wins over the policy.",
        show_default=False,
    ),
]


def stage_steps(steps: Steps) -> Steps:
    return lambda stage, share: steps(_STAGES.get(stage.split(".")[0], stage), share)


def written_as(date_format: str | None, decimal_comma: bool | None) -> dict[str, Any]:
    """How dates and numbers are written, as keys of the policy's part ingest."""
    said = {"date_format": date_format, "decimal_comma": decimal_comma}
    return {key: value for key, value in said.items() if value is not None}


def files_given(**files: str | None) -> dict[str, str]:
    given = {table: file for table, file in files.items() if file is not None}
    if not given:
        raise typer.BadParameter("name at least one file, for example --transactions sales.csv")
    return given


def assignments_of(file: str | None, encoding: str | None) -> _core.Assignments | None:
    return None if file is None else _core.Assignments(readers.read(file, "assignments", encoding=encoding).data)


def read_and_run(
    files: dict[str, str],
    policy: _core.Policy,
    as_of: dt.date | None,
    encoding: str | None,
    threads: int,
    steps: Steps,
    assignments: _core.Assignments | None = None,
    roll_up: str | None = None,
    history: str | bool | Mapping[str, Any] | None = None,
    journal: str | None = None,
    rebase: bool = False,
    **planning: Any,
) -> _core.Result:
    sources = {}
    for table, file in files.items():
        steps(f"Opening {Path(file).name}", 0)
        sources[table] = readers.read(file, table, encoding=encoding)
    if (clients := sources.get("clients")) is not None:
        clients.data = cards.with_days(clients.data, policy.to_dict()["ingest"])
    try:
        result = run_library(
            {table: source.data for table, source in sources.items()},
            policy,
            as_of,
            threads=threads,
            progress=stage_steps(steps),
            assignments=assignments,
            roll_up=int(roll_up) if roll_up is not None and roll_up.isdigit() else roll_up,
            history=history,
            journal=journal,
            rebase=rebase,
            **planning,
        )
    except _core.KlientelaError as error:
        if error.where == "journal":
            error.message = (
                f"{journal} is the journal of other cards, or they have changed since; --rebase goes on with it"
            )
        elif journal is not None and (error.where == "rebase" or error.where.startswith(("line ", "operation "))):
            error.message = f"{journal}: {error.message}"
        table = error.where.partition(".")[0]
        if table in files:
            error.message = f"{files[table]}: {error.message}"
        if "ingest.date_format" in error.message:
            error.message += ", or --date-format and --decimal-comma here"
        raise
    for table, source in sources.items():
        result._add_malformed(table, source.malformed)
    return result


def any_rejected(summary: dict[str, Any]) -> bool:
    """Whether some row of a table counts for nothing."""
    rejected = any(counts["rows_rejected"] for counts in summary["tables"].values())
    return bool(summary["rejects_listed"]) or rejected


def read_facts(summary: dict[str, Any]) -> Grid:
    """What day counts, and what became of the rows of each table."""
    facts = Grid.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row("as of", f"[bold]{summary['as_of']}[/bold] ({escape(summary['time_zone'])})")
    for table, counts in summary["tables"].items():
        rejected = f", [yellow]{counts['rows_rejected']:,} rejected[/yellow]" if counts["rows_rejected"] else ""
        facts.add_row(table, f"{counted(counts['rows_read'], 'row')} read{rejected}")
        reasons = sorted(counts["rejected_by_reason"].items(), key=lambda item: -item[1])
        if len(reasons) > 4:
            reasons[3:] = [("for other reasons", sum(rows for _, rows in reasons[3:]))]
        for reason, rows in reasons:
            facts.add_row("", f"[dim]{rows:,} {reason.replace('_', ' ')}[/dim]")
        if "not_a_date" in counts["rejected_by_reason"]:
            facts.add_row("", "[yellow]--date-format, such as %d.%m.%Y, says how dates are written[/yellow]")
        for column, values in counts.get("ignored_values", {}).items():
            facts.add_row("", f"[yellow]{values:,} of {escape(column)} not used[/yellow], [dim]the rows are[/dim]")
    clients = summary["tables"].get("clients")
    if clients is not None and clients["rows_read"] == clients["rows_rejected"]:
        facts.add_row(
            "",
            "[yellow]The clients table has no usable card, so every other row is of an unknown client: "
            "leave the table out, or set ingest.unknown_clients to create.[/yellow]",
        )
    return facts
