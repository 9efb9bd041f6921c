"""The command dedupe: which cards of a list are the same client, or which of two lists, written to a folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table as Grid

from klientela import _core, cards, readers, writers
from klientela._columns import table_of
from klientela._counted import counted, noun
from klientela._duplicates import find_duplicates, link_lists
from klientela._terminal import (
    DateFormat,
    Encoding,
    PolicyFile,
    Preset,
    Quiet,
    Steps,
    Threads,
    bars,
    errors,
    escape,
    progress,
)
from klientela._terminal import (
    out as console,
)
from klientela.cli_merge import (
    FOUND,
    JOURNAL,
    Opened,
    Rebase,
    Who,
    now,
    open_journal,
    other_journal,
    policy_of,
    save_all,
    set_aside,
    undo_hint,
    without_cards,
)

# What the engine calls its stages, in words.
_STAGES = {
    "ingest": "Reading cards",
    "read cards": "Reading cards",
    "normalise": "Normalising values",
    "code cards": "Normalising values",
    "block": "Looking for pairs",
    "propose rules": "Choosing rules",
    "learn": "Learning weights",
    "link_model": "Learning weights",
    "score": "Scoring pairs",
    "clusters": "Clustering",
    "cluster": "Clustering",
}
_SIZES = 6
_COLUMNS_SHOWN = 12
_UNUSED_SHOWN = 30
_UNCLEAR = 0.05
_REFUSED_SHOWN = 3
_CARDS_SHOWN = 5
# What is known, by the argument of the library.
_KNOWN = {
    "previous": "--previous",
    "must_links": "--must-link",
    "cannot_links": "--cannot-link",
    "labelled": "--labelled",
}


def _file(help_text: str) -> Any:
    return typer.Option(help=help_text, metavar="FILE", rich_help_panel="What is known")


def dedupe(
    clients: Annotated[str, typer.Argument(help="Cards of organisations and persons.", metavar="CLIENTS")],
    out: Annotated[
        str, typer.Option(help="Folder for the results; made where it is missing.", metavar="DIR")
    ] = "klientela-dedupe",
    link: Annotated[
        str | None,
        typer.Option(
            help="A second list: link its cards with those of the first, each with one at most.", metavar="FILE"
        ),
    ] = None,
    many: Annotated[
        bool, typer.Option("--many", help="With --link: a card of the first list may have several of the second.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Score in bits from which cards belong together: 0 is even odds, 10 is 1024 to 1. Wins over the policy.",
            metavar="BITS",
            min=-1000,
            max=1000,
        ),
    ] = None,
    propose_rules: Annotated[
        bool,
        typer.Option(
            "--propose-rules",
            help="Choose the blocking rules from the cards, within the budget of pairs; proposals.csv says why. Wins over "
            "the policy.",
        ),
    ] = False,
    previous: Annotated[
        str | None, _file("Earlier clusters.csv (id, cluster): clusters that go on keep their labels.")
    ] = None,
    must_link: Annotated[str | None, _file("Pairs of ids (id_a, id_b) that are one client.")] = None,
    cannot_link: Annotated[str | None, _file("Pairs of ids (id_a, id_b) that are two.")] = None,
    labelled: Annotated[
        str | None, _file("Judged pairs (id_a, id_b, match) to learn the weights from, at least 20.")
    ] = None,
    journal: Annotated[
        str | None,
        _file("The journal of merges to go on from; it is written again. Without it DIR/journal.jsonl begins anew."),
    ] = None,
    rebase: Rebase = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write what would be merged, and leave the journal as it is.")
    ] = False,
    who: Who = "",
    preset: Preset = None,
    policy: PolicyFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Find the cards that are the same client, and merge them.

    Reads CSV and TSV (also .gz), Parquet, JSON lines and Excel (book.xlsx#Sheet picks a sheet). Writes clusters.csv (id,
    cluster), pairs.csv with the evidence, joins.csv, cuts.csv, review.csv, weights.csv, rules.csv and summary.json into
    the folder; merged.csv with one row per client, conflicts.csv where its cards say different things, and
    journal.jsonl, by which each merge can be taken back; and links.csv instead of these where two lists are linked.
    Where rules were proposed, proposals.csv says why.
    """
    if many and link is None:
        raise typer.BadParameter("--many needs a second list, --link FILE")
    if previous is not None and link is not None:
        raise typer.BadParameter("--previous is about the clusters of one list, not about links between two")
    if rebase and journal is None:
        raise typer.BadParameter("--rebase goes on from a journal, --journal FILE")
    if link is not None and (journal is not None or dry_run or rebase):
        raise typer.BadParameter(
            "--journal, --rebase and --dry-run are about merging, and cards of two lists are linked"
        )
    began = time.monotonic()
    told = {"previous": previous, "must_links": must_link, "cannot_links": cannot_link, "labelled": labelled}
    with errors(_KNOWN), _naming_files(told):
        chosen = policy_of(preset, policy, date_format)
        folder = Path(out)
        if folder.exists() and not folder.is_dir():
            raise _core.InvalidArgumentError(f"{folder} is not a folder", "out")
        if journal is not None and not Path(journal).is_file():
            raise _core.NotFoundError(
                f"there is no journal {journal}; without --journal one begins in {out}", "journal"
            )
        other = None if journal is None or dry_run else other_journal(folder, Path(journal))
        options = _options(chosen["dedupe"], threshold, link is not None, many)
        if propose_rules:
            options["blocking"] = {**options.get("blocking", {}), "rules": "auto"}
        with progress(quiet) as steps:
            lists = []
            for file in (clients, link):
                if file is None:
                    continue
                steps(f"Opening {Path(file).name}", 0)
                lists.append(
                    cards.read(
                        file, ingest=chosen["ingest"], encoding=encoding, threads=threads, progress=_stage_steps(steps)
                    )
                )
            known = {
                "must_links": _pairs(must_link, ("id_a", "id_b"), encoding),
                "cannot_links": _pairs(cannot_link, ("id_a", "id_b"), encoding),
                "labelled": _pairs(labelled, ("id_a", "id_b", "match"), encoding),
            }
            shared: dict[str, Any] = {**known, "threads": threads, "progress": _stage_steps(steps), **options}
            opened: Opened | None = None
            if link is None:
                opened = open_journal(
                    lists[0],
                    Path(journal) if journal is not None else folder / JOURNAL,
                    chosen,
                    begin=journal is None,
                    rebase=rebase,
                    who=who,
                    threads=threads,
                    progress=_stage_steps(steps),
                )
                earlier = None if previous is None else _whole(previous, "clusters", encoding)
                found = find_duplicates(lists[0].base, previous=earlier, known=opened.merged, **shared)
            else:
                found = link_lists(lists[0].base, lists[1].base, **shared)
            files = [each for each in (clients, link) if each is not None]
            summary = _summary(files, lists)
            summary["notes"] += _of_rows(
                lists, [option for argument, option in _KNOWN.items() if told[argument] is not None], opened
            )
            if opened is not None:
                steps("Merging", 0)
                summary["notes"] += without_cards(opened.merged)
                summary["merge"] = _merge(opened, found, who, dry_run)
                summary["notes"] += _refused(summary["merge"]["refused"])
            steps("Writing results", 0)

            def write() -> dict[str, Path]:
                with set_aside(other):
                    return writers.write_duplicates(
                        found,
                        folder,
                        summary=summary,
                        ids=[each.ids for each in lists],
                        threads=threads,
                        merged=None if opened is None else opened.merged,
                        kept=lists[0].kept,
                        parent=lists[0].parent,
                        lists=[each.base for each in lists],
                    )

            written = write() if opened is None or dry_run else save_all(opened, write)
        if not quiet:
            hint = None
            if opened is not None and JOURNAL in written:
                said: dict[str, Any] = {
                    "preset": preset,
                    "policy": policy,
                    "date_format": date_format,
                    "encoding": encoding,
                }
                hint = undo_hint(opened.merged, clients, written[JOURNAL], **said)
            _show(found, files, lists, summary, written, hint, time.monotonic() - began)


