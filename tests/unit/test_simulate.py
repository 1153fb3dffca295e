"""The simulator behind docs/scale.md: against queueing theory, against exact recursions, and what always holds."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale.queue_simulation import (
    Attempt,
    Batch,
    Chunk,
    Death,
    Float64,
    WorkerPool,
    simulate,
    sojourns,
    sojourns_alone,
)

CUSTOMERS = 30_000
WARM_UP = 5_000

# Eighths of a second add up without rounding, so that what should be equal is.
durations = st.integers(0, 40).map(lambda eighths: eighths / 8)
any_chunks = st.builds(Chunk, durations, durations, durations, durations)
work_alone = st.builds(Chunk, st.just(0.0), st.just(0.0), durations, st.just(0.0))
pools = st.builds(WorkerPool, st.integers(1, 3), st.integers(1, 3), st.integers(1, 200).map(float))
deaths = st.lists(st.builds(Death, durations, st.integers(0, 2), durations), max_size=6)


def batches_of(chunks: st.SearchStrategy[Chunk]) -> st.SearchStrategy[list[Batch]]:
    files = st.lists(chunks, min_size=1, max_size=5).map(tuple)
    return st.lists(st.builds(Batch, durations, files), min_size=1, max_size=12)


# Against theory


def singles(arrivals: Float64, work: Float64) -> list[Batch]:
    """Files of one chunk, whose reading, storing and committing take no time."""
    return [
        Batch(float(at), (Chunk(0.0, 0.0, float(seconds), 0.0),)) for at, seconds in zip(arrivals, work, strict=True)
    ]


def waits(attempts: Sequence[Attempt]) -> Float64:
    in_order = sorted(attempts, key=lambda attempt: attempt.batch)
    return np.array([attempt.began_seconds - attempt.queued_seconds for attempt in in_order])


def mean(waited: Float64) -> float:
    """The mean of what came after the system had filled."""
    return float(waited[WARM_UP:].mean())


def erlang_c(servers: int, offered: float) -> float:
    """The share of customers that wait in M/M/c (Erlang's second formula)."""
    terms = [offered**number / math.factorial(number) for number in range(servers + 1)]
    waiting = terms[-1] * servers / (servers - offered)
    return waiting / (sum(terms[:-1]) + waiting)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7])
def test_one_thread_waits_as_m_m_1_says(load: float) -> None:
    random = np.random.default_rng(1)
    arrival_rate, service_rate = load, 1.0
    arrivals = random.exponential(1 / arrival_rate, CUSTOMERS).cumsum()
    attempts = simulate(singles(arrivals, random.exponential(1 / service_rate, CUSTOMERS)), WorkerPool(1, 1))
    assert mean(waits(attempts)) == pytest.approx(load / (service_rate - arrival_rate), rel=0.1)


