"""A clock that was ahead and was set back, on both databases: nothing waits for the time that it told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from newsgate.db.audit import audit
from newsgate.db.errors import ChunkFencedError
from newsgate.db.jobs import JobClaim, JobRecord, end_job, last_done, running_job, take_job
from newsgate.db.judgement_tables import review_leases
from newsgate.db.review import forget_lapsed_leases
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from tests.clocks import set_clock_back
from tests.desk import Desk
from tests.integration.chunk_steps import MAX_ATTEMPTS, cancel, chunk_row, claim, give_up, release, stalled, take
from tests.review_queue import ROWS, Queue, answer_all, shown

JOB = "retrain"
PERIOD = "2026-11-23T03:15"
# Where nothing depends on which database it is.
on_sqlite_alone = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS])
def test_a_chunk_of_a_worker_a_day_ahead_that_was_killed_is_taken_over(desk: Desk, attempts: int) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    for attempt in range(attempts):
        late = take(desk, chunk, lease=-1 if attempt + 1 < attempts else 60)
    assert stalled(desk, queued_for_seconds=60) == []
    set_clock_back(desk.database, hours=24)
    assert stalled(desk, queued_for_seconds=60) == [chunk]
    assert give_up(desk) == []
    second = take(desk, chunk)
    assert second.attempt == attempts + 1
    assert stalled(desk, queued_for_seconds=60) == []
    with pytest.raises(ChunkFencedError):
        release(desk, late)
    release(desk, second)
    desk.finish(batch)


@on_sqlite_alone
def test_a_lease_that_an_older_newsgate_took_is_over_if_it_is_longer_than_any_can_be(desk: Desk) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    take(desk, chunk)
    set_clock_back(desk.database, hours=24 * 8)
    with desk.database.write() as connection:
        connection.execute(update(chunks).values(leased_at=None))
    assert stalled(desk, queued_for_seconds=60) == [chunk]
    release(desk, take(desk, chunk))
    desk.finish(batch)


@on_sqlite_alone
def test_a_lease_is_not_over_for_a_clock_that_was_set_back_by_seconds(desk: Desk) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    first = take(desk, chunk)
    set_clock_back(desk.database, hours=20 / 3600)
    assert stalled(desk, queued_for_seconds=60) == []
    assert claim(desk, chunk) is None
    # Its own time of the lease was moved here too.
    release(desk, replace(first, lease_until=chunk_row(desk, chunk).lease_until))
    desk.finish(batch)


def test_a_file_enqueued_three_hours_ahead_does_not_wait_and_comes_first(desk: Desk) -> None:
    early = desk.enqueue(3)
    set_clock_back(desk.database, hours=3)
    later = desk.enqueue(3, seed=1)
    assert stalled(desk, queued_for_seconds=60) == desk.waiting(early)
    assert stalled(desk, queued_for_seconds=-1) == desk.waiting(early) + desk.waiting(later)
    for batch in (early, later):
        desk.finish(batch)


@on_sqlite_alone
def test_a_cancelled_run_whose_worker_was_ahead_ends(desk: Desk) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    take(desk, chunk)
    set_clock_back(desk.database, hours=24)
    cancel(desk, batch)
    assert stalled(desk, queued_for_seconds=60) == [chunk]
    assert claim(desk, chunk) is None
    assert chunk_row(desk, chunk).state == "cancelled"


def _take(database: Database, period: str = PERIOD, *, worker: str = "one") -> JobClaim | None:
    with database.write() as connection:
        return take_job(connection, JOB, period=period, worker=worker, lease_seconds=60, max_attempts=3)


def _end(database: Database, claimed: JobClaim | None, **outcome: int) -> None:
    assert claimed is not None
    with database.write() as connection:
        end_job(connection, claimed, state="done", outcome=outcome)


def _last_done(database: Database) -> JobRecord | None:
    with database.read() as connection:
        return last_done(connection, JOB)


def test_a_job_of_a_trainer_a_day_ahead_that_was_killed_is_taken_over(database: Database) -> None:
    assert _take(database) is not None
    assert _take(database, worker="two") is None
    set_clock_back(database, hours=24)
    with database.read() as connection:
        assert running_job(connection, JOB) is None
    again = _take(database, worker="two")
    assert again is not None
    assert again.attempt == 2


def test_a_period_that_a_clock_which_was_ahead_has_done_is_done_again_when_it_comes(database: Database) -> None:
    for number in (1, 2):
        _end(database, _take(database), label_id=number)
        set_clock_back(database, hours=24)
        # Whatever period it is, a trainer looks once a minute.
        _end(database, _take(database, f"2026-11-2{number}T03:15"), label_id=10 * number)
        found = _last_done(database)
        assert found is not None
        assert found.outcome == {"label_id": 10 * number}


def test_a_text_that_a_reviewer_a_day_ahead_had_in_hand_is_free(queue: Queue) -> None:
    away = queue.session("ann")
    shown(away)
    set_clock_back(queue.database, hours=24)
    assert len(answer_all(queue.session("bob"))) == ROWS
    with queue.database.write() as connection:
        forget_lapsed_leases(connection)
    assert queue.leases() == 0


@on_sqlite_alone
def test_a_suspect_of_a_clock_that_was_ahead_is_shown(queue: Queue) -> None:
    answer_all(queue.session("ann"))
    assert queue.suspect("text of row 7") == 1
    set_clock_back(queue.database, hours=24)
    assert shown(queue.session("bob")).item.text == "text of row 7"


def test_the_audit_notes_times_to_come_and_nothing_is_broken(desk: Desk) -> None:
    batch = desk.enqueue(25)
    take(desk, desk.waiting(batch)[0])
    set_clock_back(desk.database, hours=24)
    with desk.database.read() as connection:
        (found,) = [finding for finding in audit(connection) if finding.offenders]
    assert found.only_noted
    assert [said.split(" that ")[0] for said in found.offenders] == [
        "2 chunks are queued at a time",
        "1 chunks are leased until a time",
        "1 batches are made at a time",
    ]
    for chunk in stalled(desk, queued_for_seconds=60):
        release(desk, take(desk, chunk))
    desk.finish(batch)
    with desk.database.write() as connection:
        connection.execute(review_leases.delete())