def _merge(opened: Opened, found: _core.Duplicates, who: str, dry_run: bool) -> dict[str, Any]:
    """Merge what was found beyond the journal, and say what there is then, for summary.json."""
    merged = opened.merged
    proposed, refused = merged._made.proposed(found)
    operations = merged.merge(proposed, who=who, reason=FOUND, at=now())
    conflicts = merged.conflicts
    places = {*zip(*(conflicts._column(name) for name in ("cluster", "table", "field", "row")), strict=True)}
    return {
        "dry_run": dry_run,
        "operations": len(merged) - (len(operations) if dry_run else 0),
        "merges": len(operations),
        "clients": len(merged.base),
        "cards": len(merged.original),
        "merged_cards": len(merged.clusters),
        "conflicts": len(places),
        "refused": refused,
    }


def _of_rows(lists: Sequence[cards.Cards], told: Sequence[str], opened: Opened | None) -> list[str]:
    """What holds of numbers of rows only until the list changes."""
    if not any(each.numbered for each in lists):
        return []
    places = [f"the files of {', '.join(told)}"] if told else []
    places += [] if opened is None else [opened.journal.name]
    return [
        f"ids in {each} stand for rows by their numbers, which are other cards once a list has changed"
        for each in places
    ]


def _refused(refused: Sequence[Sequence[Any]]) -> list[str]:
    if not refused:
        return []
    shown = "; ".join(", ".join(map(str, cards[:_CARDS_SHOWN])) for cards in refused[:_REFUSED_SHOWN])
    more = f" and {len(refused) - _REFUSED_SHOWN:,} more" if len(refused) > _REFUSED_SHOWN else ""
    return [
        f"{counted(len(refused), 'cluster was', 'clusters were')} found but not merged, since an organisation and a person are "
        f"in {'it' if len(refused) == 1 else 'them'} "
        f"(dedupe.survivorship.across_kinds allows it): {shown}{more}"
    ]


