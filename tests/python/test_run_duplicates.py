"""Runs that merge duplicates: the generated truth is met, files and page tell of it, and people stay in charge."""

from __future__ import annotations

import csv
import json
import shlex

import klientela
import pytest
from klientela import synthetic, writers
from klientela.cli import app
from typer.testing import CliRunner

HOSTILE = '<script>alert("x")</script> & =HYPERLINK("http://evil")'
CARDS = {
    "client": [2, 5, 7, 8],
    "given_name": ["Robert", "Bob", "Ida", "Ida"],
    "family_name": ["Falk", "Falk", "Pohl", HOSTILE],
    "birthday": ["1971-12-31", "1971-12-31", "1990-01-01", "1990-01-01"],
    "emails": ["r.falk@firm.example", "R.Falk@firm.example", "ida@home.example", None],
    "phones": ["+49 30 5550100", "0049305550100", "+49 30 5550155", None],
}
SALES = {
    "client": [2, 5, 7, 8],
    "at": ["2026-01-10", "2026-02-10", "2026-03-10", "2026-03-11"],
    "amount": [10, 20, 30, 40],
}


def pairs(cluster_of):
    by_cluster = {}
    for card, cluster in cluster_of.items():
        by_cluster.setdefault(cluster, []).append(card)
    return {(a, b) for cards in by_cluster.values() for a in sorted(cards) for b in sorted(cards) if a < b}


@pytest.fixture(scope="module")
def generated():
    base = synthetic.make_base(clients=3000, seed=11)
    return base, klientela.run(base, synthetic.POLICY)


def test_merging_meets_the_generated_truth(generated):
    base, result = generated
    truth = base.truth.to_pydict()
    true = pairs({card: of or card for card, of in zip(truth["client"], truth["duplicate_of"], strict=True)})
    merged = pairs({card: result.merged.counts_as(card) for card in truth["client"]})
    assert len(merged - true) == 0, "nothing is merged that is two clients"
    assert len(merged & true) > 0.9 * len(true)
    assert result.summary["clients"] == len(result.clients) == 3000 - result.summary["duplicates"]["merged_cards"]


def test_what_is_done_to_what_was_merged_stays_done(tmp_path):
    result = klientela.run(clients=CARDS, transactions=SALES)
    assert result.merged is result.merged
    before = len(result.merged)
    result.merged.undo(1)
    result.merged.not_duplicate(2, 5)
    result.merged.save(tmp_path / "journal.jsonl")
    assert len(result.merged) == before + 2
    assert '"not_duplicate"' in (tmp_path / "journal.jsonl").read_text(encoding="utf-8")
    assert klientela.run(clients=CARDS, transactions=SALES).merged is not result.merged


def test_no_money_is_lost_by_merging(generated):
    base, result = generated
    apart = klientela.run(base, {**synthetic.POLICY, "dedupe": {"merge": False}})
    for total in ("money_gross", "money_refunds", "money_net", "orders", "lines"):
        assert result.summary[total] == apart.summary[total], total
    assert apart.summary["duplicates"] is None
    assert len(apart.clients) == 3000
    assert apart.duplicates is None and apart.merged is None and apart.conflicts is None


def test_a_client_is_classified_once():
    result = klientela.run(clients=CARDS, transactions=SALES)
    clients = result.clients.to_pydict()
    assert clients["client"] == [2, 7, 8]
    assert clients["frequency"] == [2, 1, 1]
    assert result.merged.counts_as(5) == 2
    assert result.duplicates.clusters.to_pydict()["cluster"][:2] == [2, 2]
    assert set(result.conflicts.to_pydict()["field"]) >= {"given_name"}
    notes = [note["rule"] for note in result.summary["notes"] if note["classifier"] is None]
    assert "report.duplicates.merged" in notes


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_shows_cards_evidence_and_what_waits(language):
    page = klientela.run(clients=CARDS, transactions=SALES).html(language=language)
    section = page[page.index('<h2 id="duplicates">') :].partition("</section>")[0]
    for word in ("Robert", "Bob", "r.falk@firm.example", 'class="other"', 'class="limit"', 'class="total"'):
        assert word in section, word
    assert "<script" not in page
    assert "&lt;script&gt;" in section
    hidden = klientela.run(clients=CARDS, transactions=SALES).html(language=language, hide=["duplicates"])
    assert 'id="duplicates"' not in hidden and "r.falk@firm.example" not in hidden


