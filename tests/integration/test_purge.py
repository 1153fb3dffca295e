"""Rows that are deleted for ever, on both databases: what goes, what stays, and who notices. The audit always holds."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import insert, select

from newsgate.db.batch_selection import BatchFilter
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading, resume_loading
from newsgate.db.chunks import commit_chunk
from newsgate.db.errors import BatchPurgedError, ChunkFencedError
from newsgate.db.label_retraction import retract_latest_label
from newsgate.db.labels import add_labels, count_labels, text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.purge import begin_purge, purge_step
from newsgate.db.review import ReviewLeaseLostError
from newsgate.db.runs import extend_run, open_run, run_position
from newsgate.db.tables import verdicts
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.tasks.classifying.reclassify import requeue_batch
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.inspecting.batch_report import report_on
from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches
from newsgate.tasks.storage.purge_texts import plan_text_purge, purge_texts
from newsgate.worker.settings import load_settings
from tests.clocks import set_clock_back
from tests.desk import Desk
from tests.integration.purge_steps import count, on_sqlite_alone, purge, status, verdicts_of
from tests.integration.test_audit_orphans import broken
from tests.partitions import partitioned_too
from tests.review_queue import Queue, shown

# Whole batches


@partitioned_too
def test_of_a_purged_batch_nothing_is_left_but_its_line_and_others_stay(desk: Desk) -> None:
    gone, kept = desk.enqueue(25), desk.enqueue(12, seed=1)
    desk.finish(gone, failing=[3, 7])
    desk.finish(kept)
    with desk.database.write() as connection:
        other = add_model(connection, name="another", bundle=b"another", metadata={})
        for item in connection.execute(select(verdicts.c.item_id)).scalars().all():
            run = connection.execute(select(verdicts.c.run_id).where(verdicts.c.item_id == item)).scalar_one()
            told = {"item_id": item, "model": other, "run_id": run, "label": "real", "p_fake": 0.2}
            connection.execute(insert(shadow_verdicts).values(told))
    plan = plan_batch_purge(desk.database, batch=gone)
    assert [(each.items, each.rejects, each.verdicts, each.is_over) for each in plan.batches] == [(25, 0, 25, True)]
    seen: list[tuple[int, int]] = []
    purge_batches(plan, database=desk.database, tell=lambda rows, of: seen.append((rows, of)))
    assert seen[-1] == (25, 25)
    now = status(desk, gone)
    assert (now.state, now.total, now.done, now.failed, now.purged_rows) == ("purged", 0, 0, 0, 25)
    assert status(desk, kept).done == 12
    assert [count(desk.database, table) for table in ("items", "verdicts", "shadow_verdicts")] == [12, 12, 12]
    assert plan_batch_purge(desk.database, batch=gone).batches == ()


@on_sqlite_alone
def test_a_purged_file_is_enqueued_as_a_new_batch_with_new_numbers(desk: Desk) -> None:
    gone = desk.enqueue(12)
    desk.finish(gone)
    before = [each.item for each in desk.results(gone)]
    purge(desk, gone)
    again = desk.enqueue(12)
    assert again != gone
    desk.finish(again)
    assert min(each.item for each in desk.results(again)) > max(before)


def test_a_purge_that_was_killed_goes_on_and_the_counters_are_true_after_every_step(desk: Desk) -> None:
    batch = desk.enqueue(25)
    desk.finish(batch, failing=[3])
    with desk.database.write() as connection:
        begin_purge(connection, batch)
    steps = 0
    while True:
        assert broken(desk.database) == []
        assert status(desk, batch).state == ("purged" if count(desk.database, "items") == 0 else "purging")
        with desk.database.write() as connection:
            deleted = purge_step(connection, batch, limit=4)
        if deleted is None:
            break
        steps += 1
        if steps == 4:
            purge(desk, batch)
    assert status(desk, batch).purged_rows == 25


@on_sqlite_alone
def test_refused_rows_go_too(desk: Desk) -> None:
    file = desk.folder / "few.csv"
    file.write_text('text\na first text\n""\na second text\n')
    made = enqueue(Request(str(file)), settings=desk.settings, database=desk.database)
    assert made.rejected == 1
    purge(desk, made.batch)
    assert (count(desk.database, "rejects"), status(desk, made.batch).purged_rows) == (0, 3)


def test_a_worker_that_has_a_chunk_in_hand_writes_nothing(desk: Desk) -> None:
    batch = desk.enqueue(25)
    claimed, said = verdicts_of(desk, desk.waiting(batch)[0])
    assert not plan_batch_purge(desk.database, batch=batch).batches[0].is_over
    purge(desk, batch)
    with pytest.raises(ChunkFencedError), desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    assert count(desk.database, "verdicts") == 0


@partitioned_too
def test_verdicts_that_come_while_the_chunks_are_deleted_go_too(desk: Desk) -> None:
    batch = desk.enqueue(25)
    claimed, said = verdicts_of(desk, desk.waiting(batch)[2])
    with desk.database.write() as connection:
        begin_purge(connection, batch)
    with desk.database.write() as connection:
        purge_step(connection, batch, limit=1)
    with desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    assert broken(desk.database) == []
    purge(desk, batch)
    assert count(desk.database, "verdicts") == 0


@partitioned_too
def test_an_enqueue_at_work_adds_nothing_to_a_purged_batch(desk: Desk) -> None:
    model = status(desk, desk.enqueue(3)).model
    rows = [AcceptedRow(2, None, "one", text_hash("one"))]
    with desk.database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
        add_rows(connection, loading, accepted=rows, refused=[], last_row=2)
    purge(desk, loading.batch)
    with pytest.raises(BatchPurgedError), desk.database.write() as connection:
        add_rows(connection, loading, accepted=rows, refused=[], last_row=3)
    with pytest.raises(BatchPurgedError), desk.database.write() as connection:
        finish_loading(connection, loading)
    with pytest.raises(BatchPurgedError), desk.database.write() as connection:
        resume_loading(connection, loading.batch)


def test_nothing_brings_a_purged_batch_back(desk: Desk) -> None:
    batch = desk.enqueue(3)
    desk.finish(batch)
    with desk.database.write() as connection:
        other = add_model(connection, name="another", bundle=b"another", metadata={})
        run, _ = open_run(connection, batch, model=other)
        position = run_position(connection, run)
    purge(desk, batch)
    with desk.database.write() as connection:
        assert extend_run(connection, position, chunk_rows=10, chunk_chars=1000).chunk is None
    with pytest.raises(BatchPurgedError), desk.database.write() as connection:
        open_run(connection, batch, model=other)
    with pytest.raises(BatchPurgedError):
        requeue_batch(batch, settings=desk.settings, database=desk.database)
    with pytest.raises(BatchPurgedError, match=r"was purged: its rows are deleted\. `enqueue` its file again"):
        report_on(desk.database, batch)


@on_sqlite_alone
def test_only_batches_older_than_that_are_chosen(desk: Desk) -> None:
    old, older = desk.enqueue(3), desk.enqueue(3, seed=1)
    set_clock_back(desk.database, hours=-24 * 9.9)
    fresh = desk.enqueue(3, seed=2)

    def chosen(days: int) -> list[int]:
        return [
            each.batch for each in plan_batch_purge(desk.database, wanted=BatchFilter(older_than_days=days)).batches
        ]

    assert (chosen(9), chosen(10), fresh in chosen(1)) == ([old, older], [], False)
    purge(desk, old)
    assert chosen(9) == [older]
    for batch in (older, fresh):
        desk.finish(batch)


# Labels


@partitioned_too
def test_labels_stay_unless_they_are_asked_for_and_where_the_text_stands_elsewhere(desk: Desk) -> None:
    gone, other = desk.enqueue(12), desk.enqueue(5)
    for batch in (gone, other):
        desk.finish(batch)
    texts = [each.text for each in desk.results(gone)]
    shared = {each.text for each in desk.results(other)} & set(texts)
    with desk.database.write() as connection:
        add_labels(connection, [(each, "fake") for each in texts], labelled_by="ann", chosen="direct")
        assert retract_latest_label(connection, text_hash(texts[-1]), labelled_by="ann") is not None
    purge(desk, gone)
    assert count(desk.database, "labels") == len(texts) - 1
    again = desk.enqueue(12)
    desk.finish(again)
    purge(desk, again, with_labels=True)
    with desk.database.read() as connection:
        assert count_labels(connection) == len([each for each in texts[:-1] if each in shared])
    assert count(desk.database, "retracted_labels") == int(texts[-1] in shared)


@on_sqlite_alone
def test_an_answer_about_a_purged_text_is_not_stored(queue: Queue) -> None:
    session = queue.session()
    offer = shown(session)
    plan = plan_text_purge([offer.item.text], database=queue.database, with_labels=True)
    purge_texts(plan, database=queue.database, settings=load_settings())
    with suppress(ReviewLeaseLostError):
        session.judge("fake")
    assert offer.item.text not in queue.said()
    assert shown(session).item.text != offer.item.text
