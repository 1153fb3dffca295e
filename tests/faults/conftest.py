"""Sites for fault tests. A module's tests share one running system where they can: starting one is most of the time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from newsgate.db.session import Database
from tests.faults.helpers import Site
from tests.programs import World
from tests.services import PostgresServer, RedisServer, running_redis, short_folder

SHORT = {
    "NEWSGATE_LEASE_SECONDS": "2",
    "NEWSGATE_SWEEP_SECONDS": "0.3",
    "NEWSGATE_LOST_AFTER_SECONDS": "1",
    "NEWSGATE_WORKER_THREADS": "2",
}
MakeSite = Callable[..., Site]


@pytest.fixture(scope="module")
def new_site(request: pytest.FixtureRequest) -> Iterator[MakeSite]:
    """Makes sites: on `sqlite`, on `postgresql`, or on a given database; with a private broker or a given one."""
    with ExitStack() as stack:

        def make(
            kind: str = "sqlite",
            *,
            broker_url: str = "",
            database_url: str = "",
            extra: Mapping[str, str] | None = None,
        ) -> Site:
            folder = stack.enter_context(short_folder("newsgate-fault-"))
            home, traps = folder / "home", folder / "traps"
            traps.mkdir()
            url = database_url or (_new_postgres_database(request) if kind == "postgresql" else "")
            addresses = {"NEWSGATE_DATABASE_URL": url} if url else {}
            if not url:
                shutil.copytree(request.getfixturevalue("prepared_home"), home)
                url = f"sqlite:///{home / 'newsgate.db'}"
            addresses |= {"NEWSGATE_BROKER_URL": broker_url} if broker_url else {}
            world = World(home, url, {**SHORT, **addresses, **(extra or {})})
            database = Database(url)
            stack.callback(database.close)
            return Site(world, traps, database)

        yield make


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """A server that a module's tests may kill, freeze and fill."""
    with running_redis("newsgate-fault-redis-") as server:
        yield server


def _new_postgres_database(request: pytest.FixtureRequest) -> str:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.prepared_database()
