"""A PostgreSQL with a streaming replica, for the tests that lose the primary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from newsgate.db.session import Database
from tests.services import PostgresServer, short_folder, wait_until


class Primary(PostgresServer):
    """A server that can be copied while it runs. Nothing waits for a disk, but a commit may wait for a replica."""

    def _flags(self) -> str:
        return f"-p {self.port} -h {self.address} -k {self._folder} -c fsync=off -c full_page_writes=on"

    def wait_for_replica(self) -> None:
        """Let commits wait, from now on, until the replica has what they write."""
        self._administer("alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
        self.wait_until_followed(state="sync")

    def wait_until_followed(self, *, state: str = "async") -> None:
        """Wait until a replica is connected and has all that was written."""
        query = f"select count(*) from pg_stat_replication where sync_state = '{state}' and replay_lsn = sent_lsn"
        wait_until(lambda: self.count(query) == 1, what="a replica follows the primary")

    def stop_if_running(self) -> None:
        """Stop it, unless a test has done so."""
        if Path(self._data, "postmaster.pid").exists():
            self.stop()

    def count(self, query: str) -> int:
        """The number that a query gives on this server."""
        database = Database(self._url("postgres"))
        try:
            with database.read() as connection:
                return int(connection.exec_driver_sql(query).scalar_one())
        finally:
            database.close()


class Replica(Primary):
    """A server that follows a primary until it is promoted."""

    def __init__(self, folder: Path, *, of: Primary) -> None:
        super().__init__(folder)
        # The copy of the primary's programs, which its user may read.
        self._binaries = of._binaries
        self._primary = of

    def start(self) -> None:
        self._primary._run(
            "pg_basebackup", "-D", self._data, "-h", self.address, "-p", str(self._primary.port), "-U", "newsgate",
            "-R", "-X", "stream", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        self.start_again()

    def promote(self) -> None:
        """Make it the primary."""
        self._run("pg_ctl", "-D", self._data, "-w", "promote")


@contextmanager
def replicated_postgres() -> Iterator[tuple[Primary, Replica]]:
    """A primary and its replica, which follows without being waited for."""
    with short_folder("newsgate-pg-") as folder:
        primary = Primary(folder / "one" / "server")
        primary.start()
        replica = Replica(folder / "one" / "server" / "replica", of=primary)
        replica.start()
        try:
            yield primary, replica
        finally:
            for server in (primary, replica):
                server.stop_if_running()


def address_of_both(url: str, *servers: PostgresServer) -> str:
    """The address of a database as it is written where any of the servers, asked in this order, may take it."""
    one = make_url(url)
    where = ",".join(f"{server.address}:{server.port}" for server in servers)
    return f"postgresql://{one.username}@{where}/{one.database}"
