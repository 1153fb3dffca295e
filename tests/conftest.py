"""What every test may ask for. Servers are started once a session, by the first test that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsgate.db.schema import ensure_schema
from newsgate.db.session import Database
from tests.services import PostgresServer, RedisServer, running_redis, short_folder


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings, the `.env` or the home folder of the person who runs it."""
    import os

    for name in list(os.environ):
        if name.startswith("NEWSGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running_redis("newsgate-redis-") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with short_folder("newsgate-pg-") as folder:
        server = PostgresServer(folder / "server")
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'newsgate.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with newsgate's schema, once of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'newsgate.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.new_database(migrated=True)
    opened = Database(url)
    ensure_schema(opened)
    yield opened
    opened.close()
