"""A real PgBouncer in transaction mode for the tests, between newsgate and the tests' PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.services import PostgresServer, free_port, short_folder, wait_until

# Set where no test may be skipped for what is not installed. Read now: tests see no settings of whoever runs them.
_ALL_ARE_NEEDED = bool(os.environ.get("NEWSGATE_TESTS_NEED_ALL"))
_NOT_INSTALLED = "PgBouncer is not installed: apt-get install pgbouncer"
# Few, so that connections to PostgreSQL are really shared: each has what another client left in it.
_POOL_SIZE = "2"
# Debian has it where only root looks for programs.
_FOLDERS = (os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")


class PgBouncer:
    """PgBouncer on a TCP port of loopback: each transaction gets whichever connection to PostgreSQL is free."""

    def __init__(self, folder: Path, *, server_port: int, **options: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": _POOL_SIZE,
            # The least recently used first, as on a busy machine.
            "server_round_robin": "1",
            "max_client_conn": "300",
            **options,
        }
        self._server = f"host=127.0.0.1 port={server_port} user=newsgate"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, configuration: Path | None = None) -> None:
        """Start, or start again on the port it had. configuration: a file in place of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = configuration or self._write_configuration()
        # It refuses to be root.
        other_user = ("-u", "nobody") if os.geteuid() == 0 else ()
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program(), *other_user, str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._listens, what="PgBouncer listens")

    def _write_configuration(self) -> Path:
        written = "".join(f"{name} = {value}\n" for name, value in self._settings.items())
        file = self._folder / "pgbouncer.ini"
        file.write_text(f"[databases]\n* = {self._server}\n[pgbouncer]\n{written}")
        return file

    def stop(self) -> None:
        """End at once, as at a restart: whoever has a transaction open loses it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    @classmethod
    @contextmanager
    def running(cls, postgres: PostgresServer, **options: str) -> Iterator[PgBouncer]:
        """One before this PostgreSQL, for as long as the block lasts; skips the test where PgBouncer is not installed.

        options: what its configuration says otherwise.
        """
        if _found() is None and not _ALL_ARE_NEEDED:
            pytest.skip(_NOT_INSTALLED)
        with short_folder("newsgate-pgbouncer-") as folder:
            pooler = cls(folder, server_port=postgres.port, **options)
            pooler.start()
            try:
                yield pooler
            finally:
                pooler.stop()

    @property
    def log(self) -> str:
        """What it said of itself so far."""
        return (self._folder / "log").read_text()

    def through(self, url: str) -> str:
        """The address of the same database by way of this pooler."""
        return make_url(url).set(port=self.port).render_as_string(hide_password=False)

    def _listens(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended: {self.log}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def pgbouncer_program(file: Path, *, port: int) -> Iterator[None]:
    """One with a configuration of the test's own, for as long as the block lasts; skips as `PgBouncer.running` does."""
    if _found() is None and not _ALL_ARE_NEEDED:
        pytest.skip(_NOT_INSTALLED)
    pooler = PgBouncer(file.parent, server_port=0)
    pooler.port = port
    pooler.start(file)
    try:
        yield
    finally:
        pooler.stop()


def _program() -> str:
    program = _found()
    if program is None:
        raise RuntimeError(_NOT_INSTALLED)
    return program


def _found() -> str | None:
    return shutil.which("pgbouncer", path=os.pathsep.join(_FOLDERS))