def test_what_people_said_counts_in_the_next_run(tmp_path):
    first = klientela.run(clients=CARDS, transactions=SALES)
    judged = first.merged
    judged.undo(1)
    judged.not_duplicate(2, 5, who="clerk")
    assert klientela.run(clients=CARDS, transactions=SALES, journal=judged).clients.to_pydict()["client"] == [
        2,
        5,
        7,
        8,
    ]
    path = tmp_path / "journal.jsonl"
    judged.save(path)
    assert len(klientela.run(clients=CARDS, transactions=SALES, journal=path).clients) == 4
    other = {"dedupe": {"survivorship": {"default": "longest"}}}  # under the version that the journal knows
    with pytest.raises(klientela.BadPolicyError, match=r"^/dedupe/survivorship/version: ") as wrong:
        klientela.run({"clients": CARDS, "transactions": SALES}, other, journal=path)
    assert wrong.value.where == "/dedupe/survivorship/version"
    changed = {**CARDS, "phones": [*CARDS["phones"][:3], "+49 30 5550177"]}
    with pytest.raises(klientela.InvalidArgumentError) as caught:
        klientela.run(clients=changed, transactions=SALES, journal=path)
    assert caught.value.where == "journal"
    assert len(klientela.run(clients=changed, transactions=SALES, journal=path, rebase=True).clients) == 4
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(klientela.BadDataError):
        klientela.run(clients=CARDS, transactions=SALES, journal=path)


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


