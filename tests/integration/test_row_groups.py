"""The rows of several chunks in one transaction: as if each had been stored in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from psycopg.errors import UniqueViolation
from sqlalchemy import Row, func, select
from sqlalchemy.exc import IntegrityError

from newsgate.db.batches import (
    AcceptedRow,
    Loading,
    NewBatch,
    RefusedRow,
    add_rows,
    cancel_run,
    create_batch,
    resume_loading,
)
from newsgate.db.errors import BatchPurgedError, LoaderSupersededError
from newsgate.db.purge import begin_purge
from newsgate.db.row_groups import RowsOfChunk, add_row_groups
from newsgate.db.rows_at_once import add_rows_at_once
from newsgate.db.steering import pause_run
from newsgate.db.tables import batches, chunks, items, rejects
from newsgate.db.text_hashes import text_hash
from tests.desk import Desk
from tests.integration.chunk_steps import run_row
from tests.integration.reservation_steps import on_postgresql_alone

pytestmark = on_postgresql_alone


def _group(first_row: int, count: int, *, refused: int = 0, columns: bool = False) -> RowsOfChunk:
    rows = range(first_row, first_row + count)
    return RowsOfChunk(
        accepted=[AcceptedRow(row, f"id-{row}", f"text {row}", text_hash(f"text {row}")) for row in rows],
        refused=[RefusedRow(first_row + count + place, "empty", "") for place in range(refused)],
        columns={count - 1: f'{{"row": {rows[-1]}}}'} if columns else {},
    )


GROUPS = (_group(2, 5, refused=2, columns=True), _group(20, 3), _group(30, 0, refused=1), _group(40, 4, columns=True))


def _begin(desk: Desk) -> Loading:
    new = NewBatch(name="posts.csv", sha256="0" * 64, size_bytes=1, layout="{}", priority=20)
    with desk.database.write() as connection:
        return create_batch(connection, new, model=1)


def _in_steps(desk: Desk, loading: Loading, groups: Sequence[RowsOfChunk]) -> list[int]:
    with desk.database.write() as connection:
        return add_row_groups(connection, loading, groups, last_row=50)


def _at_once(desk: Desk, loading: Loading, groups: Sequence[RowsOfChunk]) -> list[int]:
    with desk.database.at_once() as connection:
        return add_rows_at_once(connection, loading, groups, last_row=50)


Store = Callable[[Desk, Loading, Sequence[RowsOfChunk]], list[int]]


@pytest.fixture(params=[_in_steps, _at_once], ids=["in steps", "at once"])
def store(request: pytest.FixtureRequest) -> Store:
    """How they are stored: what comes of it is the same."""
    found: Store = request.param
    return found


def _chunks(desk: Desk, loading: Loading) -> list[Row[Any]]:
    query = select(chunks).where(chunks.c.run_id == loading.run).order_by(chunks.c.id)
    with desk.database.read() as connection:
        return list(connection.execute(query))


def _rows_of(desk: Desk, loading: Loading) -> tuple[int, int]:
    """How many rows were accepted and refused, as the tables have them."""
    with desk.database.read() as connection:
        accepted, refused = (
            connection.execute(select(func.count()).where(table.c.batch_id == loading.batch)).scalar_one()
            for table in (items, rejects)
        )
    return accepted, refused


def test_they_are_stored_as_one_after_the_other(desk: Desk, store: Store) -> None:
    one, other = _begin(desk), _begin(desk)
    rung = store(desk, one, GROUPS)
    with desk.database.write() as connection:
        for group in GROUPS:
            add_rows(
                connection, other, accepted=group.accepted, refused=group.refused, last_row=50, columns=group.columns
            )
    wanted = ("first_row", "last_row", "item_count", "state", "attempt", "lease_until", "turn")
    stored = [[tuple(chunk._mapping[name] for name in wanted) for chunk in _chunks(desk, run)] for run in (one, other)]
    assert stored[0] == stored[1]
    assert [chunk.turn for chunk in _chunks(desk, one)] == [0.0, 5 / 20, 8 / 20]
    assert rung == [chunk.id for chunk in _chunks(desk, one)]
    with desk.database.read() as connection:
        for table, order in ((items, items.c.row), (rejects, rejects.c.row)):
            told = [each for each in table.c if each.name not in ("id", "batch_id")]
            of = [
                connection.execute(select(*told).where(table.c.batch_id == loading.batch).order_by(order)).all()
                for loading in (one, other)
            ]
            assert of[0] == of[1]
        counted = connection.execute(select(batches.c.accepted, batches.c.rejected, batches.c.last_row)).all()
    assert [tuple(row) for row in counted] == [(12, 3, 50)] * 2
    assert (run_row(desk, one.run).total, run_row(desk, other.run).total) == (12, 12)


def test_rows_of_a_cancelled_run_wait_for_nobody(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    with desk.database.write() as connection:
        cancel_run(connection, loading.run)
    assert store(desk, loading, GROUPS) == []
    assert {chunk.state for chunk in _chunks(desk, loading)} == {"cancelled"}


def test_rows_of_a_paused_run_are_not_in_line(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    with desk.database.write() as connection:
        pause_run(connection, loading.run)
    assert len(store(desk, loading, GROUPS)) == 3
    assert {(chunk.state, chunk.turn) for chunk in _chunks(desk, loading)} == {("queued", None)}


def test_rows_that_are_all_refused_make_no_chunk(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    assert store(desk, loading, [_group(2, 0, refused=2), _group(9, 0, refused=1)]) == []
    assert _chunks(desk, loading) == []


def test_who_was_overtaken_stores_nothing(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    with desk.database.write() as connection:
        resume_loading(connection, loading.batch)
    with pytest.raises(LoaderSupersededError):
        store(desk, loading, GROUPS)
    assert _chunks(desk, loading) == []
    assert _rows_of(desk, loading) == (0, 0)


def test_a_batch_that_is_purged_gets_no_rows(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    with desk.database.write() as connection:
        begin_purge(connection, loading.batch)
    with pytest.raises(BatchPurgedError):
        store(desk, loading, GROUPS)
    assert _rows_of(desk, loading) == (0, 0)


def test_one_that_fails_halfway_stores_nothing(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    twice = [*GROUPS, _group(40, 1)]
    with pytest.raises((IntegrityError, UniqueViolation)):
        store(desk, loading, twice)
    assert _rows_of(desk, loading) == (0, 0)
    assert run_row(desk, loading.run).total == 0
    assert len(store(desk, loading, GROUPS)) == 3


def test_texts_of_all_kinds_come_as_they_are(desk: Desk, store: Store) -> None:
    loading = _begin(desk)
    texts = ["", "''", "\\x00", "{a,b}", "null", "\t\n", "\u00e9\U0001f600", "x" * 100_000]
    rows = [AcceptedRow(row, None if row % 2 else "", text, text_hash(text)) for row, text in enumerate(texts, 2)]
    store(desk, loading, [RowsOfChunk(accepted=rows)])
    query = select(items.c.row, items.c.external_id, items.c.text, items.c.text_hash).order_by(items.c.row)
    with desk.database.read() as connection:
        assert [AcceptedRow(*row) for row in connection.execute(query)] == rows
