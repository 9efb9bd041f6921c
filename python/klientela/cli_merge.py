"""The commands below dedupe that work on the journal of merges: undo, not-duplicate and erase."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from klientela import _core, _policy, _records, cards, readers, writers
from klientela._counted import counted, noun
from klientela._merge import MergedBase, decisions
from klientela._terminal import (
    DateFormat,
    Encoding,
    PolicyFile,
    Preset,
    Quiet,
    Steps,
    Threads,
    Unnamed,
    errors,
    escape,
    progress,
)
from klientela._terminal import out as console

JOURNAL = "journal.jsonl"
FOUND = _core._FOUND_REASON
_FILES_SHOWN = 20
_OPERATIONS_SHOWN = 10

Who = Annotated[str, typer.Option(help="Who does it, for the journal.", metavar="NAME")]
Reason = Annotated[str, typer.Option(help="Why, for the journal.", metavar="TEXT")]
Rebase = Annotated[
    bool,
    typer.Option(
        "--rebase", help="The list has changed since the journal was written: go on all the same, and say so in it."
    ),
]
Clients = Annotated[str, typer.Argument(help="The cards that the journal belongs to.", metavar="CLIENTS")]
JournalFile = Annotated[str, typer.Option("--journal", help="The journal; it is written again.", metavar="FILE")]
Results = Annotated[
    str | None,
    typer.Option("--out", help="Folder for merged.csv and conflicts.csv; by default the journal's.", metavar="DIR"),
]


class Group(TyperGroup):
    """Takes what is no command for the cards to look through, so that a file called undo is ./undo."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command that looks for duplicates in front where none is named."""
        return super().parse_args(ctx, args if args and args[0] in self.commands else ["find", *args])


@dataclass
class Opened:
    """Cards with their journal.

    Attributes
    ----------
    read : Cards
    merged : MergedBase
    journal : pathlib.Path
        The file it was read from, or is to be written to.
    policy : mapping
        The whole policy.
    before : bytes or None
        What was in the file then; None: there was none.
    """

    read: cards.Cards
    merged: MergedBase
    journal: Path
    policy: Mapping[str, Any]
    before: bytes | None


def now() -> dt.datetime:
    """When an operation happens, for the journal."""
    return dt.datetime.now(dt.timezone.utc).replace(microsecond=0)


def policy_of(preset: str | None, policy: str | None, date_format: str | None) -> dict[str, Any]:
    """The policy that both options give, in its parts ingest and dedupe."""
    written = {"date_format": date_format} if date_format else None
    return _policy.layered(preset, policy, ingest=written, parts=("version", "ingest", "dedupe")).to_dict()