def run_cli(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


def test_the_command_line_writes_what_dedupe_writes(tmp_path):
    files = ["--clients", write(tmp_path / "c.csv", CARDS), "--transactions", write(tmp_path / "t.csv", SALES)]
    out = tmp_path / "out"
    outcome = run_cli(*files, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    assert "duplicates" in outcome.output
    (hint,) = (line for line in outcome.output.splitlines() if line.startswith("klientela dedupe undo "))
    assert hint.partition(" takes ")[0].endswith("--rebase")
    names = {path.name for path in out.iterdir()}
    assert names >= {
        "clusters.csv", "pairs.csv", "joins.csv", "cuts.csv", "review.csv", "weights.csv", "rules.csv",
        "merged.csv", "conflicts.csv", "journal.jsonl",
    }  # fmt: skip
    rows = list(csv.DictReader((out / "clusters.csv").open(encoding="utf-8")))
    assert [row["cluster"] for row in rows[:2]] == ["2", "2"]
    join, *_ = csv.DictReader((out / "joins.csv").open(encoding="utf-8"))
    assert (join["name_a"], join["name_b"]) == ("Robert Falk", "Bob Falk")
    assert json.loads((out / "summary.json").read_text())["duplicates"]["merged_cards"] == 1
    # Again: what the run merged by itself is found again, also where cards have changed.
    changed = {**CARDS, "phones": [*CARDS["phones"][:3], "+49 30 5550177"]}
    files[1] = write(tmp_path / "c.csv", changed)
    assert run_cli(*files, "--out", out).exit_code == 0
    # A person's word in the journal is not lost.
    merged = klientela.run(clients=changed, transactions=SALES).merged
    merged.undo(1)
    merged.not_duplicate(2, 5, who="clerk")
    merged.save(out / "journal.jsonl")
    assert run_cli(*files, "--out", out).exit_code == 1, "it would be written over"
    files += ["--journal", str(out / "journal.jsonl")]
    assert run_cli(*files, "--out", out).exit_code == 0
    assert len(list(csv.DictReader((out / "clients.csv").open(encoding="utf-8")))) == 4
    files[1] = write(tmp_path / "c.csv", CARDS)
    refused = run_cli(*files, "--out", out)
    assert refused.exit_code == 1
    assert "--rebase" in refused.output
    assert run_cli(*files, "--out", out, "--rebase").exit_code == 0
    assert "clerk" in (out / "journal.jsonl").read_text()
    # Of cards that are gone it says so, and goes on.
    fewer = write(tmp_path / "fewer.csv", {name: [values[0], *values[2:]] for name, values in CARDS.items()})
    outcome = run_cli("--clients", fewer, *files[2:], "--out", tmp_path / "gone", "--rebase")
    assert outcome.exit_code == 0, outcome.output
    assert "whose cards are gone has no effect until those are back: 3" in outcome.output
    # Nor to another journal that has not got it; one that has may be gone on from again and again.
    other = tmp_path / "other"
    assert run_cli(*files, "--out", other, "--rebase").exit_code == 0
    assert run_cli(*files, "--out", other, "--rebase").exit_code == 0
    klientela.run(clients=CARDS, transactions=SALES).merged.save(tmp_path / "found.jsonl")
    files[-1] = str(tmp_path / "found.jsonl")
    refused = run_cli(*files, "--out", out)
    assert refused.exit_code == 1 and "decided" in refused.output
    assert "clerk" in (out / "journal.jsonl").read_text()


def test_a_written_journal_with_decisions_is_not_lost(tmp_path):
    result = klientela.run(clients=CARDS, transactions=SALES)
    writers.write(result, tmp_path)
    writers.write(result, tmp_path)  # nothing was decided yet
    merged = klientela.run(clients=CARDS, transactions=SALES).merged
    merged.undo(1, who="clerk")
    merged.save(tmp_path / "journal.jsonl")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(klientela.InvalidArgumentError, match="somebody decided") as caught:
        writers.write(result, tmp_path)
    assert caught.value.where == "folder"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    writers.write(klientela.run(clients=CARDS, transactions=SALES, journal=tmp_path / "journal.jsonl"), tmp_path)
    assert "clerk" in (tmp_path / "journal.jsonl").read_text(encoding="utf-8")


def test_rebase_needs_a_journal(tmp_path):
    wrong = run_cli("--clients", write(tmp_path / "c.csv", CARDS), "--out", tmp_path / "out", "--rebase")
    assert wrong.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_journal_that_was_altered_is_named(tmp_path):
    files = ["--clients", write(tmp_path / "c.csv", CARDS), "--transactions", write(tmp_path / "t.csv", SALES)]
    journal = tmp_path / "odd.jsonl"
    text = klientela.run(clients=CARDS, transactions=SALES).merged.journal_text
    for damaged in ("", text[:-5], text.replace("found", "FOUND")):
        journal.write_text(damaged, encoding="utf-8")
        refused = run_cli(*files, "--out", tmp_path / "out", "--journal", journal)
        assert refused.exit_code == 1
        assert "odd.jsonl: journal, line" in refused.output.replace("\n", "")


def test_a_run_without_cards_writes_none_of_it(tmp_path):
    outcome = run_cli("--transactions", write(tmp_path / "t.csv", SALES), "--out", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    assert not {"clusters.csv", "journal.jsonl"} & {path.name for path in (tmp_path / "out").iterdir()}
    assert writers.write(klientela.run(SALES), tmp_path / "other").keys().isdisjoint({"clusters.csv", "merged.csv"})


def test_the_command_that_takes_a_merge_back_works_as_it_is_printed(tmp_path):
    """Also where the run read the cards otherwise, a row that it rejected and parents, and where its policy names a plug-in."""
    folder = tmp_path / "my files"
    folder.mkdir()
    cards = {
        **CARDS,
        "birthday": ["1971 12 31", "1971 12 31", "1990 01 01", "soon"],
        "parent": ["7", "", "", ""],
    }
    cards["given_name"] = ["Jürgen", "Jürgen", "Ida", "Ida"]
    policy = folder / "p.json"
    policy.write_text('{"ingest": {"time_zone": "Europe/Berlin"}, "classifiers": {"habit": {}}}', "utf-8")
    plugins = folder / "plugins.py"
    plugins.write_text(
        "import klientela\n\nregistry = klientela.ClassifierRegistry()\n\n\n"
        '@registry.classifier("habit", labels=["casual", "regular"])\ndef habit(frequency):\n    return frequency >= 2\n',
        "utf-8",
    )
    clients = write(folder / "c.csv", cards)
    (folder / "c.csv").write_bytes((folder / "c.csv").read_bytes().decode().encode("cp1252"))
    sales = write(folder / "t.csv", {name: values[:3] for name, values in SALES.items()})
    options = [
        "--policy",
        policy,
        "--plugins",
        plugins,
        "--date-format",
        "%Y %m %d",
        "--encoding",
        "cp1252",
        "--out",
        folder / "out",
    ]
    outcome = run_cli("--clients", clients, "--transactions", sales, *options)
    assert outcome.exit_code == 0 and "1 rejected" in outcome.output, outcome.output
    (hint,) = (line for line in outcome.output.splitlines() if line.startswith("klientela dedupe undo "))
    name, *line = shlex.split(hint.partition(" takes ")[0])
    assert name == "klientela"
    outcome = CliRunner().invoke(app, line)
    assert outcome.exit_code == 0 and "took back operation" in outcome.output, outcome.output
    outcome = run_cli(
        "--clients",
        clients,
        "--transactions",
        sales,
        *options,
        "--journal",
        folder / "out" / "journal.jsonl",
        "--rebase",
    )
    assert outcome.exit_code == 0, outcome.output


def test_only_the_parts_that_count_of_a_policy_are_looked_at(tmp_path):
    cards, policy = write(tmp_path / "cards.csv", CARDS), tmp_path / "policy.json"
    found = ["dedupe", str(cards), "--out", str(tmp_path / "found")]
    for option in ("--policy", "--preset"):
        policy.write_text('{"classifiers": {"mine": {"kind": "of a plug-in"}}, "dedupe": {"classes": []}}', "utf-8")
        assert CliRunner().invoke(app, [*found, option, str(policy)]).exit_code == 0
        for wrong in ('{"dedup": {}}', '{"dedupe": {"clases": []}}', '{"version": 77}'):
            policy.write_text(wrong, "utf-8")
            assert CliRunner().invoke(app, [*found, option, str(policy)]).exit_code == 1


def test_dates_of_cards_are_read_as_dedupe_reads_them(tmp_path):
    """But where the day or the month could be first, which dedupe takes with a note: the card is rejected with a hint."""
    sales = write(tmp_path / "sales.csv", SALES)
    cards = {**CARDS, "birthday": ["31.12.1971", "31.12.1971", "1.1.1990", ""], "Updated": ["20260105", "", "", ""]}
    files = ["--clients", write(tmp_path / "cards.csv", cards), "--transactions", sales]
    outcome = run_cli(*files, "--out", tmp_path / "dots")
    assert outcome.exit_code == 0 and "rejected" not in outcome.output, outcome.output
    journal = tmp_path / "dots" / "journal.jsonl"
    command = ["dedupe", "undo", "1", str(tmp_path / "cards.csv"), "--journal", str(journal)]  # the cards are the same
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 0, outcome.output
    write(tmp_path / "cards.csv", {**CARDS, "birthday": ["01/02/1971", "01/02/1971", "", ""]})
    outcome = run_cli(*files, "--out", tmp_path / "either")
    assert outcome.exit_code == 0 and "2 not a date" in outcome.output
    assert "--date-format, such as" in outcome.output
    outcome = run_cli(*files, "--out", tmp_path / "said", "--date-format", "%d/%m/%Y")
    assert outcome.exit_code == 0 and "rejected" not in outcome.output
