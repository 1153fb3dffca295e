"""The lives of chunks, on both databases: claims, attempts, leases, halves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsgate.db.chunks import (
    claim_chunk,
    release_chunk,
)
from newsgate.db.errors import ChunkFencedError
from newsgate.db.left_chunks import stalled_chunks
from tests.lifecycle import LAPSED, MAX_ATTEMPTS, System, walks
from tests.partitions import partitioned_too


@walks("chunk", ("[*]", "queued"), ("queued", "running"))
def test_a_claim_takes_the_lease_and_counts_the_attempt(system: System) -> None:
    stored = system.load(3)
    assert system.states(stored) == ["queued"]
    claim = system.take(stored.chunks[0], worker="host:1")
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.worker) == ("running", 1, "host:1")
    assert row.lease_until > row.queued_at
    assert (claim.attempt, claim.batch, claim.model) == (1, stored.loading.batch, system.model)


def test_a_chunk_under_lease_is_not_claimed_again(system: System) -> None:
    stored = system.load(3)
    system.take(stored.chunks[0])
    assert system.claim(stored.chunks[0], worker="two") is None
    assert system.chunk(stored.chunks[0]).worker == "one"


@walks("chunk", ("running", "done"))
@partitioned_too
def test_a_commit_stores_verdicts_counters_and_state(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0]))
    row = system.chunk(stored.chunks[0])
    assert (row.state, row.lease_until, row.last_error) == ("done", None, None)
    assert row.finished_at is not None
    assert [verdict.label for verdict in system.verdicts()] == ["real"] * 3
    assert (system.run(stored).done, system.run(stored).failed) == (3, 0)


def test_a_done_chunk_is_not_claimed_again(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0]))
    assert system.claim(stored.chunks[0]) is None


@walks("chunk", ("running", "queued"))
def test_a_failed_attempt_queues_the_chunk_again(system: System) -> None:
    stored = system.load(3)
    claim = system.take(stored.chunks[0])
    before = system.chunk(claim.chunk).queued_at
    assert system.release(claim, error="ValueError: no") == [claim.chunk]
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.lease_until, row.last_error) == ("queued", 1, None, "ValueError: no")
    assert row.queued_at >= before
    system.commit(system.take(claim.chunk))


@walks("chunk", ("running", "running"))
def test_a_lapsed_lease_is_taken_over(system: System) -> None:
    stored = system.load(3)
    system.take(stored.chunks[0], worker="one", lease=LAPSED)
    claim = system.take(stored.chunks[0], worker="two")
    row = system.chunk(claim.chunk)
    assert (row.state, row.attempt, row.worker) == ("running", 2, "two")
    system.commit(claim)


def test_a_late_worker_may_commit_while_nobody_took_over(system: System) -> None:
    stored = system.load(3)
    system.commit(system.take(stored.chunks[0], lease=LAPSED))
    assert system.run(stored).state == "done"


@partitioned_too
def test_a_worker_that_was_overtaken_writes_nothing(system: System) -> None:
    stored = system.load(3)
    late = system.take(stored.chunks[0], worker="late", lease=LAPSED)
    winner = system.take(stored.chunks[0], worker="winner")
    with pytest.raises(ChunkFencedError):
        system.commit(late)
    with pytest.raises(ChunkFencedError):
        system.release(late)
    assert system.verdicts() == []
    assert system.chunk(winner.chunk).state == "running"
    system.commit(winner)
    with pytest.raises(ChunkFencedError):
        system.commit(late)
    assert (len(system.verdicts()), system.run(stored).done) == (3, 3)


@walks("chunk", ("running", "halves"))
@partitioned_too
def test_after_the_last_attempt_two_halves_take_the_place_of_the_chunk(system: System) -> None:
    stored = system.load(5)
    system.release(system.take(stored.chunks[0]))
    last = system.take(stored.chunks[0])
    halves = system.release(last, error="ValueError: still no")
    rows = [system.chunk(half) for half in halves]
    assert [(row.first_row, row.last_row, row.item_count) for row in rows] == [(2, 3, 2), (4, 6, 3)]
    assert {(row.state, row.attempt, row.last_error) for row in rows} == {("queued", 0, "ValueError: still no")}
    assert last.chunk not in halves
    assert system.states(stored) == ["queued", "queued"]
    with pytest.raises(ChunkFencedError):
        system.commit(last)
    assert system.verdicts() == []


@walks("chunk", ("running", "failed"))
@pytest.mark.parametrize("size", [1, 2, 7, 16])
def test_halving_ends_at_the_guilty_row_alone(system: System, size: int) -> None:
    stored = system.load(size, 3)
    guilty = 2 + size // 2
    system.fail_until_over(stored.chunks, guilty_row=guilty)
    run = system.run(stored)
    assert (run.state, run.done, run.failed) == ("done", size + 2, 1)
    assert [(row.row, row.error) for row in system.verdicts() if row.error] == [(guilty, "ValueError: this row")]
    assert sorted(set(system.states(stored))) == ["done", "failed"]


def test_chunks_whose_workers_died_silently_are_given_up_on(system: System) -> None:
    stored = system.load(2)
    for _ in range(MAX_ATTEMPTS):
        system.take(stored.chunks[0], lease=LAPSED)
    assert system.claim(stored.chunks[0]) is None
    halves = system.give_up()
    assert len(halves) == 2
    system.commit(system.take(halves[0]))
    for _ in range(MAX_ATTEMPTS):
        dying = system.take(halves[1], lease=LAPSED)
    assert system.give_up() == []
    assert [row.error for row in system.verdicts()] == [None, "the worker died or hung on this text, 2 times"]
    assert system.run(stored).state == "done"
    with pytest.raises(ChunkFencedError):
        system.commit(dying)


def test_only_lapsed_last_attempts_are_given_up_on(system: System) -> None:
    stored = system.load(2, 2, 2, 2)
    leased, retried, lapsed, _ = stored.chunks
    system.take(leased)
    system.release(system.take(retried))
    system.take(retried)
    system.take(lapsed, lease=LAPSED)
    assert system.give_up() == []
    assert system.states(stored) == ["running", "running", "running", "queued"]


def test_a_queued_chunk_is_claimed_although_fewer_attempts_are_allowed_now(system: System) -> None:
    stored = system.load(2)
    with system.database.write() as connection:
        claim = claim_chunk(connection, stored.chunks[0], worker="one", lease_seconds=60, max_attempts=MAX_ATTEMPTS)
        assert claim is not None
        release_chunk(connection, claim, error="ValueError: no", max_attempts=MAX_ATTEMPTS)
    with system.database.write() as connection:
        assert stalled_chunks(connection, queued_for_seconds=-1, max_attempts=1, limit=1) == stored.chunks
        claim = claim_chunk(connection, stored.chunks[0], worker="one", lease_seconds=60, max_attempts=1)
        assert claim is not None
        assert len(release_chunk(connection, claim, error="ValueError: no", max_attempts=1).to_ring) == 2


def test_of_two_claims_at_once_exactly_one_wins(system: System) -> None:
    stored = system.load(*[1] * 12)
    barrier = threading.Barrier(2)

    def claim_all(worker: str) -> list[int]:
        won = []
        for chunk in stored.chunks:
            barrier.wait(30)
            if system.claim(chunk, worker=worker) is not None:
                won.append(chunk)
        return won

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(claim_all, ["one", "two"])
    assert sorted(one + two) == stored.chunks
    assert {system.chunk(chunk).attempt for chunk in stored.chunks} == {1}


def test_stalled_chunks_are_those_left_behind_and_no_others(system: System) -> None:
    stored = system.load(1, 1, 1, 1, 1, 1)
    queued, leased, lapsed, spent, done, other = stored.chunks
    system.take(leased)
    system.take(lapsed, lease=LAPSED)
    for _ in range(MAX_ATTEMPTS):
        system.take(spent, lease=LAPSED)
    system.commit(system.take(done))
    cancelled = system.load(1)
    system.cancel(cancelled)
    assert system.stalled(queued_for_seconds=None) == [lapsed]
    assert system.stalled(queued_for_seconds=3600) == [lapsed]
    assert system.stalled(queued_for_seconds=-1) == [queued, lapsed, other]
    assert system.stalled(queued_for_seconds=-1, limit=2) == [queued, lapsed]