def open_journal(
    read: cards.Cards,
    journal: Path,
    policy: Mapping[str, Any],
    *,
    begin: bool = False,
    rebase: bool = False,
    who: str = "",
    reason: str = "",
    threads: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> Opened:
    """Go on from the journal, or begin one where there is none.

    Raises
    ------
    InvalidArgumentError
        If the cards are not those of the journal: without `rebase`, and with it where their rows are only numbered, since
        a row of a list that has changed may be anybody's.
    """
    shared: dict[str, Any] = {"who": who, "reason": reason, "at": now(), "threads": threads, "progress": progress}
    rules = policy["dedupe"]["survivorship"]
    before = bytes_of(journal)
    if begin:
        check_begin(journal)
        return Opened(read, MergedBase(read.base, rules, **shared), journal, policy, before)
    try:
        merged = MergedBase.open(read.base, journal, rules, rebase=rebase and not read.numbered, **shared)
    except _core.InvalidArgumentError as error:
        if error.where != "journal":
            raise
        if read.numbered:
            raise _core.InvalidArgumentError(
                f"{journal} is the journal of another list, or the cards have changed since, and rows that are numbered for "
                "want of ids may be other cards by now: it goes on only with a list that has an id of its own for every row",
                "rebase" if rebase else "journal",
            ) from None
        raise _core.InvalidArgumentError(
            f"{journal} is the journal of another list, or the cards have changed since; --rebase goes on with it",
            "journal",
        ) from None
    except _core.BadPolicyError as error:
        if error.where != "/version":
            raise
        raise _core.BadPolicyError(
            f"{journal} has other rules under version {rules['version']}: raise dedupe.survivorship.version with every "
            "change of the survivorship",
            "/dedupe/survivorship/version",
        ) from None
    return Opened(read, merged, journal, policy, before)


def without_cards(merged: MergedBase) -> list[str]:
    """Which operations have no effect, as a note."""
    operations = merged.without_cards
    if not operations:
        return []
    shown = ", ".join(map(str, operations[:_OPERATIONS_SHOWN]))
    more = f" and {len(operations) - _OPERATIONS_SHOWN:,} more" if len(operations) > _OPERATIONS_SHOWN else ""
    of_journal = f"{noun(len(operations), 'operation')} of the journal whose cards are gone"
    return [f"{of_journal} {noun(len(operations), 'has', 'have')} no effect until those are back: {shown}{more}"]


def check_begin(journal: Path) -> None:
    """Refuse to write a journal over one in which somebody has decided something."""
    if journal.exists() and _decided(journal):
        raise _core.InvalidArgumentError(
            f"{journal} holds more than what was found: --journal {journal} goes on from it, another --out begins anew",
            "journal",
        )


def check_goes_on(journal: Path, earlier: Path) -> None:
    """Refuse to write a journal that goes on from an earlier one over a third, with what that one has not."""
    if not journal.exists() or not earlier.exists() or journal.samefile(earlier):
        return
    if any(operation != "rebase" for _, operation, _ in _decided(journal) - _decided(earlier)):
        raise _core.InvalidArgumentError(
            f"{journal} holds what somebody decided and {earlier} has not: --journal {journal} goes on from it, "
            "another --out leaves it",
            "journal",
        )


def _decided(journal: Path) -> set[tuple[Any, Any, Any]]:
    return decisions(journal.read_text(encoding="utf-8", errors="surrogateescape"))


def other_journal(folder: Path, journal: Path) -> Path | None:
    """Give the journal of earlier results in a folder that takes those of another one; refuse if somebody decided in it."""
    there = folder / JOURNAL
    if not there.is_file() or not journal.exists() or there.samefile(journal):
        return None
    check_goes_on(there, journal)
    return there


@contextlib.contextmanager
def set_aside(file: Path | None) -> Iterator[None]:
    """Take a file away, for good if the block succeeds; if it fails the file is back, whatever the block put there."""
    copy: str | None = None
    if file is not None and os.path.lexists(file):
        handle, copy = tempfile.mkstemp(prefix=".klientela-", dir=file.parent)
        os.close(handle)
        os.replace(file, copy)
    try:
        yield
    except BaseException:
        if copy is not None and file is not None:
            os.replace(copy, file)
        elif file is not None:
            file.unlink(missing_ok=True)
        raise
    if copy is not None:
        Path(copy).unlink()


def save_all(opened: Opened, write: Callable[[], dict[str, Path]]) -> dict[str, Path]:
    """Write the journal and what goes with it, or leave all as it was.

    Raises
    ------
    InvalidArgumentError
        If somebody has written the journal since it was opened; what they did would be lost.
    """
    journal = opened.journal
    journal.parent.mkdir(parents=True, exist_ok=True)
    check_unwritten(journal, opened.before)
    # A copy to put back: it takes no room then, and there is never half a journal.
    handle, copy = tempfile.mkstemp(prefix=".klientela-", dir=journal.parent)
    os.close(handle)
    try:
        if opened.before is not None:
            shutil.copy2(journal, copy)
        opened.merged.save(journal)
        try:
            written = write()
        except BaseException:
            if opened.before is None:
                journal.unlink()
            else:
                os.replace(copy, journal)
            raise
    finally:
        Path(copy).unlink(missing_ok=True)
    return {**written, JOURNAL: journal}


def check_unwritten(journal: Path, before: bytes | None) -> None:
    """Refuse to write a journal that somebody has written since it held `before`."""
    if bytes_of(journal) != before:
        raise _core.InvalidArgumentError(
            f"another command has written {journal} meanwhile: nothing is changed, do this again", "journal"
        )


def bytes_of(file: Path) -> bytes | None:
    """What is in a file; None where there is none."""
    return file.read_bytes() if file.exists() else None


def _existing(journal: str) -> Path:
    path = Path(journal)
    if not path.is_file():
        raise _core.NotFoundError(f"there is no journal {journal}", "journal")
    return path


def _change(
    clients: str,
    journal: str,
    out: str | None,
    *,
    change: Callable[[MergedBase], tuple[int, str]],
    rebase: bool,
    who: str,
    reason: str,
    preset: str | None,
    policy: str | None,
    date_format: str | None,
    encoding: str | None,
    threads: int,
    quiet: bool,
) -> None:
    """Open, change, write, and say what was done."""
    with errors():
        chosen = policy_of(preset, policy, date_format)
        path = _existing(journal)
        folder = Path(out) if out is not None else path.parent
        if folder.exists() and not folder.is_dir():
            raise _core.InvalidArgumentError(f"{folder} is not a folder", "out")
        other = other_journal(folder, path)
        with progress(quiet) as steps:
            opened = _read(clients, path, chosen, rebase, who, reason, encoding, threads, steps)
            operation, told = change(opened.merged)

            def write() -> dict[str, Path]:
                with set_aside(other):
                    return _write(opened, folder)

            written = save_all(opened, write)
        if not quiet:
            console.print(f"[green]done[/green]: operation {operation} {escape(told)}", soft_wrap=True)
            console.print(
                f"{counted(len(opened.merged.base), 'client')} with {counted(len(opened.read.base), 'card')}; "
                f"open [bold]{escape(str(written['merged.csv']))}[/bold]",
                soft_wrap=True,
            )
            for text in without_cards(opened.merged):
                console.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)


