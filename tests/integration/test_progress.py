"""When a worker counts as stuck: chunks wait all the time, and it ends none; on both databases."""

from __future__ import annotations

import pytest

from newsgate.db.session import Database
from newsgate.db.steering import pause_run
from newsgate.tasks.classifying.progress import Progress
from newsgate.worker.health import State
from newsgate.worker.settings import load_settings
from newsgate.worker.tally import CHUNKS, TALLY
from tests.lifecycle import System
from tests.services import free_port


class _Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("newsgate.tasks.classifying.progress.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    return _Clock(monkeypatch)


def test_a_worker_that_ends_nothing_while_chunks_wait_does_not_get_on(system: System, clock: _Clock) -> None:
    progress = Progress(load_settings(), system.database)
    # Two leases, the time after which a message counts as lost, a turn of the sweeper, and some more.
    assert progress.limit_seconds == 137
    stored = system.load(3, 2)
    clock.now += 137
    assert progress.look().healthy
    clock.now += 1
    assert progress.look() == State(healthy=False, detail="chunks wait, and it has ended none for 138 s")
    # Whatever came of it.
    TALLY.add(CHUNKS, outcome="failed")
    assert progress.look().healthy
    clock.now += 138
    assert not progress.look().healthy
    for chunk in stored.chunks:
        system.commit(system.take(chunk))
    assert progress.look().detail.endswith("chunks ended, none waits")


def test_a_worker_without_work_gets_on(system: System, clock: _Clock) -> None:
    progress = Progress(load_settings(), system.database)
    clock.now += 10_000
    assert progress.look().healthy
    # Only now its time begins.
    system.load(1)
    clock.now += 100
    assert progress.look().healthy


def test_a_chunk_that_is_not_in_line_does_not_wait(system: System, clock: _Clock) -> None:
    progress = Progress(load_settings(), system.database)
    stored = system.load(1)
    with system.database.write() as connection:
        assert pause_run(connection, stored.loading.run)
    clock.now += 10_000
    assert progress.look().healthy


def test_a_database_that_is_away_is_not_the_workers_fault(clock: _Clock) -> None:
    away = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    progress = Progress(load_settings(), away)
    clock.now += 10_000
    state = progress.look()
    away.close()
    assert state.healthy
    assert state.detail.startswith("it waits for the database: ")
