"""The command line: reads files, runs klientela, writes files; everything in between is the library's."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Group

from klientela import (
    _core,
    _plugins,
    _policy,
    cli_dedupe,
    cli_merge,
    cli_plan,
    cli_search,
    plan_files,
    synthetic,
    writers,
)
from klientela._columns import table_of
from klientela._counted import counted, noun
from klientela._plan import facts as _plan_facts
from klientela._policy_check import check_plan
from klientela._run import run as run_library
from klientela._terminal import DONE as _DONE
from klientela._terminal import DateFormat as _DateFormat
from klientela._terminal import Encoding as _Encoding
from klientela._terminal import PolicyFile as _PolicyFile
from klientela._terminal import Preset as _Preset
from klientela._terminal import Quiet as _Quiet
from klientela._terminal import Steps, escape, one_line
from klientela._terminal import Threads as _Threads
from klientela._terminal import bars as _bars
from klientela._terminal import drawn as _drawn
from klientela._terminal import errors as _errors
from klientela._terminal import out as _out
from klientela._terminal import progress as _progress
from klientela.cli_merge import (
    JOURNAL,
    Rebase,
    bytes_of,
    check_begin,
    check_goes_on,
    check_unwritten,
    undo_hint,
    without_cards,
)
from klientela.cli_read import AsOf as _AsOf
from klientela.cli_read import AssignmentsFile as _Assignments
from klientela.cli_read import DecimalComma as _DecimalComma
from klientela.cli_read import Plugins as _Plugins
from klientela.cli_read import any_rejected
from klientela.cli_read import assignments_of as _journal
from klientela.cli_read import file_option as _file
from klientela.cli_read import files_given as _given
from klientela.cli_read import parse_day as _day
from klientela.cli_read import parse_language as _language
from klientela.cli_read import read_and_run as _read_and_run
from klientela.cli_read import read_facts as _read_facts
from klientela.cli_read import stage_steps as _stage_steps
from klientela.cli_read import written_as as _written

_PERIODS = ("day", "week", "month", "quarter", "year")

app = typer.Typer(
    name="klientela",
    help="Who your clients are, which cell of the contact matrix each one sits in, and why.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
policy_app = typer.Typer(no_args_is_help=True, help="Show, check or describe policies: the choices of a company.")
app.add_typer(policy_app, name="policy")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"klientela {_core.__version__}")
        raise typer.Exit(_DONE)


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    del version


def _period(text: str) -> str:
    if text in _PERIODS:
        return text
    raise typer.BadParameter(f"{text!r} is none of {', '.join(_PERIODS)}")


def _roll_up(text: str) -> str:
    if text in ("roots", "every_node") or (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        return text
    raise typer.BadParameter(f"{text!r} is neither roots nor every_node nor a level from 1")


def _period_or_none(text: str) -> str:
    if text == "none" or text in _PERIODS:
        return text
    raise typer.BadParameter(f"{text!r} is none of {', '.join(_PERIODS)}, none")


_RollUp = Annotated[
    str | None,
    typer.Option(
        help="Classify groups of clients, each with its branches and contact persons, instead of single clients: roots, "
        "every_node, or the level down to which clients are told apart.",
        metavar="roots|every_node|N",
        parser=_roll_up,
    ),
]
_History = Annotated[
    str | None,
    typer.Option(
        "--history",
        help="Follow classes through the ends of these periods: day, week, month, quarter, year; the last twelve, or as "
        "many, since and until when as the policy's own history says; none: do not. By default as the policy says.",
        metavar="PERIOD|none",
        parser=_period_or_none,
    ),
]


@app.command()
def run(
    out: Annotated[str, typer.Option(help="Folder for the results; made where it is missing.", metavar="DIR")],
    transactions: Annotated[str | None, _file("Purchases and refunds.")] = None,
    clients: Annotated[str | None, _file("Cards of organisations and persons.")] = None,
    contacts: Annotated[str | None, _file("Who stands for which organisation.")] = None,
    interactions: Annotated[str | None, _file("Calls, letters, meetings; planned or held.")] = None,
    requests: Annotated[str | None, _file("What clients asked for.")] = None,
    feedback: Annotated[str | None, _file("Answers to surveys.")] = None,
    consents: Annotated[str | None, _file("Who agreed to what.")] = None,
    directories: Annotated[str | None, _file("Categories, industries, roles, regions, products.")] = None,
    assignments: _Assignments = None,
    preset: _Preset = None,
    policy: _PolicyFile = None,
    plugins: _Plugins = None,
    as_of: _AsOf = None,
    roll_up: _RollUp = None,
    date_format: _DateFormat = None,
    decimal_comma: _DecimalComma = None,
    history: _History = None,
    journal: Annotated[
        str | None,
        typer.Option(
            help="The journal of merges to go on from, with what people undid, wrote and said in it.",
            metavar="FILE",
        ),
    ] = None,
    rebase: Rebase = False,
    managers: Annotated[
        str | None,
        typer.Option(help=f"Plan contacts for them too. {cli_plan.MANAGERS}", metavar="FILE", rich_help_panel="Plan"),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help=f"What is planned: {cli_plan.PERIODS}.",
            metavar="PERIOD",
            parser=cli_plan.parse_period,
            rich_help_panel="Plan",
        ),
    ] = None,
    holidays: cli_plan.Holidays = None,
    country: cli_plan.Countries = None,
    encoding: _Encoding = None,
    threads: _Threads = 0,
    quiet: _Quiet = False,
) -> None:
    """Classify the clients in your files, and plan their contacts where managers are given.

    Reads CSV and TSV (also .gz), Parquet, JSON lines and Excel (book.xlsx#Sheet picks a sheet). Writes clients.parquet,
    clients.csv, matrix.csv, profiles.csv, profile_products.csv, profile_channels.csv, attention.csv, cohorts.csv,
    rejected.csv, summary.json and report.html into the folder; with a history also history.parquet, migration.csv,
    transitions.csv, stays.csv and projection.csv; and hierarchy.csv where clients are rolled up. Of cards those that are
    surely one client are merged, unless the policy's dedupe.merge is false: see clusters.csv, joins.csv, review.csv and
    the like, merged.csv, conflicts.csv and journal.jsonl. With --managers and --period the page tells of the plan, whose
    files, those of klientela plan, are written into the folder plan in the folder.
    """
    if rebase and journal is None:
        raise typer.BadParameter("--rebase goes on from a journal, --journal FILE")
    if (managers is None) != (period is None):
        raise typer.BadParameter("contacts are planned for --managers in a --period: name both, or neither")
    cli_plan.check_holidays(holidays, country)
    if managers is None and (holidays is not None or country):
        raise typer.BadParameter("holidays are for plans, which need --managers and --period")
    given = _given(
        directories=directories,
        clients=clients,
        contacts=contacts,
        consents=consents,
        transactions=transactions,
        requests=requests,
        interactions=interactions,
        feedback=feedback,
    )
    options = {
        "period": "--history" if period is None else "--period",
        "countries": "--country",
        "/roll_up": "--roll-up",
    }
    with _errors(options):
        written = Path(out) / JOURNAL
        if journal is None:
            check_begin(written)
        else:
            check_goes_on(written, Path(journal))
        before = bytes_of(written)
        chosen = _policy.layered(preset, policy, _plugins.registry_in(plugins), _written(date_format, decimal_comma))
        assigned = _journal(assignments, encoding)

        inputs = None
        if managers is not None:
            inputs = cli_plan.made_of(
                given,
                chosen,
                assignments=assignments,
                managers=managers,
                holidays=holidays,
                countries=country,
                plugins=plugins,
                encoding=encoding,
                roll_up=roll_up,
                journal=journal,
                rebase=rebase,
            )

        def make(steps: Steps) -> _core.Result:
            planning: dict[str, Any] = {}
            if managers is not None and period is not None:
                team, off = cli_plan.read_team(managers, holidays, country, period, encoding, steps)
                planning = {"managers": team, "period": period, "holidays": off}
            with cli_plan.named_files({"managers": managers, "holidays": holidays}):
                return classified(steps, planning)

        def classified(steps: Steps, planning: dict[str, Any]) -> _core.Result:
            result = _read_and_run(
                given,
                chosen,
                as_of,
                encoding,
                threads,
                steps,
                assigned,
                roll_up,
                False if history == "none" else history,
                journal,
                rebase,
                **planning,
            )
            if result._merging is not None:
                check_unwritten(written, before)
            return result

        def hint(result: _core.Result) -> str | None:
            if clients is None or result.merged is None:
                return None
            # A run reads cards by other rules, such as for parents and rejected rows, so that the journal may be rebased.
            said: dict[str, Any] = {
                "preset": preset,
                "policy": policy,
                "date_format": date_format,
                "encoding": encoding,
            }
            return undo_hint(result.merged, clients, written, rebase=True, **said)

        _work(make, Path(out), quiet, doubt_future=as_of is None, inputs=inputs, hint=hint)


@app.command("classify")
def classify_command(
    out: Annotated[str, typer.Option(help="CSV or Parquet file for the classes.", metavar="FILE")],
    transactions: Annotated[str | None, _file("Purchases and refunds.")] = None,
    clients: Annotated[str | None, _file("Cards of organisations and persons.")] = None,
    contacts: Annotated[str | None, _file("Who stands for which organisation.")] = None,
    interactions: Annotated[str | None, _file("Calls, letters, meetings; planned or held.")] = None,
    requests: Annotated[str | None, _file("What clients asked for.")] = None,
    feedback: Annotated[str | None, _file("Answers to surveys.")] = None,
    directories: Annotated[str | None, _file("Categories, industries, roles, regions, products.")] = None,
    assignments: _Assignments = None,
    preset: _Preset = None,
    policy: _PolicyFile = None,
    plugins: _Plugins = None,
    as_of: _AsOf = None,
    roll_up: _RollUp = None,
    date_format: _DateFormat = None,
    decimal_comma: _DecimalComma = None,
    coverage: Annotated[
        str | None, typer.Option(help="Also write what share of the cards has each attribute.", metavar="FILE")
    ] = None,
    rules: Annotated[
        str | None, typer.Option(help="Also write what each rule of the policy does.", metavar="FILE")
    ] = None,
    attention: Annotated[
        str | None, typer.Option(help="Also write who needs accompaniment now, and why.", metavar="FILE")
    ] = None,
    encoding: _Encoding = None,
    threads: _Threads = 0,
    quiet: _Quiet = False,
) -> None:
    """Give every client its classes by a policy, with the reasons, and nothing else.

    One row per client: its id, its name where known, the columns of each classifier and the reason in words.
    """
    given = _given(
        directories=directories,
        clients=clients,
        contacts=contacts,
        transactions=transactions,
        requests=requests,
        interactions=interactions,
        feedback=feedback,
    )
    with _errors():
        chosen = _policy.layered(preset, policy, _plugins.registry_in(plugins), _written(date_format, decimal_comma))
        journal = _journal(assignments, encoding)
        with _progress(quiet) as steps:
            result = _read_and_run(given, chosen, as_of, encoding, threads, steps, journal, roll_up)
            steps("Writing results", 0)
            for file, table in _class_tables(result, out, coverage, rules, attention).items():
                writers.write_table(table, file)
        if not quiet:
            _show_read(result)
            summary = result.summary
            for name, each in result.classes.items():
                counts = _label_counts(each.table, summary["classes"])
                if 0 < len(counts) <= 30:
                    _out.print(_bars(name, counts), "")
            _print_notes(summary["notes"], of_run_only=True)
            _print_unknown(result.unknown_assignments)
            _out.print(f"[green]done[/green]; the classes are in [bold]{escape(out)}[/bold]", soft_wrap=True)


def _print_unknown(lines: _core.Table) -> None:
    """What assignments name that is not known."""
    if not len(lines):
        return
    row, client, attribute, value, reason = (values[0] for values in lines.to_pydict().values())
    first = f"row {row}: {client}, {attribute} = {value} ({reason.replace('_', ' ')})"
    _out.print(
        f"[yellow]{len(lines):,} of the assignments name a client or a value that is not known; the first is in "
        f"{escape(first)}[/yellow]",
        soft_wrap=True,
    )


def _class_tables(
    result: _core.Result, out: str, coverage: str | None, rules: str | None, attention: str | None
) -> dict[str, _core.Table]:
    clients = result.clients
    wanted = ["client"] + (["name"] if "name" in clients else [])
    for name, each in result.classes.items():
        wanted += [*each.table.columns, f"{name}_reason"]
    tables = {out: _core._select(clients, wanted)}
    if coverage is not None:
        tables[coverage] = result.coverage
    if attention is not None:
        tables[attention] = result.attention()
    if rules is not None:
        rows: dict[str, list[Any]] = {"classifier": []}
        for name, each in result.classes.items():
            if each.kind != "rules":
                continue
            table = result.check_rules(name)["rules"].to_pydict()
            rows["classifier"] += [name] * len(table["rule"])
            for column, values in table.items():
                rows.setdefault(column, []).extend(values)
        tables[rules] = table_of(rows)
    return tables


def _label_counts(table: _core.Table, classes: dict[str, dict[str, int]]) -> dict[str, int]:
    """Clients by label of a classifier's first column of labels, in the classifier's own order."""
    labels = [column for column in table.columns if column in classes and not column.endswith("_source")]
    return {label: clients for label, clients in classes[labels[0]].items() if clients} if labels else {}


@app.command()
def history(
    out: Annotated[str, typer.Option(help="Folder for the results; made where it is missing.", metavar="DIR")],
    transactions: Annotated[str | None, _file("Purchases and refunds.")] = None,
    clients: Annotated[str | None, _file("Cards of organisations and persons.")] = None,
    contacts: Annotated[str | None, _file("Who stands for which organisation.")] = None,
    interactions: Annotated[str | None, _file("Calls, letters, meetings; planned or held.")] = None,
    requests: Annotated[str | None, _file("What clients asked for.")] = None,
    feedback: Annotated[str | None, _file("Answers to surveys.")] = None,
    consents: Annotated[str | None, _file("Who agreed to what.")] = None,
    directories: Annotated[str | None, _file("Categories, industries, roles, regions, products.")] = None,
    assignments: _Assignments = None,
    preset: _Preset = None,
    policy: _PolicyFile = None,
    plugins: _Plugins = None,
    every: Annotated[
        str | None,
        typer.Option(
            help="Classify at the end of every day, week, month, quarter or year.",
            metavar="PERIOD",
            parser=_period,
        ),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(min=0, max=65534, help="Only the last so many of these periods; 0: all.")
    ] = None,
    since: Annotated[
        dt.date | None, typer.Option(help="Begin with the period of this day.", metavar="DATE", parser=_day)
    ] = None,
    as_of: _AsOf = None,
    roll_up: _RollUp = None,
    refit: Annotated[
        bool | None,
        typer.Option(
            "--refit/--frozen",
            help="Fit thresholds anew for every day, or judge all by those of one.",
            show_default=False,
        ),
    ] = None,
    hold: Annotated[
        int | None,
        typer.Option(min=1, max=65534, help="Days that a new class has to stand for before it counts; 1: none."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0, help="Share of a threshold by which a measure has to pass it before the class changes, such as 0.1."
        ),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Keep this class column; repeat for more. By default all of labels.")
    ] = None,
    date_format: _DateFormat = None,
    decimal_comma: _DecimalComma = None,
    language: Annotated[
        Literal["en", "ru"], typer.Option(help="Of the reasons: en or ru.", metavar="en|ru", parser=_language)
    ] = "en",
    encoding: _Encoding = None,
    threads: _Threads = 0,
    quiet: _Quiet = False,
) -> None:
    """Follow the classes of your clients through time.

    Classifies the files as of the ends of periods, by default all months from the first purchase on, by the thresholds of
    the last of these days. A policy's own history says otherwise, and each option here wins over it.
    Writes history.parquet, migration.csv, transitions.csv, stays.csv and projection.csv into the folder.
    """
    given = _given(
        directories=directories,
        clients=clients,
        contacts=contacts,
        consents=consents,
        transactions=transactions,
        requests=requests,
        interactions=interactions,
        feedback=feedback,
    )
    asked = {
        "every": every,
        "periods": periods,
        "since": None if since is None else since.isoformat(),
        "thresholds": None if refit is None else "refit" if refit else "frozen",
        "hold": hold,
        "margin": margin,
        "columns": column or None,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    typed = {f"/history/{key}": _HISTORY_OPTIONS.get(key, f"--{key}") for key in asked}
    with _errors({**typed, "period": "--every", "/roll_up": "--roll-up"}):
        chosen = _policy.layered(preset, policy, _plugins.registry_in(plugins), _written(date_format, decimal_comma))
        plan = _plan(chosen, asked, as_of)
        began = time.monotonic()
        folder = Path(out)
        if folder.exists() and not folder.is_dir():
            raise _core.InvalidArgumentError(f"{folder} is not a folder", "out")
        journal = _journal(assignments, encoding)
        with _progress(quiet) as steps:
            result = _read_and_run(given, chosen, as_of, encoding, threads, steps, journal, roll_up, plan)
            found = result._planned_history(threads, _stage_steps(steps))
            if found is None:
                raise _no_days(plan, result.as_of)
            steps("Writing results", 0)
            written = writers.write_history(found, folder, language=language)
        if not quiet:
            _show_read(result)
            _print_notes(result.summary["notes"], of_run_only=True)
            _print_unknown(result.unknown_assignments)
            days = found.days
            _out.print(
                f"[bold]{len(days)}[/bold] days from {days[0]} to {days[-1]}, {len(result.features):,} clients, "
                f"classes {escape(', '.join(found.class_columns))}",
                soft_wrap=True,
            )
            _out.print(
                f"[green]done[/green] in {time.monotonic() - began:.1f} s; "
                f"open [bold]{escape(str(written['migration.csv']))}[/bold]",
                soft_wrap=True,
            )


# Options of history that are called otherwise than the keys of the policy which they stand for.
_HISTORY_OPTIONS = {"thresholds": "--refit", "columns": "--column"}


def _plan(policy: _core.Policy, asked: Mapping[str, Any], as_of: dt.date | None) -> dict[str, Any]:
    """The policy's history, or one of all periods, with what the command line asks for on top."""
    plan: dict[str, Any] = dict(policy.to_dict()["history"] or {"periods": 0})
    if "since" in asked:
        plan["periods"] = 0
    if as_of is not None:
        plan["until"] = None
    if asked.get("thresholds") == "refit":
        plan["frozen_on"] = None
    return plan | dict(asked)


def _no_days(plan: Mapping[str, Any], as_of: dt.date) -> _core.KlientelaError:
    """Why a history has no days."""
    last = min(as_of, dt.date.fromisoformat(plan.get("until") or as_of.isoformat()))
    since = plan.get("since")
    if since is not None and dt.date.fromisoformat(since) > last:
        return _core.InvalidArgumentError(f"{since} is after the last day that counts, {last}", "/history/since")
    return _core.InvalidArgumentError(f"no purchase counts up to {last}, so there is no day to classify on")


# The month after the last day of the base that the demo makes up.
_DEMO_PERIOD = (dt.date(2026, 7, 1), dt.date(2026, 7, 31))


@app.command()
def demo(
    out: Annotated[str, typer.Option(help="Folder for the results.", metavar="DIR")] = "klientela-demo",
    clients: Annotated[int, typer.Option(min=1, max=5_000_000, help="How many cards to make.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Another seed makes another base.")] = 2026,
    save_tables: Annotated[
        str | None,
        typer.Option(
            help="Also write the generated tables, the managers and the policy into this folder, for klientela run and "
            "klientela plan.",
            metavar="DIR",
        ),
    ] = None,
    threads: _Threads = 0,
    quiet: _Quiet = False,
) -> None:
    """Make up a realistic client base, classify it, and plan the contacts of the month after with managers made up too.

    Writes what klientela run does, and the plan of contacts into the folder plan in it.
    """
    kept = None if save_tables is None else Path(save_tables)
    inputs = None
    if kept is not None:
        files = {name: str(kept / f"{name}.csv") for name in _core.tables()}
        inputs = cli_plan.made_of(files, _policy.policy_of(synthetic.POLICY), managers=str(kept / "managers.csv"))
    with _errors():

        def make_and_run(steps: Steps) -> _core.Result:
            steps("Making up clients", 0)
            base = synthetic.make_base(clients, seed)
            managers = synthetic.make_managers(seed=seed, period=_DEMO_PERIOD)
            if kept is not None:
                kept.mkdir(parents=True, exist_ok=True)
                for name, table in {**base, "managers": managers}.items():
                    (kept / f"{name}.csv").write_text(table.to_csv(), encoding="utf-8", newline="")
                (kept / "policy.json").write_text(json.dumps(synthetic.POLICY, indent=2) + "\n", encoding="utf-8")
            return run_library(
                base,
                synthetic.POLICY,
                threads=threads,
                progress=_stage_steps(steps),
                managers=managers,
                period=_DEMO_PERIOD,
            )

        _work(make_and_run, Path(out), quiet, inputs=inputs)


app.add_typer(cli_merge.group(cli_dedupe.dedupe), name="dedupe")
app.command("search")(cli_search.search)
app.add_typer(cli_plan.group(), name="plan")


@policy_app.command("show")
def policy_show(
    policy: Annotated[str, typer.Argument(help="A preset's name or a policy file.", metavar="[NAME|FILE]")] = "default",
    presets: Annotated[bool, typer.Option("--presets", help="Print the names of the presets and stop.")] = False,
) -> None:
    """Print a policy with every default written out."""
    if presets:
        typer.echo("\n".join(_core.Policy.presets()))
        return
    with _errors():
        chosen = _policy.policy_of(Path(policy)) if Path(policy).is_file() else _policy.policy_of(policy)
        typer.echo(json.dumps(chosen.to_dict(), ensure_ascii=False, indent=2))


@policy_app.command("check")
def policy_check(
    policy: Annotated[str, typer.Argument(help="A preset's name or a policy file.", metavar="NAME|FILE")],
    plugins: _Plugins = None,
) -> None:
    """Say whether a policy can be used, and if not, where it is wrong.

    What the part plan asks for is looked up among the classes and columns that the rest of the policy gives.
    """
    with _errors():
        registry = _plugins.registry_in(plugins)
        if Path(policy).is_file():
            text = _policy.read_policy_file(policy)
            _policy.parse_document(text, policy)
            chosen = _core.Policy.from_json(text, registry)
        else:
            chosen = _policy.policy_of(policy, registry)
        unseen = check_plan(chosen, plugins is not None)
        typer.echo(one_line(f"{policy}: a policy that works ({', '.join(chosen.to_dict()['classifiers'])})"))
        if unseen is not None:
            _out.print(
                f"[yellow]the part plan is checked in itself, and not beside the classes: {escape(_drawn(unseen)[0])}[/yellow]",
                soft_wrap=True,
            )


@policy_app.command("schema")
def policy_schema() -> None:
    """Print the JSON Schema of policies."""
    typer.echo(json.dumps(_core.Policy.schema(), ensure_ascii=False, indent=2))


def _work(
    make: Callable[[Steps], _core.Result],
    out: Path,
    quiet: bool,
    *,
    doubt_future: bool = False,
    inputs: Mapping[str, Any] | None = None,
    hint: Callable[[_core.Result], str | None] = lambda result: None,
) -> None:
    began = time.monotonic()
    if out.exists() and not out.is_dir():
        raise _core.InvalidArgumentError(f"{out} is not a folder", "out")
    with _progress(quiet) as steps:
        result = make(steps)
        steps("Writing results", 0)
        written = writers.write(result, out)
        if (plan := result.plan) is not None:
            said = None if inputs is None else {**inputs, **cli_plan.said_by(plan)}
            plan_files.write_schedule(plan, out / "plan", inputs=said)
    if not quiet:
        _show(result, written, hint(result), time.monotonic() - began)
        for text in [] if result.merged is None else without_cards(result.merged):
            _out.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)
        # A day more, for the time zones that are ahead of this machine's.
        if doubt_future and result.as_of > dt.date.today() + dt.timedelta(days=1):
            _out.print(
                f"[yellow]The last purchase, {result.as_of}, is in the future, and everything is measured as of that day; "
                "if that date is wrong, name the last day that counts by --as-of.[/yellow]",
                soft_wrap=True,
            )


