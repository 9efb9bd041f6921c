"""Merging from Python and on the command line: one card per client, conflicts, taking back, journals, erasure."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shlex
import threading
from pathlib import Path

import klientela
import pytest
import typer
from klientela import cli_merge

CARDS = {
    "id": [1, 2, 3, 4, 5],
    "kind": ["person", "person", "person", "person", "organisation"],
    "given_name": ["Anna", "Anya", "Boris", "Boris", None],
    "family_name": ["Orlova", "Orlova", "Falk", "Falk", None],
    "name": [None, None, None, None, "Nordwind"],
    "emails": [
        "anna@example.com",
        "ANNA@example.com;a.orlova@example.org",
        "boris@example.com",
        "boris@example.com",
        None,
    ],
    "city": ["Perm", "Moscow", "Kazan", None, "Perm"],
    "updated_at": ["2026-02-01", "2026-01-01", "2026-01-01", "2026-01-02", None],
}
SALES = {
    "client": [1, 2, 3, 5],
    "at": ["2026-01-05", "2026-02-05", "2026-03-01", "2026-03-02"],
    "amount": [10, 20, 7, 1],
}


def base_of(cards=CARDS, **tables):
    return klientela.ingest({"clients": cards, "transactions": SALES, **tables}).base


@pytest.fixture
def base():
    return base_of()


@pytest.fixture
def merged(base):
    return klientela.MergedBase(base)


def row(table, client):
    columns = table.to_pydict()
    return {name: values[columns["client"].index(client)] for name, values in columns.items()}


def test_cards_of_one_client_become_one(merged):
    assert merged.merge([[1, 2], (3, 4)], who="clerk", reason="one phone") == [1, 2]
    assert len(merged.base) == 3 and len(merged.original) == 5
    assert merged.counts_as(2) == 1 and merged.cards_of(4) == [3, 4]
    anna = row(merged.cards, 1)
    assert anna["cards"] == "1; 2"
    assert anna["given_name"] == "Anna"  # of the card changed last
    assert anna["emails"] == "anna@example.com;a.orlova@example.org"
    assert merged.clusters.to_pydict() == {"id": [1, 2, 3, 4], "cluster": [1, 1, 3, 3]}
    assert merged.survivors.to_pydict()["client"] == [1, 3]
    spent = klientela.features(merged.base, "2026-03-31", columns=["money_net"]).to_pydict()
    assert dict(zip(spent["client"], map(int, spent["money_net"]), strict=True)) == {1: 30, 3: 7, 5: 1}


def test_conflicts_say_what_was_chosen_and_why(merged):
    merged.merge([[1, 2]])
    conflicts = merged.conflicts.to_pydict()
    told = set(zip(conflicts["field"], conflicts["client"], conflicts["value"], conflicts["chosen"], strict=True))
    assert ("given_name", "2", "Anya", "Anna") in told
    assert ("city", "2", "Moscow", "Perm") in told or ("city", "1", "Perm", "Moscow") in told
    assert set(conflicts["rule"]) <= {"newest", "most_complete"}


def test_every_step_can_be_taken_back_in_any_order(base, merged):
    before = merged.cards.to_csv()
    merged.merge([[1, 2]])
    edit = merged.edit(2, "city", "Omsk", at=dt.datetime(2026, 5, 1, tzinfo=dt.timezone.utc))
    merged.merge([[2, 3]])
    assert row(merged.cards, 1)["city"] == "Omsk"
    assert merged.undo(1) == 4
    assert merged.cards_of(1) == [1] and merged.cards_of(2) == [2, 3]
    merged.undo(3)
    merged.undo(edit)
    assert merged.cards.to_csv() == before
    again = merged.undo(4)  # an undo is undone
    assert merged.cards_of(1) == [1, 2] and again == 7
    journal = merged.journal.to_pydict()
    assert journal["operation"] == ["merge", "edit", "merge", "undo", "undo", "undo", "undo"]
    assert journal["counts"] == [True, False, False, False, True, True, True]
    assert journal["at"][1] == dt.datetime(2026, 5, 1, tzinfo=dt.timezone.utc)


def test_a_preview_changes_nothing(merged):
    preview = merged.preview([[1, 2]])
    assert preview.survivors == [1] and preview.refused == []
    assert preview.cards.to_pydict()["given_name"] == ["Anna"]
    assert preview.moves.to_pydict()["counts_as"] == [1]
    assert preview.moves.to_pydict()["transactions"] == [1]
    assert set(preview.conflicts.to_pydict()["cluster"]) == {"1"}
    assert len(merged) == 0 and len(merged.base) == 5


def test_what_was_found_is_merged_once(base, merged):
    found = klientela.find_duplicates(base, known=merged, must_links=[(1, 2), (3, 4)])
    assert merged.preview(found).survivors == [1, 3]
    assert len(merged.merge(found)) == 2
    again = klientela.find_duplicates(base, known=merged)
    assert [again.clusters.to_pydict()["cluster"][card] for card in (0, 1, 2, 3)] == [1, 1, 3, 3]
    assert merged.merge(again) == []
    merged.undo(1)
    merged.not_duplicate(2, 1)
    assert merged.not_duplicates == [(1, 2)]
    apart = klientela.find_duplicates(base, known=merged, clusters={"threshold": -500, "unscored": -504})
    assert apart.clusters.to_pydict()["cluster"][0] != apart.clusters.to_pydict()["cluster"][1]


def test_clients_without_a_card_are_told_apart_by_whom_they_count_as():
    cards = {"id": [1, 2, 3], "name": ["Anna Berg", "Anna Berg", "Otto Kranz"]}
    cards["emails"] = ["anna@mail.example", "anna@mail.example", "otto@mail.example"]
    sales = {"client": [9], "at": ["2026-01-05"], "amount": [1]}
    base = klientela.ingest({"clients": cards, "transactions": sales}, unknown_clients="create").base
    merged = klientela.MergedBase(base)
    assert klientela.find_duplicates(base, known=merged).clusters.to_pydict()["cluster"] == [1, 1, 3]
    merged.merge([[1, 9]])
    merged.not_duplicate(9, 2)
    found = klientela.find_duplicates(base, known=merged)
    assert found.clusters.to_pydict()["cluster"] == [1, 2, 3]
    assert merged.preview(found).refused == []


def test_clusters_come_as_tables_too(merged):
    table = {"id": [1, 2, 3, 4], "cluster": ["a", "a", "b", None], "keep": [False, True, None, None]}
    assert merged.merge(table) == [1]
    assert merged.counts_as(1) == 2


@pytest.mark.parametrize(
    ("clusters", "error", "said"),
    [
        ([[1]], klientela.InvalidArgumentError, "two cards or more"),
        ([[1, 1]], klientela.InvalidArgumentError, "named twice"),
        ([[1, 2], [4, 5]], klientela.InvalidArgumentError, "an organisation and a person"),
        ([[1, 99]], klientela.NotFoundError, "99"),
        ([1, 2], klientela.InvalidArgumentError, "no list of ids"),
        ("12", klientela.InvalidArgumentError, "not str"),
        ({"id": [1, 2]}, klientela.InvalidArgumentError, "'cluster'"),
        ({"id": [1, 2], "cluster": [1, 1], "keep": [True, True]}, klientela.InvalidArgumentError, "keeps two"),
        (
            {"id": [1, 2], "cluster": [1, 1], "keep": ["false", "no"]},
            klientela.InvalidArgumentError,
            "'keep' holds 'false'",
        ),
        ([[1, None]], klientela.InvalidArgumentError, "NoneType"),
    ],
)
def test_bad_merges_are_clear_errors_and_change_nothing(merged, clusters, error, said):
    with pytest.raises(error, match=said):
        merged.merge(clusters)
    assert len(merged) == 0 and len(merged.base) == 5


def test_bad_steps_are_clear_errors(merged):
    merged.merge([[1, 2]])
    for call, error, said in (
        (lambda: merged.undo(7), klientela.NotFoundError, "7"),
        (lambda: merged.undo(-1), klientela.NotFoundError, "-1"),
        (lambda: merged.undo(2**64), klientela.NotFoundError, str(2**64)),
        (lambda: merged.undo("1"), TypeError, "incompatible"),
        (lambda: merged.not_duplicate(1, 2), klientela.InvalidArgumentError, "undo that first"),
        (lambda: merged.edit(1, "salary", "much"), klientela.NotFoundError, "salary"),
        (lambda: merged.edit(1, "client", "9"), klientela.InvalidArgumentError, "id"),
        (lambda: merged.edit(1, "birthday", "soon"), klientela.InvalidArgumentError, "soon"),
        (lambda: merged.edit(77, "city", "Perm"), klientela.NotFoundError, "77"),
        (lambda: merged.merge([[1, 3]], at=dt.datetime(2026, 1, 1)), klientela.InvalidArgumentError, "time zone"),
        (lambda: klientela.MergedBase(merged.base), klientela.InvalidArgumentError, "merged"),
    ):
        with pytest.raises(error, match=said):
            call()
    assert len(merged) == 1


def test_no_value_is_written_as_a_text(merged):
    merged.edit(1, "emails", ["a@example.com", None, float("nan")])
    merged.edit(2, "city", float("nan"))
    assert row(merged.cards, 1)["emails"] == "a@example.com"
    assert row(merged.cards, 2)["city"] is None
    for value in (b"ab", {"a": 1}):
        with pytest.raises(klientela.InvalidArgumentError, match=type(value).__name__):
            merged.edit(1, "emails", value)


def test_journals_are_saved_and_opened(base, merged, tmp_path):
    merged.merge([[1, 2]], who="клерк")
    merged.edit(3, "birthday", dt.date(1980, 5, 3))
    file = tmp_path / "journal.jsonl"
    merged.save(file)
    opened = klientela.MergedBase.open(base, file)
    assert opened.journal_text == merged.journal_text == file.read_text(encoding="utf-8")
    assert opened.cards.to_csv() == merged.cards.to_csv()
    assert opened.journal.to_pydict()["who"][0] == "клерк"
    assert list(tmp_path.iterdir()) == [file]
    (tmp_path / "other").touch()
    assert file.stat().st_mode == (tmp_path / "other").stat().st_mode
    file.chmod(0o664)  # a group works on it
    merged.save(file)
    assert file.stat().st_mode & 0o777 == 0o664
    with pytest.raises(klientela.InvalidArgumentError, match="belongs to"):
        klientela.MergedBase.open(base_of({"id": [1, 2, 3], "name": ["a", "b", "c"]}), file)
    more = base_of({name: [*values, values[-1] if name != "id" else 6] for name, values in CARDS.items()})
    later = klientela.MergedBase.open(more, file, rebase=True, who="sync")
    assert later.counts_as(2) == 1 and later.journal.to_pydict()["operation"][-1] == "rebase"
    assert merged.rebased(more).cards.to_csv() == later.cards.to_csv()
    strangers = base_of({"id": ["a", "b"], "name": ["Ida", "Otto"]})
    for rebase in (merged.rebased, lambda other: klientela.MergedBase.open(other, file, rebase=True)):
        with pytest.raises(klientela.InvalidArgumentError, match="such as 1, 2, 3, this one has none") as refused:
            rebase(strangers)
        assert refused.value.where == "rebase"
    with pytest.raises(klientela.InvalidArgumentError, match="this one has none"):
        sales = {"client": ["a"], "at": ["2026-01-01"], "amount": [1]}
        klientela.run(clients={"id": ["a"], "name": ["Ida"]}, transactions=sales, journal=file, rebase=True)
    file.write_text(file.read_text(encoding="utf-8").replace("клерк", "никто"), encoding="utf-8")
    with pytest.raises(klientela.BadDataError, match=r"journal\.jsonl.*line"):
        klientela.MergedBase.open(base, file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(klientela.BadDataError, match="not UTF-8"):
        klientela.MergedBase.open(base, file)


def test_survivorship_that_is_no_json_is_a_bad_policy(base):
    with pytest.raises(klientela.BadPolicyError, match="no JSON"):
        klientela.MergedBase(base, "{not json")


def test_survivorship_is_a_policy(base):
    rules = {"version": 3, "default": "longest", "survivor": "smallest", "groups": []}
    policy = klientela.Policy.from_dict({"dedupe": {"survivorship": rules}})
    merged = klientela.MergedBase(base, policy)
    merged.merge([[1, 2]])
    assert row(merged.cards, 1)["city"] == "Moscow"
    assert merged.survivorship["version"] == 3
    with pytest.raises(klientela.BadPolicyError, match="version"):
        merged.survivorship = {**rules, "default": "newest"}
    merged.survivorship = {**rules, "version": 4, "default": "newest"}
    merged.merge([[1, 3]])
    assert row(merged.cards, 1)["city"] == "Perm"
    with pytest.raises(klientela.BadPolicyError) as caught:
        klientela.Policy.from_dict({"dedupe": {"survivorship": {"default": "best"}}})
    assert caught.value.where == "/dedupe/survivorship/default"


def test_functions_of_the_host_choose(base):
    asked = []

    def capital(field, candidates):
        asked.append((field, candidates))
        return next((place for place, each in enumerate(candidates) if each["values"] == ["Moscow"]), None)

    rules = {"groups": [], "fields": {"city": {"custom": "capital"}}}
    merged = klientela.MergedBase(base, rules, functions={"capital": capital})
    merged.merge([[1, 2], [3, 4]])
    assert row(merged.cards, 1)["city"] == "Moscow"
    assert row(merged.cards, 3)["city"] is None
    field, candidates = asked[0]
    assert field == "city" and [each["client"] for each in candidates] == [1, 2]
    assert candidates[0]["updated_at"] == dt.datetime(2026, 2, 1, tzinfo=dt.timezone.utc)
    assert candidates[0]["created_at"] is None and candidates[0]["source"] is None
    with pytest.raises(klientela.NotFoundError, match="capital"):
        klientela.MergedBase(base, rules)
    with pytest.raises(klientela.InvalidArgumentError, match="cannot be called"):
        klientela.MergedBase(base, rules, functions={"capital": "Moscow"})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda field, candidates: 1 / 0, "ZeroDivisionError"),
        (lambda field, candidates: "Perm", "neither a place"),
        (lambda field, candidates: 17, "candidate 17"),
        (lambda field, candidates: -1, "below 0"),
    ],
)
def test_functions_that_fail_are_named(base, function, said):
    merged = klientela.MergedBase(base, {"groups": [], "default": {"custom": "ours"}}, functions={"ours": function})
    merged.merge([[1, 2]])
    with pytest.raises(klientela.InternalError, match=f'"ours".*{said}'):
        _ = merged.base
    merged.undo(1)
    assert len(merged.base) == 5


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupted_function_ends_the_call_with_what_was_raised(base, raised):
    def interrupted(field, candidates):
        raise raised

    merged = klientela.MergedBase(base, {"groups": [], "default": {"custom": "ours"}}, functions={"ours": interrupted})
    merged.merge([[1, 2]])
    with pytest.raises(type(raised)) as caught:
        _ = merged.base
    assert caught.value is raised and caught.traceback[-1].name == "interrupted"
    merged.undo(1)
    assert len(merged.base) == 5


def test_a_function_cannot_come_back_to_its_base(base):
    merged = klientela.MergedBase(
        base,
        {"groups": [], "default": {"custom": "ours"}},
        functions={"ours": lambda field, candidates: merged.merge([[3, 4]])[0]},
    )
    merged.merge([[1, 2]])
    with pytest.raises(klientela.InternalError, match="in use"):
        _ = merged.base
    assert len(merged) == 1


def test_threads_are_told_apart_not_mixed_up(base):
    """Two threads at once: each call does its work or is refused."""
    merged = klientela.MergedBase(base)
    merged.merge([[1, 2]])
    failures = []

    def work():
        for _ in range(50):
            try:
                assert len(merged.cards) == 4
            except klientela.InvalidArgumentError as error:
                assert "in use" in str(error)
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_erased_client_leaves_nothing(merged):
    merged.merge([[1, 2]], reason="Orlova asked")
    merged.merge([[3, 4]])
    done = merged.erase(2, reason="request of the client")
    assert (done.operation, done.cards, done.disabled) == (3, 2, [1])
    assert done.removed["clients"] == 2 and done.removed["transactions"] == 2
    assert len(done.merged.original) == 3 and done.merged.cards_of(4) == [3, 4]
    for text in (done.merged.journal_text, done.merged.cards.to_csv(), done.merged.original.table("clients").to_csv()):
        assert "Orlova" not in text and "orlova" not in text
    assert len(merged.original) == 5
    kept = merged.erase(2, transactions="anonymise", anonymous="nobody")
    assert kept.anonymised == 2 and "nobody" in kept.merged.original
    with pytest.raises(klientela.BadPolicyError):
        merged.erase(2, transactions="keep")
    with pytest.raises(klientela.NotFoundError):
        merged.erase(77)


def test_an_erasure_says_where_it_emptied():
    calls = {
        "interaction": ["i1", "i2", "i3"],
        "client": [2, 2, 2],
        "at": ["2026-01-05"] * 3,
        "channel": ["phone"] * 3,
        "subject": ["можно ли доставить", "Яна Ли просила", "fine"],
    }
    cards = {"id": [1, 2], "kind": ["person"] * 2, "first name": ["Яна", "Otto"], "surname": ["Ли", "Kranz"]}
    merged = klientela.MergedBase(klientela.ingest({"clients": cards, "interactions": calls}).base)
    merged.not_duplicate(1, 2)
    merged.edit(2, "city", "Bonn", who="Яна Ли")
    done = merged.erase(1)
    assert done.emptied == 2
    assert done.emptied_fields.to_pydict() == {
        "table": ["interactions", "journal"],
        "row": [1, 2],
        "field": ["subject", "who"],
    }
    assert done.merged.original.table("interactions").to_pydict()["subject"] == ["можно ли доставить", None, "fine"]


def test_instants_are_written_to_the_microsecond(base):
    merged = klientela.MergedBase(base)
    zone = dt.timezone(dt.timedelta(hours=3))
    merged.edit(1, "created_at", dt.datetime(2026, 1, 1, 3, 0, 0, 123456, zone))
    merged.edit(1, "updated_at", dt.datetime(2026, 1, 1, 3, 0, 0, tzinfo=zone))
    assert merged.journal.to_pydict()["values"] == ["2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00Z"]
    seen = merged.base.table("clients").to_pydict()
    assert seen["created_at"][0].isoformat() == "2026-01-01T00:00:00.123456+00:00"


# ---- The command line ----

LIST = """Id,First name,Surname,DOB,Email,Phone,City,Shoe size,Updated
1,Anna,Berg,1980-05-03,anna.berg@mail.example,+49 30 5550101,Berlin,38,2026-02-01
2,Robert,Falk,1971-12-31,r.falk@firm.example,+49 30 5550100,Köln,44,2026-01-01
3,Anna,Berg,1980-05-03,anna.berg@mail.example,+49 30 5550101,Potsdam,,2026-01-01
4,Greta,Falk,1975-12-31,greta@home.example,+49 30 5550199,Köln,40,2026-01-01
5,Robert,Falk,1971-12-31,r.falk@firm.example,+49 30 5550100,=1+1,,2026-03-01
6,Otto,Kranz,1966-08-17,otto.kranz@firm.example,+49 30 5550155,Bonn,45,2026-01-01
"""


@pytest.fixture
def members(tmp_path):
    file = tmp_path / "members.csv"
    file.write_text(LIST, encoding="utf-8")
    return file


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def journal_of(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_command_merges_and_says_how_to_take_back(cli, members, tmp_path):
    out = tmp_path / "found"
    done = cli("dedupe", members, "--out", out, "--who", "clerk")
    assert done.returncode == 0, done.stderr
    assert "in 2 new merges" in done.stdout and "klientela dedupe undo 2 " in done.stdout
    merged = rows_of(out / "merged.csv")
    assert [(each["client"], each["cards"]) for each in merged] == [
        ("1", "1; 3"),
        ("2", "2; 5"),
        ("4", "4"),
        ("6", "6"),
    ]
    assert merged[0]["Shoe size"] == "38" and merged[1]["Shoe size"] == "44"
    assert merged[1]["city"] == "Köln"  # of the address the smaller id's
    conflicts = rows_of(out / "conflicts.csv")
    assert {each["value"] for each in conflicts if each["field"] == "city"} == {"Berlin", "Potsdam", "Köln", "'=1+1"}
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["merge"] == {
        "dry_run": False, "operations": 2, "merges": 2, "clients": 4, "cards": 6, "merged_cards": 4, "conflicts": 2,
        "refused": [],
    }  # fmt: skip
    assert "clerk" in (out / "journal.jsonl").read_text(encoding="utf-8")

    again = cli("dedupe", members, "--out", out)
    assert again.returncode == 0 and "in 2 new merges" in again.stdout  # nothing was decided yet: anew
    again = cli("dedupe", members, "--out", out, "--journal", out / "journal.jsonl")
    assert again.returncode == 0 and "in 0 new merges" in again.stdout
    assert len(rows_of(out / "merged.csv")) == 4

    done = cli("dedupe", "undo", "1", members, "--journal", out / "journal.jsonl", "--reason", "two sisters")
    assert done.returncode == 0, done.stderr
    assert "took back operation 1" in done.stdout and "5 clients with 6 cards" in done.stdout
    assert len(rows_of(out / "merged.csv")) == 5
    done = cli("dedupe", "not-duplicate", "1", "3", members, "--journal", out / "journal.jsonl")
    assert done.returncode == 0, done.stderr
    before = (out / "journal.jsonl").read_bytes()
    refused = cli("dedupe", members, "--out", out)  # what people decided is not written over
    assert refused.returncode == 1 and "holds more than what was found" in refused.stderr
    assert (out / "journal.jsonl").read_bytes() == before
    kept = cli("dedupe", members, "--journal", out / "journal.jsonl", "--out", tmp_path / "second")
    assert kept.returncode == 0 and "in 0 new merges" in kept.stdout, kept.stderr
    assert len(rows_of(tmp_path / "second" / "merged.csv")) == 5
    assert not (tmp_path / "second" / "journal.jsonl").exists()
    operations = [line.get("operation") for line in journal_of(out / "journal.jsonl")]
    assert [each for each in operations if each] == ["merge", "merge", "undo", "not_duplicate"]


def test_one_is_not_told_as_several(command, tmp_path):
    file = tmp_path / "list.csv"
    row = "Anna,Berg,1980-05-03,anna.berg@mail.example,+49 30 5550101"
    for rows, said in ((1, ("1 row read", "1 with 1 card\n")), (2, ("1 further card of", "in 1 new merge;"))):
        lines = [f"{number},{row}" for number in range(1, rows + 1)]
        file.write_text("\n".join(["Id,First name,Surname,DOB,Email,Phone", *lines]) + "\n", "utf-8")
        done = command("dedupe", file, "--out", tmp_path / "found")
        assert done.returncode == 0, done.stderr
        lines = "".join(f"{' '.join(line.split())}\n" for line in done.stdout.splitlines())
        assert all(each in lines for each in said), lines
    done = command("dedupe", "erase", "1", file, "--journal", tmp_path / "found" / "journal.jsonl", "--out", file)
    assert done.returncode == 0 and "erased 2 cards" in done.stdout, done.stderr
    found = klientela.find_duplicates(base_of({"id": [1], "name": ["Anna Berg"]}))
    assert repr(found) == "<klientela.Duplicates: 1 card, 1 cluster, 0 duplicates>"
    assert repr(klientela.CardIndex(found)) == "<klientela.CardIndex: 1 card>"


def test_every_merge_is_taken_back_at_once(command, members, tmp_path):
    out = tmp_path / "found"
    assert command("dedupe", members, "--out", out).returncode == 0
    journal = out / "journal.jsonl"
    line = ("dedupe", "undo", "--all", members, "--journal", journal, "--reason", "wrong list")
    done = command(*line)
    assert done.returncode == 0 and "took back 2 merges" in done.stdout, done.stderr
    assert len(rows_of(out / "merged.csv")) == 6
    undone = [(each.get("of"), each.get("reason")) for each in journal_of(journal) if each.get("operation") == "undo"]
    assert undone == [(2, "wrong list"), (1, "wrong list")]
    before = journal.read_bytes()
    done = command(*line)
    assert done.returncode == 1 and "no merge that could be taken back" in done.stderr
    for wrong in (("--all", "1", members), (members,), ("0", members), ("one", members)):
        done = command("dedupe", "undo", *wrong, "--journal", journal)
        assert done.returncode == 2 and "Invalid value" in done.stderr, done.stderr
    assert journal.read_bytes() == before


def test_a_dry_run_leaves_the_journal_alone(cli, members, tmp_path):
    out = tmp_path / "found"
    done = cli("dedupe", members, "--out", out, "--dry-run")
    assert done.returncode == 0 and "would be merged" in done.stdout, done.stderr
    assert len(rows_of(out / "merged.csv")) == 4 and (out / "conflicts.csv").exists()
    assert not (out / "journal.jsonl").exists()
    assert cli("dedupe", members, "--out", out).returncode == 0
    before = (out / "journal.jsonl").read_bytes()
    assert cli("dedupe", members, "--out", out, "--dry-run").returncode == 0
    assert (out / "journal.jsonl").read_bytes() == before


def test_a_journal_is_never_lost_to_another_command(cli, members, tmp_path):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    journal = out / "journal.jsonl"
    policy = cli_merge.policy_of(None, None, None)
    read = klientela.cards.read(members)
    mine, theirs = (cli_merge.open_journal(read, journal, policy) for _ in range(2))
    theirs.merged.undo(1, who="clerk")
    cli_merge.save_all(theirs, dict)
    said = journal.read_bytes()
    mine.merged.not_duplicate(2, 4)
    with pytest.raises(klientela.InvalidArgumentError, match="meanwhile"):
        cli_merge.save_all(mine, dict)
    assert journal.read_bytes() == said

    def fails():
        raise OSError("no room")

    mine = cli_merge.open_journal(read, journal, policy)
    mine.merged.not_duplicate(2, 4)
    with pytest.raises(OSError, match="no room"):
        cli_merge.save_all(mine, fails)
    assert journal.read_bytes() == said
    assert not [each for each in out.iterdir() if each.name.startswith(".")]


def test_results_of_one_journal_do_not_lie_beside_another(cli, members, tmp_path):
    out, other = tmp_path / "found", tmp_path / "other"
    for folder in (out, other):
        assert cli("dedupe", members, "--out", folder).returncode == 0
    journal = out / "journal.jsonl"
    done = cli("dedupe", "undo", "1", members, "--journal", other / "journal.jsonl")
    assert done.returncode == 0, done.stderr
    before = {file.name: file.read_bytes() for file in other.iterdir()}
    for line in (
        ("dedupe", members, "--journal", journal, "--out", other),
        ("dedupe", "undo", "2", members, "--journal", journal, "--out", other),
    ):
        done = cli(*line)  # what somebody decided there is neither lost nor left beside other results
        assert done.returncode == 1 and "holds what somebody decided" in done.stderr, done.stderr
        assert {file.name: file.read_bytes() for file in other.iterdir()} == before
    done = cli("dedupe", members, "--journal", journal, "--out", other, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert (other / "journal.jsonl").read_bytes() == before["journal.jsonl"]
    assert cli("dedupe", members, "--out", tmp_path / "third").returncode == 0
    done = cli("dedupe", members, "--journal", journal, "--out", tmp_path / "third")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "third" / "journal.jsonl").exists() and journal.exists()  # found anew at any time: it goes
    assert (tmp_path / "third" / "merged.csv").exists()


def test_what_was_set_aside_comes_back(tmp_path):
    file = tmp_path / "file"
    for before in (None, b"old"):
        if before is not None:
            file.write_bytes(before)
        with pytest.raises(OSError, match="no room"), cli_merge.set_aside(file):
            file.write_bytes(b"new")
            raise OSError("no room")
        assert (file.read_bytes() if file.exists() else None) == before
    with cli_merge.set_aside(file):
        file.write_bytes(b"new")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"new"]


def test_a_journal_of_another_list_is_refused(cli, members, tmp_path):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    members.write_text(LIST.replace("Bonn", "Mainz") + "7,Ida,Pohl,1990-01-01,ida@home.example,,Bonn,45,\n", "utf-8")
    for line in (
        ("dedupe", members, "--out", out, "--journal", out / "journal.jsonl"),
        ("dedupe", "undo", "1", members, "--journal", out / "journal.jsonl"),
    ):
        done = cli(*line)
        assert done.returncode == 1 and "journal of another list" in done.stderr and done.stderr.count("\n") == 1
        assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    done = cli("dedupe", "undo", "1", members, "--journal", out / "journal.jsonl", "--rebase")
    assert done.returncode == 0, done.stderr
    assert len(rows_of(out / "merged.csv")) == 6
    missing = cli("dedupe", members, "--journal", tmp_path / "none.jsonl", "--out", out)
    assert missing.returncode == 1 and "there is no journal" in missing.stderr


def test_a_list_of_strangers_is_no_changed_list(command, members, tmp_path):
    out = tmp_path / "found"
    assert command("dedupe", members, "--out", out).returncode == 0
    journal = out / "journal.jsonl"
    before = journal.read_bytes()
    others, sales = tmp_path / "others.csv", tmp_path / "sales.csv"
    others.write_text("Id,Name\na,Ida Pohl\nb,Otto Kranz\n", "utf-8")
    sales.write_text("client,at,amount\na,2026-01-01,1\n", "utf-8")
    for line in (
        ("dedupe", others, "--out", tmp_path / "new", "--journal", journal, "--rebase"),
        ("dedupe", "undo", "1", others, "--journal", journal, "--rebase"),
        (
            "run",
            "--clients",
            others,
            "--transactions",
            sales,
            "--journal",
            journal,
            "--rebase",
            "--out",
            tmp_path / "new",
        ),
    ):
        done = command(*line)
        assert done.returncode == 1 and f"{journal}: the journal is of another list" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1 and journal.read_bytes() == before and not (tmp_path / "new").exists()


def test_rules_are_changed_under_another_version(cli, members, tmp_path):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    policy = tmp_path / "policy.json"
    policy.write_text('{"dedupe": {"survivorship": {"default": "longest"}}}', "utf-8")
    options = ("--out", out, "--journal", out / "journal.jsonl", "--policy", policy)
    done = cli("dedupe", members, *options)
    assert done.returncode == 1 and "raise dedupe.survivorship.version" in done.stderr
    policy.write_text('{"dedupe": {"survivorship": {"version": 2, "default": "longest"}}}', "utf-8")
    assert cli("dedupe", members, *options).returncode == 0


def test_words_below_dedupe_are_commands_and_files_still_files(cli, tmp_path):
    (tmp_path / "undo").mkdir()
    for name in ("undo.csv", "erase"):
        (tmp_path / name).write_text(LIST, encoding="utf-8")
    done = cli("dedupe", "undo.csv", "--out", "a")
    assert done.returncode == 0, done.stderr
    done = cli("dedupe", "find", "undo.csv", "--out", "b")
    assert done.returncode == 0, done.stderr
    done = cli("dedupe", "--out", "c", "undo.csv")
    assert done.returncode == 0, done.stderr
    (tmp_path / "-x.csv").write_text(LIST, encoding="utf-8")
    done = cli("dedupe", "--out", "d", "--", "-x.csv")
    (hint,) = (line for line in done.stdout.splitlines() if line.startswith("klientela dedupe undo "))
    done = cli(*shlex.split(hint.partition(" takes ")[0])[1:])
    assert done.returncode == 0 and "took back operation" in done.stdout, done.stderr
    done = cli("dedupe", "erase")
    assert done.returncode == 2  # a command without what it needs
    done = cli("dedupe", "--help")
    assert done.returncode == 0 and "--threshold" in done.stdout and "not-duplicate" in done.stdout
    done = cli("dedupe", "undo", "--help")
    assert done.returncode == 0 and "OPERATION" in done.stdout


def test_linked_lists_are_not_merged(cli, members, tmp_path):
    out = tmp_path / "linked"
    done = cli("dedupe", members, "--link", members, "--out", out)
    assert done.returncode == 0, done.stderr
    assert not (out / "merged.csv").exists() and not (out / "journal.jsonl").exists()
    assert cli("dedupe", members, "--link", members, "--dry-run", "--out", out).returncode == 2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_client_is_erased_from_cards_and_journal(cli, members, tmp_path, ending):
    out, left = tmp_path / "found", tmp_path / f"left.{ending}"
    assert cli("dedupe", members, "--out", out).returncode == 0
    journal = out / "journal.jsonl"
    (out / "clients.csv").write_text("of a run", encoding="utf-8")
    done = cli("dedupe", "erase", "3", members, "--journal", journal, "--out", left, "--who", "anna.berg@mail.example")
    assert done.returncode == 0, done.stderr
    assert "erased 2 cards" in done.stdout and "no more: 1" in done.stdout
    assert "clusters.csv" in done.stdout and "still has the client" in done.stdout
    assert "clients.csv, " in done.stdout and "summary.json" in done.stdout and "merged.csv" not in done.stdout
    for file in (journal, out / "merged.csv", out / "conflicts.csv", left):
        assert b"Anna" not in file.read_bytes() and b"anna" not in file.read_bytes(), file
    cards = klientela.readers.read(left, "clients").data if ending == "parquet" else None
    if cards is None:
        assert [(each["Id"], each["Shoe size"]) for each in rows_of(left)] == [
            ("2", "44"), ("4", "40"), ("5", ""), ("6", "45"),
        ]  # fmt: skip
    done = cli("dedupe", "undo", "2", left, "--journal", journal)
    assert done.returncode == 0, done.stderr
    assert len(rows_of(out / "merged.csv")) == 4
    refused = cli("dedupe", "erase", "99", left, "--journal", journal, "--out", left)
    assert refused.returncode == 1 and "99" in refused.stderr
    refused = cli("dedupe", "erase", "2", left, "--journal", journal, "--out", tmp_path / "left.xlsx")
    assert refused.returncode == 1 and "must end with" in refused.stderr


@pytest.mark.parametrize("fails", ["the cards", "merged.csv"])
def test_an_erasure_is_whole_or_nothing(cli, members, tmp_path, fails, monkeypatch):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}

    def full(*_, **__):
        raise OSError("no room")

    if fails == "the cards":
        replace = Path.replace
        monkeypatch.setattr(Path, "replace", lambda a, b: full() if Path(b) == members else replace(a, b))
    else:
        monkeypatch.setattr(klientela.writers, "write_merged", full)
    with pytest.raises(typer.Exit):
        cli_merge.erase("3", str(members), str(out / "journal.jsonl"), str(members), quiet=True)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert members.read_text(encoding="utf-8") == LIST
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_an_erasure_takes_no_file_that_it_writes_anew(cli, members, tmp_path):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    (tmp_path / "folder.csv").mkdir()
    for target, said in ((out / "merged.csv", "written anew"), (tmp_path / "folder.csv", "is a folder")):
        done = cli("dedupe", "erase", "3", members, "--journal", out / "journal.jsonl", "--out", target)
        assert done.returncode == 1 and said in done.stderr


def test_an_erasure_loses_nobody_elses_row(cli, tmp_path):
    """Rows that are no cards stop it, values that cannot be read stay, and the last card may go."""
    cards = tmp_path / "cards.csv"
    cards.write_bytes(
        b"id,name,phone,remark\n1,Anna Berg,5550101,ok\n2,Otto Kranz,5550102,caf\xe9\n3,Ida Pohl,5550103,\n"
    )
    found = cli("dedupe", cards, "--out", tmp_path / "found")
    assert found.returncode == 0 and "row 2 cannot be cut into columns" in found.stdout
    before = cards.read_bytes()
    refused = cli("dedupe", "erase", "1", cards, "--journal", tmp_path / "found" / "journal.jsonl", "--out", cards)
    assert refused.returncode == 1 and "row 2" in refused.stderr and "whose they are" in refused.stderr
    assert cards.read_bytes() == before

    cards.write_text("id,name,dob,remark\n1,Anna Berg,1980-05-31,x\n2,Otto Kranz,31.02.1990,\n", encoding="utf-8")
    assert cli("dedupe", cards, "--out", tmp_path / "two").returncode == 0
    for client, left in (("1", ["2,Otto Kranz,31.02.1990,"]), ("2", [])):
        journal = tmp_path / "two" / "journal.jsonl"
        done = cli("dedupe", "erase", client, cards, "--journal", journal, "--out", cards)
        assert done.returncode == 0 and "erased 1 card" in done.stdout, done.stderr
        assert cards.read_text(encoding="utf-8").splitlines() == ["id,name,dob,remark", *left]


def test_rows_of_others_stay_as_they_are(command, tmp_path):
    """In their order, quoting, dates, encoding and line ends; what reads otherwise without the client is told."""
    file, out = tmp_path / "list.txt", tmp_path / "found"
    rows = [
        'Notiz;id;"Name";DOB;Phone',
        '"alt;\r\nmüde";7;Anna Berg;12/31/1980;=49',
        ';8;\'Otto Kranz;02/03/1970;"0049 ""30"""',
        "x; 9 ;Ida Pohl;3/4/1971;-",
    ]
    file.write_bytes("\r\n".join(rows).encode("cp1252"))
    options = ("--encoding", "cp1252")
    done = command("dedupe", file, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    done = command("dedupe", "erase", "7", file, "--journal", out / "journal.jsonl", "--out", file, *options)
    assert done.returncode == 0, done.stderr
    assert file.read_bytes() == "\r\n".join([rows[0], *rows[2:]]).encode("cp1252")
    assert "reads otherwise" in done.stdout and "--date-format" in done.stdout  # the month was known by the one date
    done = command("dedupe", "not-duplicate", "8", "9", file, "--journal", out / "journal.jsonl", *options)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "before", "client", "out", "after"),
    [
        (
            "list.jsonl",
            '{"id": 1, "name": "Anna", "phones": ["5550101", "5550102"]}\n{"id": 2, "name": "Otto", "sum": 1.5}\n'
            '{"id": 3, "name": "Ida", "parent": 1}\n',
            "1",
            "left.csv",
            "id,name,phones,sum,parent\n2,Otto,,1.5,\n3,Ida,,,\n",
        ),
        (
            "twice.csv",  # the number of a row stands before the column that holds no ids
            "client,name\n1,Anna Berg\n1,Otto Kranz\n2,Ida Pohl\n",
            "2",
            "twice.csv",
            ".client,client,name\n1,1,Anna Berg\n3,2,Ida Pohl\n",
        ),
        (
            "family.csv",
            'id,name,parent\n1,"A\nnna",\n2,Otto, 1 \n3,"Ida","1"\n4,Eva,"2"',
            "1",
            "family.csv",
            'id,name,parent\n2,Otto,\n3,"Ida",\n4,Eva,"2"',
        ),
    ],
)
def test_an_erasure_of_any_list_leaves_one_that_can_be_read(command, tmp_path, name, before, client, out, after):
    (tmp_path / name).write_text(before, "utf-8")
    journal = tmp_path / "found" / "journal.jsonl"
    assert command("dedupe", tmp_path / name, "--out", tmp_path / "found").returncode == 0
    done = command("dedupe", "erase", client, tmp_path / name, "--journal", journal, "--out", tmp_path / out)
    assert done.returncode == 0 and "reads otherwise" not in done.stdout, done.stderr
    assert (tmp_path / out).read_text("utf-8") == after
    done = command("dedupe", tmp_path / out, "--journal", journal, "--out", tmp_path / "found")
    assert done.returncode == 0, done.stderr