def _stage_steps(steps: Steps) -> Steps:
    return lambda stage, share: steps(_STAGES.get(stage, stage), share)


def _options(options: Mapping[str, Any], threshold: float | None, linking: bool, many: bool) -> dict[str, Any]:
    """The policy's part dedupe with what the command line says on top."""
    clusters = dict(options["clusters"])
    if threshold is not None:
        clusters["threshold"] = threshold
        clusters["unscored"] = min(clusters["unscored"], threshold - 4)
    if linking and (many or clusters["sources"] == "any"):
        clusters["sources"] = "one_to_many" if many else "one_to_one"
    return {**options, "clusters": clusters}


def _pairs(file: str | None, names: tuple[str, ...], encoding: str | None) -> Any:
    """The named columns of a file, else its first ones."""
    if file is None:
        return None
    table = _whole(file, "pairs", encoding)
    if all(name in table for name in names):
        return {name: table._column(name) for name in names}
    if len(table.columns) < len(names):
        raise _core.BadDataError(f"{file} must have the columns {', '.join(names)}", file)
    return {name: table._column(column) for name, column in zip(names, table.columns, strict=False)}


def _whole(file: str, table: str, encoding: str | None) -> _core.Table:
    """A file without a line that cannot be read: who leaves out what somebody said does not do it."""
    source = readers.read(file, table, encoding=encoding)
    if source.malformed:
        row, _, line = source.malformed[0]
        raise _core.BadDataError(f"row {row + 1:,} of {file} cannot be cut into columns: {line}", file)
    return table_of(source.data)


@contextlib.contextmanager
def _naming_files(files: Mapping[str, str | None]) -> Iterator[None]:
    """Errors about what is known name the file that says so in place of the argument."""
    try:
        yield
    except _core.KlientelaError as error:
        argument, file = error.where, files.get(error.where)
        if file is not None:
            named = argument in error.message.split(":")[0].split()
            error.message = error.message.replace(argument, file, 1) if named else f"{file}: {error.message}"
        raise


def _summary(files: Sequence[str], lists: Sequence[cards.Cards]) -> dict[str, Any]:
    """What was read, for summary.json."""
    read = [
        {
            "file": os.fspath(file),
            "rows_read": each.rows,
            "rows_rejected": each.rejected,
            "columns": each.columns,
            "unused_columns": each.unused,
            "unreadable_values": each.unreadable,
            "numbered_rows": each.numbered,
        }
        for file, each in zip(files, lists, strict=True)
    ]
    named = len(files) > 1
    notes = [
        f"{file}: {note}" if named else note for file, each in zip(files, lists, strict=True) for note in each.notes
    ]
    return {"klientela": _core.__version__, "lists": read, "notes": notes}


