"""A worker on PostgreSQL: the next chunks are loaded while one is classified and those before are committed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from newsgate.db.commit_at_once import commit_at_once
from newsgate.db.errors import DatabaseError, DatabaseUnavailableError
from newsgate.db.reservations import Reservation, reserve_next
from newsgate.db.shadow import set_shadow
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.tasks.classifying import classify_waiting as module
from newsgate.tasks.classifying.classify_chunk import score as real_score
from newsgate.tasks.classifying.classify_waiting import classify_waiting
from newsgate.tasks.classifying.pace import Pace
from newsgate.tasks.classifying.sweeper import sweep
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.integration.chunk_steps import cancel, chunk_row
from tests.integration.purge_steps import count
from tests.integration.reservation_steps import on_postgresql_alone, reserve

pytestmark = on_postgresql_alone
_PATIENCE_SECONDS = 30


@pytest.fixture(autouse=True)
def far_away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Whatever the machine does meanwhile: so many chunks are taken ahead, one where the test does not say."""
    chunks: int = getattr(request, "param", 1)
    monkeypatch.setattr(Pace, "chunks_ahead", lambda _, lease_seconds: chunks)
    return chunks


one_or_more_ahead = pytest.mark.parametrize("far_away", [1, 3], indirect=True)


class Steps:
    """What a worker does, in its order, as (step, chunk, "begins" or "ends"); a test may wait for any of it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, int, str]] = []
        self._changed = threading.Condition()
        self._patch = patch
        self.at_classifying: Callable[[int], None] = lambda _: None
        self._wrap("begin", lambda asked, _: asked[1].chunk)
        self._wrap("commit_at_once", lambda asked, _: asked[1].chunk)
        self._wrap("reserve_next", lambda _, found: 0 if found is None else found.chunk)
        patch.setattr(module._HandOverHand, "_classify", self._classify(module._HandOverHand._classify))

    def note(self, step: str, chunk: int, what: str) -> None:
        with self._changed:
            self.seen.append((step, chunk, what))
            self._changed.notify_all()

    def wait_for(self, step: str, chunk: int, what: str = "ends") -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: (step, chunk, what) in self.seen, _PATIENCE_SECONDS)
        assert found, f"{step} of chunk {chunk} has not come: {self.seen}"

    def most_at_once(self, step: str) -> int:
        most = now = 0
        for name, _, what in self.seen:
            now += (name == step) * (1 if what == "begins" else -1)
            most = max(most, now)
        return most

    def _wrap(self, name: str, chunk_of: Callable[[tuple[Any, ...], Any], int]) -> None:
        real = getattr(module, name)

        def wrapped(*asked: Any, **named: Any) -> Any:
            self.note(name, 0 if name == "reserve_next" else chunk_of(asked, None), "begins")
            found = real(*asked, **named)
            self.note(name, chunk_of(asked, found), "ends")
            return found

        self._patch.setattr(module, name, wrapped)

    def _classify(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(hands: Any, reserved: Reservation, beginning: Any) -> Any:
            self.note("classify", reserved.chunk, "begins")
            self.at_classifying(reserved.chunk)
            found = real(hands, reserved, beginning)
            self.note("classify", reserved.chunk, "ends")
            return found

        return wrapped


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


def work(desk: Desk, stop: threading.Event | None = None) -> int:
    return classify_waiting(desk.context, stop or threading.Event())


def test_the_next_is_loaded_and_the_last_committed_while_one_is_classified(desk: Desk, steps: Steps) -> None:
    batch = desk.enqueue(40)
    chunks = [chunk.id for chunk in desk.chunks(batch)]

    def meanwhile(chunk: int) -> None:
        place = chunks.index(chunk)
        # While it stands here, nothing but the steps of its neighbours can come.
        steps.wait_for("reserve_next", chunks[place + 1] if place + 1 < len(chunks) else 0)
        if place:
            steps.wait_for("commit_at_once", chunks[place - 1])

    steps.at_classifying = meanwhile
    assert work(desk) == 4
    assert [steps.most_at_once(step) for step in ("reserve_next", "classify", "commit_at_once")] == [1, 1, 1]
    assert {(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)} == {("done", 1)}


@one_or_more_ahead
def test_no_more_chunks_are_ahead_than_shall_be(far_away: int, desk: Desk, steps: Steps) -> None:
    batch = desk.enqueue(80)
    in_hand: list[tuple[int, int]] = []

    def look(chunk: int) -> None:
        steps.wait_for("begin", chunk)
        found = desk.chunks(batch)
        reserved = sum(each.state == "queued" and each.lease_until is not None for each in found)
        in_hand.append((reserved, sum(each.state == "running" for each in found)))

    steps.at_classifying = look
    assert work(desk) == 8
    # The one that is classified, and those that are committed.
    assert all(reserved <= far_away and running <= far_away + 1 for reserved, running in in_hand)


@pytest.mark.parametrize("far_away", [3], indirect=True)
def test_where_it_is_far_several_are_loaded_and_committed_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.enqueue(60)
    # The first is reserved alone, and whoever finds nothing waits for nobody.
    loading, committing = threading.Barrier(3), threading.Barrier(3)
    first_three = iter(range(3))

    def commit_with_others(*asked: Any, **named: Any) -> Any:
        # Of six: three, and three.
        committing.wait(_PATIENCE_SECONDS)
        return commit_at_once(*asked, **named)

    def reserve_with_others(*asked: Any, **named: Any) -> Any:
        if named["in_hand"] and next(first_three, None) is not None:
            loading.wait(_PATIENCE_SECONDS)
        return reserve_next(*asked, **named)

    monkeypatch.setattr(module, "commit_at_once", commit_with_others)
    monkeypatch.setattr(module, "reserve_next", reserve_with_others)
    assert work(desk) == 6
    assert {(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)} == {("done", 1)}


def test_a_commit_that_fails_is_told_however_many_are_under_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "chunks_ahead", lambda _, lease_seconds: 3)
    batch = desk.enqueue(60)
    second = desk.chunks(batch)[1].id

    def fail_at_second(connection: Any, claim: Any, *rest: Any, **named: Any) -> Any:
        if claim.chunk == second:
            raise DatabaseUnavailableError("the connection was lost")
        return commit_at_once(connection, claim, *rest, **named)

    with monkeypatch.context() as broken:
        broken.setattr(module, "commit_at_once", fail_at_second)
        with pytest.raises(DatabaseError):
            work(desk)
    desk.context.bell.ring(desk.context.interrupted.hand_back(desk.database))
    assert all(chunk.lease_until is None for chunk in desk.chunks(batch))
    work(desk)
    assert {(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)} == {("done", 1)}


@one_or_more_ahead
def test_told_to_stop_it_gives_back_what_it_has_ahead(
    far_away: int, desk: Desk, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.enqueue(50)
    first, *others = [chunk.id for chunk in desk.chunks(batch)]
    stop, rung = threading.Event(), list[int]()
    monkeypatch.setattr(desk.context.bell, "ring", rung.extend)

    def stop_here(_: int) -> None:
        for chunk in others[:far_away]:
            steps.wait_for("reserve_next", chunk)
        stop.set()

    steps.at_classifying = stop_here
    assert work(desk, stop) == 1
    found = {chunk.id: (chunk.state, chunk.attempt, chunk.lease_until) for chunk in desk.chunks(batch)}
    assert found == {first: ("done", 1, None), **dict.fromkeys(others, ("queued", 0, None))}
    assert sorted(rung) == others[:far_away]


@one_or_more_ahead
def test_what_is_cancelled_while_it_is_ahead_is_not_classified(desk: Desk, steps: Steps) -> None:
    batch = desk.enqueue(20)
    first, second = [chunk.id for chunk in desk.chunks(batch)]

    def cancel_it(chunk: int) -> None:
        if chunk == first:
            steps.wait_for("begin", first)
            steps.wait_for("reserve_next", second)
            cancel(desk, batch)

    steps.at_classifying = cancel_it
    work(desk)
    assert [(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)] == [("done", 1), ("cancelled", 0)]


def test_a_text_that_cannot_be_classified_costs_its_neighbours_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.enqueue(30)
    guilty = desk.chunks(batch)[1].first_row
    with desk.database.read() as connection:
        text = connection.exec_driver_sql(f"select text from items where row = {guilty}").scalar_one()

    def score(items: list[int], texts: list[str], *rest: Any) -> Any:
        if text in texts:
            raise ValueError("not this one")
        return real_score(items, texts, *rest)

    monkeypatch.setattr(module, "score", score)
    while work(desk):
        pass
    assert [result.row for result in desk.results(batch) if result.error is not None] == [guilty]
    untouched = [chunk for chunk in desk.chunks(batch) if chunk.item_count == 10]
    assert [(chunk.state, chunk.attempt) for chunk in untouched] == [("done", 1), ("done", 1)]


def test_a_chunk_that_is_not_whole_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = desk.enqueue(10)
    monkeypatch.setattr(Reservation, "is_whole", False)
    assert work(desk) == 1
    assert [(chunk.state, chunk.attempt) for chunk in desk.chunks(batch)] == [("done", 1)]


@one_or_more_ahead
def test_a_challenger_still_sees_the_chunks(desk: Desk) -> None:
    challenger = store_bundle(desk.database, contrary_bundle(), name="contrary")
    with desk.database.write() as connection:
        set_shadow(connection, challenger, share=1.0)
    desk.enqueue(30)
    assert work(desk) == 3
    assert count(desk.database, shadow_verdicts.name) == 30


@one_or_more_ahead
def test_with_a_single_attempt_nothing_else_is_begun_meanwhile(desk: Desk, tmp_path: Path, steps: Steps) -> None:
    careful = Desk(desk.database, tmp_path, max_attempts=1)
    batch = careful.enqueue(30)

    def look(chunk: int) -> None:
        steps.wait_for("begin", chunk)
        assert [each.id for each in desk.chunks(batch) if each.state == "running"] == [chunk]

    steps.at_classifying = look
    assert work(careful) == 3


# A database that fails


@one_or_more_ahead
@pytest.mark.parametrize("step", ["reserve_next", "begin", "commit_at_once"])
@pytest.mark.parametrize("executed", [True, False])
def test_an_answer_that_is_lost_costs_the_texts_nothing(
    step: str, executed: bool, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Desk(desk.database, tmp_path, lost_after_seconds=0, sweep_seconds=0.1)
    batch = other.enqueue(30)
    real = getattr(module, step)

    def fail(connection: Any, *asked: Any, **named: Any) -> Any:
        if executed:
            real(connection, *asked, **named)
        raise DatabaseUnavailableError("the connection was lost")

    for _ in range(3):
        with monkeypatch.context() as broken:
            broken.setattr(module, step, fail)
            # Two commits came through, or the third finds nothing left.
            with pytest.raises(DatabaseError) if other.waiting(batch) else nullcontext():
                work(other)
        # The sweeper hands back what is still there, and the next ring goes on.
        other.context.bell.ring(other.context.interrupted.hand_back(other.database))
        assert all(chunk.attempt == (chunk.state == "done") for chunk in other.chunks(batch))
        assert all(chunk.lease_until is None for chunk in other.chunks(batch))
    work(other)
    assert {(chunk.state, chunk.attempt) for chunk in other.chunks(batch)} == {("done", 1)}


def test_what_a_dead_worker_had_ahead_is_swept_up_with_its_first_attempt(desk: Desk) -> None:
    (chunk,) = desk.waiting(desk.enqueue(5))
    reserve(desk, worker="dead:1", lease=-1.0)
    assert work(desk) == 0
    assert sweep(desk.context, threading.Event()) == 1
    assert (chunk_row(desk, chunk).state, chunk_row(desk, chunk).attempt) == ("done", 1)
