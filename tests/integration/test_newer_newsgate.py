"""A worker beside a newer newsgate: what it does not understand is left to others, and costs nobody an attempt."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

import newsgate.tasks.classifying.classify_chunk
from newsgate.db.errors import DatabaseUnavailableError
from newsgate.db.promotions import promote
from newsgate.db.schema import HEAD_REVISION
from newsgate.db.session import Database
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.classify_waiting import classify_waiting
from newsgate.tasks.classifying.progress import Progress
from newsgate.tasks.classifying.sweeper import keep_sweeping, sweep
from newsgate.tasks.retraining.trainer import keep_training, make_trainer, retrain_if_due
from newsgate.tasks.running.schema_watch import SchemaWatch
from tests.desk import Desk
from tests.newer import set_schema, store_newer_model

_ALWAYS = threading.Event()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path, lost_after_seconds=0, sweep_seconds=0.1)


def test_chunks_of_a_newer_model_are_left_and_those_of_others_classified(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    newer = store_newer_model(desk.database)
    theirs = desk.enqueue(25, model=newer)
    ours = desk.enqueue(25, seed=1)
    assert classify_waiting(desk.context, _ALWAYS) == 4
    # However often it looks: nothing here is for it.
    assert classify_waiting(desk.context, _ALWAYS) == 0
    assert sweep(desk.context, _ALWAYS) == 0
    assert [(chunk.state, chunk.attempt, chunk.last_error) for chunk in desk.chunks(theirs)] == [
        ("queued", 0, None)
    ] * 3
    assert [chunk.state for chunk in desk.chunks(ours)] == ["done"] * 3
    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == (
        f"model {newer} is left to newer workers: the bundle has format 99, this program reads 1 to 4. Upgrade"
        " newsgate, or train the model again with this version"
    )
    progress = Progress(desk.settings, desk.database, left=lambda: desk.context.models.newer)
    assert progress.look().detail.endswith("none waits")
    desk.assert_sound()


def test_a_chunk_of_a_newer_model_whose_worker_died_is_not_taken_over(desk: Desk) -> None:
    newer = store_newer_model(desk.database)
    batch = desk.enqueue(5, model=newer)
    assert classify_waiting(desk.context, _ALWAYS) == 1
    with desk.database.write() as connection:
        connection.execute(
            text(
                "update chunks set state = 'running', attempt = 1, worker = 'newer:1', leased_at = queued_at,"
                " lease_until = queued_at"
            )
        )
    ours = desk.enqueue(5, seed=1)
    assert sweep(desk.context, _ALWAYS) == 1
    assert [(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)] == [("running", 1)]
    assert [chunk.state for chunk in desk.chunks(ours)] == ["done"]


def test_a_schema_that_this_newsgate_cannot_use_ends_the_worker_and_costs_no_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = desk.enqueue(15)
    ended: list[bool] = []
    context = replace(
        desk.context, schema=SchemaWatch(desk.database, part="worker", on_newer=lambda: ended.append(True))
    )

    def migrated_meanwhile(*_: object) -> None:
        set_schema(desk.database, "9999", oldest="9999")
        raise AttributeError("there is no such column any more")

    monkeypatch.setattr(newsgate.tasks.classifying.classify_chunk, "load_texts", migrated_meanwhile)
    waiting = desk.waiting(batch)
    assert classify_chunk(waiting[0], context, from_broker=True) == "left"
    assert classify_waiting(context, _ALWAYS) == 0
    keep_sweeping(context, threading.Event())
    assert ended == [True]
    assert [(chunk.state, chunk.attempt, chunk.last_error) for chunk in desk.chunks(batch)] == [("queued", 0, None)] * 2
    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.startswith("this worker ends, and leaves its work to newer ones: ")
    assert "the database is at schema 9999, this newsgate knows" in told


def test_a_claim_that_the_newer_schema_does_not_take_is_no_error_of_the_worker(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.enqueue(5)
    set_schema(desk.database, "9999", oldest="9999")
    with desk.database.write() as connection:
        connection.execute(text("alter table runs rename column started_at to begun_at"))
    # SQLite calls it an error of the database, which is asked again.
    with suppress(DatabaseUnavailableError):
        assert classify_waiting(desk.context, _ALWAYS) == 0
    keep_sweeping(desk.context, threading.Event())
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["ERROR"]
    assert "Traceback" not in caplog.text


def test_a_newer_schema_that_has_only_more_changes_nothing_for_a_worker(desk: Desk) -> None:
    batch = desk.enqueue(15)
    set_schema(desk.database, "9999", oldest=HEAD_REVISION)
    assert not desk.context.schema.look()
    assert classify_waiting(desk.context, _ALWAYS) == 2
    assert [chunk.state for chunk in desk.chunks(batch)] == ["done"] * 2


def test_a_trainer_leaves_a_night_with_a_newer_champion_to_newer_ones(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    newer = store_newer_model(desk.database)
    with desk.database.write() as connection:
        promote(connection, newer, reason="it is tomorrow's", figures={})
    trainer = make_trainer(desk.settings, desk.database)
    assert [retrain_if_due(trainer) for _ in range(2)] == [False, False]
    with desk.database.read() as connection:
        assert connection.execute(text("select count(*) from jobs")).scalar_one() == 0
    (told,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.startswith(f"retraining is left to newer trainers: the champion is model {newer}, whose bundle has ")


def test_a_trainer_ends_beside_a_schema_that_it_cannot_use(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    set_schema(desk.database, "9999", oldest="9999")
    ended: list[bool] = []
    watch = SchemaWatch(desk.database, part="trainer", on_newer=lambda: ended.append(True))
    keep_training(replace(make_trainer(desk.settings, desk.database), schema=watch))
    assert ended == [True]
    assert "this trainer ends, and leaves its work to newer ones: " in caplog.text
