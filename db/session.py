"""Connections: how to open them, how long to wait for them, and what to say when there are none.

Two kinds of transaction, and no other way in: `read()` sees one state and writes nothing; `write()` commits when its
block ends and rolls back when the block raises.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from db.errors import DatabaseError, DatabaseFullError, DatabaseUnavailableError

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5

# https://sqlite.org/wal.html#walresetbug: before these releases two connections in WAL mode could, rarely, corrupt
# the file. The second figure of each pair ends the branch the fix was backported to.
_WAL_FIXED = (((3, 44, 6), (3, 45, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 51, 3), (4, 0, 0)))


class Database:
    """One database, reached through a pool of connections that threads may share."""

    def __init__(self, url: str) -> None:
        """Prepare to use the database at `url` (SQLAlchemy's form); nothing is opened yet."""
        self.url = _parse(url)
        self.engine = _engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @property
    def display_url(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent state for as long as the block lasts.

        Raises DatabaseUnavailableError where the database cannot be reached.
        """
        with self._translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed when the block ends, rolled back when it raises.

        Raises DatabaseUnavailableError where the database cannot be reached, DatabaseFullError where its disk is full.
        """
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(newsgate_writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise self._explain(error) from error
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise self._explain(error) from error

    def _explain(self, error: DBAPIError) -> DatabaseError:
        cause = _first_line(error)
        if "is full" in cause or "No space left" in cause:
            return DatabaseFullError(
                f"the disk is full: {cause}", where=self.display_url, remedy="Make room; nothing half-written was kept"
            )
        if "no such table" in cause or "does not exist" in cause:
            return DatabaseUnavailableError(cause, where=self.display_url, remedy="Run `newsgate migrate`")
        return DatabaseUnavailableError(
            f"the database does not answer: {cause}",
            where=self.display_url,
            remedy="Check that it runs and that NEWSGATE_DATABASE_URL is right",
        )


def sqlite_driver() -> ModuleType:
    """The SQLite to use: the one in the `pysqlite3` wheel, which is recent everywhere, else Python's own."""
    try:
        import pysqlite3.dbapi2 as driver
    except ImportError:
        return sqlite3
    return driver  # type: ignore[no-any-return]


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite may use write-ahead logging with several connections."""
    return any(fixed <= version < branch_end for fixed, branch_end in _WAL_FIXED)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseError(
            "the database address is not one SQLAlchemy understands",
            remedy="Set NEWSGATE_DATABASE_URL to something like postgresql+psycopg://user:password@host/name",
        ) from error
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseError(f"newsgate keeps its data in SQLite or PostgreSQL, not in {backend}")
    if backend == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS})
    except ImportError as error:
        raise DatabaseError(
            f"the driver for {url.get_backend_name()} is not installed", remedy="pip install 'newsgate[postgres]'"
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).expanduser().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    driver = sqlite_driver()
    engine = create_engine(url, module=driver, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    journal = "WAL" if wal_is_safe(driver.sqlite_version_info) else "TRUNCATE"

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: see `begin` below.
        connection.isolation_level = None
        for pragma in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once with "database is locked" when another has
        # written since; one that says so from the start waits its turn.
        writes = connection.get_execution_options().get("newsgate_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _first_line(error: DBAPIError) -> str:
    lines = str(error.orig or error).strip().splitlines()
    return lines[0] if lines else type(error.orig or error).__name__
