"""Tables of PostgreSQL that are partitioned by batch: how they become so, and where a row is."""

from __future__ import annotations

import random
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL, func, make_url, select, text
from sqlalchemy.exc import DBAPIError

from newsgate.commands.migrate import migrate as migrate_command
from newsgate.commands.purge import purge as purge_command
from newsgate.db.batches import AcceptedRow, add_rows, finish_loading
from newsgate.db.errors import DatabaseError
from newsgate.db.item_numbers import draw_numbers, item_spans
from newsgate.db.labels import text_hash
from newsgate.db.partition_conversion import partition_tables, plan_conversion, set_target
from newsgate.db.schema import HEAD_REVISION, migrate
from newsgate.db.session import Database
from newsgate.db.tables import items, verdicts
from newsgate.db.upkeep_tables import shadow_verdicts
from newsgate.tasks.inspecting.doctor.database import _partitions
from tests.integration.partition_steps import (
    TEN_BILLION,
    claim,
    classified,
    create,
    finish,
    opened,
    parts_of,
    purge,
    rows_of,
    seen,
)
from tests.integration.purge_steps import count
from tests.services import PostgresServer

# What becomes parted, and how


def test_what_was_stored_becomes_the_first_part_and_is_found_as_before(plain: Database) -> None:
    old = classified(plain, 5)
    before = seen(plain, old)
    with plain.write() as connection:
        connection.execute(text("create role looker"))
        connection.execute(text("grant select on results, items to looker"))
    assert plan_conversion(plain) is not None
    partition_tables(plain, target_rows=10)
    new = classified(plain, 4)
    assert seen(plain, old) == before
    assert [item for item, _, _ in seen(plain, new)] == [TEN_BILLION + place for place in range(4)]
    assert [rows_of(plain, f"{table}_p{n}") for table in ("items", "verdicts") for n in (0, 1)] == [5, 4, 5, 4]
    first, second, *_ = parts_of(plain)
    assert (first.first_batch, first.end_batch, first.end_item) == (0, old + 1, TEN_BILLION)
    assert (second.first_batch, second.first_item, second.target_rows) == (new, TEN_BILLION, 10)
    with plain.write() as connection:
        for table in ("results", "items", "item_partitions"):
            assert connection.execute(text(f"select has_table_privilege('looker', '{table}', 'select')")).scalar()
        connection.execute(text("drop owned by looker"))
        connection.execute(text("drop role looker"))
    # Once more: nothing happens.
    assert plan_conversion(plain) is None
    partition_tables(plain, target_rows=99)
    set_target(plain, 77)
    assert [each.target_rows for each in parts_of(plain)] == [10, 10, 77]


def test_a_file_that_was_begun_before_goes_on_in_the_first_part(plain: Database) -> None:
    from newsgate.db.batches import resume_loading

    batch, _ = create(plain, 3, loaded=False)
    partition_tables(plain, target_rows=10)
    with plain.write() as connection:
        loading = resume_loading(connection, batch)
        row = AcceptedRow(9, None, "late", text_hash("late"))
        add_rows(connection, loading, accepted=[row], refused=[], last_row=9)
        finish_loading(connection, loading)
    assert rows_of(plain, "items_p0") == 4


def test_nothing_is_partitioned_while_a_worker_has_a_chunk(plain: Database) -> None:
    _, chunk = create(plain, 3)
    claimed = claim(plain, chunk)
    with pytest.raises(DatabaseError, match=r"at work on 1 chunks. End the workers"):
        partition_tables(plain, target_rows=10)
    assert parts_of(plain) == []
    with plain.write() as connection:
        finish(connection, claimed)
    partition_tables(plain, target_rows=10)


