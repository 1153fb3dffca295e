"""Migrations, on both databases: they give what db/tables.py says, and a server behind them is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Row, Table, delete, func, insert, inspect, select, text

from newsgate.db.errors import SchemaAheadError, SchemaBehindError
from newsgate.db.judgement_tables import labels
from newsgate.db.labels import add_labels
from newsgate.db.model_registry import add_model
from newsgate.db.partial_indexes import metadata
from newsgate.db.results import COLUMNS
from newsgate.db.schema import HEAD_REVISION, current_revision, ensure_schema, migrate
from newsgate.db.session import Database
from newsgate.db.tables import NOT_ON_POSTGRESQL, batches, chunks, items, runs
from newsgate.db.types import database_time
from tests.newer import set_schema

_VERSIONS = Path(__file__).parents[2] / "db" / "migrations" / "versions"


def test_migrations_give_the_tables_that_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        assert _differences(connection) == []


def test_postgresql_has_no_foreign_key_that_costs_a_look_for_every_row(database: Database) -> None:
    with database.read() as connection:
        inspected = inspect(connection)
        keys = {
            (table, column)
            for table in ("items", "verdicts")
            for key in inspected.get_foreign_keys(table)
            for column in key["constrained_columns"]
        }
    assert keys == (NOT_ON_POSTGRESQL if database.is_sqlite else set())


def test_the_view_has_the_documented_columns(database: Database) -> None:
    with database.read() as connection:
        assert tuple(c["name"] for c in inspect(connection).get_columns("results")) == COLUMNS


def test_head_revision_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(__file__).parents[2] / "db" / "migrations"))
    assert script.get_current_head() == HEAD_REVISION


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert migrate(database) == (HEAD_REVISION, HEAD_REVISION)


def test_what_an_older_newsgate_stored_is_there_after_migrating(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        _upgrade(connection, "0002")
        _store(connection)
        before = _stored(connection)
    assert migrate(database) == ("0002", HEAD_REVISION)
    with database.read() as connection:
        assert _stored(connection) == before
        assert [len(rows) for rows in before] == [2, 2, 2]
        assert connection.execute(select(chunks.c.leased_at)).scalars().all() == [None, None]
        # Both have the first turn: they come as they came before, and so does what an older program enqueues.
        assert connection.execute(select(chunks.c.turn)).scalars().all() == [0, 0]
        assert connection.execute(select(runs.c.priority, runs.c.paused_at)).all() == [(10, None)]
        assert connection.execute(select(items.c["columns"])).scalars().all() == [None, None]
        purged = connection.execute(select(batches.c.purged_at, batches.c.purged_rows)).all()
        assert [tuple(row) for row in purged] == [(None, 0)]
        assert _differences(connection) == []
        if database.is_sqlite:
            assert connection.execute(text("pragma foreign_key_check")).all() == []
            index = "select sql from sqlite_master where name = 'ix_chunks_unfinished'"
            assert "WHERE state in" in connection.execute(text(index)).scalar_one()
    with database.write() as connection:
        _store(connection)
        assert [len(rows) for rows in _stored(connection)] == [4, 4, 4]
    database.close()


@pytest.mark.parametrize("table", [chunks, labels, items], ids=["chunks", "labels", "items"])
def test_the_id_of_a_deleted_row_is_never_given_again(table: Table, database: Database) -> None:
    highest = select(func.max(table.c.id))
    with database.write() as connection:
        _store(connection)
        gone = connection.execute(highest).scalar_one()
        connection.execute(delete(table).where(table.c.id == gone))
        _store(connection)
        assert connection.execute(select(func.min(table.c.id)).where(table.c.id >= gone)).scalar_one() > gone


def test_an_empty_server_is_refused_until_it_is_migrated(database_url: str) -> None:
    database = Database(database_url)
    if database.is_sqlite:
        ensure_schema(database)
    else:
        with pytest.raises(SchemaBehindError, match="newsgate migrate"):
            ensure_schema(database)
        assert migrate(database) == (None, HEAD_REVISION)
    ensure_schema(database)
    database.close()


def test_a_database_from_a_newer_newsgate_is_refused(database: Database) -> None:
    set_schema(database, "9999", oldest="9999")
    for act in (ensure_schema, migrate):
        with pytest.raises(SchemaAheadError, match=r"9999.* Install the newsgate that made it"):
            act(database)


def test_a_newer_database_that_says_nothing_of_older_programs_is_refused(database: Database) -> None:
    set_schema(database, "9999", oldest=None)
    with pytest.raises(SchemaAheadError, match=r"9999.* Install the newsgate that made it"):
        ensure_schema(database)


def test_a_newer_database_that_has_only_more_is_used_but_not_migrated(database: Database) -> None:
    set_schema(database, "9999", oldest=HEAD_REVISION)
    ensure_schema(database)
    assert current_revision(database) == "9999"
    with pytest.raises(SchemaAheadError, match="9999"):
        migrate(database)


def test_a_migration_that_takes_something_away_says_which_programs_it_leaves_behind() -> None:
    for path in sorted(_VERSIONS.glob("[0-9]*.py")):
        upgrade = path.read_text().partition("def upgrade")[2].partition("def downgrade")[0]
        takes_away = re.search(r"op\.(drop|alter|rename)_|(?i:\bdrop (table|column))", upgrade)
        # Up to there the first release works beside this one, as a test sees.
        if path.name > "0013" and takes_away:
            assert "oldest_schema" in upgrade, f"{path.name} takes something away: see docs/upgrading.md"


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "db" / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _store(connection: Connection) -> None:
    """Two chunks and two labels, with the columns that they always had."""
    now = {"created_at": database_time()}
    model = add_model(connection, name="test", bundle=str(_stored(connection)).encode(), metadata={})
    batch = insert(batches).values(name="a.csv", sha256="0" * 64, size_bytes=1, layout="{}", **now)
    of_batch = connection.execute(batch.returning(batches.c.id)).scalar_one()
    run = insert(runs).values(batch_id=of_batch, model=model, state="running", total=2, **now)
    of_run = connection.execute(run.returning(runs.c.id)).scalar_one()
    for row in (2, 3):
        waiting = {"run_id": of_run, "first_row": row, "last_row": row, "item_count": 1, "state": "queued"}
        connection.execute(insert(chunks).values(**waiting, queued_at=database_time(), last_error="no", summary="{}"))
        connection.execute(insert(items).values(batch_id=of_batch, row=row, text="a", text_hash=b"0" * 16))
    add_labels(connection, [("one", "fake"), ("two", "real")], labelled_by="ann", chosen="direct")


def _stored(connection: Connection) -> list[Sequence[Row[Any]]]:
    return [connection.execute(select(*_old(table)).order_by(table.c.id)).all() for table in (chunks, labels, items)]


def _old(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name not in ("leased_at", "columns", "turn")]


def _differences(connection: Connection) -> list[Any]:
    """What the tables that the code uses have, and the database has not, or the other way round."""
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    if connection.dialect.name == "sqlite":
        return found
    missing = [each for each in found if each[0] == "add_fk" and _place(each[1]) in NOT_ON_POSTGRESQL]
    assert {_place(each[1]) for each in missing} == NOT_ON_POSTGRESQL
    return [each for each in found if each not in missing]


def _place(key: Any) -> tuple[str, str]:
    return key.parent.name, key.column_keys[0]
