"""Worlds for acceptance tests: one machine with nothing set, and real servers over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import World
from tests.services import PostgresServer, RedisServer, short_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder with a short path, as people's are."""
    with short_folder("newsgate-home-") as folder:
        yield folder / "home"


@pytest.fixture
def alone(home: Path) -> World:
    """One machine, nothing set: SQLite and a private broker."""
    return World(home, f"sqlite:///{home / 'newsgate.db'}")


@pytest.fixture(params=["sqlite and a private broker", "postgresql and redis"])
def world(request: pytest.FixtureRequest, home: Path) -> World:
    """Each of the two ways to run newsgate, ready for `newsgate up`."""
    if request.param == "sqlite and a private broker":
        return World(home, f"sqlite:///{home / 'newsgate.db'}")
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    url = postgres.new_database()
    # A queue of its own for each test, on the one server.
    broker = redis.url.replace("/0", f"/{int(url.rsplit('_', 1)[1]) % 15 + 1}")
    world = World(home, url, {"NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": broker})
    migrated = world.run("newsgate", "migrate")
    assert migrated.code == 0, migrated.err
    return world
