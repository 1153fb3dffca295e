"""Rows that are deleted for ever, on both databases: what goes, what stays, and who notices. The audit always holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading, resume_loading
from newsgate.db.chunks import Claim, Verdict, commit_chunk, load_texts
from newsgate.db.errors import BatchPurgedError, ChunkFencedError
from newsgate.db.label_retraction import retract_latest_label
from newsgate.db.labels import add_labels, count_labels, text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.purge import begin_purge, purge_step
from newsgate.db.review import ReviewLeaseLostError
from newsgate.db.runs import extend_run, open_run, run_position
from newsgate.db.session import Database
from newsgate.db.tables import metadata, shadow_verdicts, verdicts
from newsgate.tasks.classifying.reclassify import requeue_batch
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.inspecting.batch_report import report_on
from newsgate.tasks.reading import ReadOptions
from newsgate.tasks.storage.free_space import settle
from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches
from newsgate.tasks.storage.purge_texts import TextPurge, plan_text_purge, purge_texts, read_texts
from newsgate.tasks.storage.write_off import find_missing, write_off_missing
from newsgate.worker.settings import load_settings
from tests.clocks import set_clock_back
from tests.desk import Desk
from tests.integration.chunk_steps import cancel, chunk_row, run_row, take
from tests.integration.test_audit_orphans import broken, without_foreign_keys
from tests.review_queue import Queue, shown

# Where nothing depends on which database it is.
on_sqlite_alone = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()


def status(desk: Desk, batch: int) -> BatchStatus:
    with desk.database.read() as connection:
        return batch_status(connection, batch)


def purge(desk: Desk, batch: int, *, with_labels: bool = False) -> None:
    plan = plan_batch_purge(desk.database, batch=batch, with_labels=with_labels)
    purge_batches(plan, database=desk.database)


def purge_rows(desk: Desk, batch: int, rows: Sequence[int], *, with_labels: bool = False) -> TextPurge:
    """Purge the texts that stand in these rows."""
    wanted = f"select text from items where batch_id = {batch} and row in ({', '.join(map(str, rows))})"
    with desk.database.read() as connection:
        texts = list(connection.execute(text(wanted)).scalars())
    plan = plan_text_purge(texts, database=desk.database, with_labels=with_labels)
    purge_texts(plan, database=desk.database, settings=desk.settings)
    return plan


def _verdicts_of(desk: Desk, chunk: int) -> tuple[Claim, list[Verdict]]:
    claimed = take(desk, chunk)
    with desk.database.read() as connection:
        ids, _ = load_texts(connection, claimed)
    return claimed, [Verdict(item, "real", 0.1, 4, False, None) for item in ids]


# Whole batches


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
    claimed, said = _verdicts_of(desk, desk.waiting(batch)[0])
    assert not plan_batch_purge(desk.database, batch=batch).batches[0].is_over
    purge(desk, batch)
    with pytest.raises(ChunkFencedError), desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    assert count(desk.database, "verdicts") == 0


def test_verdicts_that_come_while_the_chunks_are_deleted_go_too(desk: Desk) -> None:
    batch = desk.enqueue(25)
    claimed, said = _verdicts_of(desk, desk.waiting(batch)[2])
    with desk.database.write() as connection:
        begin_purge(connection, batch)
    with desk.database.write() as connection:
        purge_step(connection, batch, limit=1)
    with desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    assert broken(desk.database) == []
    purge(desk, batch)
    assert count(desk.database, "verdicts") == 0


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
        return [each.batch for each in plan_batch_purge(desk.database, older_than_days=days).batches]

    assert (chosen(9), chosen(10), fresh in chosen(1)) == ([old, older], [], False)
    purge(desk, old)
    assert chosen(9) == [older]
    for batch in (older, fresh):
        desk.finish(batch)


# Labels


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


# Single texts


def test_a_text_goes_from_finished_waiting_and_running_chunks_and_the_rest_is_classified(desk: Desk) -> None:
    batch = desk.enqueue(25)
    first, second, third = desk.waiting(batch)
    claimed, said = _verdicts_of(desk, first)
    with desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    claimed, said = _verdicts_of(desk, second)
    plan = purge_rows(desk, batch, [3, 4, 13, 24])
    assert plan.rows == 4
    desk.assert_sound()
    with pytest.raises(ChunkFencedError), desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    assert [chunk_row(desk, chunk).item_count for chunk in (first, second, third)] == [8, 9, 4]
    desk.finish(batch)
    now = status(desk, batch)
    assert (now.state, now.total, now.done, now.purged_rows) == ("done", 21, 21, 4)
    assert {each.row for each in desk.results(batch)}.isdisjoint({3, 4, 13, 24})


@on_sqlite_alone
def test_a_chunk_and_a_run_without_any_other_row_end(desk: Desk) -> None:
    batch = desk.enqueue(11)
    first, second = desk.waiting(batch)
    claimed, said = _verdicts_of(desk, first)
    with desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    run = run_row(desk, chunk_row(desk, second).run_id)
    assert run.state == "running"
    purge_rows(desk, batch, [12])
    assert (status(desk, batch).state, len(desk.chunks(batch))) == ("done", 1)


def test_a_cancelled_run_stays_cancelled_when_a_text_of_it_goes(desk: Desk) -> None:
    batch = desk.enqueue(3)
    (chunk,) = desk.waiting(batch)
    take(desk, chunk)
    cancel(desk, batch)
    purge_rows(desk, batch, [3])
    assert chunk_row(desk, chunk).state == "cancelled"
    requeue_batch(batch, settings=desk.settings, database=desk.database)
    desk.finish(batch)
    assert status(desk, batch).done == 2


def test_what_a_refused_row_shows_of_the_text_goes(desk: Desk) -> None:
    file = desk.folder / "few.csv"
    secret = 'The "mayor" of a small town said something long that is to be forgotten'
    quoted = secret.replace('"', '""')
    file.write_bytes(f'text\n"{quoted}"\n"{quoted}\xff"\n'.encode("latin-1"))
    options = ReadOptions(encoding="utf-8")
    made = enqueue(Request(str(file), options=options), settings=desk.settings, database=desk.database)
    assert (made.items, made.rejected) == (1, 1)
    plan = plan_text_purge([secret], database=desk.database, with_labels=False)
    assert (plan.rows, len(plan.refused)) == (1, 1)
    purge_texts(plan, database=desk.database, settings=desk.settings)
    with desk.database.read() as connection:
        assert connection.execute(text("select raw from rejects")).scalar_one() == ""
    assert plan_text_purge([secret], database=desk.database, with_labels=False).refused == ()


@on_sqlite_alone
@pytest.mark.parametrize(
    ("name", "content"),
    [("one.txt", "one text\n"), ("one.txt", "  one text\r\n"), ("all.csv", "text,x\none text,2\nanother,3\n")],
)
def test_texts_are_read_from_a_file_that_is_one_or_has_rows(desk: Desk, name: str, content: str) -> None:
    file = desk.folder / name
    file.write_text(content)
    found = read_texts(str(file), options=ReadOptions(), settings=desk.settings)
    assert "one text" in found
    assert ("another" in found) == name.endswith("csv")


@on_sqlite_alone
def test_the_file_of_sqlite_holds_nothing_of_a_purged_text_and_gives_its_space_back(desk: Desk) -> None:
    batch = desk.enqueue(400)
    desk.finish(batch)
    with desk.database.read() as connection:
        secret = connection.execute(text("select text from items where row = 7")).scalar_one()
    purge_rows(desk, batch, [7])
    assert settle(desk.database, vacuum=True)
    file = Path(desk.database.url.database or "")
    assert secret.encode() not in file.read_bytes()
    purge(desk, batch)
    before = settle(desk.database, vacuum=False)
    after = settle(desk.database, vacuum=True)
    assert before is not None
    assert after is not None
    assert before.free_bytes > 0
    assert (after.free_bytes, after.is_settled) == (0, True)
    assert file.stat().st_size == after.size_bytes < before.size_bytes


# What was deleted by hand


@pytest.mark.parametrize(
    ("statements", "rows"),
    [
        (["delete from batches where id = 1", "delete from items where batch_id = 2 and row < 6"], 4),
        (["delete from verdicts where item_id = 5", "delete from items where id in (5, 14)", "delete from rejects"], 3),
        (["delete from items", "delete from batches where id = 1"], 7),
    ],
)
def test_what_was_deleted_by_hand_is_written_off_once(desk: Desk, statements: list[str], rows: int) -> None:
    done = desk.enqueue(25)
    desk.finish(done, failing=[4])
    file = desk.folder / "few.csv"
    file.write_text("text\n" + "\n".join(f"a text {number}" for number in range(7)) + '\n""\n')
    running = enqueue(Request(str(file)), settings=desk.settings, database=desk.database).batch
    take(desk, desk.waiting(running)[0])
    without_foreign_keys(desk.database, *statements)
    assert broken(desk.database) != []
    found = find_missing(desk.database)
    assert found.remains or found.batches
    assert write_off_missing(desk.database).rows == rows
    assert broken(desk.database) == []
    assert find_missing(desk.database) == type(found)((), ())
    assert write_off_missing(desk.database) == type(write_off_missing(desk.database))(0, 0)
    desk.finish(running)


@on_sqlite_alone
def test_what_is_there_is_never_written_off(desk: Desk) -> None:
    batch = desk.enqueue(25)
    desk.finish(batch)
    without_foreign_keys(desk.database, "update runs set done = done - 1", "update batches set accepted = accepted - 1")
    assert len(broken(desk.database)) == 2
    assert write_off_missing(desk.database).rows == 0
    assert len(broken(desk.database)) == 2
    without_foreign_keys(desk.database, "update runs set done = done + 1", "update batches set accepted = accepted + 1")