def test_an_erasure_that_could_not_go_on_changes_nothing(command, tmp_path):
    """A policy that names a column without ids for them: the rows that are left would be numbered anew."""
    file, policy, out = tmp_path / "list.csv", tmp_path / "policy.json", tmp_path / "found"
    file.write_text("Nr,name\n1,Anna Berg\n1,Otto Kranz\n2,Ida Pohl\n", "utf-8")
    policy.write_text(json.dumps({"ingest": {"mappings": {"clients": {"columns": {"client": "Nr"}}}}}), "utf-8")
    assert command("dedupe", file, "--out", out, "--policy", policy).returncode == 0
    before = {path: path.read_bytes() for path in (file, *out.iterdir())}
    done = command("dedupe", "erase", "2", file, "--journal", out / "journal.jsonl", "--out", file, "--policy", policy)
    assert done.returncode == 1 and "list.csv has no ids by which" in done.stderr, done.stderr
    assert {path: path.read_bytes() for path in (file, *out.iterdir())} == before


def test_an_erasure_into_no_folder_names_the_folder(cli, members, tmp_path):
    assert cli("dedupe", members, "--out", tmp_path / "found").returncode == 0
    journal = tmp_path / "found" / "journal.jsonl"
    before = journal.read_bytes()
    done = cli("dedupe", "erase", "1", members, "--journal", journal, "--out", tmp_path / "none" / "left.csv")
    assert done.returncode == 1
    assert "there is no folder" in done.stderr and "left.csv" in done.stderr and ".part" not in done.stderr
    assert journal.read_bytes() == before and members.read_text(encoding="utf-8") == LIST


