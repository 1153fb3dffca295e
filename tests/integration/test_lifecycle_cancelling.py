"""Cancelling a run, on both databases: what waits stops, and what is done or in hand is kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lifecycle import LAPSED, MAX_ATTEMPTS, Stored, System, walks


@walks("chunk", ("queued", "cancelled"))
@walks("run", ("running", "cancelled"))
def test_cancelling_stops_what_waits_and_keeps_what_is_done(system: System) -> None:
    stored = system.load(2, 2, 2)
    system.commit(system.take(stored.chunks[0]))
    in_hand = system.take(stored.chunks[1])
    assert system.cancel(stored)
    assert system.states(stored) == ["done", "running", "cancelled"]
    assert system.claim(stored.chunks[2]) is None
    system.commit(in_hand)
    run = system.run(stored)
    assert (run.state, run.done, run.total) == ("cancelled", 4, 6)
    assert run.finished_at is not None
    assert not system.cancel(stored)


@walks("run", ("queued", "cancelled"))
def test_a_run_may_be_cancelled_before_it_began(system: System) -> None:
    stored = system.load(2)
    assert system.cancel(stored)
    assert (system.run(stored).state, system.states(stored)) == ("cancelled", ["cancelled"])
    assert system.stalled(queued_for_seconds=-1) == []


def test_a_finished_run_cannot_be_cancelled(system: System) -> None:
    stored = system.load(2)
    system.commit(system.take(stored.chunks[0]))
    assert not system.cancel(stored)
    assert (system.run(stored).state, system.states(stored)) == ("done", ["done"])


@walks("chunk", ("[*]", "cancelled"))
def test_rows_stored_after_a_cancellation_are_not_classified(system: System) -> None:
    loading = system.create()
    first = system.add(loading, 2, 3)
    system.cancel(loading)
    assert system.add(loading, 10, 3) is None
    system.finish(loading)
    assert first is not None
    assert system.states(Stored(loading, [first])) == ["cancelled", "cancelled"]
    assert system.stalled(queued_for_seconds=-1) == []
    assert system.run(loading).state == "cancelled"


@walks("chunk", ("running", "cancelled"))
@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 1))
def test_an_attempt_that_fails_after_a_cancellation_is_the_last(system: System, attempts: int) -> None:
    stored = system.load(4)
    for _ in range(attempts):
        claim = system.take(stored.chunks[0], lease=LAPSED)
    system.cancel(stored)
    assert system.release(claim) == []
    assert system.states(stored) == ["cancelled"]


@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 1))
def test_a_lease_that_runs_out_after_a_cancellation_is_not_taken_over(system: System, attempts: int) -> None:
    stored = system.load(4)
    for _ in range(attempts):
        system.take(stored.chunks[0], lease=LAPSED)
    system.cancel(stored)
    assert system.give_up() == []
    assert system.claim(stored.chunks[0]) is None
    assert system.states(stored) == ["cancelled"]
    assert system.stalled(queued_for_seconds=-1) == []


def test_cancelling_and_claiming_at_once_never_wait_for_each_other(system: System) -> None:
    stored = [system.load(1) for _ in range(20)]
    barrier = threading.Barrier(2)

    def claim_all() -> None:
        for each in stored:
            barrier.wait(30)
            system.claim(each.chunks[0])

    def cancel_all() -> None:
        for each in stored:
            barrier.wait(30)
            system.cancel(each)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(claim_all), pool.submit(cancel_all)]:
            done.result()
    assert {system.run(each).state for each in stored} == {"cancelled"}
