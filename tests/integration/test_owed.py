"""A database that fails while a chunk is worked on, and is well again: whose fault that is, and whose it is not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import tasks.classify
import tasks.owed
from db.errors import DatabaseUnavailableError
from db.session import Database
from tasks.sweep import sweep
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
            broken.setattr(tasks.classify, "judge", lambda *_: 1 / 0)
        broken.setattr(tasks.classify, step, _fail)
        for _ in range(_FAULTS):
            with pytest.raises(DatabaseUnavailableError):
                sweep(desk.workshop, threading.Event())
    assert sweep(desk.workshop, threading.Event()) == 1
    assert [(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)] == [("done", 1)]
    assert [result.error for result in desk.results(batch)] == [None]
    desk.assert_sound()


def test_a_chunk_that_the_database_fails_at_every_time_uses_up_its_attempts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.enqueue(1)
    (chunk,) = desk.chunks(batch)
    monkeypatch.setattr(tasks.classify, "commit_chunk", _fail)
    for _ in range(tasks.owed._MOST_TIMES + 1):
        with pytest.raises(DatabaseUnavailableError):
            tasks.classify.classify_chunk(chunk.id, desk.workshop, from_broker=True)
        desk.workshop.owed.hand_back(desk.database)
    (chunk,) = desk.chunks(batch)
    assert (chunk.state, chunk.attempt) == ("running", 1)
