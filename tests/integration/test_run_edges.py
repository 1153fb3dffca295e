"""The edges of a run, on both databases: what its chunks hold to the character, and that another run is let alone."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from newsgate.db.batches import cancel_run
from newsgate.db.chunks import claim_chunk
from newsgate.db.errors import BatchNotLoadedError, NoSuchBatchError, RunNotLoadedError
from newsgate.db.runs import Position, Requeued, extend_run, open_run, requeue, resume_run, run_position
from newsgate.db.tables import batches, chunks, items, runs
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.integration.chunk_steps import move_to_the_end, release, run_row, stored_verdicts, take

MANY_ROWS = 1000
MANY_CHARS = 1_000_000


@pytest.fixture
def second(desk: Desk) -> int:
    """A model besides the starter, which is number 1."""
    desk.enqueue(1, seed=99)
    return store_bundle(desk.database, contrary_bundle(), name="contrary")


def open_second(desk: Desk, batch: int, *, model: int) -> Position:
    with desk.database.write() as connection:
        run, made = open_run(connection, batch, model=model)
        assert made
        return run_position(connection, run)


def extend(
    desk: Desk, position: Position, *, rows: int = MANY_ROWS, chars: int = MANY_CHARS
) -> tuple[Position, int | None]:
    with desk.database.write() as connection:
        extended = extend_run(connection, position, chunk_rows=rows, chunk_chars=chars)
    return extended.position, extended.chunk


def requeued(desk: Desk, batch: int, *, rows: int = MANY_ROWS, chars: int = MANY_CHARS) -> Requeued:
    with desk.database.write() as connection:
        return requeue(connection, desk.chunks(batch)[0].run_id, chunk_rows=rows, chunk_chars=chars)


def lengths(desk: Desk, batch: int) -> list[int]:
    """How many characters the texts have, in the order of the file."""
    query = select(items.c.text).where(items.c.batch_id == batch).order_by(items.c.row)
    with desk.database.read() as connection:
        return [len(text) for text in connection.execute(query).scalars()]


def waiting_rows(desk: Desk, batch: int) -> list[tuple[int, int, int]]:
    waiting = [chunk for chunk in desk.chunks(batch) if chunk.state == "queued"]
    return [(chunk.first_row, chunk.last_row, chunk.item_count) for chunk in waiting]


# A run is opened


def test_a_run_is_opened_once_and_waits(desk: Desk, second: int) -> None:
    batch = desk.enqueue(5)
    with desk.database.write() as connection:
        run, made = open_run(connection, batch, model=second)
        assert made
        assert open_run(connection, batch, model=second) == (run, False)
        # The run by which the batch was first classified.
        assert open_run(connection, batch, model=1) == (desk.chunks(batch, model=1)[0].run_id, False)
    row = run_row(desk, run)
    assert (row.batch_id, row.model, row.state, row.total, row.loaded) == (batch, second, "queued", 0, False)
    assert (row.started_at, row.finished_at) == (None, None)
    assert row.created_at > run_row(desk, desk.chunks(batch, model=1)[0].run_id).created_at


def test_no_run_of_a_batch_that_is_absent_or_half_read(desk: Desk, second: int) -> None:
    batch = desk.enqueue(5)
    with desk.database.write() as connection:
        with pytest.raises(NoSuchBatchError, match="77"):
            open_run(connection, 77, model=second)
        connection.execute(update(batches).where(batches.c.id == batch).values(loaded=False))
        with pytest.raises(BatchNotLoadedError, match=str(batch)):
            open_run(connection, batch, model=second)
        connection.execute(update(batches).values(loaded=True))


# Its chunks are made


def test_a_position_is_that_of_its_own_run(desk: Desk, second: int) -> None:
    batch = desk.enqueue(25)
    begun = open_second(desk, batch, model=second)
    run = begun.run
    assert begun == Position(run=run, batch=batch, model=second, items=25, total=0, last_row=0, unfinished=True)
    step, chunk = extend(desk, begun, rows=10)
    assert step == Position(run=run, batch=batch, model=second, items=25, total=10, last_row=11, unfinished=True)
    with desk.database.read() as connection:
        assert run_position(connection, run) == step
        made = connection.execute(select(chunks).where(chunks.c.id == chunk)).one()
        first_run = run_position(connection, desk.chunks(batch, model=1)[0].run_id)
    assert (made.run_id, made.first_row, made.last_row, made.item_count) == (run, 2, 11, 10)
    assert (made.state, made.attempt, made.lease_until) == ("queued", 0, None)
    assert (first_run.model, first_run.total, first_run.last_row, first_run.unfinished) == (1, 25, 26, False)


def test_a_chunk_is_full_with_the_text_that_reaches_its_characters(desk: Desk, second: int) -> None:
    batch = desk.enqueue(10)
    for row in (2, 7):
        move_to_the_end(desk, batch, row=row)
    three = sum(lengths(desk, batch)[:3])
    begun = open_second(desk, batch, model=second)
    step, _ = extend(desk, begun, chars=three)
    assert (step.total, step.last_row) == (3, 4)
    step, _ = extend(desk, step, chars=sum(lengths(desk, batch)[3:5]) + 1)
    assert (step.total, step.last_row) == (6, 7)
    step, _ = extend(desk, step, rows=3)
    assert (step.total, step.last_row) == (9, 10)


def test_the_end_is_said_once_all_rows_are_in_chunks(desk: Desk, second: int) -> None:
    batch = desk.enqueue(3)
    other = open_second(desk, desk.enqueue(3, seed=1), model=second)
    step, chunk = extend(desk, open_second(desk, batch, model=second))
    assert (step.total, step.unfinished, run_row(desk, step.run).loaded) == (3, True, False)
    assert chunk is not None
    desk.finish(batch)
    assert run_row(desk, step.run).state == "running"
    step, chunk = extend(desk, step)
    assert (step.total, step.unfinished, chunk) == (3, False, None)
    ended = run_row(desk, step.run)
    assert (ended.state, ended.loaded, ended.total, ended.done) == ("done", True, 3, 3)
    assert (run_row(desk, other.run).state, run_row(desk, other.run).total) == ("queued", 0)


def test_who_was_overtaken_makes_no_chunk_and_learns_where_the_run_stands(desk: Desk, second: int) -> None:
    batch = desk.enqueue(25)
    begun = open_second(desk, batch, model=second)
    ahead, _ = extend(desk, begun, rows=10)
    # Another process made a chunk, said the end, or cancelled the run.
    assert extend(desk, begun, rows=10) == (ahead, None)
    step, _ = extend(desk, ahead)
    ended, _ = extend(desk, step)
    assert extend(desk, step) == (ended, None)
    assert extend(desk, replace(step, last_row=11)) == (ended, None)
    assert len(desk.chunks(batch, model=second)) == 2
    desk.finish(batch)


def test_a_cancelled_run_gets_no_more_chunks(desk: Desk, second: int) -> None:
    batch = desk.enqueue(25)
    step, _ = extend(desk, open_second(desk, batch, model=second), rows=10)
    with desk.database.write() as connection:
        assert cancel_run(connection, step.run)
    assert extend(desk, step) == (replace(step, unfinished=False), None)
    assert len(desk.chunks(batch, model=second)) == 1
    assert run_row(desk, step.run).total == 10


# A cancellation is taken back


def test_what_goes_on_is_the_cancelled_chunks_of_this_run_alone(desk: Desk) -> None:
    batch, other = desk.enqueue(25), desk.enqueue(5, seed=1)
    first, second, _ = desk.waiting(batch)
    in_hand = take(desk, first)
    release(desk, take(desk, second))
    begun, second_chunk = run_row(desk, in_hand.run), desk.chunks(batch)[1]
    for each in (batch, other):
        with desk.database.write() as connection:
            assert cancel_run(connection, desk.chunks(each)[0].run_id)
    time.sleep(0.01)
    with desk.database.write() as connection:
        assert resume_run(connection, in_hand.run) == 15
    row = run_row(desk, in_hand.run)
    assert (row.state, row.started_at, row.finished_at) == ("running", begun.started_at, None)
    assert [chunk.state for chunk in desk.chunks(batch)] == ["running", "queued", "queued"]
    again = desk.chunks(batch)[1]
    # It waits from now on, and its attempts still count.
    assert again.queued_at > second_chunk.queued_at
    assert again.attempt == 1
    assert [chunk.state for chunk in desk.chunks(other)] == ["cancelled"]
    assert run_row(desk, desk.chunks(other)[0].run_id).state == "cancelled"


def test_a_run_that_never_began_begins_when_its_cancellation_is_taken_back(desk: Desk) -> None:
    batch = desk.enqueue(3)
    run = desk.chunks(batch)[0].run_id
    with desk.database.write() as connection:
        assert resume_run(connection, run) == 0
        assert cancel_run(connection, run)
    assert run_row(desk, run).started_at is None
    with desk.database.write() as connection:
        assert resume_run(connection, run) == 3
    row = run_row(desk, run)
    assert (row.state, row.finished_at) == ("running", None)
    assert row.started_at >= row.created_at


# Failed rows are tried again


def test_failed_rows_of_another_run_keep_their_verdicts(desk: Desk, second: int) -> None:
    batch, other = desk.enqueue(5), desk.enqueue(5, seed=1)
    for each in (batch, other):
        desk.finish(each, failing=[3])
    first_run = desk.chunks(batch)[0].run_id
    step, _ = extend(desk, open_second(desk, batch, model=second))
    extend(desk, step)
    desk.finish(batch, failing=[3, 4])
    assert requeued(desk, batch).failed_rows == 2
    again = run_row(desk, step.run)
    assert (again.state, again.done, again.failed, again.finished_at) == ("running", 3, 0, None)
    assert [row.row for row in stored_verdicts(desk, step.run)] == [2, 5, 6]
    for run in (first_run, desk.chunks(other)[0].run_id):
        assert (run_row(desk, run).state, run_row(desk, run).failed) == ("done", 1)
        assert [row.error for row in stored_verdicts(desk, run)] == [None, "no", None, None, None]
    assert waiting_rows(desk, other) == []


def test_a_run_whose_chunks_are_still_being_made_is_not_tried_again(desk: Desk, second: int) -> None:
    batch = desk.enqueue(5)
    step, _ = extend(desk, open_second(desk, batch, model=second))
    with desk.database.write() as connection, pytest.raises(RunNotLoadedError, match=f"{batch}.* {second}"):
        requeue(connection, step.run, chunk_rows=MANY_ROWS, chunk_chars=MANY_CHARS)


def test_all_that_waits_is_told_and_counted(desk: Desk) -> None:
    batch = desk.enqueue(30)
    run = desk.chunks(batch)[0].run_id
    first, second, third = desk.waiting(batch)
    with desk.database.write() as connection:
        take_first = claim_chunk(connection, first, worker="one", lease_seconds=60, max_attempts=1)
    assert take_first is not None
    desk.finish(batch, failing=[13, 14])
    with desk.database.write() as connection:
        assert cancel_run(connection, run)
    # A single row of the chunk in hand is left to its worker; nothing else was cancelled.
    told = requeued(desk, batch)
    assert (told.failed_rows, told.cancelled_rows, len(told.chunks)) == (2, 0, 1)
    assert first not in told.chunks
    assert {second, third}.isdisjoint(told.chunks)
    assert waiting_rows(desk, batch) == [(13, 14, 2)]
    assert told.chunks == tuple(desk.waiting(batch))


def test_neighbours_wait_together_as_long_as_they_fit(desk: Desk) -> None:
    batch = desk.enqueue(30)
    for row in (11, 12):
        move_to_the_end(desk, batch, row=row)
    desk.finish(batch, failing=[10, 11, 12, 13, 21, 23])
    # Rows 10 to 13 are neighbours in two chunks; 21 ends one of them, and 22 stands between it and 23.
    assert requeued(desk, batch, rows=4).failed_rows == 6
    assert waiting_rows(desk, batch) == [(10, 13, 4), (21, 21, 1), (23, 23, 1)]
    desk.finish(batch, failing=[10, 11, 12, 13])
    assert requeued(desk, batch, rows=3).failed_rows == 4
    # They were one chunk and stay one: only what would be put together must fit.
    assert waiting_rows(desk, batch) == [(10, 13, 4)]


@pytest.mark.parametrize("spare", [0, -1])
def test_neighbours_fit_to_the_character(desk: Desk, spare: int) -> None:
    batch = desk.enqueue(30)
    desk.finish(batch, failing=[10, 11, 12, 13])
    chars = sum(lengths(desk, batch)[8:12]) + spare
    requeued(desk, batch, chars=chars)
    assert waiting_rows(desk, batch) == ([(10, 13, 4)] if spare == 0 else [(10, 11, 2), (12, 13, 2)])


def test_neighbours_fit_to_the_row(desk: Desk) -> None:
    batch = desk.enqueue(30)
    desk.finish(batch, failing=[10, 11, 12, 13])
    requeued(desk, batch, rows=3)
    assert waiting_rows(desk, batch) == [(10, 11, 2), (12, 13, 2)]


def test_what_three_chunks_have_waits_in_one_while_it_fits(desk: Desk) -> None:
    batch = desk.enqueue(50)
    failing = range(8, 36)
    desk.finish(batch, failing=failing)
    chars = lengths(desk, batch)
    # Rows 8-11, 12-21 and 22-31 fill it to the character; 32-35 begin the next.
    requeued(desk, batch, rows=24, chars=sum(chars[6:30]))
    assert waiting_rows(desk, batch) == [(8, 31, 24), (32, 35, 4)]


def test_what_was_put_together_counts_whole_when_the_next_is_to_join(desk: Desk) -> None:
    batch = desk.enqueue(40)
    desk.finish(batch, failing=range(8, 32))
    chars = lengths(desk, batch)
    # Rows 8-11 and 12-21 fill it to the character, so 22-31 cannot join them.
    requeued(desk, batch, chars=sum(chars[6:20]))
    assert waiting_rows(desk, batch) == [(8, 21, 14), (22, 31, 10)]


def test_a_chunk_without_failed_rows_keeps_its_neighbours_apart(desk: Desk) -> None:
    batch = desk.enqueue(30)
    desk.finish(batch, failing=[11, 22])
    requeued(desk, batch)
    assert waiting_rows(desk, batch) == [(11, 11, 1), (22, 22, 1)]


def test_what_is_kept_of_a_chunk_says_what_the_chunk_said(desk: Desk) -> None:
    batch, _ = desk.enqueue(10), desk.enqueue(10, seed=1)
    (chunk,) = desk.waiting(batch)
    release(desk, take(desk, chunk))
    desk.finish(batch, failing=[2, 5, 8])
    with desk.database.write() as connection:
        connection.execute(update(chunks).where(chunks.c.id == chunk).values(summary="{}"))
    (before,) = desk.chunks(batch)
    requeued(desk, batch)
    kept = [each for each in desk.chunks(batch) if each.state == "done"]
    assert [(each.first_row, each.last_row, each.item_count) for each in kept] == [(3, 4, 2), (6, 7, 2), (9, 11, 3)]
    # Its scores are summarised once, in the chunk that was there before.
    assert [(each.id == chunk, each.summary) for each in kept] == [(True, "{}"), (False, None), (False, None)]
    same = ("run_id", "attempt", "worker", "queued_at", "finished_at", "lease_until", "last_error")
    for each in kept:
        assert [getattr(each, name) for name in same] == [getattr(before, name) for name in same]
    assert waiting_rows(desk, batch) == [(2, 2, 1), (5, 5, 1), (8, 8, 1)]


def test_a_chunk_of_which_nothing_is_kept_is_gone_and_its_neighbours_stay(desk: Desk) -> None:
    batch = desk.enqueue(30)
    first, second, third = desk.waiting(batch)
    desk.finish(batch, failing=range(12, 22))
    (renewed,) = requeued(desk, batch).chunks
    assert renewed > third
    assert [chunk.id for chunk in desk.chunks(batch)] == [first, renewed, third]
    assert second not in desk.waiting(batch)
    with desk.database.read() as connection:
        run = connection.execute(select(runs).where(runs.c.id == desk.chunks(batch)[0].run_id)).one()
    assert (run.total, run.done, run.failed) == (30, 20, 0)
