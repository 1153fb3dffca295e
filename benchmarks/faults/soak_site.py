"""The servers below a soak, which go away and come back: PostgreSQL behind PgBouncer, and Redis; or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import redis

from benchmarks.shared.home import Home
from benchmarks.shared.processes import BenchmarkError, run_to_end
from tests.pgbouncer import PgBouncer
from tests.programs import World
from tests.sentinels import WatchedRedis, watched_redis
from tests.services import PostgresServer, short_folder, wait_until

_SETTINGS: Final = {
    "NEWSGATE_CHUNK_ROWS": "50",
    "NEWSGATE_LEASE_SECONDS": "5",
    "NEWSGATE_SWEEP_SECONDS": "1",
    "NEWSGATE_LOST_AFTER_SECONDS": "2",
}
_BROKER_SECONDS: Final = 60.0


class Site:
    """SQLite and newsgate's own broker: nothing here can go away."""

    name = "SQLite and a private broker"
    on_servers = False

    def __init__(self, database_url: str) -> None:
        self.direct_database_url = database_url

    def restart_pooler(self) -> None:
        """End PgBouncer in the midst of transactions, and start it again."""
        raise NotImplementedError

    def restart_broker(self) -> None:
        """SIGKILL for Redis, and start it again."""
        raise NotImplementedError

    def fail_over(self) -> None:
        """SIGKILL for the master: Sentinel makes the replica the master, and what was the master its replica."""
        raise NotImplementedError

    def broker_client(self, home: Home) -> redis.Redis:
        """A client of the broker that newsgate uses in this home."""
        return redis.Redis(unix_socket_path=str(home.settings.broker_socket))

    def back_up(self, home: Home, file: Path) -> None:
        """Copy the database to a file, as docs/backup.md says."""
        home.run("newsgate", "backup", file)


class _TidyServer(PostgresServer):
    """Tidies up, as those of people do, and sooner: a day passes here in a minute or two."""

    def _flags(self) -> str:
        return f"{super()._flags()} -c autovacuum=on -c autovacuum_naptime=5s"


class Servers(Site):
    """PostgreSQL behind PgBouncer, and two Redis servers that three Sentinels watch."""

    name = "PostgreSQL behind PgBouncer, and Redis behind Sentinel"
    on_servers = True

    def __init__(self, database_url: str, *, postgres: PostgresServer, pooler: PgBouncer, broker: WatchedRedis) -> None:
        super().__init__(database_url)
        self._postgres = postgres
        self._pooler = pooler
        self._broker = broker

    def restart_pooler(self) -> None:
        self._pooler.stop()
        self._pooler.start()

    def restart_broker(self) -> None:
        # At once: the Sentinels may or may not have noticed.
        master = self._broker.servers[self._broker.master]
        master.kill()
        master.start(ready=False)
        self._wait_for_both()

    def fail_over(self) -> None:
        before = self._broker.servers[self._broker.master]
        self._broker.kill_master()
        before.start(ready=False)
        self._wait_for_both()

    def broker_client(self, home: Home) -> redis.Redis:
        return self._broker.client(self._broker.master)

    def back_up(self, home: Home, file: Path) -> None:
        address = self.direct_database_url.replace("+psycopg", "")
        dump = [str(self._postgres.programs / "pg_dump"), "--format=custom", f"--file={file}", address]
        run_to_end(dump, environment=home.environment, folder=home.folder)

    def _wait_for_both(self) -> None:
        wait_until(self._broker.is_ready, what="a replica follows the master", seconds=_BROKER_SECONDS)


@contextlib.contextmanager
def prepared_site(
    folder: Path, *, on_servers: bool, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[World, Site]]:
    """A place to run newsgate in, its database ready. settings: NEWSGATE_ variables beside those of every soak."""
    home = folder / "home"
    with _servers() if on_servers else contextlib.nullcontext() as servers:
        site, addresses = servers or (Site(f"sqlite:///{home / 'newsgate.db'}"), {})
        world = World(home, site.direct_database_url, {**_SETTINGS, **settings, **addresses})
        migrated = world.run("newsgate", "migrate")
        if migrated.code:
            raise BenchmarkError(migrated.err)
        yield world, site


@contextlib.contextmanager
def _servers() -> Iterator[tuple[Site, dict[str, str]]]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder("newsgate-soak-"))
        postgres = _TidyServer(folder / "server")
        postgres.start()
        stack.callback(postgres.stop)
        pooler = stack.enter_context(PgBouncer.running(postgres))
        broker = stack.enter_context(watched_redis())
        url = postgres.new_database()
        addresses = {"NEWSGATE_DATABASE_URL": pooler.through(url), "NEWSGATE_BROKER_URL": broker.url}
        yield Servers(url, postgres=postgres, pooler=pooler, broker=broker), addresses
