"""Second runs of a batch, and rows tried again, on both databases."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from newsgate.db.batch_status import batch_runs, batch_status
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, cancel_run, create_batch, queued_chunks
from newsgate.db.chunks import claim_chunk
from newsgate.db.errors import (
    BatchNotLoadedError,
    DatabaseError,
    NoSuchBatchError,
    NoSuchModelError,
    NoSuchRunError,
    RunNotLoadedError,
)
from newsgate.db.labels import text_hash
from newsgate.db.runs import extend_run, open_run, requeue, resume_run, run_position
from newsgate.db.tables import verdicts
from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.reclassify import previous_model, reclassify, report_flips, requeue_batch
from newsgate.tasks.classifying.steer_batch import pause_batch
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.partitions import partitioned_too

ROWS = 60


@pytest.fixture
def second(desk: Desk) -> int:
    """A model besides the starter, which is number 1."""
    desk.enqueue(1, seed=99)
    return store_bundle(desk.database, contrary_bundle(), name="contrary")


def _reclassify(desk: Desk, batch: int, model: int | None) -> bool:
    return reclassify(batch, model=model, settings=desk.settings, database=desk.database).begun


# Another model


def test_a_run_that_was_paused_goes_on_also_when_a_later_one_was_begun(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    pause_batch(desk.database, batch)
    assert _reclassify(desk, batch, second)
    assert not _reclassify(desk, batch, 1)
    with desk.database.read() as connection:
        assert [run.state for run in batch_runs(connection, batch)] == ["queued", "queued"]
        waiting = queued_chunks(connection, batch_status(connection, batch, model=1).run)
    for chunk in waiting:
        assert classify_chunk(chunk, desk.context, from_broker=True) == "done"
    desk.assert_sound()


def test_a_run_is_begun_with_a_priority_and_keeps_it(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)

    def priority_after(wanted: int | None) -> int:
        reclassify(batch, model=second, priority=wanted, settings=desk.settings, database=desk.database)
        with desk.database.read() as connection:
            return batch_status(connection, batch).priority

    assert [priority_after(wanted) for wanted in (1, None, 50)] == [1, 1, 50]
    with pytest.raises(WrongUsageError, match="101 is no priority"):
        priority_after(101)
    desk.work_off(batch)
    with desk.database.read() as connection:
        assert [run.priority for run in batch_runs(connection, batch)] == [50, 10]
    desk.assert_sound()


@partitioned_too
def test_a_second_run_keeps_the_first_ones_verdicts(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    before = desk.results(batch)
    assert _reclassify(desk, batch, second)
    assert desk.results(batch) == []
    desk.work_off(batch)
    after = desk.results(batch)
    assert [each.model for each in after] == [second] * ROWS
    assert [each.text for each in after] == [each.text for each in before]
    assert [each.p_fake for each in after] != [each.p_fake for each in before]
    assert desk.results(batch, model=1) == before
    with desk.database.read() as connection:
        states = [(run.model, run.state, run.total, run.done) for run in batch_runs(connection, batch)]
    assert states == [(second, "done", ROWS, ROWS), (1, "done", ROWS, ROWS)]


def test_the_report_counts_what_changed_and_shows_the_surest_first(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    _reclassify(desk, batch, second)
    desk.work_off(batch)
    report = report_flips(desk.database, batch, models=None, limit=5)
    pairs = [
        (each.row, each.p_fake or 0.0, other.p_fake or 0.0)
        for each, other in zip(desk.results(batch, model=1), desk.results(batch, model=second), strict=True)
    ]
    flips = sorted((-abs(p - q), row) for row, p, q in pairs if (p >= 0.5) != (q >= 0.5))
    assert flips
    assert (report.before, report.after, report.counts.compared) == (1, second, ROWS)
    assert report.counts.real_to_fake == sum(p < 0.5 <= q for _, p, q in pairs)
    assert report.counts.fake_to_real == sum(q < 0.5 <= p for _, p, q in pairs)
    assert report.counts.mean_change == pytest.approx(sum(abs(p - q) for _, p, q in pairs) / ROWS)
    assert [flip.row for flip in report.surest] == [row for _, row in flips[:5]]
    assert all(flip.before != flip.after for flip in report.surest)

    turned = report_flips(desk.database, batch, models=(second, 1), limit=5)
    assert (turned.counts.real_to_fake, turned.counts.fake_to_real) == (
        report.counts.fake_to_real,
        report.counts.real_to_fake,
    )


def test_rows_that_one_model_failed_on_are_counted_apart(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch, failing=[5, 6, 7])
    _reclassify(desk, batch, second)
    desk.finish(batch, failing=[7, 8])
    counts = report_flips(desk.database, batch, models=(1, second), limit=5).counts
    assert (counts.compared, counts.newly_failed, counts.no_longer_failed) == (ROWS - 4, 1, 2)
    assert (counts.real_to_fake, counts.fake_to_real, counts.mean_change) == (0, 0, 0.0)


def test_a_batch_meets_each_model_once(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    assert not _reclassify(desk, batch, None)
    assert desk.waiting(batch) == []
    assert _reclassify(desk, batch, second)
    desk.work_off(batch)
    assert not _reclassify(desk, batch, second)
    assert desk.waiting(batch) == []
    assert previous_model(desk.database, batch, model=second) == 1
    assert previous_model(desk.database, batch, model=1) == second


def test_what_cannot_be_reclassified_or_compared_is_said(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    with pytest.raises(NoSuchBatchError):
        _reclassify(desk, 77, second)
    with pytest.raises(NoSuchModelError):
        _reclassify(desk, batch, 77)
    with pytest.raises(DatabaseError, match="one model only"):
        report_flips(desk.database, batch, models=None, limit=1)
    with pytest.raises(NoSuchBatchError):
        report_flips(desk.database, 77, models=None, limit=1)
    with pytest.raises(NoSuchRunError, match="never classified by model 2"):
        report_flips(desk.database, batch, models=(1, second), limit=1)
    _reclassify(desk, batch, second)
    with pytest.raises(DatabaseError, match=f"queued for model {second}: 0 of {ROWS}"):
        report_flips(desk.database, batch, models=(1, second), limit=1)


def test_a_file_that_is_still_being_read_is_not_reclassified(desk: Desk, second: int) -> None:
    with desk.database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=1)
        add_rows(connection, loading, accepted=[AcceptedRow(2, None, "a", text_hash("a"))], refused=[], last_row=2)
    with pytest.raises(BatchNotLoadedError, match="not read to its end"):
        _reclassify(desk, loading.batch, second)
    with pytest.raises(RunNotLoadedError), desk.database.write() as connection:
        requeue(connection, loading.run, chunk_rows=10, chunk_chars=1000)


# Making the chunks


def test_chunks_are_as_large_as_the_settings_allow(desk: Desk, second: int) -> None:
    first, batch = desk.enqueue(ROWS, seed=1), desk.enqueue(ROWS)
    _reclassify(desk, first, second)
    assert [chunk.item_count for chunk in desk.chunks(first)] == [10] * 6
    with desk.database.write() as connection:
        run, _ = open_run(connection, batch, model=second)
        position = run_position(connection, run)
        step = extend_run(connection, position, chunk_rows=10, chunk_chars=1)
        assert (step.position.total, step.position.last_row) == (1, 2)
        step = extend_run(connection, step.position, chunk_rows=1000, chunk_chars=10_000)
        assert (step.position.total, step.position.unfinished) == (ROWS, True)
        step = extend_run(connection, step.position, chunk_rows=1000, chunk_chars=10_000)
        assert (step.chunk, step.position.unfinished) == (None, False)


class _StoppedError(Exception):
    """What a kill would be, at a place the test chooses."""


@pytest.mark.parametrize("made", [1, 3, 6])
def test_making_chunks_goes_on_where_it_was_interrupted(desk: Desk, second: int, made: int) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)

    def stop(rows: int, items: int) -> None:
        assert items == ROWS
        if rows == made * 10:
            raise _StoppedError

    with pytest.raises(_StoppedError):
        reclassify(batch, model=second, settings=desk.settings, database=desk.database, progress=stop)
    desk.work_off(batch)
    with desk.database.read() as connection:
        status = batch_status(connection, batch)
    assert (status.state, status.done, status.total) == ("running", made * 10, made * 10)
    assert not _reclassify(desk, batch, second)
    desk.work_off(batch)
    with desk.database.read() as connection:
        status = batch_status(connection, batch)
    assert (status.state, status.done, status.total) == ("done", ROWS, ROWS)


def test_two_who_reclassify_at_once_make_one_run(desk: Desk, second: int) -> None:
    batch = desk.enqueue(300)
    barrier = threading.Barrier(2)

    def start() -> bool:
        barrier.wait(30)
        return _reclassify(desk, batch, second)

    with ThreadPoolExecutor(2) as pool:
        begun = [each.result() for each in [pool.submit(start), pool.submit(start)]]
    assert sorted(begun) == [False, True]
    assert sum(chunk.item_count for chunk in desk.chunks(batch)) == 300
    assert len(desk.chunks(batch)) == 30


# Cancelled runs


def test_a_cancelled_run_goes_on_when_it_is_asked_for_again(desk: Desk, second: int) -> None:
    batch = desk.enqueue(ROWS)
    _reclassify(desk, batch, second)
    first, *_ = desk.waiting(batch)
    desk.context.models.get(second)
    with desk.database.write() as connection:
        claim = claim_chunk(connection, first, worker="test", lease_seconds=60, max_attempts=2)
    with desk.database.write() as connection:
        assert cancel_run(connection, batch_status(connection, batch).run)
    assert desk.waiting(batch) == []
    assert not _reclassify(desk, batch, second)
    assert claim is not None
    assert len(desk.waiting(batch)) == 5
    assert [chunk.state for chunk in desk.chunks(batch)] == ["running"] + ["queued"] * 5


def test_taking_a_cancellation_back_while_chunks_are_claimed_leaves_none_behind(desk: Desk) -> None:
    batches = [desk.enqueue(1, seed=seed) for seed in range(20)]
    waiting = {batch: desk.waiting(batch)[0] for batch in batches}
    runs = {batch: desk.chunks(batch)[0].run_id for batch in batches}
    for batch in batches:
        with desk.database.write() as connection:
            # Its only attempt so far ran out of its lease, and then the run was cancelled.
            claim_chunk(connection, waiting[batch], worker="dead", lease_seconds=-1, max_attempts=2)
            cancel_run(connection, runs[batch])
    barrier = threading.Barrier(2)

    def claim_all() -> None:
        for batch in batches:
            barrier.wait(30)
            with desk.database.write() as connection:
                claim_chunk(connection, waiting[batch], worker="one", lease_seconds=60, max_attempts=2)

    def resume_all() -> None:
        for batch in batches:
            barrier.wait(30)
            with desk.database.write() as connection:
                resume_run(connection, runs[batch])

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(claim_all), pool.submit(resume_all)]:
            done.result()
    assert {desk.chunks(batch)[0].state for batch in batches} <= {"queued", "running"}


# Rows tried again


@partitioned_too
def test_failed_rows_are_tried_again_and_the_others_kept(desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch, failing=[5, 6, 11, 12, 30])
    before = {each.row: each.classified_at for each in desk.results(batch) if each.error is None}
    status, again = requeue_batch(batch, settings=desk.settings, database=desk.database)
    assert (status.state, status.done, status.failed, status.finished_at) == ("running", ROWS - 5, 0, None)
    assert (again.failed_rows, again.cancelled_rows) == (5, 0)
    desk.assert_sound()
    waiting = [chunk for chunk in desk.chunks(batch) if chunk.state == "queued"]
    # Rows 11 and 12 were in two chunks; they are neighbours.
    assert [(chunk.first_row, chunk.last_row) for chunk in waiting] == [(5, 6), (11, 12), (30, 30)]
    desk.finish(batch)
    with desk.database.read() as connection:
        status = batch_status(connection, batch)
    assert (status.state, status.done, status.failed) == ("done", ROWS, 0)
    after = {each.row: each.classified_at for each in desk.results(batch)}
    assert all(after[row] == when for row, when in before.items())


def test_a_run_that_failed_as_a_whole_is_tried_again_in_whole_chunks(desk: Desk) -> None:
    batch = desk.enqueue(25)
    desk.finish(batch, failing=range(2, 27))
    _, again = requeue_batch(batch, settings=desk.settings, database=desk.database)
    assert (again.failed_rows, len(again.chunks)) == (25, 3)
    assert [chunk.item_count for chunk in desk.chunks(batch)] == [10, 10, 5]


@pytest.mark.parametrize("seed", range(4))
def test_rows_may_fail_and_be_tried_again_as_often_as_they_like(desk: Desk, seed: int) -> None:
    pick = random.Random(seed)
    batch = desk.enqueue(ROWS)
    failing = set(range(2, ROWS + 2))
    while failing:
        failing = {row for row in failing if pick.random() < 0.6}
        desk.finish(batch, failing=sorted(failing))
        with desk.database.read() as connection:
            status = batch_status(connection, batch)
            errors = connection.execute(select(func.count()).where(verdicts.c.error.is_not(None))).scalar_one()
        assert (status.state, status.done, status.failed) == ("done", ROWS - len(failing), len(failing))
        assert errors == len(failing)
        desk.assert_sound()
        requeue_batch(batch, settings=desk.settings, database=desk.database)
        desk.assert_sound()
    assert {each.error for each in desk.results(batch)} == {None}


def test_cancelled_chunks_are_tried_again_too(desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    with desk.database.write() as connection:
        cancel_run(connection, batch_status(connection, batch).run)
    status, again = requeue_batch(batch, settings=desk.settings, database=desk.database)
    assert (status.state, again.cancelled_rows, len(again.chunks)) == ("running", ROWS, 6)
    desk.work_off(batch)
    assert len(desk.results(batch)) == ROWS


def test_where_nothing_failed_nothing_is_tried_again(desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    desk.work_off(batch)
    status, again = requeue_batch(batch, settings=desk.settings, database=desk.database)
    assert (status.state, again.failed_rows, again.cancelled_rows, again.chunks) == ("done", 0, 0, ())
