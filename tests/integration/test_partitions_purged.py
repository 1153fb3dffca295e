"""Tables of PostgreSQL that are partitioned by batch: what a purge drops, and what it leaves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import func, select, text

from newsgate.db.chunks import commit_chunk, load_texts
from newsgate.db.errors import DatabaseError
from newsgate.db.item_numbers import was_given
from newsgate.db.partition_conversion import partition_tables
from newsgate.db.partition_purge import drop_partition, empty_partition
from newsgate.db.partitions import make_room
from newsgate.db.session import Database
from newsgate.db.shadow import ShadowVerdict, add_shadow_verdicts
from newsgate.db.tables import verdicts
from newsgate.db.verdicts import Verdict, Verdicts
from tests.integration.partition_steps import (
    claim,
    classified,
    create,
    parts_of,
    purge,
    rows_of,
    seen,
)
from tests.integration.purge_steps import count


def test_a_purge_drops_the_part_that_nothing_else_is_in(parted: Database) -> None:
    gone, kept = classified(parted, 4), classified(parted, 3)
    last_item = max(item for item, _, _ in seen(parted, gone))
    with parted.write() as connection:
        # Both are closed: the next batch is in another part.
        make_room(connection)
    assert purge(parted, gone) == 2  # the part from before the partitioning holds nothing either
    assert [rows_of(parted, f"{table}_p{gone}") for table in ("items", "verdicts", "shadow_verdicts")] == [None] * 3
    assert len(seen(parted, kept)) == 3
    assert count(parted, "verdicts") == 3
    with parted.read() as connection:
        batch = connection.execute(text(f"select accepted, purged_rows from batches where id = {gone}")).one()
        run = connection.execute(text(f"select total, done, failed from runs where batch_id = {gone}")).one()
        assert (tuple(batch), tuple(run)) == ((0, 5), (0, 0, 0))
        assert [was_given(connection, last_item + more) for more in (0, 1)] == [True, False]
    assert purge(parted, kept) == 1
    assert classified(parted, 2) == kept + 1


def test_a_part_with_another_batch_in_it_stays_until_that_is_purged_too(plain: Database) -> None:
    partition_tables(plain, target_rows=6)
    with plain.write() as connection:
        connection.execute(text("update item_partitions set end_batch = 3 where number = 1"))
        connection.execute(text("alter table items detach partition items_p1"))
        connection.execute(text("alter table items attach partition items_p1 for values from (1) to (3)"))
    first, second = classified(plain, 3), classified(plain, 3)
    third = classified(plain, 3)
    purge(plain, first)
    assert rows_of(plain, "items_p1") == 3
    purge(plain, second)
    assert rows_of(plain, "items_p1") is None
    assert len(seen(plain, third)) == 3


def test_a_part_that_somebody_reads_is_emptied_row_by_row(parted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.db.partition_purge._EMPTY_MILLISECONDS", 50)
    monkeypatch.setattr("newsgate.db.partition_purge._DROP_MILLISECONDS", 50)
    monkeypatch.setattr("newsgate.db.partition_purge._DROP_TRIES", 2)
    batch = classified(parted, 4)
    classified(parted, 1)
    with parted.read() as reading:
        reading.execute(select(func.count()).select_from(verdicts))
        assert purge(parted, batch) == 0
    assert rows_of(parted, f"items_p{batch}") == 0
    # The next purge drops what is empty.
    other = classified(parted, 1)
    classified(parted, 1)
    purge(parted, other)
    assert rows_of(parted, f"items_p{batch}") is None


def test_a_part_that_a_slow_enqueue_still_comes_into_is_not_dropped(parted: Database) -> None:
    batch = classified(parted, 2)
    classified(parted, 1)
    part = parts_of(parted)[batch]
    with parted.write() as connection:
        connection.execute(text(f"update batches set purged_at = now() where id = {batch}"))
        connection.execute(text("delete from chunks where run_id = 1"))
        connection.execute(text("update runs set total = 0 where id = 1"))
    assert empty_partition(parted, part) == 2
    with parted.write() as connection:
        # As if it had committed its batch only now, with a number that it had drawn long before.
        connection.execute(text(f"update batches set purged_at = null where id = {batch}"))
    assert not drop_partition(parted, part)
    assert rows_of(parted, f"items_p{batch}") == 0


def test_a_worker_and_a_challenger_that_come_late_write_nothing(parted: Database) -> None:
    batch, chunk = create(parted, 3)
    claimed = claim(parted, chunk)
    with parted.read() as connection:
        found, _ = load_texts(connection, claimed)
    classified(parted, 1)
    purge(parted, batch)
    with suppress(DatabaseError), parted.write() as connection:
        commit_chunk(connection, claimed, Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in found]))
    with parted.write() as connection:
        add_shadow_verdicts(connection, claimed.run, model=1, said=[ShadowVerdict(each, "real", 0.1) for each in found])
    assert count(parted, "verdicts") == 1
    assert count(parted, "shadow_verdicts") == 0