def _show_read(result: _core.Result) -> None:
    """The same for commands that write no rejected rows."""
    summary = result.summary
    _out.print(_read_facts(summary))
    if any_rejected(summary):
        _out.print("[dim]klientela run writes the rejected rows to a file[/dim]")


def _show(result: _core.Result, written: dict[str, Path], hint: str | None, seconds: float) -> None:
    summary = result.summary
    facts = _read_facts(summary)
    bought = summary.get("clients_with_purchases")
    facts.add_row(
        "classified",
        f"[bold]{summary['clients']:,}[/bold] {noun(summary['clients'], 'client')}"
        + (f", {bought:,} with purchases" if bought is not None else ""),
    )
    for key, label in (("money_gross", "money, gross"), ("money_refunds", "refunds"), ("money_net", "money, net")):
        if summary.get(key) is not None:
            currency = f" {summary['currency']}" if summary.get("currency") else ""
            facts.add_row(label, _grouped(summary[key]) + escape(currency))

    found = summary["duplicates"]
    if found is not None:
        facts.add_row(
            "duplicates",
            f"{counted(found['duplicates'], 'further card')} of clients, [bold]{found['merged_cards']:,}[/bold] of them merged; "
            f"{counted(found['to_review'], 'pair')} to review",
        )
    if (plan := result.plan) is not None:
        place = written["report.html"].parent / "plan"
        facts.add_row("plan", f"{escape(_plan_facts(plan.summary))}; files in {escape(str(place))}")
    if "attention.csv" in written:
        facts.add_row("need attention", counted(len(result.attention()), "client"))
    parts: list[Any] = [facts]
    groups = (summary.get("matrix") or {}).get("groups")
    if groups:
        parts += ["", _bars("contact matrix", {name: entry["clients"] for name, entry in groups.items()})]
    if summary.get("abc"):
        parts += ["", _bars("ABC", summary["abc"])]
    if summary.get("segments"):
        parts += ["", _bars("RFM", summary["segments"])]
    _out.print(Group(*parts))
    _print_notes(summary["notes"])
    _print_unknown(result.unknown_assignments)
    if result.unused_columns:
        _out.print(f"[dim]columns not used: {escape(', '.join(result.unused_columns))}[/dim]", soft_wrap=True)
    if any_rejected(summary):
        _out.print(f"[dim]rejected rows: {escape(str(written['rejected.csv']))}[/dim]", soft_wrap=True)
    _out.print()
    if hint is not None:
        _out.print(f"[dim]{escape(hint)}[/dim]", soft_wrap=True)
    _out.print(
        f"[green]done[/green] in {seconds:.1f} s; open [bold]{escape(str(written['report.html']))}[/bold]",
        soft_wrap=True,
    )


def _print_notes(notes: list[dict[str, Any]], *, of_run_only: bool = False) -> None:
    for note in notes:
        if note["classifier"] is None:
            _out.print(f"[yellow]{escape(note['en'])}[/yellow]", soft_wrap=True)
        elif not of_run_only:
            _out.print(f"[dim]note: {escape(note['en'])}[/dim]", soft_wrap=True)


def _grouped(number: str) -> str:
    """Exact decimal text with thousands apart and, where there are decimals, at least two of them."""
    whole, point, rest = number.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{rest.ljust(2, '0') if point else ''}"


def _flow(of: typer.Typer) -> None:
    """Take the line ends of docstrings out of help, which has the terminal's width; blank lines stay."""
    for command in of.registered_commands:
        if command.callback is not None:
            command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(command.callback) or "")
    for group in of.registered_groups:
        if group.typer_instance is not None:
            _flow(group.typer_instance)


_flow(app)


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="klientela")


if __name__ == "__main__":
    main()
