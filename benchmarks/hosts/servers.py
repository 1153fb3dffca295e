"""PostgreSQL and Redis on a host of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hosts.network import Host
from benchmarks.shared.servers import SafePostgresServer
from tests.services import RedisServer, short_folder

_OTHERS_MAY_COME = "host all all 0.0.0.0/0 trust\n"


class HostPostgres(SafePostgresServer):
    """PostgreSQL with its own defaults, to which every host may connect."""

    def __init__(self, folder: Path, *, host: Host) -> None:
        self.address = host.address
        self._host = host
        super().__init__(folder)

    def command(self, command: list[str]) -> tuple[list[str], str | None]:
        # Only root enters a namespace, and PostgreSQL refuses to be root.
        return self._host.command(["runuser", "-u", str(self.user), "--", *command]), None

    def start_again(self) -> None:
        access = Path(self._data, "pg_hba.conf")
        known = access.read_text(encoding="utf-8")
        if _OTHERS_MAY_COME not in known:
            access.write_text(known + _OTHERS_MAY_COME, encoding="utf-8")
        super().start_again()


class HostRedis(RedisServer):
    """Redis as docker-compose.yml runs it, on a host without a password."""

    def __init__(self, folder: Path, *, host: Host) -> None:
        self.address = host.address
        self._host = host
        safe = ("--appendonly", "yes", "--maxmemory-policy", "noeviction", "--protected-mode", "no")
        super().__init__(folder, flags=safe)

    def command(self, command: list[str]) -> list[str]:
        return self._host.command(command)


@dataclass(frozen=True)
class Servers:
    """Both, and the addresses by which newsgate reaches them."""

    postgres: HostPostgres
    redis: HostRedis
    database_url: str

    @property
    def variables(self) -> dict[str, str]:
        """What newsgate's programs have to know."""
        return {"NEWSGATE_DATABASE_URL": self.database_url, "NEWSGATE_BROKER_URL": self.redis.url}

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Killed, both of them, for as long as the block lasts: as when the power of their host fails."""
        self.postgres.stop(mode="immediate")
        self.redis.kill()
        try:
            yield
        finally:
            self.postgres.start_again()
            self.redis.start()


@contextlib.contextmanager
def running_servers(host: Host) -> Iterator[Servers]:
    """Both on `host`, with a database that has newsgate's schema and its starter model."""
    with short_folder("hosts-") as folder, contextlib.ExitStack() as stack:
        postgres = HostPostgres(folder / "postgres", host=host)
        postgres.start()
        stack.callback(postgres.stop)
        redis = HostRedis(folder / "redis", host=host)
        redis.start()
        stack.callback(redis.stop)
        yield Servers(postgres, redis, postgres.prepared_database())
