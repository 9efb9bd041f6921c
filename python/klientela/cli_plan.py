"""The commands plan, plan check and plan replan: contacts of a period put on the days of managers."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.bar import Bar
from rich.console import Group as Together
from rich.table import Table as Grid
from typer.core import TyperGroup

from klientela import _core, _plan, _plugins, _policy, plan_files, readers
from klientela._columns import table_of
from klientela._terminal import (
    BAD_INPUT,
    DateFormat,
    Encoding,
    PolicyFile,
    Preset,
    Quiet,
    Steps,
    Threads,
    Unnamed,
    bars,
    errors,
    escape,
    progress,
)
from klientela._terminal import (
    out as console,
)
from klientela.cli_read import (
    AsOf,
    AssignmentsFile,
    DecimalComma,
    Plugins,
    any_rejected,
    assignments_of,
    file_option,
    files_given,
    parse_day,
    parse_language,
    read_and_run,
    read_facts,
    stage_steps,
    written_as,
)

_MANAGERS_SHOWN = 20
_FAULTS_SHOWN = 40
_FAULTS_LOOKED_FOR = 10_000
_OF_FIGURES = ("wrong_objective", "bound_too_low", "bound_below_objective", "wrong_gap")  # faults of summary.json
_FILES = ("managers", "holidays", "planned", "refused", "prices")  # tables that errors are about
_UNIT = Decimal("0.0001")  # of amounts
# What the reasons for refusals are in words.
_REFUSED = {
    "no_manager": "nobody may do it",
    "no_channel": "no permitted channel",
    "outside_period": "outside the period",
    "no_value": "worth nothing",
    "no_time": "nobody has time then",
    "past_contacts": "too soon after earlier contacts",
    "capacity": "no time left, or worth more to others",
    "other_touches": "no turn beside the client's others",
}


def parse_period(text: str) -> str:
    """A period; the engine says what else is wrong with it."""
    try:
        return _plan.period_text(text.strip())
    except _core.InvalidArgumentError as error:
        raise typer.BadParameter(error.message) from None


_Language = Annotated[
    str | None,
    typer.Option(help="Of purposes, reasons and texts: en or ru.", metavar="en|ru", parser=parse_language),
]


Holidays = Annotated[str | None, file_option("Public holidays: country, day, name, and region where any.")]
Countries = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        help="Public holidays of this country, DE or DE-BY, by the package holidays; repeat for more.",
        metavar="CODE",
    ),
]
PERIODS = "2026-12, 2026-W49, 2026-Q4, 2026, 2026-12-03 or 2026-12-03..2026-12-20"
MANAGERS = (
    "Who works when: manager, and where there are name, time_zone, weekdays, hours, minutes, pools, tags, "
    "capacities, absences, exceptions, dedicated, country."
)
_Parquet = Annotated[bool, typer.Option("--parquet", help="Also write plan.parquet.")]
_Xlsx = Annotated[bool, typer.Option("--xlsx", help="Also write plan.xlsx, with a sheet for each manager.")]
_Ics = Annotated[
    bool,
    typer.Option("--ics", help="Also write a calendar for each manager, which replaces what was published before."),
]


class _Group(TyperGroup):
    """Makes a plan where no command is named; plans are made by options alone, so that another word is a slip."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command that makes plans in front where none is named."""
        return super().parse_args(ctx, ["make", *args] if not args or args[0].startswith("-") else args)