def _write(opened: Opened, folder: Path) -> dict[str, Path]:
    read = opened.read
    return writers.write_merged(opened.merged, folder, ids=read.ids, kept=read.kept, parent=read.parent)


def _read(
    clients: str,
    journal: Path,
    policy: Mapping[str, Any],
    rebase: bool,
    who: str,
    reason: str,
    encoding: str | None,
    threads: int,
    steps: Steps,
) -> Opened:
    steps(f"Opening {Path(clients).name}", 0)
    read = cards.read(clients, ingest=policy["ingest"], encoding=encoding, threads=threads)
    steps("Reading the journal", 0)
    return open_journal(read, journal, policy, rebase=rebase, who=who, reason=reason, threads=threads, progress=None)


def _merges(merged: MergedBase) -> list[int]:
    """Numbers of the merges that count, the last one first."""
    columns = (merged.journal._column(name) for name in ("sequence", "operation", "counts"))
    return [number for number, operation, counts in zip(*columns, strict=True) if operation == "merge" and counts][::-1]


def undo_hint(
    merged: MergedBase, clients: str, journal: Path, *, rebase: bool = False, **options: str | None
) -> str | None:
    """Give the command that takes the last merge back, as it can be typed; None where there is none.

    ``options`` are those of the command that the cards were read by, such as date_format.
    """
    merges = _merges(merged)
    if not merges:
        return None
    said = [[f"--{name.replace('_', '-')}", value] for name, value in options.items() if value is not None]
    file = f"./{clients}" if clients.startswith("-") else clients  # no option
    line = ["klientela", "dedupe", "undo", str(merges[0]), file, "--journal", str(journal)]
    line += ["--rebase"] if rebase else []
    return (
        f"{shlex.join([*line, *itertools.chain(*said)])} takes merge {merges[0]} of the journal back; with --all in place of "
        "the number it takes every merge back"
    )