@pytest.mark.parametrize(("workers", "threads", "load"), [(1, 2, 0.5), (2, 2, 0.7), (4, 2, 0.7)])
def test_several_threads_wait_as_erlang_c_says(workers: int, threads: int, load: float) -> None:
    random, servers = np.random.default_rng(2), workers * threads
    arrivals = random.exponential(1 / (load * servers), CUSTOMERS).cumsum()
    attempts = simulate(singles(arrivals, random.exponential(size=CUSTOMERS)), WorkerPool(workers, threads))
    expected = erlang_c(servers, load * servers) / (servers - load * servers)
    assert mean(waits(attempts)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_chunks_of_one_length_wait_as_pollaczek_and_khinchine_say(load: float) -> None:
    arrivals = np.random.default_rng(3).exponential(1 / load, CUSTOMERS).cumsum()
    attempts = simulate(singles(arrivals, np.ones(CUSTOMERS)), WorkerPool(1, 1))
    assert mean(waits(attempts)) == pytest.approx(load / (2 * (1 - load)), rel=0.1)


def test_the_database_is_an_m_d_1_queue_of_its_own() -> None:
    load = 0.7
    arrivals = np.random.default_rng(4).exponential(1 / load, CUSTOMERS).cumsum()
    attempts = simulate([Batch(float(at), (Chunk(0.0, 1.0, 0.0, 0.0),)) for at in arrivals], WorkerPool(1, 1))
    stored = np.array([attempt.queued_seconds for attempt in sorted(attempts, key=lambda attempt: attempt.batch)])
    assert mean(stored - arrivals - 1.0) == pytest.approx(load / (2 * (1 - load)), rel=0.1)


@given(batches_of(work_alone), pools)
def test_threads_begin_when_the_recursion_of_kiefer_and_wolfowitz_says(batches: list[Batch], pool: WorkerPool) -> None:
    in_order = sorted(batches, key=lambda batch: batch.arrives_seconds)
    free_at = [0.0] * (pool.workers * pool.threads)
    expected = []
    # One chunk after the other goes to the thread that is free first. All chunks of a file come at once.
    for batch in in_order:
        for chunk in batch.chunks:
            began = max(batch.arrives_seconds, heapq.heappop(free_at))
            heapq.heappush(free_at, began + chunk.work_seconds)
            expected.append((began, began + chunk.work_seconds))
    attempts = simulate([Batch(batch.arrives_seconds, (chunk,)) for batch in in_order for chunk in batch.chunks], pool)
    assert [(each.began_seconds, each.ended_seconds) for each in sorted(attempts, key=lambda each: each.batch)] == (
        expected
    )


# What always holds


@given(batches_of(any_chunks), pools, deaths)
def test_every_chunk_is_completed_once_whoever_dies(
    batches: list[Batch], pool: WorkerPool, deaths: list[Death]
) -> None:
    there = [each for each in deaths if each.worker < pool.workers]
    completed = Counter((each.batch, each.chunk) for each in simulate(batches, pool, deaths=there) if each.completed)
    assert completed == {(n, m): 1 for n, batch in enumerate(batches) for m in range(len(batch.chunks))}


@given(batches_of(any_chunks), pools, deaths)
def test_a_thread_has_one_chunk_at_a_time(batches: list[Batch], pool: WorkerPool, deaths: list[Death]) -> None:
    there = [each for each in deaths if each.worker < pool.workers]
    by_thread: dict[int, list[Attempt]] = {}
    for attempt in simulate(batches, pool, deaths=there):
        by_thread.setdefault(attempt.thread, []).append(attempt)
    assert by_thread.keys() <= set(range(pool.workers * pool.threads))
    for attempts in by_thread.values():
        assert all(one.ended_seconds <= following.began_seconds for one, following in pairwise(attempts))


@given(batches_of(any_chunks), pools)
def test_no_chunk_is_taken_before_it_is_read_and_stored(batches: list[Batch], pool: WorkerPool) -> None:
    for attempt in simulate(batches, pool):
        batch = batches[attempt.batch]
        before = batch.chunks[: attempt.chunk + 1]
        loading_seconds = sum(chunk.read_seconds + chunk.store_seconds for chunk in before)
        assert batch.arrives_seconds + loading_seconds <= attempt.queued_seconds <= attempt.began_seconds
        chunk = batch.chunks[attempt.chunk]
        assert attempt.ended_seconds - attempt.began_seconds >= chunk.work_seconds + chunk.commit_seconds


@given(batches_of(any_chunks), pools)
def test_chunks_are_taken_in_the_order_in_which_they_were_stored(batches: list[Batch], pool: WorkerPool) -> None:
    attempts = sorted(simulate(batches, pool), key=lambda each: (each.queued_seconds, each.began_seconds))
    assert all(one.began_seconds <= later.began_seconds for one, later in pairwise(attempts))


@given(batches_of(any_chunks), pools)
def test_no_thread_is_idle_while_a_chunk_waits(batches: list[Batch], pool: WorkerPool) -> None:
    attempts = simulate(batches, pool)
    moments = sorted({moment for each in attempts for moment in (each.queued_seconds, each.began_seconds)})
    for one, following in pairwise(moments):
        middle = (one + following) / 2
        waiting = sum(each.queued_seconds < middle < each.began_seconds for each in attempts)
        busy = sum(each.began_seconds < middle < each.ended_seconds for each in attempts)
        assert not waiting or busy == pool.workers * pool.threads


@given(batches_of(work_alone), pools)
def test_other_files_never_make_a_file_faster(batches: list[Batch], pool: WorkerPool) -> None:
    assert (sojourns(batches, simulate(batches, pool)) >= sojourns_alone(batches, pool)).all()


def test_files_that_never_meet_are_not_delayed() -> None:
    batches = [Batch(1000.0 * number, (Chunk(0.25, 0.5, 2.0, 1.0),) * 3) for number in range(5)]
    np.testing.assert_array_equal(
        sojourns(batches, simulate(batches, WorkerPool(1, 2))), sojourns_alone(batches, WorkerPool(1, 2))
    )


# Single cases, by hand


def test_a_file_is_read_while_its_first_chunks_are_worked_on() -> None:
    batches = [Batch(0.0, (Chunk(1.0, 0.5, 2.0, 0.25),) * 2)]
    first, second = simulate(batches, WorkerPool(1, 2))
    assert (first.queued_seconds, first.began_seconds, first.ended_seconds) == (1.5, 1.5, 3.75)
    assert (second.queued_seconds, second.began_seconds, second.ended_seconds) == (3.0, 3.0, 5.25)


def test_the_database_commits_one_chunk_at_a_time_and_the_threads_wait() -> None:
    batches = [Batch(0.0, (Chunk(0.0, 0.0, 2.0, 1.0),)) for _ in range(3)]
    ends = [(each.began_seconds, each.ended_seconds) for each in simulate(batches, WorkerPool(1, 2))]
    assert ends == [(0.0, 3.0), (0.0, 4.0), (3.0, 6.0)]


def test_the_chunk_of_a_dead_worker_comes_back_first_when_its_lease_is_over() -> None:
    batches = [Batch(0.0, (Chunk(0.0, 0.0, 4.0, 0.0),)) for _ in range(4)]
    attempts = simulate(batches, WorkerPool(2, 1, lease_seconds=6.0), deaths=[Death(1.0, worker=0, down_seconds=100.0)])
    taken = [(each.batch, each.began_seconds, each.ended_seconds, each.completed) for each in attempts]
    assert taken == [
        (0, 0.0, 1.0, False),
        (1, 0.0, 4.0, True),
        (2, 4.0, 8.0, True),
        (0, 8.0, 12.0, True),
        (3, 12.0, 16.0, True),
    ]


def test_a_commit_whose_worker_died_is_rolled_back_and_has_cost_its_time() -> None:
    batches = [Batch(0.0, (Chunk(0.0, 0.0, 1.0, 4.0),)), Batch(0.0, (Chunk(0.0, 0.0, 2.0, 1.0),))]
    attempts = simulate(batches, WorkerPool(2, 1, lease_seconds=10.0), deaths=[Death(2.5, worker=0, down_seconds=0.0)])
    taken = [(each.batch, each.ended_seconds, each.completed) for each in attempts]
    assert taken == [(0, 2.5, False), (1, 6.0, True), (0, 15.0, True)]
