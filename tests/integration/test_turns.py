"""Whose turn it is, on both databases: runs go forward side by side, and one that is paused stands still."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import event, select, text, update

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import cancel_run
from newsgate.db.chunks import Claim, claim_next_chunk, commit_chunk, hand_back, load_texts
from newsgate.db.runs import requeue
from newsgate.db.steering import pause_run, set_priority, unpause_run
from newsgate.db.tables import chunks, runs
from newsgate.db.verdicts import Verdict, Verdicts
from tests.desk import Desk
from tests.integration.chunk_steps import (
    LAPSED,
    MAX_ATTEMPTS,
    chunk_row,
    claim,
    give_up,
    release,
    run_row,
    stalled,
    take,
)


def take_next(desk: Desk) -> Claim | None:
    with desk.database.write() as connection:
        return claim_next_chunk(connection, worker="one", lease_seconds=60)


def batches_in_turn(desk: Desk, count: int) -> list[int]:
    """The batches of the next chunks, each of which is done before the next is begun."""
    found = []
    for _ in range(count):
        claimed = take_next(desk)
        if claimed is None:
            break
        found.append(claimed.batch)
        commit(desk, claimed)
    return found


def commit(desk: Desk, claimed: Claim) -> None:
    with desk.database.write() as connection:
        ids, _ = load_texts(connection, claimed)
        commit_chunk(connection, claimed, Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in ids]))


def run_of(desk: Desk, batch: int) -> int:
    with desk.database.read() as connection:
        return batch_status(connection, batch).run


def pause(desk: Desk, batch: int) -> bool:
    with desk.database.write() as connection:
        return pause_run(connection, run_of(desk, batch))


def resume(desk: Desk, batch: int) -> bool:
    with desk.database.write() as connection:
        return unpause_run(connection, run_of(desk, batch))


def test_a_file_that_comes_later_is_next_and_then_both_take_turns(desk: Desk) -> None:
    large = desk.enqueue(200)
    assert batches_in_turn(desk, 5) == [large] * 5
    small = desk.enqueue(10, seed=1)
    second = desk.enqueue(100, seed=2)
    served = batches_in_turn(desk, 12)
    assert small in served[:3]
    assert Counter(served)[second] == pytest.approx(5.5, abs=1.5)
    # What is left over goes on by itself.
    assert Counter(batches_in_turn(desk, 100)) + Counter(served) == Counter({large: 15, small: 1, second: 10})


def test_a_batch_of_twice_the_priority_has_twice_the_turns(desk: Desk) -> None:
    first, second = desk.enqueue(300), desk.enqueue(300, seed=1)
    with desk.database.write() as connection:
        assert set_priority(connection, run_of(desk, second), 20)
    served = Counter(batches_in_turn(desk, 15))
    assert served[second] == pytest.approx(10, abs=1)
    assert served[first] == pytest.approx(5, abs=1)
    desk.assert_sound()


def test_one_that_waited_paused_does_not_catch_up_on_the_others(desk: Desk) -> None:
    paused, other = desk.enqueue(100), desk.enqueue(200, seed=1)
    assert pause(desk, paused)
    assert batches_in_turn(desk, 8) == [other] * 8
    assert resume(desk, paused)
    assert Counter(batches_in_turn(desk, 8)) == {paused: 4, other: 4}


def test_a_paused_batch_ends_the_chunk_in_hand_and_begins_none(desk: Desk) -> None:
    batch = desk.enqueue(25)
    in_hand = take_next(desk)
    assert in_hand is not None
    assert (pause(desk, batch), pause(desk, batch)) == (True, False)
    assert take_next(desk) is None
    assert stalled(desk, queued_for_seconds=-1) == []
    with desk.database.read() as connection:
        assert batch_status(connection, batch).state == "paused"
    desk.assert_sound()
    # What is enqueued meanwhile waits too, and so does an attempt that fails.
    assert release(desk, in_hand) == []
    assert take_next(desk) is None
    desk.assert_sound()
    assert (resume(desk, batch), resume(desk, batch)) == (True, False)
    again = take_next(desk)
    assert again is not None
    assert (again.chunk, again.attempt) == (in_hand.chunk, 2)
    desk.assert_sound()


def test_an_attempt_that_is_handed_back_waits_with_its_paused_run(desk: Desk) -> None:
    batch = desk.enqueue(5)
    in_hand = take_next(desk)
    assert in_hand is not None
    pause(desk, batch)
    with desk.database.write() as connection:
        assert hand_back(connection, in_hand) == []
    assert take_next(desk) is None
    desk.assert_sound()


def test_a_lapsed_chunk_of_a_paused_run_is_not_begun_again(desk: Desk) -> None:
    batch = desk.enqueue(5)
    (chunk,) = desk.waiting(batch)
    take(desk, chunk, lease=LAPSED)
    pause(desk, batch)
    assert stalled(desk, queued_for_seconds=60) == [chunk]
    assert claim(desk, chunk) is None
    row = chunk_row(desk, chunk)
    assert (row.state, row.attempt, row.turn) == ("queued", 1, None)
    assert stalled(desk, queued_for_seconds=-1) == []
    desk.assert_sound()
    resume(desk, batch)
    assert take(desk, chunk).attempt == 2


def test_the_halves_of_a_paused_run_wait_with_it(desk: Desk) -> None:
    batch = desk.enqueue(4)
    (chunk,) = desk.waiting(batch)
    for _ in range(MAX_ATTEMPTS):
        take(desk, chunk, lease=LAPSED)
    pause(desk, batch)
    halves = give_up(desk)
    assert [chunk_row(desk, half).turn for half in halves] == [None, None]
    assert take_next(desk) is None
    desk.assert_sound()


def test_a_paused_batch_is_cancelled_and_tried_again_like_any_other(desk: Desk) -> None:
    batch = desk.enqueue(25)
    run = run_of(desk, batch)
    pause(desk, batch)
    with desk.database.write() as connection:
        assert cancel_run(connection, run)
    assert (run_row(desk, run).state, run_row(desk, run).paused_at) == ("cancelled", None)
    assert not resume(desk, batch)
    desk.assert_sound()
    with desk.database.write() as connection:
        assert requeue(connection, run, chunk_rows=10, chunk_chars=1000).cancelled_rows == 25
    desk.finish(batch)
    desk.assert_sound()
    assert not pause(desk, batch)


def test_a_run_that_ends_while_it_is_paused_is_done(desk: Desk) -> None:
    batch = desk.enqueue(5)
    run = run_of(desk, batch)
    (chunk,) = desk.waiting(batch)
    taken = take(desk, chunk)
    pause(desk, batch)
    commit(desk, taken)
    assert (run_row(desk, run).state, run_row(desk, run).paused_at) == ("done", None)
    desk.assert_sound()


def test_chunks_of_an_older_newsgate_come_first_in_the_order_of_their_ids(desk: Desk) -> None:
    batch = desk.enqueue(50)
    with desk.database.write() as connection:
        connection.execute(update(chunks).values(turn=text("default") if not desk.database.is_sqlite else 0))
    taken = [take_next(desk) for _ in range(5)]
    assert [each.chunk for each in taken if each] == [chunk.id for chunk in desk.chunks(batch)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_taking_the_next_chunk_is_one_look_into_an_index(desk: Desk) -> None:
    """However many chunks and batches there are: nothing is scanned, and nothing is sorted."""
    desk.enqueue(50)
    statements: list[tuple[str, tuple[object, ...]]] = []

    @event.listens_for(desk.database.engine, "before_cursor_execute")
    def note(_c: object, _u: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        statements.append((statement, parameters))

    take_next(desk)
    desk.enqueue(20, seed=3)
    event.remove(desk.database.engine, "before_cursor_execute", note)
    looked = [
        each for each in statements if "turn" in each[0] and each[0].startswith(("UPDATE chunks", "INSERT INTO chunks"))
    ]
    assert len(looked) == 3
    with desk.database.read() as connection:
        for statement, parameters in looked:
            plan = [row[3] for row in connection.exec_driver_sql(f"explain query plan {statement}", parameters)]
            assert [step for step in plan if not step.startswith(("SEARCH", "SCALAR", "CORRELATED"))] == []


def test_every_run_has_a_priority(desk: Desk) -> None:
    desk.enqueue(5)
    with desk.database.read() as connection:
        assert connection.execute(select(runs.c.priority)).scalars().all() == [10]
