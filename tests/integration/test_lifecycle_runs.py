"""The lives of runs and batches, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from newsgate.db.audit import audit
from newsgate.db.batch_status import batch_status
from newsgate.db.batches import (
    Loading,
    resume_loading,
)
from newsgate.db.errors import LoaderSupersededError
from newsgate.db.tables import batches, chunks, items, rejects
from tests.lifecycle import System, walks


@walks("run", ("[*]", "queued"), ("queued", "running"), ("running", "done"))
def test_a_run_begins_with_its_first_claim_and_ends_with_its_last_commit(system: System) -> None:
    stored = system.load(2, 2)
    assert (system.run(stored).state, system.run(stored).started_at) == ("queued", None)
    first = system.take(stored.chunks[0])
    assert system.run(stored).state == "running"
    started_at = system.run(stored).started_at
    assert started_at is not None
    system.commit(first)
    assert (system.run(stored).state, system.run(stored).finished_at) == ("running", None)
    system.commit(system.take(stored.chunks[1]))
    run = system.run(stored)
    assert (run.state, run.started_at, run.total, run.done) == ("done", started_at, 4, 4)
    assert run.finished_at >= run.started_at


def test_a_run_is_not_done_while_its_file_is_still_being_read(system: System) -> None:
    loading = system.create()
    chunk = system.add(loading, 2, 3)
    assert chunk is not None
    system.commit(system.take(chunk))
    assert system.run(loading).state == "running"
    system.finish(loading)
    assert system.run(loading).state == "done"


@walks("run", ("queued", "done"))
def test_a_file_without_usable_rows_is_done_once_it_is_read(system: System) -> None:
    loading = system.create()
    assert system.add(loading, 2, 0) is None
    system.finish(loading)
    with system.database.read() as connection:
        status = batch_status(connection, loading.batch)
    assert (status.state, status.total, status.rejected, status.finished) == ("done", 0, 1, True)


def test_the_audit_finds_a_run_that_nobody_would_ever_end(system: System) -> None:
    stored = system.load(1, 1)
    with system.database.write() as connection:
        connection.execute(update(chunks).values(state="failed"))
        broken = [finding for finding in audit(connection) if not finding.holds]
        connection.execute(update(chunks).values(state="queued"))
    assert [finding.offenders for finding in broken] == [
        (f"run {stored.loading.run} is queued, and none of its chunks waits or is worked on",)
    ]


@walks("batch", ("[*]", "loading"), ("loading", "loading"), ("loading", "loaded"))
def test_a_loader_that_was_overtaken_adds_nothing(system: System) -> None:
    overtaken = system.create()
    system.add(overtaken, 2, 3)
    loading = _resume(system, overtaken.batch)
    assert (loading.loader, loading.last_row, loading.accepted, loading.rejected) == (2, 5, 3, 1)
    assert (loading.run, loading.model) == (overtaken.run, overtaken.model)
    with pytest.raises(LoaderSupersededError):
        system.add(overtaken, 6, 3)
    with pytest.raises(LoaderSupersededError):
        system.finish(overtaken)
    assert _stored_rows(system) == (3, 1)
    system.add(loading, 6, 3)
    assert not _is_loaded(system, loading)
    system.finish(loading)
    assert _is_loaded(system, loading)
    assert _stored_rows(system) == (6, 2)
    assert system.run(loading).total == 6


def test_of_two_loaders_at_once_only_the_newer_adds_rows(system: System) -> None:
    older = system.create()
    newer = _resume(system, older.batch)
    barrier = threading.Barrier(2)

    def add(loading: Loading) -> bool:
        barrier.wait(30)
        try:
            system.add(loading, 2, 3)
        except LoaderSupersededError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(add, [older, newer])) == [False, True]
    assert _stored_rows(system) == (3, 1)


def _resume(system: System, batch: int) -> Loading:
    with system.database.write() as connection:
        return resume_loading(connection, batch)


def _stored_rows(system: System) -> tuple[int, int]:
    with system.database.read() as connection:
        accepted, refused = (
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (items, rejects)
        )
    return accepted, refused


def _is_loaded(system: System, loading: Loading) -> bool:
    with system.database.read() as connection:
        return bool(connection.execute(select(batches.c.loaded).where(batches.c.id == loading.batch)).scalar_one())