def plan(
    period: Annotated[
        str,
        typer.Option(
            help=f"What is planned: {PERIODS}.",
            metavar="PERIOD",
            parser=parse_period,
        ),
    ],
    managers: Annotated[str, typer.Option(help=MANAGERS, metavar="FILE")],
    out: Annotated[str, typer.Option(help="Folder for the plan; made where it is missing.", metavar="DIR")],
    transactions: Annotated[str | None, file_option("Purchases and refunds.")] = None,
    clients: Annotated[str | None, file_option("Cards of organisations and persons.")] = None,
    contacts: Annotated[str | None, file_option("Who stands for which organisation.")] = None,
    interactions: Annotated[str | None, file_option("Calls, letters, meetings; planned or held.")] = None,
    requests: Annotated[str | None, file_option("What clients asked for.")] = None,
    feedback: Annotated[str | None, file_option("Answers to surveys.")] = None,
    consents: Annotated[str | None, file_option("Who agreed to what.")] = None,
    directories: Annotated[str | None, file_option("Categories, industries, roles, regions, products.")] = None,
    assignments: AssignmentsFile = None,
    holidays: Holidays = None,
    country: Countries = None,
    preset: Preset = None,
    policy: PolicyFile = None,
    plugins: Plugins = None,
    as_of: AsOf = None,
    date_format: DateFormat = None,
    decimal_comma: DecimalComma = None,
    language: _Language = None,
    parquet: _Parquet = False,
    xlsx: _Xlsx = False,
    ics: _Ics = False,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Plan whom which manager contacts when, how and why.

    Classifies the clients as klientela run does, and by the policy's part plan puts contacts on the days of the managers
    so that they are worth as much as time, channels, consents and limits allow. Writes plan.csv with one row per contact,
    refused.csv with what is not planned and why, prices.csv with what more time would be worth, owners.csv,
    shortfalls.csv, summary.json, and inputs.json, by which plan check and plan replan find what the plan was made of.
    """
    given = files_given(
        directories=directories,
        clients=clients,
        contacts=contacts,
        consents=consents,
        transactions=transactions,
        requests=requests,
        interactions=interactions,
        feedback=feedback,
    )
    check_holidays(holidays, country)
    began = time.monotonic()
    with errors({"period": "--period", "countries": "--country"}):
        folder = _folder(out)
        chosen = _policy.layered(preset, policy, _plugins.registry_in(plugins), written_as(date_format, decimal_comma))
        inputs = made_of(
            given,
            chosen,
            assignments=assignments,
            managers=managers,
            holidays=holidays,
            countries=country,
            plugins=plugins,
            encoding=encoding,
            period=period,
            language=language,
        )
        with progress(quiet) as steps:
            read = _Read(inputs, as_of, chosen, threads, steps)
            schedule = _made(read)
            steps("Writing the plan", 0)
            written = _write(
                schedule,
                folder,
                also=_also(parquet, xlsx, ics),
                stamp=_now(),
                inputs=inputs | said_by(schedule),
                rejected=read.rejected,
            )
        if not quiet:
            console.print(read_facts(read.result.summary))
            _show(schedule)
            _show_rejected(read, written)
            console.print(
                f"[green]done[/green] in {time.monotonic() - began:.1f} s; "
                f"open [bold]{escape(str(written['plan.csv']))}[/bold]",
                soft_wrap=True,
            )


def check(
    folder: Annotated[str, typer.Argument(help="What klientela plan wrote.", metavar="DIR")],
    managers: Annotated[
        str | None, typer.Option(help="Check against these managers instead of those of the plan.", metavar="FILE")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Check against this policy instead of that of the plan.", metavar="FILE")
    ] = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Verify the files of a plan, edited ones too, against the policy, the managers and the clients.

    Reads plan.csv, refused.csv, prices.csv and summary.json again, and everything that inputs.json names; the checker
    takes the policy as it was compiled, and nothing of the solver. Lists what is wrong, and ends with exit code 1 where
    anything is. Figures of summary.json, and cells of plan.csv that tell what a contact is about, are compared where the
    policy and the managers are those of the plan; such cells count for nothing, and one that differs is told.
    """
    with errors():
        inputs = _inputs(folder, managers, policy)
        own = managers is None and policy is None
        figures = plan_files.read_figures(folder) if own else {}
        tables = plan_files.read_tables(folder, surplus=own)
        with progress(quiet) as steps:
            read = _again(inputs, threads, steps)
            schedule = _announced(folder, read, tables, figures)
            steps("Checking", 0)
            found = schedule.check(max_faults=_FAULTS_LOOKED_FOR)
            figured = schedule.check_summary()
            others = plan_files.other_cells(tables[0], schedule) if own else []
        if others and not quiet:
            more = f", and {len(others) - 1:,} more" if len(others) > 1 else ""
            console.print(
                f"[yellow]plan.csv, {escape(others[0])}{more}; of a row manager, channel and start count[/yellow]",
                soft_wrap=True,
            )
        faults = _as_planned(_rows(found), tables[0], schedule) + _gap_faults(figures)
        if faults:
            _show_faults(faults)
            raise typer.Exit(BAD_INPUT)
        if not quiet:
            _show_rejected(read, {})
            console.print(f"[green]no faults[/green]: {escape(_plan.facts(schedule.summary))}", soft_wrap=True)
        if not figured["bound_verified"]:
            console.print(
                f"[yellow]not verified[/yellow]: the bound {schedule.upper_bound:,}; limits of "
                f"{figured['clients_left_open']:,} clients can be kept in too many ways to try, and so far no plan can "
                f"be worth more than {figured['upper_bound']:,.2f}",
                soft_wrap=True,
            )


def _gap_faults(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with the gap of summary.json, beside its objective and bound."""
    if not figures:
        return []
    bound = figures["upper_bound"]
    gap = (bound - figures["objective"]) / bound if bound else 0
    if abs(float(figures["gap"]) - float(gap)) <= 1e-9:
        return []
    text = f"objective and bound are {float(gap):.6%} apart, the plan says {float(figures['gap']):.6%}"
    return [{"violation": "wrong_gap", "text": text}]


def _as_planned(
    faults: Sequence[Mapping[str, Any]], planned: _core.Table, schedule: _core.Schedule
) -> list[Mapping[str, Any]]:
    """Faults with the day of the manager's clock, and where the schedule has no such manager or day what plan.csv says."""
    if not faults:
        return []
    own, columns = schedule.planned, planned.to_pydict()
    zones = dict(zip(own._column("manager"), own._column("time_zone"), strict=True))
    said = {
        key: {
            "manager": manager,
            "day": at and at.astimezone(zoneinfo.ZoneInfo(zones.get(manager, schedule.time_zone))).date(),
        }
        for key, manager, at in zip(columns["id"], columns["manager"], columns["start"], strict=True)
    }
    return [{**fault, **{k: v for k, v in said.get(fault["id"], {}).items() if v or not fault[k]}} for fault in faults]


def _rows(table: _core.Table) -> list[dict[str, Any]]:
    columns = table.to_pydict()
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _absence(text: str) -> tuple[str, str]:
    manager, mark, days = text.partition("=")
    if not mark or not manager.strip() or not days.strip():
        raise typer.BadParameter(f"{text!r} is not MANAGER=DAYS, such as anna=2026-12-10..2026-12-12")
    return manager.strip(), days.strip()


def _away(absences: Sequence[tuple[str, str]], schedule: _core.Schedule) -> dict[str, str]:
    """Days by manager, who may be called by name where nobody else has it."""
    managers = schedule.summary["managers"]
    ids = {each["manager"] for each in managers}
    away: dict[str, str] = {}
    for who, days in absences:
        called = [each["manager"] for each in managers if each["name"] == who]
        manager = called[0] if who not in ids and len(called) == 1 else who
        away[manager] = f"{away[manager]};{days}" if manager in away else days
    return away


def replan(
    folder: Annotated[str, typer.Argument(help="What klientela plan wrote.", metavar="DIR")],
    since: Annotated[
        dt.date, typer.Option("--from", help="First day that may still change.", metavar="DATE", parser=parse_day)
    ],
    out: Annotated[str, typer.Option(help="Folder for the new plan; it may be DIR.", metavar="DIR2")],
    absence: Annotated[
        list[str] | None,
        typer.Option(
            help="Who, by id or name, is away when: anna=2026-12-10..2026-12-12, or anna=2026-12-10;2026-12-24; repeat for "
            "more.",
            metavar="MANAGER=DAYS",
        ),
    ] = None,
    managers: Annotated[
        str | None, typer.Option(help="The managers as they are now, instead of those of the plan.", metavar="FILE")
    ] = None,
    change_cost: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="How much more the plan must be worth for a contact to change; by default no worth outweighs a change.",
        ),
    ] = None,
    missed: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a contact in plan.csv whose day is over and that was not held, to be planned again; repeat for more.",
            metavar="ID",
        ),
    ] = None,
    as_of: Annotated[
        dt.date | None,
        typer.Option(
            help="Last day that counts for classes, instead of that of the plan: who became a better client since is one.",
            metavar="DATE",
            parser=parse_day,
        ),
    ] = None,
    parquet: _Parquet = False,
    xlsx: _Xlsx = False,
    ics: _Ics = False,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Plan again with as little changed as can be of a plan that was announced.

    Writes the files of klientela plan anew, and changes.csv with what is moved, handed over, added or dropped, each with
    what it does to the plan's worth. Days before --from stay as they are, but for what was --missed. What was held before
    --from, as the plan's tables have it by now, counts: for gaps and limits, and in place of the contact that it fulfils.
    """
    absences = [_absence(text) for text in absence or []]
    began = time.monotonic()
    with errors({"since": "--from", "absences": "--absence", "change_cost": "--change-cost", "missed": "--missed"}):
        target = _folder(out)
        inputs = _inputs(folder, None, None)
        with progress(quiet) as steps:
            tables = plan_files.read_tables(folder)
            planned = set(tables[0]._column("id"))
            if strangers := [key for key in missed or [] if key not in planned]:
                raise _core.NotFoundError(f"no contact of plan.csv has the id {strangers[0]!r}", "missed")
            read = _again(inputs, threads, steps)
            announced = _announced(folder, read, tables)
            if as_of is not None:
                inputs["as_of"] = as_of.isoformat()
            present, result = None, None if as_of is None else _again(inputs, threads, steps).result
            if managers is not None:
                present = table_of(_whole(managers, "managers", inputs.get("encoding")))
            again = announced.replan(
                since,
                managers=present,
                absences=_away(absences, announced),
                result=result,
                change_cost=change_cost,
                missed=missed or [],
                threads=threads,
                progress=stage_steps(steps),
            )
            steps("Writing the plan", 0)
            inputs["managers"] = str(target / "managers.csv")
            if again.held:
                inputs["held"] = again.held
            written = _write(
                again,
                target,
                also=_also(parquet, xlsx, ics),
                stamp=_now(),
                before=folder,
                inputs=inputs,
                managers=True,
                rejected=read.rejected,
            )
        if not quiet:
            _show(again)
            _show_rejected(read, written)
            _show_changes(again)
            console.print(
                f"[green]done[/green] in {time.monotonic() - began:.1f} s; "
                f"open [bold]{escape(str(written['changes.csv']))}[/bold]",
                soft_wrap=True,
            )


def _show_changes(schedule: _core.Schedule) -> None:
    changes, counts = schedule.changes, schedule.change_counts
    if changes is None or counts is None:
        return
    kinds: dict[str, int] = {}
    for kind in changes._column("change"):
        kinds[kind] = kinds.get(kind, 0) + 1
    if kinds:
        console.print(bars("changes", kinds))
    least = (
        "no plan changes fewer"
        if counts["changed"] == counts["least_changed"]
        else f"at least {counts['least_changed']:,} must"
    )
    console.print(
        f"[bold]{counts['stayed']:,}[/bold] contacts stay as announced, {counts['changed']:,} change; {least}",
        soft_wrap=True,
    )
    if kinds.get("dropped"):
        console.print(
            "[dim]--change-cost N lets others give way to what was dropped where the plan becomes worth more than N by "
            "it[/dim]",
            soft_wrap=True,
        )
    console.print()


def group() -> typer.Typer:
    """The commands, with the one that makes plans as what is done where none is named."""
    app = typer.Typer(cls=_Group, help="Plan contacts, check plans, and plan again.")
    epilog = "klientela plan check and plan replan each have a --help of their own."
    app.command("make", cls=Unnamed, epilog=epilog)(plan)
    app.command("check")(check)
    app.command("replan")(replan)
    return app


def _also(parquet: bool, xlsx: bool, ics: bool) -> list[Literal["parquet", "xlsx", "ics"]]:
    wanted: list[tuple[Literal["parquet", "xlsx", "ics"], bool]] = [("parquet", parquet), ("xlsx", xlsx), ("ics", ics)]
    return [name for name, asked in wanted if asked]


def check_holidays(holidays: str | None, countries: Sequence[str] | None) -> None:
    """Of files and countries one is named at most."""
    if holidays is not None and countries:
        raise typer.BadParameter("name a file with --holidays, or countries with --country, not both")


def made_of(tables: Mapping[str, str], policy: _core.Policy, **more: Any) -> dict[str, Any]:
    """What inputs.json says of a plan that is yet to be made."""
    return {"klientela": _core.__version__, "tables": dict(tables), "policy": policy.to_dict(), **more}


def said_by(schedule: _core.Schedule) -> dict[str, Any]:
    """What inputs.json says of a plan that was made: what was left open, too."""
    first, last = schedule.period
    return {"period": f"{first}..{last}", "as_of": schedule._as_of.isoformat(), "language": schedule.language}


def read_team(
    managers: str,
    holidays: str | None,
    countries: Sequence[str] | None,
    period: str,
    encoding: str | None,
    steps: Steps,
) -> tuple[_core.Table, _core.Table | None]:
    """The managers and the holidays."""
    steps(f"Opening {Path(managers).name}", 0)
    team = table_of(_whole(managers, "managers", encoding))
    off = list(countries or []) or None if holidays is None else _whole(holidays, "holidays", encoding)
    return team, _plan.holidays_table(off, period)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def _write(schedule: _core.Schedule, folder: Path, **options: Any) -> dict[str, Path]:
    try:
        return plan_files.write_schedule(schedule, folder, **options)
    except ImportError as error:  # workbooks and calendars need packages of their own
        raise _core.UnsupportedError(str(error)) from error


def _folder(out: str) -> Path:
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise _core.InvalidArgumentError(f"{folder} is not a folder", "out")
    return folder


def _inputs(folder: str, managers: str | None, policy: str | None) -> dict[str, Any]:
    """What the plan in a folder was made of, but for what is named instead."""
    inputs = plan_files.read_inputs(folder)
    if managers is not None:
        inputs["managers"] = managers
    if policy is not None:
        chosen = _policy.layered(None, policy, _plugins.registry_in(inputs.get("plugins")))
        inputs["policy"] = chosen.to_dict()
    return inputs


class _Read:
    """A run with its managers and holidays, read anew from what inputs.json names."""

    def __init__(
        self, inputs: Mapping[str, Any], as_of: dt.date | None, policy: _core.Policy, threads: int, steps: Steps
    ) -> None:
        encoding = inputs.get("encoding")
        self.inputs, self.threads, self.steps = inputs, threads, steps
        self.managers, self.holidays = read_team(
            inputs["managers"],
            inputs.get("holidays"),
            inputs.get("countries"),
            inputs["period"],
            encoding,
            steps,
        )
        self.result = read_and_run(
            dict(inputs["tables"]),
            policy,
            as_of,
            encoding,
            threads,
            steps,
            assignments_of(inputs.get("assignments"), encoding),
            inputs.get("roll_up"),
            history=False,
            journal=inputs.get("journal"),
            rebase=bool(inputs.get("rebase")),
        )

    @property
    def rejected(self) -> _core.Table | None:
        """Rows that could not be read; None: every row could."""
        return self.result.rejected if any_rejected(self.result.summary) else None


def _whole(file: str, table: str, encoding: str | None) -> Any:
    """A file of which every line counts."""
    source = readers.read(file, table, encoding=encoding)
    if source.malformed:
        row, _, text = source.malformed[0]
        raise _core.BadDataError(f"{file}, row {row + 1} cannot be cut into columns: {text}", file)
    return source.data


def _made(read: _Read, *, owners: _core.Table | None = None) -> _core.Schedule:
    """A new plan; where there are owners of one that was announced, what it can be read back into."""
    inputs = read.inputs
    with named_files(inputs):
        return _core._make_schedule(
            read.result,
            read.managers,
            inputs["period"],
            read.holidays,
            None,
            None,
            inputs.get("language"),
            owners,
            _held(inputs),
            owners is None,
            read.threads,
            stage_steps(read.steps),
        )


def _held(inputs: Mapping[str, Any]) -> list[str]:
    """Ids of contacts that are not planned again, as a plan that replaced another one says."""
    held = inputs.get("held") or []
    if not isinstance(held, list) or not all(isinstance(one, str) for one in held):
        raise _core.BadDataError(f"{plan_files.INPUTS}: held is {held!r}, and not a list of ids", plan_files.INPUTS)
    return held


@contextlib.contextmanager
def named_files(files: Mapping[str, Any]) -> Iterator[None]:
    """Errors about a table that was read from one of the files name the file."""
    try:
        yield
    except _core.KlientelaError as error:
        # A column that is missing names itself alone.
        table = "managers" if error.where == "manager" else error.where.partition(".")[0]
        if table in _FILES and files.get(table) and not error.message.startswith(files[table]):
            error.message = f"{files[table]}: {error.message.removeprefix(f'{table}, ')}"
        raise


def _announced(
    folder: str,
    read: _Read,
    tables: tuple[_core.Table, _core.Table, _core.Table],
    figures: Mapping[str, Any] | None = None,
) -> _core.Schedule:
    """The schedule that the files of a folder say.

    Figures that are too large to be told to the last unit are left out.
    """
    owners = plan_files.read_owners(folder)
    said = {name: (figures or {}).get(name) for name in ("objective", "upper_bound")}
    exact = {name: value.quantize(_UNIT) for name, value in said.items() if value is not None and value < 2**53 * _UNIT}
    files = {"planned": "plan.csv", "refused": "refused.csv", "prices": "prices.csv"}
    schedule = _made(read, owners=owners)
    with named_files({table: str(Path(folder) / file) for table, file in files.items()}):
        return schedule.read_back(*tables, **exact)


def _again(inputs: Mapping[str, Any], threads: int, steps: Steps) -> _Read:
    """What a plan was made of, read again."""
    steps("Opening the plan", 0)
    policy = _core.Policy.from_dict(inputs["policy"], _plugins.registry_in(inputs.get("plugins")))
    return _Read(inputs, dt.date.fromisoformat(inputs["as_of"]), policy, threads, steps)


def _show_rejected(read: _Read, written: Mapping[str, Path]) -> None:
    """How many rows count for nothing in the plan, and where they are listed."""
    if read.rejected is None:
        return
    for table, counts in read.result.summary["tables"].items():
        if not counts["rows_rejected"]:
            continue
        lost = "; what they forbid is not kept" if table == "consents" else ""
        console.print(
            f"[yellow]{counts['rows_rejected']:,} of {counts['rows_read']:,} rows of {escape(table)} could not be read"
            f"{lost}[/yellow]",
            soft_wrap=True,
        )
    if "rejected.csv" in written:
        console.print(f"[dim]rejected rows: {escape(str(written['rejected.csv']))}[/dim]", soft_wrap=True)


def _show(schedule: _core.Schedule) -> None:
    summary = schedule.summary
    facts = Grid.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    first, last = schedule.period
    facts.add_row("period", f"[bold]{first}[/bold] to [bold]{last}[/bold] ({escape(schedule.time_zone)})")
    refused = sum(summary["refused"].values())
    facts.add_row(
        "planned", f"[bold]{summary['planned']:,}[/bold] contacts of {summary['planned'] + refused:,} asked for"
    )
    facts.add_row(
        "worth",
        f"{schedule.objective:,.2f}, "
        + (
            "which no plan of this order can better"
            if summary["proved"]
            else f"within {summary['gap']:.3%} of what any plan can reach"
        ),
    )
    parts: list[Any] = [facts]
    if summary["managers"]:
        parts += ["", _loads(summary["managers"])]
    if refused:
        reasons = {_REFUSED.get(name, name.replace("_", " ")): count for name, count in summary["refused"].items()}
        parts += ["", bars(f"refused: {refused:,}", reasons)]
    console.print(Together(*parts))
    for note in summary["notes"]:
        console.print(f"[dim]note: {escape(note)}[/dim]", soft_wrap=True)
    if len(schedule.shortfalls):
        console.print(
            f"[yellow]{len(schedule.shortfalls):,} quotas have fewer contacts than they should: shortfalls.csv[/yellow]",
            soft_wrap=True,
        )
    console.print()


def _loads(managers: Sequence[Mapping[str, Any]]) -> Grid:
    """Contacts and share of the time of each manager, the busiest first."""
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(min_width=16)
    grid.add_column(justify="right")
    grid.add_column(justify="right", style="dim")
    grid.add_column(width=24)
    grid.add_row("[bold]load[/bold]", "[dim]contacts[/dim]", "hours", "")
    for each in sorted(managers, key=lambda each: (-each["minutes"], each["manager"]))[:_MANAGERS_SHOWN]:
        most = max(each["minutes_capacity"], each["minutes"], 1)
        grid.add_row(
            escape(each["name"] or each["manager"]),
            f"{each['contacts']:,}",
            f"{each['minutes'] / 60:,.1f} of {each['minutes_capacity'] / 60:,.1f}",
            Bar(most, 0, each["minutes"], width=24, color="cyan"),
        )
    if len(managers) > _MANAGERS_SHOWN:
        grid.add_row(f"[dim]and {len(managers) - _MANAGERS_SHOWN:,} more[/dim]")
    return grid


def _show_faults(faults: Sequence[Mapping[str, Any]]) -> None:
    grid = Grid(box=None, pad_edge=False, header_style="dim")
    for name in ("fault", "contact", "manager", "day", "what"):
        grid.add_column(name, overflow="fold")
    for fault in faults[:_FAULTS_SHOWN]:
        grid.add_row(
            fault["violation"].replace("_", " "),
            escape(fault.get("id") or ""),
            escape(fault.get("manager") or ""),
            str(fault.get("day") or ""),
            escape(fault["text"]),
        )
    console.print(grid)
    more = f", of which the first {_FAULTS_SHOWN} are shown" if len(faults) > _FAULTS_SHOWN else ""
    some = "or more " if len(faults) >= _FAULTS_LOOKED_FOR else ""
    count = "1 fault" if len(faults) == 1 else f"{len(faults):,} {some}faults"
    console.print(f"[bold red]{count}[/bold red]{more}", soft_wrap=True)
    if any(fault["violation"] in _OF_FIGURES for fault in faults):
        console.print(
            "[dim]the figures of summary.json are those of the plan as it was made: where contacts were moved by "
            "hand on purpose, take the file away, and they are worked out anew[/dim]",
            soft_wrap=True,
        )