def _show(
    found: _core.Duplicates,
    files: Sequence[str],
    lists: Sequence[cards.Cards],
    summary: Mapping[str, Any],
    written: Mapping[str, Path],
    hint: str | None,
    seconds: float,
) -> None:
    told = found.summary
    linking = "first_list" in told
    facts = Grid.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    for file, each in zip(files, lists, strict=True):
        rejected = f", [yellow]{each.rejected:,} rejected[/yellow]" if each.rejected else ""
        facts.add_row(escape(Path(file).name), f"{counted(each.rows, 'row')} read{rejected}")
        fields = [field for field in each.columns if field != "client"]
        more = f" and {len(fields) - _COLUMNS_SHOWN} more" if len(fields) > _COLUMNS_SHOWN else ""
        facts.add_row("", f"[dim]{escape(', '.join(fields[:_COLUMNS_SHOWN]))}{more}[/dim]")
    facts.add_row("pairs", f"{told['pairs']:,} compared")
    if linking:
        links = found.links
        alone = told["first_list"] - len(set(links._column("id_a")))
        alone_there = told["cards"] - told["first_list"] - len(set(links._column("id_b")))
        facts.add_row("links", f"[bold]{len(links):,}[/bold] between the lists")
        facts.add_row("without a link", f"{counted(alone, 'card')} of the first list, {alone_there:,} of the second")
    else:
        facts.add_row("clients", f"[bold]{told['clusters']:,}[/bold] with {counted(told['cards'], 'card')}")
        facts.add_row(
            "duplicates", f"[bold]{told['duplicates']:,}[/bold] further {noun(told['duplicates'], 'card')} of clients"
        )
    if not linking:
        merge = summary["merge"]
        would = "would be merged" if merge["dry_run"] else "merged"
        facts.add_row(
            would,
            f"[bold]{merge['merged_cards']:,}[/bold] cards, in {counted(merge['merges'], 'new merge')}; "
            f"{counted(merge['conflicts'], 'field')} in which cards of a client differ",
        )
    unclear = sum(_UNCLEAR < chance < 1 - _UNCLEAR for chance in found.review._column("probability"))
    facts.add_row(
        "to review",
        f"{counted(unclear, 'pair')} {noun(unclear, 'that is', 'that are')} neither clearly one client nor two",
    )
    parts: list[Any] = [facts]
    if not linking and told["groups"]:
        parts += ["", bars("cards of a client", _sizes(found))]
    console.print(Group(*parts))
    training = told.get("training")
    if training is not None and training["advice"]:
        console.print(f"[yellow]{escape(training['advice'])}[/yellow]", soft_wrap=True)
    for note in summary["notes"]:
        console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)
    for file, each in zip(files, lists, strict=True):
        if each.unused:
            of_file = f" of {escape(Path(file).name)}" if linking else ""
            listed = ", ".join(each.unused[:_UNUSED_SHOWN])
            more = f" and {len(each.unused) - _UNUSED_SHOWN:,} more" if len(each.unused) > _UNUSED_SHOWN else ""
            console.print(
                f"[dim]columns not used{of_file}: {escape(listed)}{more}; ingest.mappings.clients.columns of a policy "
                "can name the column of a field[/dim]",
                soft_wrap=True,
            )
    console.print()
    if hint is not None:
        console.print(f"[dim]{escape(hint)}[/dim]", soft_wrap=True)
    first = written["links.csv" if linking else "merged.csv"]
    console.print(f"[green]done[/green] in {seconds:.1f} s; open [bold]{escape(str(first))}[/bold]", soft_wrap=True)


def _sizes(found: _core.Duplicates) -> dict[str, int]:
    """Clients by how many cards they have."""
    cards_of: dict[Any, int] = {}
    for cluster in found.clusters._column("cluster"):
        cards_of[cluster] = cards_of.get(cluster, 0) + 1
    counts: dict[int, int] = {}
    for size in cards_of.values():
        counts[size] = counts.get(size, 0) + 1
    named = {counted(size, "card"): counts[size] for size in sorted(counts)[:_SIZES]}
    rest = sum(counts[size] for size in sorted(counts)[_SIZES:])
    if rest:
        named[f"more, up to {max(counts)}"] = rest
    return named
