"""Chunks that a worker takes ahead: they wait, nobody else has them, and nothing is held against them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, update

from newsgate.db.chunks import claim_next_chunk, commit_chunk
from newsgate.db.commit_at_once import commit_at_once
from newsgate.db.errors import ChunkFencedError
from newsgate.db.reservations import let_all_go
from newsgate.db.runs import requeue
from newsgate.db.shadow import set_shadow
from newsgate.db.steering import pause_run, unpause_run
from newsgate.db.tables import chunks, items, verdicts
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import workers
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.db.workers import SILENT_AFTER_SECONDS, Kind, WorkerName, say_hello
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.integration.chunk_steps import LAPSED, cancel, chunk_row, claim, run_row, stalled, take
from tests.integration.purge_steps import purge, purge_rows
from tests.integration.reservation_steps import (
    WORKER,
    begin_it,
    begun,
    commit,
    give_back,
    maybe_reserve,
    on_postgresql_alone,
    reserve,
)

pytestmark = on_postgresql_alone


def test_a_reserved_chunk_waits_with_its_texts_in_one_workers_hand(desk: Desk) -> None:
    first, second = desk.waiting(desk.enqueue(15))
    reserved = reserve(desk)
    now = chunk_row(desk, first)
    assert (reserved.chunk, now.state, now.attempt, now.worker) == (first, "queued", 0, WORKER)
    with desk.database.read() as connection:
        stored = connection.execute(select(items.c.id, items.c.text).order_by(items.c.row).limit(10)).all()
    assert list(zip(reserved.items, reserved.texts, strict=True)) == [tuple(row) for row in stored]
    assert reserved.is_whole
    assert run_row(desk, reserved.run).state == "queued"
    # Nobody else gets it: not by its turn, and not by its number.
    assert claim(desk, first) is None
    with desk.database.write() as connection:
        claimed = claim_next_chunk(connection, worker="two", lease_seconds=60)
    assert claimed is not None
    assert claimed.chunk == second
    assert maybe_reserve(desk) is None


def _say_hello(desk: Desk, *names: str, kind: Kind = "worker") -> None:
    with desk.database.write() as connection:
        for name in names:
            say_hello(connection, WorkerName(name, kind, "1"))


def test_who_has_a_chunk_gets_another_while_there_is_one_for_each_worker_that_lives(desk: Desk) -> None:
    waiting = desk.waiting(desk.enqueue(40))
    _say_hello(desk, WORKER, "two:1", "three:1")
    _say_hello(desk, "trainer:1", kind="trainer")
    # With one in hand, two are left to the others; and with two in hand, four.
    assert maybe_reserve(desk, in_hand=2) is None
    taken = [maybe_reserve(desk, in_hand=1) for _ in waiting]
    assert [each and each.chunk for each in taken] == [*waiting[:2], None, None]
    # Who has nothing to do is not kept waiting.
    assert [reserve(desk, worker=name).chunk for name in ("two:1", "three:1")] == waiting[2:]


def test_those_that_fell_silent_are_left_nothing(desk: Desk) -> None:
    waiting = desk.waiting(desk.enqueue(20))
    _say_hello(desk, WORKER, "dead:1")
    long_ago = update(workers).where(workers.c.name == "dead:1")
    with desk.database.write() as connection:
        connection.execute(long_ago.values(seen_at=database_time(-2 * SILENT_AFTER_SECONDS)))
    taken = [maybe_reserve(desk, in_hand=3) for _ in waiting]
    assert [each and each.chunk for each in taken] == waiting


def test_a_workers_other_threads_are_left_a_chunk_each(desk: Desk) -> None:
    desk.enqueue(20)
    assert maybe_reserve(desk, in_hand=1, threads=3) is None
    assert maybe_reserve(desk, in_hand=1, threads=2) is not None
    assert maybe_reserve(desk, in_hand=1, threads=2) is None


def test_an_attempt_counts_when_it_begins_and_its_lease_is_a_whole_one(desk: Desk) -> None:
    desk.enqueue(5)
    reserved = reserve(desk, lease=1)
    claimed = begun(desk, reserved)
    now = chunk_row(desk, reserved.chunk)
    assert (now.state, now.attempt, claimed.attempt) == ("running", 1, 1)
    assert now.lease_until == claimed.lease_until
    assert (claimed.lease_until - reserved.lease_until).total_seconds() > 50
    assert run_row(desk, reserved.run).state == "running"
    assert run_row(desk, reserved.run).started_at is not None
    assert begin_it(desk, reserved) is None


def test_a_chunk_is_committed_as_step_by_step(desk: Desk) -> None:
    batch = desk.enqueue(20)
    given = [
        ("real", 0.25, 3, False, None, 0.5),
        ("fake", 0.75, 5, True, None, None),
        (None, None, 0, False, "no", None),
    ]
    for step_by_step in (True, False):
        reserved = reserve(desk)
        said = Verdicts.of([Verdict(item, *given[place % 3]) for place, item in enumerate(reserved.items)])
        if step_by_step:
            claimed = begun(desk, reserved)
            with desk.database.write() as connection:
                commit_chunk(connection, claimed, said, summary='{"scores": [1]}')
        else:
            claimed = begun(desk, reserved)
            with desk.database.at_once() as connection:
                commit_at_once(connection, claimed, said, summary='{"scores": [1]}')
    one, other = desk.chunks(batch)
    differs = ("id", "first_row", "last_row", "queued_at", "leased_at", "finished_at", "turn")
    assert [{k: v for k, v in row._mapping.items() if k not in differs} for row in (one, other)] == [
        {k: v for k, v in one._mapping.items() if k not in differs}
    ] * 2
    assert other.finished_at > other.leased_at
    with desk.database.read() as connection:
        columns = [each for each in verdicts.c if each.name not in ("item_id", "classified_at")]
        stored = connection.execute(select(*columns).order_by(verdicts.c.item_id)).all()
    assert stored[:10] == stored[10:]
    run = run_row(desk, one.run_id)
    assert (run.state, run.done, run.failed, run.finished_at is not None) == ("done", 14, 6, True)
    desk.assert_sound()


def test_who_comes_late_stores_nothing(desk: Desk) -> None:
    desk.enqueue(5)
    reserved = reserve(desk)
    late = begun(desk, reserved, lease=LAPSED)
    assert stalled(desk, queued_for_seconds=60) == [reserved.chunk]
    other = take(desk, reserved.chunk)
    assert (other.attempt, other.taken_over) == (2, True)
    with pytest.raises(ChunkFencedError):
        commit(desk, late, reserved)
    commit(desk, other, reserved)
    with pytest.raises(ChunkFencedError):
        commit(desk, other, reserved)
    assert run_row(desk, reserved.run).done == 5
    desk.assert_sound()


def test_workers_that_commit_to_one_run_at_once_are_all_counted(desk: Desk) -> None:
    batch = desk.enqueue(160)

    def work(number: int) -> int:
        ended = 0
        while (reserved := maybe_reserve(desk, worker=f"here:{number}")) is not None:
            claimed = begin_it(desk, reserved)
            assert claimed is not None
            commit(desk, claimed, reserved)
            ended += 1
        return ended

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 16
    (chunk, *_) = desk.chunks(batch)
    run = run_row(desk, chunk.run_id)
    assert (run.state, run.done, run.failed) == ("done", 160, 0)
    desk.assert_sound()


# What is said of a chunk while it is reserved


def test_what_is_cancelled_is_not_begun(desk: Desk) -> None:
    batch = desk.enqueue(5)
    reserved = reserve(desk)
    cancel(desk, batch)
    assert begin_it(desk, reserved) is None
    assert give_back(desk, reserved) == []
    assert chunk_row(desk, reserved.chunk).state == "cancelled"
    # Tried again, it is nobody's.
    with desk.database.write() as connection:
        assert requeue(connection, reserved.run, chunk_rows=10, chunk_chars=1000).chunks == (reserved.chunk,)
    assert begin_it(desk, reserved) is None
    assert reserve(desk).chunk == reserved.chunk


def test_what_is_paused_is_not_begun_and_goes_on_later(desk: Desk) -> None:
    desk.enqueue(5)
    reserved = reserve(desk)
    with desk.database.write() as connection:
        assert pause_run(connection, reserved.run)
    assert begin_it(desk, reserved) is None
    assert give_back(desk, reserved) == []
    now = chunk_row(desk, reserved.chunk)
    assert (now.state, now.turn, now.lease_until, now.attempt) == ("queued", None, None, 0)
    assert maybe_reserve(desk) is None
    with desk.database.write() as connection:
        assert unpause_run(connection, reserved.run)
    assert begun(desk, reserve(desk)).attempt == 1


def test_a_text_that_is_purged_meanwhile_is_not_classified(desk: Desk) -> None:
    batch = desk.enqueue(5)
    reserved = reserve(desk)
    purge_rows(desk, batch, [3])
    assert begin_it(desk, reserved) is None
    assert give_back(desk, reserved) == [reserved.chunk]
    again = reserve(desk)
    assert len(again.texts) == 4
    commit(desk, begun(desk, again), again)
    desk.assert_sound()


def test_a_batch_that_is_purged_meanwhile_is_not_begun(desk: Desk) -> None:
    batch = desk.enqueue(5)
    reserved = reserve(desk)
    purge(desk, batch)
    assert begin_it(desk, reserved) is None
    assert give_back(desk, reserved) == []
    desk.assert_sound()


def test_a_purge_at_the_moment_of_reserving_is_noticed(desk: Desk) -> None:
    batch = desk.enqueue(5)
    (chunk,) = desk.waiting(batch)

    def set_count(count: int) -> None:
        with desk.database.write() as connection:
            connection.execute(update(chunks).where(chunks.c.id == chunk).values(item_count=count))

    # What a statement sees that began before the purge and found the chunk after it.
    set_count(4)
    assert not reserve(desk).is_whole
    set_count(5)


# Giving back, and workers that are gone


def test_what_is_given_back_is_next_and_rung_for(desk: Desk) -> None:
    first, _ = desk.waiting(desk.enqueue(15))
    reserved = reserve(desk)
    assert give_back(desk, reserved) == [first]
    assert give_back(desk, reserved) == []
    assert reserve(desk).chunk == first
    with desk.database.write() as connection:
        assert let_all_go(connection, worker="another:1") == []
        assert let_all_go(connection, worker=WORKER) == [first]
    assert (chunk_row(desk, first).attempt, reserve(desk).chunk) == (0, first)


def test_an_attempt_whose_beginning_was_not_told_is_given_back_too(desk: Desk) -> None:
    desk.enqueue(5)
    reserved = reserve(desk)
    begun(desk, reserved)
    assert give_back(desk, reserved) == [reserved.chunk]
    now = chunk_row(desk, reserved.chunk)
    assert (now.state, now.attempt, now.lease_until) == ("queued", 0, None)


def test_what_another_has_by_now_is_not_given_back(desk: Desk) -> None:
    desk.enqueue(5)
    reserved = reserve(desk, lease=LAPSED)
    taken = take(desk, reserved.chunk)
    assert begin_it(desk, reserved) is None
    assert give_back(desk, reserved) == []
    assert chunk_row(desk, reserved.chunk).attempt == taken.attempt == 1


def test_the_sweeper_finds_what_a_dead_worker_had_reserved_and_no_other(desk: Desk) -> None:
    desk.enqueue(15)
    dead, alive = reserve(desk, lease=LAPSED), reserve(desk)
    assert stalled(desk, queued_for_seconds=60) == [dead.chunk]
    assert stalled(desk, queued_for_seconds=0) == [dead.chunk]
    # In line it is not, or it would end one worker after the other.
    assert maybe_reserve(desk) is None
    taken = take(desk, dead.chunk)
    assert (taken.attempt, taken.taken_over) == (1, False)
    assert claim(desk, alive.chunk) is None


def test_a_paused_chunk_of_a_dead_worker_steps_out(desk: Desk) -> None:
    desk.enqueue(5)
    dead = reserve(desk, lease=LAPSED)
    with desk.database.write() as connection:
        assert pause_run(connection, dead.run)
    assert claim(desk, dead.chunk) is None
    now = chunk_row(desk, dead.chunk)
    assert (now.state, now.attempt, now.turn, now.lease_until) == ("queued", 0, None, None)


# Turns, shadows, ways there and back


def test_a_file_that_comes_later_waits_for_one_reserved_chunk_at_most(desk: Desk) -> None:
    large = desk.enqueue(100)
    first = reserve(desk)
    begun(desk, first)
    ahead = reserve(desk)
    small = desk.enqueue(5, seed=1)
    assert [first.batch, ahead.batch, reserve(desk).batch] == [large, large, small]


def test_a_challenger_is_told_of_where_there_is_one(desk: Desk) -> None:
    challenger = store_bundle(desk.database, contrary_bundle(), name="contrary")
    desk.enqueue(15)
    assert not reserve(desk).has_shadows
    with desk.database.write() as connection:
        set_shadow(connection, challenger, share=0.5)
    assert reserve(desk).has_shadows


def test_each_step_is_one_statement_that_waits_for_the_disk_only_to_commit(desk: Desk) -> None:
    desk.enqueue(5)
    sent: list[str] = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda _, __, statement, *___: sent.append(statement))
    reserved = reserve(desk)
    claimed = begun(desk, reserved)
    commit(desk, claimed, reserved)
    assert ["set_config" in statement for statement in sent] == [True, True, False]
