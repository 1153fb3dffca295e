"""Which commits wait for the disk: those that somebody is told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from newsgate.db.session import Database
from tests.services import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def safe(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Database]:
    """A database as people run it: the tests' own server would sync nothing."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/newsgate.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = f"{server.new_database()}?options=-c%20synchronous_commit%3Don"
    database = Database(url)
    yield database
    database.close()


def how_it_syncs(database: Database, *, synced: bool) -> object:
    asked = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    with database.write(synced=synced) as connection:
        return connection.execute(text(asked)).scalar_one()


def test_a_commit_waits_for_the_disk_unless_it_is_told_not_to(safe: Database) -> None:
    waits, does_not = (2, 1) if safe.is_sqlite else ("on", "off")
    # In this order, over one pooled connection: nothing of the one before is left.
    asked = [how_it_syncs(safe, synced=synced) for synced in (True, False, True, True, False)]
    assert asked == [waits, does_not, waits, waits, does_not]


def test_a_journal_that_must_be_synced_always_is(safe: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if not safe.is_sqlite:
        return
    monkeypatch.setattr("newsgate.db.session.wal_is_safe", lambda _: False)
    rolled_back = Database(str(safe.url))
    assert how_it_syncs(rolled_back, synced=False) == 2
    rolled_back.close()
