"""Connections: how to open them, how long to wait for them, and what to say when there are none.

Two kinds of transaction, and no other way in: `read()` sees one state and writes nothing; `write()` commits when its
block ends and rolls back when the block raises.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.exc import ArgumentError, DBAPIError

from newsgate.db.address import display, is_uri, parse_address, postgres_arguments, sqlite_arguments, sqlite_path
from newsgate.db.driver_errors import explain, is_connection_error
from newsgate.db.errors import DatabaseError, DatabaseUnavailableError
from newsgate.foundation.installation import install_command

if TYPE_CHECKING:
    from newsgate.db.idle_connections import IdleConnections

# Loaded with this module, not on first use: TensorFlow carries a SQLite of its own whose symbols, once it is loaded,
# would take the place of the wheel's, and one process would then treat the file differently from the others.
try:
    import pysqlite3.dbapi2 as _wheel

    _SQLITE: ModuleType = _wheel
except ImportError:
    import sqlite3

    _SQLITE = sqlite3

# Opened when they are needed, and closed again, beyond those that a process was said to need.
_MORE_CONNECTIONS = 10

# https://sqlite.org/wal.html#walresetbug: before these releases two connections in WAL mode could, rarely, corrupt
# the file. The second figure of each pair ends the branch the fix was backported to.
_WAL_FIXED = (((3, 44, 6), (3, 45, 0)), ((3, 50, 7), (3, 51, 0)), ((3, 51, 3), (4, 0, 0)))


class Database:
    """One database, reached through a pool of connections that threads may share."""

    def __init__(self, url: str, *, connections: int = 5) -> None:
        """Prepare to use the database at `url` (SQLAlchemy's form); nothing is opened yet.

        connections: how many threads use it at a time, as a rule; so many connections are kept.

        Raises DatabaseError for an address that cannot be.
        """
        self.url = parse_address(url)
        self.engine = _engine(self.url, connections=connections)
        self._idle = None if self.is_sqlite else _idle_connections(self.engine)
        driver = self.engine.dialect.loaded_dbapi
        self._driver_error: type[Exception] = driver.Error
        self._connection_errors: tuple[type[Exception], ...] = (driver.OperationalError, driver.InterfaceError)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @property
    def display_url(self) -> str:
        """The address without its secrets."""
        return display(self.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent state for as long as the block lasts.

        Raises DatabaseUnavailableError where the database cannot be reached.
        """
        with self._translated(), self.engine.connect() as connection:
            if not self.is_sqlite:
                # Each statement would otherwise see a state of its own. SQLite's transactions see one in any case.
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def write(self, *, synced: bool = True, in_a_row: bool = False) -> Iterator[Connection]:
        """A transaction that writes: committed when the block ends, rolled back when it raises.

        synced: the commit waits until it would survive a power cut. Without, a power cut may undo it, and never without
        undoing everything committed after it; whatever else dies, it stays.
        in_a_row: it follows another at once, so that nobody asks first whether the connection still lives.

        Raises DatabaseUnavailableError where the database cannot be reached, DatabaseFullError where its disk is full.
        """
        with self._translated(), self._connected(trusted=in_a_row) as connection:
            connection.execution_options(newsgate_writes=True, newsgate_synced=synced)
            with connection.begin():
                if not synced and not self.is_sqlite:
                    # One way there and back with the BEGIN, which the driver sends only now.
                    with pipelined(connection):
                        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
                yield connection

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """For statements that are a transaction each, and one way to PostgreSQL and back; not for SQLite.

        One that fails may have been executed: whoever uses this knows what to do then.
        Raises DatabaseUnavailableError, DatabaseFullError.
        """
        if self.is_sqlite:
            raise NotImplementedError("SQLite is no way off, and its transactions say from the start what they do")
        with self._translated(), self._connected(trusted=True) as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def outside_transactions(self) -> Iterator[Any]:
        """The driver's own connection, for what SQLite does not do inside a transaction.

        Raises DatabaseUnavailableError, DatabaseFullError.
        """
        with self._translated():
            connection = self.engine.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _connected(self, *, trusted: bool) -> Iterator[Connection]:
        with ExitStack() as stack:
            with nullcontext() if self._idle is None or not trusted else self._idle.trusted():
                connection = stack.enter_context(self.engine.connect())
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.TimeoutError as error:
            raise DatabaseUnavailableError(
                "every connection that this process may open is in use",
                where=self.display_url,
                remedy="Wait, or give each worker fewer threads: NEWSGATE_WORKER_THREADS",
            ) from error
        # COPY talks to the driver past SQLAlchemy, so its errors come as the driver made them.
        except (DBAPIError, self._driver_error) as error:
            of_connection = is_connection_error(error, driver_classes=self._connection_errors)
            explained = explain(error, where=self.display_url, is_connection_error=of_connection)
            if explained is None:
                raise
            raise explained from error


def sqlite_driver() -> ModuleType:
    """The SQLite to use: the one in the `pysqlite3` wheel, which is recent everywhere, else Python's own."""
    return _SQLITE


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Send what is executed in the block without waiting for each answer; on PostgreSQL, and for what gives no rows."""
    driver_connection: Any = connection.connection.driver_connection
    from psycopg import Pipeline

    # An old client library sends one after the other.
    try:
        with driver_connection.pipeline() if Pipeline.is_supported() else nullcontext():
            yield
    except Exception:
        # A connection that is lost in a pipeline neither leaves it nor rolls back, and would fail again at that.
        connection.invalidate()
        raise


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite may use write-ahead logging with several connections."""
    return any(fixed <= version < branch_end for fixed, branch_end in _WAL_FIXED)


def _idle_connections(engine: Engine) -> IdleConnections:
    from newsgate.db.idle_connections import IdleConnections

    return IdleConnections(engine)


def _engine(url: URL, *, connections: int) -> Engine:
    pool = {"pool_size": connections, "max_overflow": _MORE_CONNECTIONS}
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url, pool)
        return _postgres_engine(url, pool)
    except ImportError as error:
        raise DatabaseError(
            f"the driver for {url.get_backend_name()} is not installed", remedy=f"Run: {install_command('postgres')}"
        ) from error
    except ArgumentError as error:
        raise DatabaseError(
            "the database address is not one SQLAlchemy understands", remedy="Correct it in NEWSGATE_DATABASE_URL"
        ) from error


