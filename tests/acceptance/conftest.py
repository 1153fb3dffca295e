"""Worlds for acceptance tests: one machine with nothing set, and real servers over TCP."""

from __future__ import annotations

import shutil
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
def untouched(home: Path) -> World:
    """One machine, nothing set, and newsgate was never run there."""
    return World(home, f"sqlite:///{home / 'newsgate.db'}")


@pytest.fixture
def alone(untouched: World, prepared_home: Path) -> World:
    """One machine, nothing set: SQLite, with no rows yet, and a private broker."""
    shutil.copytree(prepared_home, untouched.home)
    return untouched


@pytest.fixture(params=["sqlite and a private broker", "postgresql and redis"])
def world(request: pytest.FixtureRequest, home: Path) -> World:
    """Each of the two ways to run newsgate, ready for `newsgate up`."""
    if request.param == "sqlite and a private broker":
        alone: World = request.getfixturevalue("alone")
        return alone
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    return _on_servers(home, postgres.prepared_database(), redis)


@pytest.fixture(params=["sqlite and a private broker", "postgresql and redis"])
def new_world(request: pytest.FixtureRequest, untouched: World) -> World:
    """Each of the two ways to run newsgate before its first day: no file is there, and an owner has made the schema."""
    if request.param == "sqlite and a private broker":
        return untouched
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    world = _on_servers(untouched.home, postgres.new_database(), redis)
    migrated = world.execute("newsgate", "migrate")
    assert migrated.code == 0, migrated.err
    return world


def _on_servers(home: Path, url: str, redis: RedisServer) -> World:
    # A queue of its own for each test, on the one server.
    broker = redis.url.replace("/0", f"/{int(url.rsplit('_', 1)[1]) % 15 + 1}")
    return World(home, url, {"NEWSGATE_DATABASE_URL": url, "NEWSGATE_BROKER_URL": broker})