def test_columns_keep_their_names_and_parents_are_followed(cli, tmp_path):
    """A list with headings of its own, a policy that maps them, ids with blanks, dates by a pattern."""
    file, policy, out, left = (tmp_path / name for name in ("list.csv", "policy.json", "found", "left.csv"))
    file.write_text(
        "Nr;Firma;Mail;Mail 2;seit;Mutter;Notiz\n"
        "A1;Nordwind GmbH;info@nordwind.example;post@nordwind.example;31.12.2020;;alt\n"
        " A2;Nordwind GmbH;info@nordwind.example;;30.11.2021;;\n"
        "B1;Adler AG;kontakt@adler.example;;01.02.2019;A2;neu\n"
        "C1;Kranz KG;kranz@kranz.example;;01.02.2018; B1;\n",
        encoding="utf-8",
    )
    columns = {"client": "Nr", "name": "Firma", "created_at": "seit", "parent": "Mutter"}
    policy.write_text(
        json.dumps({"ingest": {"mappings": {"clients": {"columns": columns}}, "date_format": "%d.%m.%Y"}}), "utf-8"
    )
    options = ("--policy", policy)
    done = cli("dedupe", file, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    merged = {each["client"]: each for each in rows_of(out / "merged.csv")}
    assert list(merged) == ["A1", "B1", "C1"]
    assert merged["B1"]["Mutter"] == "A1" and merged["A1"]["Notiz"] == "alt"
    done = cli("dedupe", "erase", "B1", file, "--journal", out / "journal.jsonl", "--out", left, *options)
    assert done.returncode == 0, done.stderr
    assert left.read_text(encoding="utf-8") == (
        "Nr;Firma;Mail;Mail 2;seit;Mutter;Notiz\n"
        "A1;Nordwind GmbH;info@nordwind.example;post@nordwind.example;31.12.2020;;alt\n"
        " A2;Nordwind GmbH;info@nordwind.example;;30.11.2021;;\n"
        "C1;Kranz KG;kranz@kranz.example;;01.02.2018;;\n"
    )
    assert b"Adler" not in left.read_bytes() and b"B1" not in left.read_bytes()
    assert b"rebase" not in (out / "journal.jsonl").read_bytes()
    done = cli("dedupe", left, "--out", out, "--journal", out / "journal.jsonl", *options)
    assert done.returncode == 0, done.stderr
    assert "B1" not in (out / "clusters.csv").read_text(encoding="utf-8")


def test_a_client_of_a_book_is_erased(cli, tmp_path):
    xlsxwriter = pytest.importorskip("xlsxwriter")
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        sheet = book.add_worksheet("Cards")
        for place, row in enumerate(zip(*[[name, *values] for name, values in CARDS.items()], strict=True)):
            sheet.write_row(place, 0, ["" if value is None else value for value in row])
    out, left = tmp_path / "found", tmp_path / "left.csv"
    assert cli("dedupe", "book.xlsx#Cards", "--out", out).returncode == 0
    done = cli("dedupe", "erase", "5", "book.xlsx#Cards", "--journal", out / "journal.jsonl", "--out", left)
    assert done.returncode == 0, done.stderr
    assert "book.xlsx#Cards still has the client" in done.stdout
    assert "Nordwind" not in left.read_text(encoding="utf-8")


def test_rows_without_ids_are_erased_by_number(cli, tmp_path):
    file, out = tmp_path / "list.csv", tmp_path / "found"
    file.write_text(
        "Name,Email\nAnna Berg,a@mail.example\nOtto Kranz,o@mail.example\n=Ida Pohl,i@mail.example\n", "utf-8"
    )
    assert cli("dedupe", file, "--out", out).returncode == 0
    done = cli("dedupe", "erase", "2", file, "--journal", out / "journal.jsonl", "--out", file)
    assert done.returncode == 0, done.stderr
    assert file.read_text("utf-8") == ("client,Name,Email\n1,Anna Berg,a@mail.example\n3,=Ida Pohl,i@mail.example\n")
    done = cli("dedupe", "not-duplicate", "1", "3", file, "--journal", out / "journal.jsonl")
    assert done.returncode == 0, done.stderr


def test_numbered_rows_of_a_list_that_changed_are_nobody(cli, tmp_path):
    file, out = tmp_path / "list.csv", tmp_path / "found"
    rows = ["Anna Berg,anna.berg@mail.example", "Otto Kranz,otto@mail.example", "Anna Berg,anna.berg@mail.example"]
    file.write_text("\n".join(["Name,Email", *rows]) + "\n", "utf-8")
    done = cli("dedupe", file, "--out", out)
    assert done.returncode == 0 and "ids in journal.jsonl stand for rows" in " ".join(done.stdout.split()), done.stderr
    journal = out / "journal.jsonl"
    before = journal.read_bytes()
    assert cli("dedupe", file, "--out", out, "--journal", journal, "--rebase").returncode == 0  # nothing has changed
    file.write_text("\n".join(["Name,Email", "Ida Pohl,ida@mail.example", *rows]) + "\n", "utf-8")
    for line in (
        ("dedupe", file, "--out", out, "--journal", journal, "--rebase"),
        ("dedupe", file, "--out", out, "--journal", journal),
        ("dedupe", "undo", "1", file, "--journal", journal, "--rebase"),
        ("dedupe", "not-duplicate", "1", "2", file, "--journal", journal, "--rebase"),
        ("dedupe", "erase", "1", file, "--journal", journal, "--rebase", "--out", tmp_path / "left.csv"),
    ):
        done = cli(*line)
        assert done.returncode == 1 and "numbered for want of ids" in done.stderr and "--rebase" not in done.stderr
        assert journal.read_bytes() == before and not (tmp_path / "left.csv").exists()


def test_files_that_name_rows_by_number_are_noted(cli, tmp_path):
    file, apart, out = tmp_path / "list.csv", tmp_path / "apart.csv", tmp_path / "found"
    file.write_text(
        "Name,Email\nAnna Berg,a@mail.example\nAnna Berg,a@mail.example\nOtto Kranz,o@mail.example\n", "utf-8"
    )
    apart.write_text("id_a,id_b\n1,2\n", "utf-8")
    assert cli("dedupe", file, "--out", out, "--cannot-link", apart).returncode == 0
    notes = json.loads((out / "summary.json").read_text(encoding="utf-8"))["notes"]
    assert any(note.startswith("ids in the files of --cannot-link stand for rows") for note in notes)
    file.write_text(
        "Id," + file.read_text("utf-8").replace("\nA", "\na,A", 1).replace("\nA", "\nb,A").replace("\nO", "\nc,O")
    )
    apart.write_text("id_a,id_b\na,b\n", "utf-8")
    assert cli("dedupe", file, "--out", out, "--cannot-link", apart).returncode == 0
    notes = json.loads((out / "summary.json").read_text(encoding="utf-8"))["notes"]
    assert not any("stand for rows" in note for note in notes)


def test_a_journal_goes_on_where_cards_are_gone(cli, members, tmp_path):
    out = tmp_path / "found"
    assert cli("dedupe", members, "--out", out).returncode == 0
    journal = out / "journal.jsonl"
    members.write_text("".join(line for line in LIST.splitlines(True) if not line.startswith("3,")), "utf-8")
    done = cli("dedupe", members, "--out", out, "--journal", journal, "--rebase")
    assert done.returncode == 0, done.stderr
    said = "operation of the journal whose cards are gone has no effect until those are back: 1"
    assert said in done.stdout
    assert said in json.loads((out / "summary.json").read_text(encoding="utf-8"))["notes"]
    assert [each["cards"] for each in rows_of(out / "merged.csv")] == ["1", "2; 5", "4", "6"]
    done = cli("dedupe", "undo", "2", members, "--journal", journal)
    assert done.returncode == 0 and said in done.stdout
    done = cli("dedupe", "erase", "3", members, "--journal", journal, "--out", members)
    assert done.returncode == 0 and "no more: 1" in done.stdout, done.stderr
    assert "1" in [each["Id"] for each in rows_of(members)]
