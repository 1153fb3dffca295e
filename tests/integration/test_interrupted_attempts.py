"""A database that fails while a chunk is worked on, and is well again: whose fault that is, and whose it is not."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.pool import QueuePool

import newsgate.tasks.classifying.classify_chunk
import newsgate.tasks.classifying.interrupted_attempts
from newsgate.db.errors import DatabaseUnavailableError
from newsgate.db.session import Database
from newsgate.tasks.classifying.classify_chunk import ModelUnusableError, load_model
from newsgate.tasks.classifying.sweeper import sweep
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
from newsgate.worker.shared_models import SharedModels
from tests.desk import Desk

_FAULTS = 5


def _fail(*_: Any, **__: Any) -> None:
    raise DatabaseUnavailableError("the connection was lost")


@pytest.mark.parametrize("step", ["load_texts", "commit_chunk", "release_chunk"])
def test_a_database_that_fails_in_mid_chunk_costs_the_texts_nothing(
    step: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(database, tmp_path, lost_after_seconds=0, sweep_seconds=0.1)
    batch = desk.enqueue(1)
    with monkeypatch.context() as broken:
        if step == "release_chunk":
            broken.setattr(newsgate.tasks.classifying.classify_chunk, "judge", lambda *_: 1 / 0)
        broken.setattr(newsgate.tasks.classifying.classify_chunk, step, _fail)
        for _ in range(_FAULTS):
            with pytest.raises(DatabaseUnavailableError):
                sweep(desk.context, threading.Event())
    assert sweep(desk.context, threading.Event()) == 1
    assert [(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)] == [("done", 1)]
    assert [result.error for result in desk.results(batch)] == [None]
    desk.assert_sound()


def test_a_chunk_that_the_database_fails_at_every_time_uses_up_its_attempts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.enqueue(1)
    (chunk,) = desk.chunks(batch)
    monkeypatch.setattr(newsgate.tasks.classifying.classify_chunk, "commit_chunk", _fail)
    for _ in range(newsgate.tasks.classifying.interrupted_attempts._MOST_TIMES + 1):
        with pytest.raises(DatabaseUnavailableError):
            newsgate.tasks.classifying.classify_chunk.classify_chunk(chunk.id, desk.context, from_broker=True)
        desk.context.interrupted.hand_back(desk.database)
    (chunk,) = desk.chunks(batch)
    assert (chunk.state, chunk.attempt) == ("running", 1)


def test_every_thread_of_a_worker_has_a_connection(tmp_path: Path) -> None:
    threads = 40
    opened = open_database(load_settings(home=tmp_path, worker_threads=threads))
    with ExitStack() as stack:
        # Those that hear the broker, and as many of the sweeper.
        for _ in range(2 * threads):
            stack.enter_context(opened.read())
    opened.close()


def test_a_process_without_a_free_connection_says_so_and_holds_it_against_no_text(desk: Desk) -> None:
    (chunk,) = desk.chunks(desk.enqueue(1))
    pool = desk.database.engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.1
    with ExitStack() as stack:

        def use_them_all() -> None:
            for _ in range(100):
                stack.enter_context(desk.database.read())

        with pytest.raises(DatabaseUnavailableError, match="every connection that this process may open is in use"):
            use_them_all()
        with pytest.raises(DatabaseUnavailableError):
            newsgate.tasks.classifying.classify_chunk.classify_chunk(chunk.id, desk.context, from_broker=True)
        with pytest.raises(DatabaseUnavailableError):
            load_model(desk.context.models, 1)


@pytest.mark.parametrize("error", [MemoryError("no room"), OSError("too many open files")])
def test_a_machine_without_room_is_not_a_model_that_cannot_be_used(error: Exception) -> None:
    def read_bundle(_: int) -> bytes:
        raise error

    with pytest.raises(type(error)):
        load_model(SharedModels(read_bundle, runtime="numpy", keep=1), 1)


def test_a_bundle_that_is_none_is_a_model_that_cannot_be_used() -> None:
    with pytest.raises(ModelUnusableError, match="model 1 cannot be used"):
        load_model(SharedModels(lambda _: b"no bundle", runtime="numpy", keep=1), 1)