def undo(
    operation: Annotated[
        str, typer.Argument(help="Its number in the journal; left out with --all.", metavar="OPERATION")
    ],
    journal: JournalFile,
    clients: Annotated[
        str | None, typer.Argument(help="The cards that the journal belongs to.", metavar="CLIENTS")
    ] = None,
    all_merges: Annotated[
        bool, typer.Option("--all", help="Take back every merge. Edits, and pairs that are two clients, stay.")
    ] = False,
    out: Results = None,
    rebase: Rebase = False,
    who: Who = "",
    reason: Reason = "",
    preset: Preset = None,
    policy: PolicyFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Take back one operation of the journal, whatever came after it; an undo too, which does it again.

    With --all every merge is taken back.
    """
    if all_merges:
        if clients is not None:
            raise typer.BadParameter("--all takes back every merge: name the cards alone, and no operation")
        clients = operation
    elif clients is None:
        raise typer.BadParameter("name an operation and the cards, or --all and the cards")
    elif not (operation.isascii() and operation.isdecimal() and int(operation) > 0):
        raise typer.BadParameter(f"{operation!r} is not the number of an operation, from 1", param_hint="OPERATION")

    def change(merged: MergedBase) -> tuple[int, str]:
        taken = _merges(merged) if all_merges else [int(operation)]
        if not taken:
            raise _core.NotFoundError(f"{journal} has no merge that could be taken back", "journal")
        for number in taken:
            done = merged.undo(number, who=who, reason=reason, at=now())
        if len(taken) == 1:
            return done, f"took back operation {taken[0]}"
        return done, f"and those before it took back {len(taken):,} merges"

    _change(
        clients,
        journal,
        out,
        change=change,
        rebase=rebase,
        who=who,
        reason=reason,
        preset=preset,
        policy=policy,
        date_format=date_format,
        encoding=encoding,
        threads=threads,
        quiet=quiet,
    )


def not_duplicate(
    a: Annotated[str, typer.Argument(help="Id of a card.", metavar="A")],
    b: Annotated[str, typer.Argument(help="Id of another one.", metavar="B")],
    clients: Clients,
    journal: JournalFile,
    out: Results = None,
    rebase: Rebase = False,
    who: Who = "",
    reason: Reason = "",
    preset: Preset = None,
    policy: PolicyFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Remember that two cards are two clients: they are never merged again. Cards that are merged are to be undone first."""

    def change(merged: MergedBase) -> tuple[int, str]:
        done = merged.not_duplicate(_core._client_id(a), _core._client_id(b), who=who, reason=reason, at=now())
        return done, f"says that {a} and {b} are two clients"

    _change(
        clients,
        journal,
        out,
        change=change,
        rebase=rebase,
        who=who,
        reason=reason,
        preset=preset,
        policy=policy,
        date_format=date_format,
        encoding=encoding,
        threads=threads,
        quiet=quiet,
    )


def erase(
    client: Annotated[str, typer.Argument(help="Id of one of its cards.", metavar="CLIENT")],
    clients: Clients,
    journal: JournalFile,
    out: Annotated[
        str,
        typer.Option(
            help="File for the cards that are left, .csv or .parquet; it may be CLIENTS itself. The journal belongs to it.",
            metavar="FILE",
        ),
    ],
    rebase: Rebase = False,
    who: Who = "",
    reason: Reason = "",
    preset: Preset = None,
    policy: PolicyFile = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    threads: Threads = 0,
    quiet: Quiet = False,
) -> None:
    """Erase a client, all its cards, from the cards and from the journal; this cannot be undone.

    Writes the cards that are left to --out, the journal anew, and merged.csv and conflicts.csv beside it. Neither names
    the client any longer; other files that you keep may.
    """
    with errors():
        chosen = policy_of(preset, policy, date_format)
        path = _existing(journal)
        target = Path(out)
        if target.suffix not in (".csv", ".parquet") and not _records.stays_text(Path(clients), target, encoding):
            raise _core.InvalidArgumentError(
                f"{out} must end with .csv or .parquet, or as a text file {clients}", "out"
            )
        if not target.parent.is_dir():
            raise _core.NotFoundError(f"there is no folder {target.parent} for {target.name}", "out")
        if target.is_dir():
            raise _core.InvalidArgumentError(f"{out} is a folder; a file of that name is to be written", "out")
        if target.resolve() in {(path.parent / name).resolve() for name in ("merged.csv", "conflicts.csv")}:
            raise _core.InvalidArgumentError(
                f"{out} is written anew beside the journal; cards take another file", "out"
            )
        with progress(quiet) as steps:
            opened = _read(clients, path, chosen, rebase, who, reason, encoding, threads, steps)
            if opened.read.rejected:
                note = next(note for note in opened.read.notes if "could not be read as cards" in note)
                raise _core.BadDataError(
                    f"{clients}: {note}. Nobody can tell whose they are: mend them first, or say the encoding",
                    clients,
                )
            steps("Erasing", 0)
            done = opened.merged.erase(_core._client_id(client), who=who, reason=reason, at=now(), threads=threads)
            left = _Left(opened, done.merged, clients, encoding)
            scratch = target.with_name(f".part-{target.name}")
            try:
                left.write(_core._client_id(client), scratch)
                after = left.reopened(scratch, threads)

                def write() -> dict[str, Path]:
                    with set_aside(target):
                        scratch.replace(target)
                        return _write(after, path.parent)

                written = save_all(after, write)
            finally:
                scratch.unlink(missing_ok=True)
        if not quiet:
            disabled = ", ".join(map(str, done.disabled))
            console.print(
                f"[green]done[/green]: operation {done.operation} erased {counted(done.cards, 'card')}",
                soft_wrap=True,
            )
            if disabled:
                console.print(
                    f"[yellow]Operations that can be undone or redone no more: {disabled}[/yellow]", soft_wrap=True
                )
            if len(after.merged) > len(done.merged):
                why = (
                    "such as its dates; --date-format says how they are written"
                    if left.is_text
                    else "such as texts that got an apostrophe before what a spreadsheet would run"
                )
                console.print(
                    f"[yellow]{escape(str(target))} reads otherwise than the list with the client did, {why}[/yellow]",
                    soft_wrap=True,
                )
            for text in (*_emptied(done.emptied_fields), *_of_before(path.parent, [*written.values(), target])):
                console.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)
            if not (Path(clients).exists() and target.samefile(clients)):  # clients may name a sheet of a book
                console.print(f"[yellow]{escape(clients)} still has the client[/yellow]", soft_wrap=True)
            console.print(
                f"cards: [bold]{escape(str(target))}[/bold], journal: [bold]{escape(str(written[JOURNAL]))}[/bold]",
                soft_wrap=True,
            )


