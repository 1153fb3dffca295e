"""Chunks left behind, on both databases: which comes first, what takes their place, and who waits for whom."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Table, event, select, update

from newsgate.db.batches import cancel_run
from newsgate.db.chunks import Claim
from newsgate.db.runs import requeue
from newsgate.db.tables import chunks, runs
from tests.desk import Desk
from tests.integration.chunk_steps import (
    LAPSED,
    MAX_ATTEMPTS,
    cancel,
    chunk_row,
    give_up,
    release,
    rows_of,
    stalled,
    stored_verdicts,
    take,
)

# What was left behind


def test_the_longest_waiting_chunk_comes_first(desk: Desk) -> None:
    first, second, third = desk.waiting(desk.enqueue(25))
    time.sleep(0.01)
    # A chunk whose message was just sent may be looked for at once.
    assert stalled(desk, queued_for_seconds=0) == [first, second, third]
    release(desk, take(desk, first))
    assert stalled(desk, queued_for_seconds=-1) == [second, third, first]
    with desk.database.write() as connection:
        same = select(chunks.c.queued_at).where(chunks.c.id == second).scalar_subquery()
        for chunk in (third, second, first):
            connection.execute(update(chunks).where(chunks.c.id == chunk).values(queued_at=same))
    assert stalled(desk, queued_for_seconds=-1) == [first, second, third]


def test_all_lapsed_chunks_are_given_up_on_run_by_run(desk: Desk) -> None:
    early, late = desk.enqueue(2), desk.enqueue(2, seed=1)
    # The early run's chunk is made anew, so that the order of the chunks is not that of the runs.
    desk.finish(early, failing=[2, 3])
    with desk.database.write() as connection:
        (renewed,) = requeue(connection, desk.chunks(early)[0].run_id, chunk_rows=10, chunk_chars=1000).chunks
    (other,) = desk.waiting(late)
    assert renewed > other
    for chunk in (renewed, other):
        for _ in range(MAX_ATTEMPTS):
            take(desk, chunk, lease=LAPSED)
    halves = [chunk_row(desk, half) for half in give_up(desk)]
    assert [half.run_id for half in halves] == [desk.chunks(batch)[0].run_id for batch in (early, early, late, late)]
    assert rows_of(halves) == [(2, 2, 1), (3, 3, 1)] * 2
    assert {half.last_error for half in halves} == {"the worker died or hung on this text, 2 times"}


def test_what_an_attempt_said_is_remembered_where_the_last_one_ends_without_a_word(desk: Desk) -> None:
    batch = desk.enqueue(1)
    (chunk,) = desk.waiting(batch)
    release(desk, take(desk, chunk), error="ValueError: no")
    claimed = take(desk, chunk, lease=LAPSED)
    assert give_up(desk) == []
    (told,) = stored_verdicts(desk, claimed.run)
    said = (told.label, told.p_fake, told.token_count, told.truncated, told.error)
    assert said == (None, None, 0, False, "ValueError: no")
    row = chunk_row(desk, chunk)
    assert (row.state, row.last_error) == ("failed", "ValueError: no")


def test_the_halves_take_the_place_of_their_chunk_alone(desk: Desk) -> None:
    batch = desk.enqueue(25)
    first, second, third = desk.waiting(batch)
    release(desk, take(desk, second))
    before = chunk_row(desk, second)
    halves = [chunk_row(desk, half) for half in release(desk, take(desk, second), error="ValueError: still no")]
    assert [chunk.id for chunk in desk.chunks(batch)] == [first, *(half.id for half in halves), third]
    assert rows_of(halves) == [(12, 16, 5), (17, 21, 5)]
    for half in halves:
        assert (half.run_id, half.state, half.attempt, half.lease_until) == (before.run_id, "queued", 0, None)
        assert (half.last_error, half.worker, half.finished_at) == ("ValueError: still no", None, None)
        assert half.queued_at >= before.queued_at


# Who waits for whom


def hold(connection: Connection, table: Table, number: int) -> None:
    connection.execute(select(table.c.id).where(table.c.id == number).with_for_update()).one()


def lapsed_chunk(desk: Desk, *, seed: int = 0) -> Claim:
    (chunk,) = desk.waiting(desk.enqueue(2, seed=seed))
    for _ in range(MAX_ATTEMPTS):
        lapsed = take(desk, chunk, lease=LAPSED)
    return lapsed


def test_giving_up_waits_for_a_run_that_another_has_in_hand(desk: Desk) -> None:
    lapsed = lapsed_chunk(desk)
    with ThreadPoolExecutor(1) as pool:
        with desk.database.write() as connection:
            hold(connection, runs, lapsed.run)
            halves = pool.submit(give_up, desk)
            time.sleep(0.3)
            assert not halves.done()
        assert len(halves.result(30)) == 2


# SQLite has one writer at a time.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_giving_up_passes_over_a_chunk_that_another_has_in_hand(desk: Desk) -> None:
    held, free = lapsed_chunk(desk), lapsed_chunk(desk, seed=1)
    with ThreadPoolExecutor(1) as pool, desk.database.write() as connection:
        hold(connection, chunks, held.chunk)
        halves = pool.submit(give_up, desk).result(10)
    assert {chunk_row(desk, half).run_id for half in halves} == {free.run}
    assert len(give_up(desk)) == 2


# SQLite has one writer at a time.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_attempt_ends_while_another_worker_stores_verdicts_of_the_same_run(desk: Desk) -> None:
    claimed = take(desk, desk.waiting(desk.enqueue(25))[0])
    with ThreadPoolExecutor(1) as pool, desk.database.write() as connection:
        # What PostgreSQL holds of a run while rows are stored that name it.
        query = select(runs.c.id).where(runs.c.id == claimed.run).with_for_update(key_share=True, read=True)
        connection.execute(query).one()
        assert pool.submit(release, desk, claimed).result(10) == [claimed.chunk]


# SQLite has one writer at a time.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_second_cancellation_leaves_a_run_alone_that_is_tried_again_meanwhile(desk: Desk) -> None:
    batch = desk.enqueue(25)
    cancel(desk, batch)
    run = desk.chunks(batch)[0].run_id
    with desk.database.write() as late:

        @event.listens_for(late, "after_cursor_execute", once=True)
        def try_again(*_: object) -> None:
            with desk.database.write() as connection:
                requeue(connection, run, chunk_rows=10, chunk_chars=1000)

        assert not cancel_run(late, run)
    assert len(desk.waiting(batch)) == 3
    desk.finish(batch)


def test_an_attempt_that_fails_while_its_run_is_being_cancelled_is_the_last(desk: Desk) -> None:
    batch = desk.enqueue(3)
    claimed = take(desk, desk.waiting(batch)[0])
    with ThreadPoolExecutor(1) as pool:
        with desk.database.write() as connection:
            assert cancel_run(connection, claimed.run)
            released = pool.submit(release, desk, claimed)
            time.sleep(0.3)
            assert not released.done()
        assert released.result(30) == []
    assert [chunk.state for chunk in desk.chunks(batch)] == ["cancelled"]
