"""What an error of a database's driver means to a person, and what helps.

What lies in the server, in the way to it or in its set-up is one line. What can only be a mistake in newsgate's own
statements has no such explanation: its traceback is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError

from newsgate.db.errors import DatabaseError, DatabaseFullError, DatabaseUnavailableError
from newsgate.db.session_settings import MAKE_ONE_FOR_EVERY_TEXT

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_DISK_FULL = "53100"
_NO_SUCH_TABLE = "42P01"
_NO_RIGHT = "42501"
_NO_PLACE_FOR_A_CHARACTER = "22P05"
# A standby, or a server that its provider closed for writing.
_READ_ONLY = "25006"
# Of a statement (or somebody cancelled it), of a lock, of a transaction that waits for its program, of a transaction.
_OUT_OF_TIME = ("57014", "55P03", "25P03", "25P04")
_CONFLICT = "40"
# A prepared statement or a cursor is not there, or another has its name: this is not the session it was made in.
_ANOTHER_SESSION = ("26000", "42P05", "34000")
# Connection, patience with a transaction, authorization, name of database or schema, conflicts, resources, locks,
# operator, system, configuration, internal error.
_NOT_OF_THE_STATEMENT = ("08", "25P03", "25P04", "28", "3D", "3F", "40", "53", "55", "57", "58", "F0", "XX")
# What SQLite says, and PostgreSQL where it refuses a connection: such a refusal comes without a code.
_SIGNS_OF_A_FULL_DISK = ("is full", "disk I/O error", "No space left")
_IN_THE_ADDRESS = "Check that it runs and that NEWSGATE_DATABASE_URL is right"


class _Known(NamedTuple):
    sign: str
    error: type[DatabaseError]
    what: str
    remedy: str


# Told by words: they come from the driver, from SQLite or from a pooler, which have no codes for them. The first wins.
_KNOWN = (
    _Known(
        "is locked",
        DatabaseUnavailableError,
        "another program has kept the database to itself for too long",
        "End that program or wait for it, then run the command again",
    ),
    *(
        _Known(
            sign,
            DatabaseError,
            "the file is damaged, or is no database: {cause}",
            "Put a backup in its place, or let NEWSGATE_DATABASE_URL name another file",
        )
        for sign in ("malformed", "not a database")
    ),
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the file cannot be opened, made or written: {cause}",
            "Let this user write to it and to its folder, or set NEWSGATE_HOME or NEWSGATE_DATABASE_URL to another",
        )
        for sign in ("unable to open database file", "readonly database")
    ),
    _Known("no such table", DatabaseUnavailableError, "{cause}", "Run `newsgate migrate`"),
    _Known(
        "unsupported startup parameter",
        DatabaseError,
        "the pooler before the database refuses the connection: {cause}",
        "Leave it out of NEWSGATE_DATABASE_URL, or let the pooler's ignore_startup_parameters name it",
    ),
    _Known(
        "statement pooling mode",
        DatabaseError,
        "the pooler before the database allows no transactions: {cause}",
        "Set its pool_mode to transaction",
    ),
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the pooler before the database has no connection free: {cause}",
            "Wait, or give it more: default_pool_size and max_client_conn in PgBouncer",
        )
        for sign in ("query_wait_timeout", "no more connections allowed")
    ),
    _Known(
        "connection is bad: invalid ",
        DatabaseError,
        "the database address cannot be: {cause}",
        "Correct it in NEWSGATE_DATABASE_URL",
    ),
    # Of the database or the user: such a refusal comes without a code. In other languages it is told as any other.
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the database refuses the connection: {cause}",
            "Check the user and the name of the database in NEWSGATE_DATABASE_URL",
        )
        for sign in ("does not exist", "no such database", "no such user")
    ),
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the database refuses the connection: {cause}",
            "Check the user and the password in NEWSGATE_DATABASE_URL, and that its pg_hba.conf lets them in",
        )
        for sign in ("authentication failed", "no password supplied", "no pg_hba.conf entry", "not permitted to log in")
    ),
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the database has no connection free: {cause}",
            "Wait, or raise its max_connections; behind a pooler such as PgBouncer far fewer are enough",
        )
        for sign in ("too many clients", "too many connections", "connection slots are reserved")
    ),
    *(
        _Known(
            sign,
            DatabaseUnavailableError,
            "the connection cannot be made as safe as the address asks: {cause}",
            "Check sslmode and sslrootcert in NEWSGATE_DATABASE_URL, and the server's certificate",
        )
        for sign in ("certificate", "does not support SSL")
    ),
)


def explain(error: Exception, *, where: str, is_connection_error: bool) -> DatabaseError | None:
    """The error to raise in the place of a driver's, or of SQLAlchemy's around it; None for newsgate's own mistakes.

    where: the database, as it may be shown. is_connection_error: whether its class says that it is not the statement's.
    """
    cause, state = _first_line(error), _sqlstate(error) or ""
    of_connection = is_connection_error or state.startswith(_NOT_OF_THE_STATEMENT)
    if of_connection and (state == _DISK_FULL or any(sign in cause for sign in _SIGNS_OF_A_FULL_DISK)):
        return DatabaseFullError(
            f"the disk under the database is full or fails: {cause}",
            where=where,
            remedy="Make room, then run the command again; nothing half-written was kept",
        )
    by_code = _BY_CODE.get(state) or _BY_CLASS.get(state[:2])
    if by_code is not None:
        return by_code(cause, where)
    if not of_connection:
        return None
    for known in _KNOWN:
        if known.sign in cause:
            return known.error(known.what.format(cause=cause), where=where, remedy=known.remedy)
    return DatabaseUnavailableError(f"the database does not answer: {cause}", where=where, remedy=_IN_THE_ADDRESS)


def is_connection_error(error: Exception, *, driver_classes: tuple[type[Exception], ...]) -> bool:
    """Whether the class of an error says that it is of the connection, the file or the server.

    driver_classes: those of the driver that say so.
    """
    if isinstance(error, DBAPIError):
        # SQLite's driver raises the bare DatabaseError for a damaged file, psycopg for an answer it cannot read.
        told = type(error) is exc.DatabaseError or error.connection_invalidated
        return told or isinstance(error, (exc.OperationalError, exc.InterfaceError))
    return isinstance(error, driver_classes)


def _no_such_table(cause: str, where: str) -> DatabaseError:
    return DatabaseUnavailableError(cause, where=where, remedy="Run `newsgate migrate`")


def _no_right(cause: str, where: str) -> DatabaseError:
    return DatabaseError(
        f"the database refuses it: {cause}",
        where=where,
        remedy="Give its user the rights that docs/security.md lists, or name another in NEWSGATE_DATABASE_URL",
    )


def _read_only(cause: str, where: str) -> DatabaseError:
    return DatabaseUnavailableError(
        f"the database only lets itself be read: {cause}",
        where=where,
        remedy="Let NEWSGATE_DATABASE_URL name the server that takes writes, or wait until this one does",
    )


def _no_place_for_a_character(cause: str, where: str) -> DatabaseError:
    return DatabaseError(
        f"the database has no place for a text: {cause}",
        where=where,
        remedy=f"Use one in UTF8: {MAKE_ONE_FOR_EVERY_TEXT}, and pg_dump and pg_restore for what is stored",
    )


def _out_of_time(cause: str, where: str) -> DatabaseError:
    return DatabaseUnavailableError(
        f"the database gave it no more time: {cause}",
        where=where,
        remedy="Run it again, or give newsgate's user more: ALTER ROLE ... SET statement_timeout, lock_timeout,"
        " idle_in_transaction_session_timeout, transaction_timeout",
    )


def _conflict(cause: str, where: str) -> DatabaseError:
    return DatabaseUnavailableError(
        f"another transaction was in the way: {cause}", where=where, remedy="Run the command again"
    )


def _another_session(cause: str, where: str) -> DatabaseError:
    return DatabaseUnavailableError(
        f"what stands between newsgate and the database gives it another session within a transaction: {cause}",
        where=where,
        remedy="Let it pool by transaction or by session: pool_mode in PgBouncer",
    )


_BY_CODE: dict[str, Callable[[str, str], DatabaseError]] = {
    _NO_SUCH_TABLE: _no_such_table,
    _NO_RIGHT: _no_right,
    _READ_ONLY: _read_only,
    _NO_PLACE_FOR_A_CHARACTER: _no_place_for_a_character,
    **dict.fromkeys(_ANOTHER_SESSION, _another_session),
    **dict.fromkeys(_OUT_OF_TIME, _out_of_time),
}
_BY_CLASS: dict[str, Callable[[str, str], DatabaseError]] = {_CONFLICT: _conflict}


def _sqlstate(error: Exception) -> str | None:
    """PostgreSQL's code of an error, which does not depend on the server's language."""
    raised = error.orig if isinstance(error, DBAPIError) else error
    return getattr(raised, "sqlstate", None)


def _first_line(error: Exception) -> str:
    cause = (error.orig or error) if isinstance(error, DBAPIError) else error
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
