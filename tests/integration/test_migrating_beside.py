"""A migration while somebody reads for long: a backup, an export, a session that was left open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from newsgate.db import schema
from newsgate.db.audit import audit
from newsgate.db.errors import DatabaseUnavailableError
from newsgate.db.schema import HEAD_REVISION, current_revision, migrate
from newsgate.db.session import Database
from tests.services import PostgresServer, wait_until

_VERSIONS = Path(__file__).parents[2] / "db" / "migrations"
# The next one takes keys away from the tables that everybody uses.
BEFORE = "0010"


@pytest.fixture
def older(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(schema, "_PATIENCE_MILLISECONDS", 300)
    monkeypatch.setattr(schema, "_PAUSE_SECONDS", 0.5)
    database = Database(postgres_server.new_database())
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(_VERSIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
    yield database
    with database.read() as connection:
        assert all(finding.holds for finding in audit(connection))
    database.close()


@contextmanager
def _dumping(database: Database) -> Iterator[int]:
    """Somebody reads all tables in one transaction, as pg_dump does; gives the process of the server."""
    with psycopg.connect(_address(database), application_name="pg_dump") as one:
        one.execute("select count(*) from items, verdicts, batches, runs, models")
        yield one.info.backend_pid


def _address(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_nobody_stands_behind_a_migration_that_waits_and_it_goes_on(
    older: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[tuple[str | None, str]] = []
    migration = threading.Thread(target=lambda: done.append(migrate(older)))
    with _dumping(older) as pid, psycopg.connect(_address(older), autocommit=True) as worker:
        migration.start()
        wait_until(lambda: "the migration waits" in caplog.text, what="the migration has stepped back once")
        worker.execute("set statement_timeout = '20s'")
        for table in ("items", "verdicts", "batches", "runs", "models"):
            worker.execute(f"select count(*) from {table}")
        assert f"pg_dump (process {pid})" in caplog.text
        assert not done
    migration.join(60)
    assert done == [(BEFORE, HEAD_REVISION)]


def test_a_migration_that_cannot_have_its_tables_says_who_has_them(
    older: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_TRIES", 2)
    with (
        _dumping(older) as pid,
        pytest.raises(DatabaseUnavailableError, match=rf"nothing is migrated: pg_dump \(process {pid}\) holds a table"),
    ):
        migrate(older)
    assert current_revision(older) == BEFORE
    assert migrate(older) == (BEFORE, HEAD_REVISION)