def _postgres_engine(url: URL, pool: Mapping[str, int]) -> Engine:
    # What nobody needs whose database is SQLite.
    from newsgate.db.binary_arrays import register
    from newsgate.db.session_settings import settle

    # The connection used last comes first: over a distance, its packets are the fewest that TCP holds back.
    # READ COMMITTED, whatever is the server's default: at a higher level, who waited for another's row would fail.
    engine = create_engine(
        url, pool_use_lifo=True, isolation_level="READ COMMITTED", connect_args=postgres_arguments(url), **pool
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        register(connection)
        settle(connection)

    return engine


def _sqlite_engine(url: URL, pool: Mapping[str, int]) -> Engine:
    # Where SQLite reads the address itself, it may say there that the file must be there already.
    file = None if is_uri(url) else sqlite_path(url)
    if file is not None:
        _make_folder(file.parent)
    driver = sqlite_driver()
    engine = create_engine(url, module=driver, connect_args=sqlite_arguments(url), **pool)
    journal = "WAL" if wal_is_safe(driver.sqlite_version_info) else "TRUNCATE"

    @event.listens_for(engine, "do_connect")
    def make_private(_dialect: Any, _record: Any, _arguments: Any, _parameters: Any) -> None:
        # SQLite gives its journals the mode of the file. Where it cannot be made, SQLite says so in a moment.
        if file is not None:
            with suppress(OSError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

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
        options = connection.get_execution_options()
        if not options.get("newsgate_writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        if journal == "WAL":
            # Only between transactions. With another journal NORMAL could cost more than the last commits.
            synced = options.get("newsgate_synced", True)
            connection.exec_driver_sql("PRAGMA synchronous=FULL" if synced else "PRAGMA synchronous=NORMAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"cannot make the folder of the database: {error.strerror}",
            where=str(folder),
            remedy="Let NEWSGATE_DATABASE_URL name a file elsewhere",
        ) from error