def test_nothing_is_partitioned_that_somebody_uses_or_another_view_shows(
    plain: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsgate.db.partition_conversion._PATIENCE_MILLISECONDS", 50)
    with plain.read() as reading:
        reading.execute(select(func.count()).select_from(items))
        with pytest.raises(DatabaseError, match="somebody uses the tables"):
            partition_tables(plain, target_rows=10)
    with plain.write() as connection:
        connection.execute(text("create view fakes as select * from results where label = 'fake'"))
    with pytest.raises(DatabaseError, match="other views show these tables: fakes"):
        partition_tables(plain, target_rows=10)
    assert parts_of(plain) == []


def test_sqlite_says_that_partitions_are_for_postgresql(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'newsgate.db'}")
    migrate(database)
    with pytest.raises(DatabaseError, match="SQLite has no partitions: --partition is for PostgreSQL"):
        plan_conversion(database)
    database.close()


# Which part a batch is in


def test_every_batch_that_fills_a_part_has_one_of_its_own_and_the_next_is_there_already(
    parted: Database,
) -> None:
    for expected in (1, 2, 3):
        batch = classified(parted, 2)
        assert batch == expected
        assert rows_of(parted, f"items_p{batch}") == rows_of(parted, f"verdicts_p{batch}") == 2
    assert parts_of(parted)[-1].first_batch == 4


def test_small_batches_share_a_part_until_it_is_full_and_its_other_numbers_are_skipped(
    plain: Database,
) -> None:
    partition_tables(plain, target_rows=1000)
    numbers = [classified(plain, rows) for rows in (2, 3, 1000)]
    assert numbers == [1, 2, 3]
    full = parts_of(plain)[-1]
    assert (full.number, full.first_batch, full.end_batch) == (1, 1, 1001)
    # The next one is made for files like the latest ones: 333 of three rows fill a part.
    assert classified(plain, 3) == 1001
    assert [(each.first_batch, each.end_batch) for each in parts_of(plain)][2:] == [(1001, 1001 + 333)]


def test_a_part_is_made_while_others_read_and_write_all_tables(parted: Database) -> None:
    _, chunk = create(parted, 2)
    claimed = claim(parted, chunk)
    with parted.write() as writing, parted.read() as reading:
        finish(writing, claimed)
        for table in (items, verdicts, shadow_verdicts):
            reading.execute(select(func.count()).select_from(table))
        before = len(parts_of(parted))
        create(parted, 2)
        create(parted, 2)
        assert len(parts_of(parted)) > before


def test_whoever_cannot_make_the_next_part_goes_on_in_this_one(
    parted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsgate.db.partitions._AHEAD_SECONDS", 0.05)
    monkeypatch.setattr("newsgate.db.partitions._NEEDED_SECONDS", 0.05)
    with parted.write() as connection:
        connection.execute(text("lock table items in share update exclusive mode"))
        # This one's part is there; the next one's is not.
        assert create(parted, 2)[0] == 1
        with pytest.raises(DatabaseError, match="no partition can be made for the next batch"):
            create(parted, 2)
    assert create(parted, 2)[0] == 3


def test_a_member_of_the_role_that_owns_the_tables_makes_parts_that_it_owns(
    parted: Database, postgres_server: PostgresServer
) -> None:
    with parted.write() as connection:
        connection.execute(text("drop role if exists staff"))
        connection.execute(text("create role staff login in role newsgate"))
    staff = Database(parted.url.set(username="staff").render_as_string())
    assert [create(staff, 2)[0] for _ in range(3)] == [1, 2, 3]
    assert purge(staff, 1) == 2
    staff.close()
    newest = parts_of(parted)[-1]
    with parted.write() as connection:
        query = text("select tableowner from pg_tables where tablename = any(:names)")
        owners = set(connection.execute(query, {"names": list(newest.tables)}).scalars())
        connection.execute(text("drop role staff"))
    assert owners == {"newsgate"}


def test_many_who_enqueue_at_once_get_numbers_in_parts_that_are_there(parted: Database) -> None:
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.extend(create(parted, 2)[0] for _ in range(3))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 12
    assert count(parted, "items") == 24
    numbers = [each.number for each in parts_of(parted)]
    assert numbers == list(range(len(numbers)))


def test_a_row_in_the_wrong_part_is_refused(parted: Database) -> None:
    classified(parted, 2)
    # As an older newsgate would store it, which knows nothing of the parts.
    with pytest.raises(DBAPIError, match="ck_items_p1_numbers"), parted.write() as connection:
        connection.execute(items.insert().values(batch_id=1, row=99, text="a", text_hash=b"0" * 16))


# What comes later


def test_a_backup_is_restored_with_its_partitions(
    parted: Database, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    before = [seen(parted, classified(parted, rows)) for rows in (3, 2)]
    restored = postgres_server.new_database()
    dump = tmp_path / "newsgate.dump"
    for program, *arguments in (
        ("pg_dump", "--format=custom", f"--file={dump}", _address(parted.url)),
        ("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={_address(make_url(restored))}", str(dump)),
    ):
        subprocess.run([postgres_server.programs / program, *arguments], check=True, timeout=60)
    with opened(postgres_server, restored) as database:
        assert [seen(database, batch) for batch in (1, 2)] == before
        assert len(seen(database, classified(database, 4))) == 4
        assert purge(database, 1) == 2


def _address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string()


def test_items_are_drawn_from_all_partitions(parted: Database) -> None:
    items_of = [item for rows in (3, 1, 2) for item, _, _ in seen(parted, classified(parted, rows))]
    with parted.read() as connection:
        spans = item_spans(connection, batch=None)
        assert [number for span in spans for number in span] == items_of
        assert item_spans(connection, batch=3) == [range(items_of[4], items_of[5] + 1)]
    assert sorted(draw_numbers(spans, random.Random(0), 99)) == items_of
    drawn = [draw_numbers(spans, random.Random(seed), 1)[0] for seed in range(60)]
    assert set(drawn) == set(items_of)


def test_a_later_schema_changes_partitioned_tables_as_it_changes_plain_ones(parted: Database) -> None:
    """What the migrations of the last schemas did to these tables, and might do again."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Column, Double, Text

    classified(parted, 2)
    with parted.write() as connection:
        op = Operations(MigrationContext.configure(connection))
        view = connection.execute(text("select pg_get_viewdef('results')")).scalar_one()
        op.execute("DROP VIEW results")
        op.add_column("items", Column("later", Text))
        op.add_column("verdicts", Column("later", Double, server_default="0.5"))
        op.create_index("ix_verdicts_run_id", "verdicts", ["run_id"])
        op.create_index("ix_items_text_hash", "items", ["text_hash"])
        op.create_check_constraint("later", "verdicts", "later >= 0")
        op.execute(f"CREATE VIEW results AS {view}")
    # Also the parts that are made afterwards have them.
    for _ in range(2):
        classified(parted, 2)
    newest = parts_of(parted)[-1].number
    with parted.write() as connection:
        query = "select count(*) from pg_indexes where tablename = :table and indexdef like '%run_id%'"
        assert connection.execute(text(query), {"table": f"verdicts_p{newest}"}).scalar() == 1
        assert connection.execute(text("select count(*) from verdicts where later = 0.5")).scalar() == 6
        op = Operations(MigrationContext.configure(connection))
        op.drop_constraint("later", "verdicts", type_="check")
        op.drop_column("items", "later")
    assert migrate(parted) == (HEAD_REVISION, HEAD_REVISION)
    assert len(seen(parted, 1)) == 2


# What a person sees


def test_the_command_says_what_it_does_and_the_doctor_that_it_is_done(
    plain: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", plain.url.render_as_string(hide_password=False))
    monkeypatch.setattr("newsgate.tasks.running.open_database.ensure_champion", lambda _database: 1)
    told = CliRunner().invoke(migrate_command, ["--partition", "--partition-rows", "7"])
    assert told.exit_code == 0
    assert "reading 0.0 GB once, which takes some 1 seconds" in told.stderr
    assert "new batches go into partitions of their own" in told.stderr
    assert "already" in CliRunner().invoke(migrate_command, ["--partition"]).stderr
    again = CliRunner().invoke(migrate_command, ["--partition", "--partition-rows", "9"])
    assert "the newest partition and all later ones are full with 9 rows" in again.stderr
    without = CliRunner().invoke(migrate_command, ["--partition-rows", "9"])
    assert (without.exit_code, "goes with --partition" in without.stderr) == (2, True)
    purged = classified(plain, 9)
    classified(plain, 1)
    monkeypatch.setattr("newsgate.db.model_registry.champion_number", lambda _connection: 1)
    done = CliRunner().invoke(purge_command, [str(purged), "--yes"])
    assert "deleted: 10 rows; whole partitions that are dropped: 2" in done.stderr
    (check,) = _partitions(plain)
    assert check.state == "ok"
    assert "partitioned by batch, 1 partition of 9 rows or more; the newest begins with batch 8" in check.detail
    monkeypatch.setattr("newsgate.tasks.inspecting.doctor.database._MANY_PARTITIONS", 0)
    assert [each.state for each in _partitions(plain)] == ["warning"]
