"""Enqueue on both databases: one file by several at once, interrupted, cancelled, and once more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from newsgate.db.batches import cancel_run
from newsgate.db.errors import LoaderSupersededError, RunNotLoadedError
from newsgate.db.tables import batches, items
from newsgate.tasks.classifying.reclassify import requeue_batch
from newsgate.tasks.enqueueing import store_rows
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Progress, Request
from newsgate.tasks.reading import FileChangedError
from newsgate.worker.settings import load_settings
from tests.desk import Desk
from tests.texts import write_posts

_ROWS = 45


def test_two_enqueues_of_a_file_at_the_same_moment_make_one_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_posts(desk.folder / "posts.csv", _ROWS)
    barrier = threading.Barrier(2)
    waited = threading.local()
    read_blocks = store_rows._blocks

    def both_have_read(*arguments: Any) -> Iterator[Any]:
        for block in read_blocks(*arguments):
            if not hasattr(waited, "once"):
                waited.once = True
                barrier.wait(30)
            yield block

    monkeypatch.setattr(store_rows, "_blocks", both_have_read)

    def store(_: int) -> int | None:
        try:
            return enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch
        except LoaderSupersededError:
            return None

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(store, range(2)))
    # Whoever was faster either stored all of it or was taken over by the other.
    assert told in ({1}, {1, None})
    assert _count(desk, batches) == 1
    assert _count(desk, items) == _ROWS
    desk.work_off(1)
    assert len(desk.results(1)) == _ROWS


def test_a_batch_cancelled_in_the_middle_of_its_file_is_read_to_the_end_and_requeued(desk: Desk) -> None:
    file = write_posts(desk.folder / "posts.csv", _ROWS)
    _interrupt(desk, Request(str(file)))
    with desk.database.write() as connection:
        assert cancel_run(connection, 1)
    with pytest.raises(RunNotLoadedError):
        requeue_batch(1, settings=desk.settings, database=desk.database)

    done = enqueue(Request(str(file)), settings=desk.settings, database=desk.database)
    assert (done.batch, done.items, done.resumed) == (1, _ROWS, True)
    assert "batch 1 is cancelled: `newsgate requeue 1` takes that back" in done.warnings
    assert desk.waiting(1) == []
    status, again = requeue_batch(1, settings=desk.settings, database=desk.database)
    assert (status.state, again.cancelled_rows) == ("running", _ROWS)
    desk.work_off(1)
    assert len(desk.results(1)) == _ROWS


def test_a_batch_whose_file_changed_while_it_was_read_is_not_gone_on_with(desk: Desk) -> None:
    # More than is read at a time.
    rows = 20_000
    file = write_posts(desk.folder / "posts.csv", rows)
    as_it_was = file.read_bytes()
    settings = load_settings(home=desk.settings.home)

    def change(_: Progress) -> None:
        file.write_bytes(as_it_was.upper())

    with pytest.raises(FileChangedError):
        enqueue(Request(str(file)), settings=settings, database=desk.database, progress=change)
    assert _count(desk, items) > 0
    file.write_bytes(as_it_was)
    done = enqueue(Request(str(file)), settings=settings, database=desk.database)
    assert (done.batch, done.items, done.resumed) == (2, rows, False)


def test_enqueue_again_goes_on_with_what_it_left_behind(desk: Desk) -> None:
    file = write_posts(desk.folder / "posts.csv", _ROWS)
    enqueue(Request(str(file)), settings=desk.settings, database=desk.database)
    again = Request(str(file), again=True)
    stopped = _interrupt(desk, again)
    assert (stopped.batch, stopped.items) == (2, desk.settings.chunk_rows)
    done = enqueue(again, settings=desk.settings, database=desk.database)
    assert (done.batch, done.items, done.resumed) == (2, _ROWS, True)
    done = enqueue(again, settings=desk.settings, database=desk.database)
    assert (done.batch, done.items, done.resumed) == (3, _ROWS, False)


def test_enqueue_again_leaves_a_cancelled_batch_alone(desk: Desk) -> None:
    file = write_posts(desk.folder / "posts.csv", _ROWS)
    _interrupt(desk, Request(str(file)))
    with desk.database.write() as connection:
        cancel_run(connection, 1)
    done = enqueue(Request(str(file), again=True), settings=desk.settings, database=desk.database)
    assert (done.batch, done.resumed) == (2, False)


def test_an_enqueue_interrupted_before_its_first_commit_stored_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store_rows, "add_row_groups", lambda *_, **__: stop())
    with pytest.raises(KeyboardInterrupt) as stopped:
        desk.enqueue(_ROWS)
    assert not isinstance(stopped.value, EnqueueInterruptedError)
    assert _count(desk, batches) == 0


def _interrupt(desk: Desk, request: Request) -> EnqueueInterruptedError:
    """Enqueue, and end after the first rows as Ctrl-C would; gives what was told then."""

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(EnqueueInterruptedError) as stopped:
        enqueue(request, settings=desk.settings, database=desk.database, progress=stop)
    return stopped.value


def _count(desk: Desk, table: Any) -> int:
    with desk.database.read() as connection:
        count: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
        return count
