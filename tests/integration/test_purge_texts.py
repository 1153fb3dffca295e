"""Single texts that are deleted for ever, and what was deleted by hand, on both databases. The audit always holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.chunks import commit_chunk
from newsgate.db.errors import ChunkFencedError
from newsgate.tasks.classifying.reclassify import requeue_batch
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.reading import ReadOptions
from newsgate.tasks.storage.free_space import settle
from newsgate.tasks.storage.purge_texts import plan_text_purge, purge_texts, read_texts
from newsgate.tasks.storage.write_off import find_missing, write_off_missing
from tests.desk import Desk
from tests.integration.chunk_steps import cancel, chunk_row, run_row, take
from tests.integration.purge_steps import on_sqlite_alone, purge, purge_rows, status, verdicts_of
from tests.integration.test_audit_orphans import broken, without_foreign_keys
from tests.partitions import partitioned_too

# Single texts


@partitioned_too
def test_a_text_goes_from_finished_waiting_and_running_chunks_and_the_rest_is_classified(desk: Desk) -> None:
    batch = desk.enqueue(25)
    first, second, third = desk.waiting(batch)
    claimed, said = verdicts_of(desk, first)
    with desk.database.write() as connection:
        commit_chunk(connection, claimed, said)
    claimed, said = verdicts_of(desk, second)
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
    claimed, said = verdicts_of(desk, first)
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
