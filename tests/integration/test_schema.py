"""Migrations, on both databases: they give what db/tables.py says, and a server behind them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from db.errors import SchemaAheadError, SchemaBehindError
from db.results import COLUMNS
from db.schema import HEAD_REVISION, ensure_schema, migrate
from db.session import Database
from db.tables import metadata


def test_migrations_give_the_tables_that_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_view_has_the_documented_columns(database: Database) -> None:
    with database.read() as connection:
        assert tuple(c["name"] for c in inspect(connection).get_columns("results")) == COLUMNS


def test_head_revision_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(__file__).parents[2] / "db" / "migrations"))
    assert script.get_current_head() == HEAD_REVISION


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert migrate(database) == (HEAD_REVISION, HEAD_REVISION)


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
    with database.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SchemaAheadError, match="9999"):
        ensure_schema(database)
