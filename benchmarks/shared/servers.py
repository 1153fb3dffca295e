"""A PostgreSQL and a Redis over TCP, for as long as a measurement lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.services import PostgresServer, RedisServer, short_folder


class SafePostgresServer(PostgresServer):
    """The tests' server, but with a commit that survives a power cut: PostgreSQL's own defaults."""

    def _flags(self) -> str:
        return f"-p {self.port} -h {self.address} -k {self._folder}"

    @property
    def pid(self) -> int:
        """The process whose children serve the connections."""
        return int(Path(self._data, "postmaster.pid").read_text(encoding="ascii").split()[0])


@contextlib.contextmanager
def safe_postgres() -> Iterator[SafePostgresServer]:
    """A PostgreSQL of its own for as long as the block lasts."""
    # Not in the benchmark's folder: the server may have to be run by another user.
    with short_folder("bench-pg-") as folder:
        server = SafePostgresServer(folder / "server")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def redis_over_tcp(folder: Path) -> Iterator[RedisServer]:
    """A Redis of its own, its data in `folder`, for as long as the block lasts."""
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