def _emptied(fields: _core.Table) -> list[str]:
    """Where others' texts were emptied."""
    places: dict[tuple[str, str], list[int]] = {}
    for table, row, field in zip(*(fields._column(name) for name in ("table", "row", "field")), strict=True):
        places.setdefault((table, field), []).append(row)
    return [
        f"emptied, since it named the client: {field} of "
        + (
            f"operation {', '.join(map(str, rows))}"
            if table == "journal"
            else counted(len(rows), f"other {table.removesuffix('s')}", f"other {table}")
        )
        for (table, field), rows in places.items()
    ]


def _of_before(folder: Path, written: list[Path]) -> list[str]:
    """What else lies in the folder: results of before, and copies."""
    anew = {file.resolve() for file in written}
    left = sorted(file.name for file in folder.iterdir() if file.is_file() and file.resolve() not in anew)
    if not left:
        return []
    more = f" and {len(left) - _FILES_SHOWN:,} more" if len(left) > _FILES_SHOWN else ""
    return [
        f"{', '.join(left[:_FILES_SHOWN])}{more} in {folder} are of before and may still name the client: results are "
        "written anew by klientela dedupe or run, other copies are yours to look through"
    ]


class _Left:
    """The rows of a list that an erasure leaves, as a file that the journal goes on with."""

    def __init__(self, opened: Opened, merged: MergedBase, clients: str, encoding: str | None) -> None:
        self._opened = opened
        self._merged = merged
        self._clients = clients
        self._encoding = encoding

    def write(self, client: int | str, out: Path) -> None:
        """Write the rows of others as they are, without what they say of the client."""
        read = self._opened.read
        source = readers.read(self._clients, "clients", encoding=self._encoding)
        wanted = [None if read.numbered else read.columns["client"], read.parent]
        columns, cells = _records.cells_of(source.data, [name for name in wanted if name is not None])
        ids = [*range(1, len(cells) + 1)] if read.numbered else [_id_of(row[0]) for row in cells]
        left = self._merged.original
        dropped = {row for row, each in enumerate(ids, 1) if each is not None and each not in left}
        emptied = {}
        if read.parent is not None:
            erased = {client, *(ids[row - 1] for row in dropped)}
            emptied = {read.parent: {row for row, each in enumerate(cells, 1) if _id_of(each[-1]) in erased}}
        edit = _records.Edit(dropped, emptied, _free_name(columns) if read.numbered else None)
        file = Path(self._clients)
        self.is_text = file.is_file() and _records.stays_text(file, out, self._encoding)
        if self.is_text:
            rows = _records.copy_text(file, out, columns, edit, self._encoding)
        else:
            rows = _records.write_rows(source.data, out, edit)
        if rows != len(cells):
            raise _core.BadDataError(
                f"{file} has {len(cells):,} rows, of which {rows:,} could be told apart", str(file)
            )
        if file.is_file():
            shutil.copymode(file, out)

    def reopened(self, file: Path, threads: int) -> Opened:
        """The file as a next command reads it; the journal says so where it reads otherwise."""
        done = self._merged.journal  # by whom and why as the erasure left it
        who, reason = (done._column(name)[-1] or "" for name in ("who", "reason"))
        encoding = self._encoding if self.is_text else None
        read = cards.read(file, ingest=self._opened.policy["ingest"], encoding=encoding, threads=threads)
        if {*read.base.clients._column("client")} != {*self._merged.original.clients._column("client")}:
            raise _core.BadDataError(
                f"{self._clients} has no ids by which the cards that are left could be known again; add a column of them",
                self._clients,
            )
        merged = MergedBase(
            read.base,
            self._opened.policy["dedupe"]["survivorship"],
            journal=self._merged.journal_text,
            rebase=True,
            who=who,
            reason=reason,
            at=now(),
            threads=threads,
        )
        return Opened(read, merged, self._opened.journal, self._opened.policy, self._opened.before)


def _id_of(value: Any) -> int | str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else _core._client_id(str(value))


def _free_name(columns: Sequence[str]) -> str:
    """A name that is read as that of the ids, before any other that is."""
    taken = {column.casefold() for column in columns}
    return next(name for dots in itertools.count() if (name := "." * dots + "client") not in taken)


def group(find: Callable[..., None]) -> typer.Typer:
    """The commands, with the one that looks for duplicates as what is done where none is named."""
    app = typer.Typer(cls=Group, help="Find and merge duplicates, and take merges back.")
    epilog = "klientela dedupe undo, not-duplicate and erase work on the journal; each has a --help of its own."
    app.command("find", cls=Unnamed, epilog=epilog)(find)
    app.command("undo")(undo)
    app.command("not-duplicate")(not_duplicate)
    app.command("erase")(erase)
    return app
