"""Enqueue on both databases: one file by several at once, interrupted, cancelled, and once more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

import tasks.enqueue
from db.errors import LoaderSupersededError
from db.tables import batches, items
from tasks.enqueue import Request, enqueue
from tests.desk import Desk
from tests.texts import write_posts

_ROWS = 45


def test_two_enqueues_of_a_file_at_the_same_moment_make_one_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_posts(desk.folder / "posts.csv", _ROWS)
    barrier = threading.Barrier(2)
    waited = threading.local()
    read_blocks = tasks.enqueue._blocks

    def both_have_read(*arguments: Any) -> Iterator[Any]:
        for block in read_blocks(*arguments):
            if not hasattr(waited, "once"):
                waited.once = True
                barrier.wait(30)
            yield block

    monkeypatch.setattr(tasks.enqueue, "_blocks", both_have_read)

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


def _count(desk: Desk, table: Any) -> int:
    with desk.database.read() as connection:
        count: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
        return count
