"""The edges of a chunk's life, on both databases: whose a claim is, and what is stored at its end."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from newsgate.db.chunks import Claim, commit_chunk, fail_chunk, hand_back, load_texts, release_chunk
from newsgate.db.errors import ChunkFencedError
from newsgate.db.tables import chunks, items, models
from newsgate.db.types import database_time
from newsgate.db.verdicts import Verdict, Verdicts
from tests.desk import Desk
from tests.integration.chunk_steps import (
    LAPSED,
    MAX_ATTEMPTS,
    cancel,
    chunk_row,
    claim,
    move_to_the_end,
    release,
    rows_of,
    run_row,
    scan_the_table,
    stored_verdicts,
    take,
)

# Claims


def test_a_claim_says_what_it_holds_and_until_when(desk: Desk) -> None:
    desk.enqueue(5, seed=9)
    batch = desk.enqueue(25)
    second = desk.waiting(batch)[1]
    claimed = take(desk, second, lease=600)
    row = chunk_row(desk, second)
    assert (row.state, row.attempt, row.worker) == ("running", 1, "one")
    assert claimed == Claim(
        chunk=second,
        attempt=1,
        run=row.run_id,
        batch=batch,
        model=1,
        first_row=12,
        last_row=21,
        lease_until=row.lease_until,
        model_sha256=_sha256_of(desk, 1),
    )
    with desk.database.read() as connection:
        left = row.lease_until - connection.execute(select(database_time())).scalar_one()
    assert 500 < left.total_seconds() <= 600


def _sha256_of(desk: Desk, model: int) -> str:
    with desk.database.read() as connection:
        sha256: str = connection.execute(select(models.c.sha256).where(models.c.number == model)).scalar_one()
    return sha256


def test_a_claim_begins_its_own_run_once_and_no_other(desk: Desk) -> None:
    batch, other = desk.enqueue(25), desk.enqueue(5, seed=1)
    first, second, _ = desk.waiting(batch)
    run = take(desk, first).run
    begun = run_row(desk, run)
    assert (begun.state, begun.started_at is None) == ("running", False)
    time.sleep(0.01)
    take(desk, second)
    assert run_row(desk, run) == begun
    waiting = run_row(desk, desk.chunks(other)[0].run_id)
    assert (waiting.state, waiting.started_at) == ("queued", None)


def test_a_claim_that_finds_its_run_cancelled_leaves_no_lease(desk: Desk) -> None:
    batch = desk.enqueue(5)
    (chunk,) = desk.waiting(batch)
    take(desk, chunk, lease=LAPSED)
    cancel(desk, batch)
    assert claim(desk, chunk) is None
    assert (chunk_row(desk, chunk).state, chunk_row(desk, chunk).lease_until) == ("cancelled", None)


def test_only_the_chunk_of_the_claim_is_cancelled(desk: Desk) -> None:
    batch = desk.enqueue(25)
    first, second, third = desk.waiting(batch)
    failing, working = take(desk, first), take(desk, second)
    cancel(desk, batch)
    assert release(desk, failing) == []
    assert [chunk.state for chunk in desk.chunks(batch)] == ["cancelled", "running", "cancelled"]
    assert chunk_row(desk, third).lease_until is None
    assert chunk_row(desk, second).lease_until == working.lease_until


# Handing back


def test_only_the_attempt_with_this_number_and_this_lease_is_handed_back(desk: Desk) -> None:
    first, second, _ = desk.waiting(desk.enqueue(25))
    mine, other = take(desk, first), take(desk, second)
    with desk.database.write() as connection:
        # Claimed in the same thousandth of a second.
        connection.execute(update(chunks).where(chunks.c.id == second).values(lease_until=mine.lease_until))
        assert hand_back(connection, replace(mine, attempt=2)) == []
        assert hand_back(connection, replace(mine, lease_until=other.lease_until)) == []
    assert chunk_row(desk, first).state == "running"
    queued_at = chunk_row(desk, first).queued_at
    time.sleep(0.01)
    with desk.database.write() as connection:
        assert hand_back(connection, mine) == [first]
    back = chunk_row(desk, first)
    assert (back.state, back.attempt, back.lease_until) == ("queued", 0, None)
    # It waits from now on: its message may still come.
    assert back.queued_at > queued_at
    assert (chunk_row(desk, second).state, chunk_row(desk, second).attempt) == ("running", 1)


# Texts and verdicts


def test_texts_come_in_the_order_of_the_file_however_they_are_stored(desk: Desk) -> None:
    batch, other = desk.enqueue(10), desk.enqueue(10, seed=1)
    move_to_the_end(desk, batch, row=2)
    (chunk,) = desk.waiting(batch)
    claimed = take(desk, chunk)
    with desk.database.read() as connection:
        scan_the_table(connection)
        ids, texts = load_texts(connection, claimed)
        known = connection.execute(select(items).where(items.c.batch_id == batch)).all()
    in_order = sorted(known, key=lambda item: int(item.row))
    assert (ids, texts) == ([item.id for item in in_order], [item.text for item in in_order])

    release(desk, claimed)
    last = take(desk, chunk)
    with desk.database.write() as connection:
        scan_the_table(connection)
        halves = release_chunk(connection, last, error="ValueError: no", max_attempts=MAX_ATTEMPTS).to_ring
    assert rows_of([chunk_row(desk, half) for half in halves]) == [(2, 6, 5), (7, 11, 5)]
    assert len(desk.waiting(other)) == 1


def test_a_verdict_is_stored_as_it_was_given(desk: Desk) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    release(desk, take(desk, chunk), error="ValueError: at first")
    claimed = take(desk, chunk)
    with desk.database.write() as connection:
        one, two, three = load_texts(connection, claimed)[0]
        given = [
            Verdict(one, "fake", 0.75, 7, True, None),
            Verdict(two, None, None, 3, False, "no number"),
            Verdict(three, "real", 0.25, 9, False, None),
        ]
        commit_chunk(connection, claimed, Verdicts.of(given), summary='{"scores": []}')
    told = [
        Verdict(row.item_id, row.label, row.p_fake, row.token_count, row.truncated, row.error)
        for row in stored_verdicts(desk, claimed.run)
    ]
    assert told == given
    assert {row.model for row in stored_verdicts(desk, claimed.run)} == {1}
    done = chunk_row(desk, chunk)
    assert (done.state, done.last_error, done.summary, done.lease_until) == ("done", None, '{"scores": []}', None)
    assert done.finished_at >= done.queued_at
    run = run_row(desk, claimed.run)
    assert (run.state, run.done, run.failed) == ("done", 2, 1)


def test_an_attempt_that_failed_has_neither_an_end_nor_a_summary(desk: Desk) -> None:
    (chunk,) = desk.waiting(desk.enqueue(3))
    before = chunk_row(desk, chunk).queued_at
    time.sleep(0.01)
    assert release(desk, take(desk, chunk), error="ValueError: no") == [chunk]
    row = chunk_row(desk, chunk)
    assert (row.state, row.last_error, row.summary, row.finished_at) == ("queued", "ValueError: no", None, None)
    assert row.queued_at > before


# Every row at once


def test_a_chunk_that_fails_fails_every_row_of_it_and_no_other(desk: Desk) -> None:
    batch, other = desk.enqueue(25), desk.enqueue(10, seed=1)
    first, second, _ = desk.waiting(batch)
    claimed = take(desk, first)
    with desk.database.write() as connection:
        fail_chunk(connection, claimed, error="the bundle is broken")
    told = stored_verdicts(desk, claimed.run)
    assert [row.row for row in told] == list(range(2, 12))
    assert {(row.label, row.p_fake, row.token_count, row.truncated, row.error) for row in told} == {
        (None, None, 0, False, "the bundle is broken")
    }
    row = chunk_row(desk, first)
    assert (row.state, row.lease_until, row.last_error) == ("failed", None, "the bundle is broken")
    assert row.finished_at is not None
    run = run_row(desk, claimed.run)
    assert (run.state, run.done, run.failed) == ("running", 0, 10)
    assert chunk_row(desk, second).state == "queued"
    assert [chunk.state for chunk in desk.chunks(other)] == ["queued"]


def test_the_last_chunk_that_fails_ends_the_run(desk: Desk) -> None:
    (chunk,) = desk.waiting(desk.enqueue(3))
    claimed = take(desk, chunk)
    with desk.database.write() as connection:
        fail_chunk(connection, claimed, error="the bundle is broken")
    assert (run_row(desk, claimed.run).state, run_row(desk, claimed.run).failed) == ("done", 3)


def test_a_chunk_of_a_cancelled_run_is_cancelled_and_not_failed(desk: Desk) -> None:
    batch = desk.enqueue(3)
    claimed = take(desk, desk.waiting(batch)[0])
    cancel(desk, batch)
    with desk.database.write() as connection:
        fail_chunk(connection, claimed, error="the bundle is broken")
    assert chunk_row(desk, claimed.chunk).state == "cancelled"
    assert stored_verdicts(desk, claimed.run) == []
    assert run_row(desk, claimed.run).failed == 0


def test_a_worker_that_was_overtaken_fails_no_row(desk: Desk) -> None:
    (chunk,) = desk.waiting(desk.enqueue(3))
    late = take(desk, chunk, lease=LAPSED)
    take(desk, chunk)
    with desk.database.write() as connection, pytest.raises(ChunkFencedError, match=f"{chunk}"):
        fail_chunk(connection, late, error="the bundle is broken")
    assert stored_verdicts(desk, late.run) == []
    assert chunk_row(desk, chunk).state == "running"
