"""What is tried again, on both databases: cancelled runs, failed rows, attempts that the database cut short."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from newsgate.db.chunks import (
    commit_chunk,
    load_texts,
)
from newsgate.db.errors import ChunkFencedError
from newsgate.db.tables import chunks
from newsgate.db.verdicts import Verdict, Verdicts
from tests.lifecycle import LAPSED, MAX_ATTEMPTS, System, walks


@walks("chunk", ("cancelled", "queued"))
@walks("run", ("cancelled", "running"))
def test_a_cancellation_may_be_taken_back(system: System) -> None:
    stored = system.load(2, 2)
    system.commit(system.take(stored.chunks[0]))
    system.cancel(stored)
    assert system.requeue(stored) == stored.chunks[1:]
    assert system.states(stored) == ["done", "queued"]
    assert (system.run(stored).state, system.run(stored).finished_at) == ("running", None)
    system.commit(system.take(stored.chunks[1]))
    assert (system.run(stored).state, system.run(stored).done) == ("done", 4)


def test_a_run_whose_last_chunk_was_committed_after_its_cancellation_is_done(system: System) -> None:
    stored = system.load(2)
    claim = system.take(stored.chunks[0])
    system.cancel(stored)
    system.commit(claim)
    assert system.requeue(stored) == []
    assert system.run(stored).state == "done"


@walks("chunk", ("done", "parts"))
@walks("run", ("done", "running"))
def test_a_row_that_failed_in_a_done_chunk_is_cut_out_of_it(system: System) -> None:
    stored = system.load(4)
    claim = system.take(stored.chunks[0])
    with system.database.write() as connection:
        first, second, *rest = load_texts(connection, claim)[0]
        said = [Verdict(item, "real", 0.1, 4, False, None) for item in (first, *rest)]
        commit_chunk(
            connection, claim, Verdicts.of([*said, Verdict(second, None, None, 4, False, "no number")]), summary="{}"
        )
    assert (system.run(stored).state, system.run(stored).failed) == ("done", 1)
    (waiting,) = system.requeue(stored)
    assert system.states(stored) == ["done", "queued", "done"]
    assert (system.chunk(waiting).first_row, system.chunk(waiting).last_row) == (3, 3)
    with system.database.read() as connection:
        summaries = connection.execute(select(chunks.c.summary).order_by(chunks.c.first_row)).scalars().all()
    assert summaries == ["{}", None, None]
    assert (system.run(stored).state, system.run(stored).done, system.run(stored).failed) == ("running", 3, 0)
    system.commit(system.take(waiting))
    assert (system.run(stored).state, system.run(stored).done) == ("done", 4)


@walks("chunk", ("failed", "parts"))
def test_a_row_that_failed_alone_is_tried_again_in_a_new_chunk(system: System) -> None:
    stored = system.load(4)
    system.fail_until_over(stored.chunks, guilty_row=3)
    assert sorted(system.states(stored)) == ["done", "done", "failed"]
    (waiting,) = system.requeue(stored)
    assert sorted(system.states(stored)) == ["done", "done", "queued"]
    assert system.chunk(waiting).attempt == 0
    system.fail_until_over([waiting], guilty_row=3)
    assert (system.run(stored).state, system.run(stored).failed) == ("done", 1)


def test_an_attempt_that_the_database_cut_short_does_not_count(system: System) -> None:
    stored = system.load(3)
    for _ in range(MAX_ATTEMPTS + 1):
        claim = system.take(stored.chunks[0])
        assert claim.attempt == 1
        assert system.hand_back(claim) == stored.chunks
        assert (system.chunk(claim.chunk).state, system.chunk(claim.chunk).lease_until) == ("queued", None)
    # Its commit came through, and only the answer was lost.
    claim = system.take(stored.chunks[0])
    system.commit(claim)
    assert system.hand_back(claim) == []
    assert (system.chunk(claim.chunk).state, system.chunk(claim.chunk).attempt) == ("done", 1)


def test_an_attempt_is_not_handed_back_by_one_that_lost_it(system: System) -> None:
    stored = system.load(3, 3)
    overtaken = system.take(stored.chunks[0], lease=LAPSED)
    system.take(stored.chunks[0], worker="two")
    assert system.hand_back(overtaken) == []
    # Its claim was undone, and another worker has that number now.
    undone = system.take(stored.chunks[1])
    assert system.hand_back(undone) == [stored.chunks[1]]
    other = system.take(stored.chunks[1], worker="two", lease=90)
    assert other.attempt == undone.attempt
    assert system.hand_back(undone) == []
    system.commit(other)


def test_an_attempt_handed_back_after_a_cancellation_is_cancelled(system: System) -> None:
    stored = system.load(3)
    claim = system.take(stored.chunks[0])
    system.cancel(stored)
    assert system.hand_back(claim) == []
    assert system.states(stored) == ["cancelled"]


def test_a_worker_that_slept_while_its_row_failed_and_was_requeued_is_fenced(system: System) -> None:
    stored = system.load(1, 1, 1)
    system.commit(system.take(stored.chunks[0]))
    sleeper = system.take(stored.chunks[1], lease=LAPSED)
    system.release(system.take(stored.chunks[1], worker="two"))
    for _ in range(MAX_ATTEMPTS):
        system.release(system.take(stored.chunks[2]))
    (waiting,) = system.requeue(stored)
    awake = system.take(waiting, worker="three")
    with pytest.raises(ChunkFencedError):
        system.commit(sleeper)
    system.commit(awake)
    assert (system.run(stored).state, system.run(stored).done) == ("done", 3)
