"""One number for people: what the table and the report show is what `label` and `explain` take; and `labels undo`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from newsgate.db.audit import audit
from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.worker_process import make_worker_context
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings

_TEXTS = ["the first text", "the second text", "the third text"]


@pytest.fixture
def classified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Two batches, so that the number of an item and the row of its file have nothing in common."""
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))
    settings = load_settings()
    database = open_database(settings)
    context = make_worker_context(settings, database)
    for number in (1, 2):
        file = tmp_path / f"posts{number}.csv"
        file.write_text("text\n" + "".join(f"{each} of {number}\n" for each in _TEXTS))
        enqueue(Request(str(file)), settings=settings, database=database)
        assert classify_chunk(number, context, from_broker=True) == "done"
    return database


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(newsgate, list(arguments))


def _labels(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.text: row.label for row in connection.execute(text("select text, label from labels order by id"))}


def test_the_number_in_the_table_is_the_one_that_label_takes(classified: Database) -> None:
    header, *rows, foot = _run("results", "2", "--format", "table").stdout.splitlines()
    assert header.split()[0] == "item"
    assert foot == "batch 2, run 2 by model 1"
    for row in rows:
        number, words = row.split()[0], row.split(maxsplit=3)[3]
        done = _run("label", number, "fake", "--by", "ann")
        assert done.exit_code == 0, done.output
        assert f"“{words}” is fake, says ann" in done.output
        assert words in _labels(classified)


def test_the_number_in_the_report_is_the_one_that_label_takes(classified: Database, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert _run("report", "2", "-o", str(page)).exit_code == 0
    with classified.read() as connection:
        found = connection.execute(text("select item, text from results where batch = 2"))
        items = {row.item: row.text for row in found}
    content = page.read_text()
    assert content.count(">item</th>") > 0
    for number, words in items.items():
        assert any(f"<td>{number}</td>" in line and words in line for line in content.splitlines())


def test_a_row_of_a_batch_names_the_same_item(classified: Database) -> None:
    done = _run("label", "--batch", "2", "--row", "3", "fake", "--by", "ann")
    assert done.exit_code == 0, done.output
    assert "(batch 2, row 3) “the second text of 2” is fake" in done.output
    assert _labels(classified) == {"the second text of 2": "fake"}
    explained = _run("explain", "--batch", "2", "--row", "3")
    assert explained.exit_code == 0, explained.output
    assert "(batch 2, row 3)" in explained.output


def test_a_judgement_is_taken_back_and_its_history_kept(classified: Database) -> None:
    assert _run("label", "1", "real", "--by", "bob").exit_code == 0
    assert _run("label", "1", "fake", "--by", "ann").exit_code == 0
    done = _run("labels", "undo", "1", "--by", "ann")
    assert done.exit_code == 0, done.output
    assert "“the first text of 1”: ann said fake, which is taken back; bob says real" in done.output
    assert _labels(classified) == {"the first text of 1": "real"}
    with classified.read() as connection:
        kept = connection.execute(text("select label, labelled_by, retracted_by from retracted_labels")).all()
        assert [tuple(row) for row in kept] == [("fake", "ann", "ann")]
        assert all(finding.holds for finding in audit(connection))
    again = _run("labels", "undo", "1", "--by", "ann")
    assert (again.exit_code, again.output.count("\n")) == (1, 1)
    nothing = "no label of ann counts for the text of item 1. "
    assert f"{nothing}Name whose it is with --by; labels of bob count" in again.output
    assert _run("labels", "undo", "1", "--by", "bob").exit_code == 0
    assert f"{nothing}Nobody's label is left to take back" in _run("labels", "undo", "1", "--by", "ann").output


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["label", "1", "2", "fake"], 2, "the label is not said"),
        (["label", "1", "true"], 2, "Write: newsgate label ITEM fake, or real"),
        (["label", "fake"], 2, "Give ITEM, or --batch N and --row R together"),
        (["label", "1", "fake", "--batch", "1", "--row", "2"], 2, "which item is meant is not said once"),
        (["label", "fake", "--row", "2"], 2, "Give ITEM, or --batch N and --row R together"),
        (["label", "one", "fake"], 2, "'one' is no number of an item"),
        (["label", "99", "fake"], 1, "there is no item 99"),
        (["label", "--batch", "1", "--row", "1", "fake"], 1, "batch 1 has no item of row 1"),
        (["labels", "undo"], 2, "Give ITEM, or --batch N and --row R together"),
        (["explain", "--batch", "9", "--row", "2"], 1, "batch 9 has no item of row 2"),
        (["explain"], 2, "Give ITEM, or --batch N and --row R together"),
    ],
)
def test_what_names_no_item_is_refused_in_one_line(
    classified: Database, arguments: list[str], code: int, told: str
) -> None:
    done = _run(*arguments)
    assert (done.exit_code, done.output.count("\n")) == (code, 1)
    assert told in done.output
    assert _labels(classified) == {}
