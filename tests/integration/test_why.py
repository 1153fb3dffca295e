"""The whole story of an item, on both databases, and how `newsgate why` tells it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.db.errors import BatchPurgedError, NoSuchBatchError, NoSuchItemError
from newsgate.db.item_history import ItemDeletedError, NoDataRowError
from newsgate.db.label_retraction import retract_latest_label
from newsgate.db.labels import add_label
from newsgate.db.promotions import promote
from newsgate.db.results import Reject
from newsgate.main import newsgate
from newsgate.tasks.classifying.reclassify import reclassify
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.inspecting.item_story import ItemStory, tell_story
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.integration.purge_steps import purge
from tests.lifecycle import LAPSED, System
from tests.partitions import partitioned_too

_BOB_CHANGED_HIS_MIND = [("bob", "fake", True), ("ann", "real", False)]


def _story(desk: Desk | System, item: int | None = None, **place: int) -> ItemStory:
    with desk.database.read() as connection:
        found = tell_story(connection, item=item, **place)
    assert isinstance(found, ItemStory)
    return found


def _events(story: ItemStory) -> list[str]:
    return [event.what for event in story.events()]


def test_a_story_has_the_file_the_runs_the_labels_and_what_became_champion_meanwhile(desk: Desk) -> None:
    batch = desk.enqueue(25)
    desk.work_off(batch)
    item = desk.results(batch)[12].item
    text = desk.results(batch)[12].text
    with desk.database.write() as connection:
        for name, label in (("bob", "fake"), ("ann", "real")):
            add_label(connection, text, label, labelled_by=name, chosen="direct")
        retract_latest_label(connection, _story_hash(desk, item), labelled_by="bob")
    second = store_bundle(desk.database, contrary_bundle(), name="contrary")
    with desk.database.write() as connection:
        promote(connection, second, reason="a better one", figures={})
    reclassify(batch, model=None, settings=desk.settings, database=desk.database)
    desk.work_off(batch)

    story = _story(desk, item)
    assert (story.item.row, story.place) == (14, "line 14 of posts-25-0.csv")
    assert [(run.model, run.verdict is not None) for run in story.runs] == [(1, True), (second, True)]
    assert story.latest is not None
    assert story.latest.model == story.champion == second
    chunks = [run.chunk for run in story.runs]
    assert [(c.state, c.attempt, c.worker, c.first_row, c.last_row) for c in chunks if c is not None] == [
        ("done", 1, desk.context.worker, 12, 21)
    ] * 2
    assert [(each.labelled_by, each.label, each.retracted_at is not None) for each in story.labels] == (
        _BOB_CHANGED_HIS_MIND
    )
    assert story.label is not None
    assert story.label.labelled_by == "ann"
    told = _events(story)
    assert told[0] == f"batch {batch} begins: posts-25-0.csv is enqueued"
    places = [
        next(place for place, event in enumerate(told) if event.startswith(begin))
        for begin in (
            "run 1",
            "chunk 2",
            "model 1: ",
            "bob says fake",
            "bob takes back",
            f"model {second} becomes",
            "run 2",
            "chunk 5",
            f"model {second}: ",
        )
    ]
    assert places == sorted(places)
    assert f"chunk 2 (rows 12 to 21) is done, at attempt 1 by {desk.context.worker}" in told
    assert f"model {second} becomes champion in the place of model 1: a better one" in told
    assert _story(desk, batch=batch, row=14) == story
    figures = json.loads(json.dumps(story.as_json()))
    assert figures["runs"][1]["verdict"]["label"] in ("fake", "real")
    assert figures["labels"][0]["retracted_by"] == "bob"
    assert figures["text"] == text


def test_a_chunk_that_waits_is_tried_again_fails_or_is_cancelled_is_told(system: System) -> None:
    stored = system.load(1)
    (chunk,) = stored.chunks
    name = f"chunk {chunk} (rows 2 to 2)"

    def last() -> str:
        return _events(_story(system, batch=stored.loading.batch, row=2))[-1]

    assert last() == f"{name} waits for a worker"
    claim = system.take(chunk, worker="host:7")
    assert last() == f"{name}: attempt 1 by host:7 is under way"
    system.release(claim, "ValueError: no")
    assert last() == f"{name} waits for a worker, after attempt 1 by host:7; the attempt before failed: ValueError: no"
    claim = system.take(chunk, worker="host:8", lease=LAPSED)
    assert f"{name}: attempt 2 by host:8 fell silent, and its lease has run out" in last()
    system.release(claim, "ValueError: no")
    told = _events(_story(system, batch=stored.loading.batch, row=2))
    assert f"{name} is failed: ValueError: no, at attempt 2 by host:8" in told
    assert f"model {system.model}: no label: ValueError: no" in told
    system.requeue(stored)
    system.cancel(stored)
    assert last().endswith("(rows 2 to 2) is cancelled")


@partitioned_too
def test_what_is_no_item_is_told_in_one_line(desk: Desk) -> None:
    file = desk.folder / "bad.csv"
    file.write_text('id,text\n1,"two\nlines"\n2,\n3,good\n')
    batch = enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch
    desk.work_off(batch)
    last = _story(desk, batch=batch, row=5).item.item
    with desk.database.read() as connection:
        assert tell_story(connection, batch=batch, row=4) == Reject(4, "empty text", "2,")
        for row, why in ((3, "no row of data begins there"), (6, "the file ends at row 5")):
            with pytest.raises(NoDataRowError, match=why):
                tell_story(connection, batch=batch, row=row)
        with pytest.raises(NoSuchBatchError):
            tell_story(connection, batch=batch + 1, row=2)
        with pytest.raises(NoSuchItemError):
            tell_story(connection, item=last + 1)
    purge(desk, batch)
    with desk.database.read() as connection:
        with pytest.raises(BatchPurgedError):
            tell_story(connection, batch=batch, row=5)
        with pytest.raises(ItemDeletedError):
            tell_story(connection, item=last)


def _story_hash(desk: Desk, item: int) -> bytes:
    return _story(desk, item).item.text_hash


def _run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(newsgate, arguments)
    assert done.exit_code == code, done.output
    return done


def test_a_pause_and_a_priority_are_told_while_they_matter(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("id,text\na,the first text\n")
    _run("enqueue", str(file))
    assert not [line for line in _run("why", "1").stdout.splitlines() if line.startswith(("paused", "priority"))]
    _run("pause", "1")
    _run("priority", "1", "50")
    lines = _run("why", "1").stdout.splitlines()
    assert re.fullmatch(r"paused   batch 1 since [-\d]{10} [:\d]{8} UTC: `newsgate resume 1` goes on", lines[4])
    assert lines[5] == "priority 50; every batch begins with 10"
    assert any(line.endswith("  run 1 is paused") for line in lines[6:])
    (run,) = json.loads(_run("why", "1", "--json").stdout)["runs"]
    assert run["priority"] == 50
    assert run["paused_at"] is not None
    _run("resume", "1")
    assert _run("why", "1").stdout.splitlines()[4:6] == ["priority 50; every batch begins with 10", ""]
    _run("cancel", "1")
    assert "priority" not in _run("why", "1").stdout


def test_the_command_tells_the_story_and_json(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("id,text\na,the first text\nb,\nc,the \x1b[31mthird text\n")
    _run("enqueue", str(file), code=3)
    _run("label", "1", "fake", "--by", "ann")
    lines = _run("why", "1").stdout.splitlines()
    assert lines[:4] == [
        "item     1, id a: line 2 of posts.csv, batch 1",
        "text     the first text",
        "verdict  none yet: chunk 1 (rows 2 to 4) waits for a worker",
        "label    fake, says ann",
    ]
    assert lines[5].split() == ["when", "(UTC)", "what"]
    assert lines[-1].endswith("ann says fake (chosen: direct)")
    assert "\x1b" not in _run("why", "2").output
    assert json.loads(_run("why", "--batch", "posts.csv", "--row", "2", "--json").stdout)["item"] == 1
    assert _run("why", "--batch", "1", "--row", "3").stdout == (
        "row 3 of batch 1 was refused: empty text. It reads: b,\n"
    )
    refused = json.loads(_run("why", "--batch", "1", "--row", "3", "--json").stdout)
    assert refused == {"batch": 1, "row": 3, "refused": "empty text", "raw": "b,"}
    assert _run("why", "9", code=1).stderr.startswith("error: there is no item 9. ")
    assert "Give ITEM" in _run("why", code=2).stderr
    _run("purge", "1", "--yes")
    assert _run("why", "1", code=1).stderr == (
        "error: item 1 is gone: its row was deleted for ever. `newsgate status` lists the batches that were purged\n"
    )
