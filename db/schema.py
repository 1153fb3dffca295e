"""Bringing a database to the schema this newsgate expects, and saying so when it is not there."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from newsgate.db.errors import DatabaseUnavailableError, SchemaAheadError, SchemaBehindError
from newsgate.db.session import Database
from newsgate.db.session_settings import refuse_unless_every_text_has_a_place
from newsgate.foundation.schema_revision import HEAD_REVISION as HEAD_REVISION  # part of what this module says

log = logging.getLogger("newsgate.database")

# Any fixed number: it lets one migration run at a time on PostgreSQL.
_MIGRATION_LOCK = 0x6E657773
# Whoever needs a table that a migration waits for stands behind it. So it waits for moments, and steps back: the end of
# a backup may be hours away.
_PATIENCE_MILLISECONDS = 2000
_PAUSE_SECONDS = 3.0
_TRIES = 60
_OLDEST_TRANSACTION = text("""
    select coalesce(nullif(application_name, ''), usename, 'another program') as name, pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    order by xact_start limit 1
""")


def ensure_schema(database: Database) -> None:
    """Make the database ready for use: migrate a SQLite file, refuse a server that is not up to date.

    A file belongs to one person and may be prepared on the way; a server is shared, and its schema changes when its
    owner says so. A schema of a newer newsgate that programs of this one may still use is as good as their own.
    Raises SchemaBehindError or SchemaAheadError.
    """
    current = current_revision(database)
    if current == HEAD_REVISION:
        return
    if is_unknown(current):
        refuse_newer(database)
        return
    if database.is_sqlite:
        before, after = migrate(database)
        log.info("the schema of %s went from %s to %s", database.display_url, before or "nothing", after)
        return
    raise SchemaBehindError(
        f"the database is at schema {current or 'none'}, this newsgate needs {HEAD_REVISION}",
        where=database.display_url,
        remedy="Run `newsgate migrate`",
    )


def migrate(database: Database) -> tuple[str | None, str]:
    """Apply every missing migration, in one transaction; gives the revisions before and after.

    Where somebody uses a table for long, it is tried again, and nobody else waits behind it meanwhile.
    Raises SchemaAheadError; DatabaseError where the database has no place for every text, or a table is not to be had.
    """
    # Late: a file of a few rows is enqueued without them.
    from newsgate.db.partitions import was_deadlocked, was_locked

    for number in range(_TRIES):
        try:
            return _migrate(database)
        except DatabaseUnavailableError as error:
            if not (was_locked(error) or was_deadlocked(error)):
                raise
            who = _oldest_transaction(database)
            if number + 1 == _TRIES:
                raise DatabaseUnavailableError(
                    f"nothing is migrated: {who} holds a table that it changes",
                    where=database.display_url,
                    remedy="Run `newsgate migrate` again when that has ended",
                ) from error
            if not number:
                log.warning("the migration waits for %s, which holds a table that it changes", who)
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError


def _migrate(database: Database) -> tuple[str | None, str]:
    from alembic import command
    from alembic.config import Config

    from newsgate.db.partitions import patience

    with database.write() as connection, ExitStack() as locks:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            locks.enter_context(patience(connection, _PATIENCE_MILLISECONDS))
        before = _revision(connection)
        if is_unknown(before):
            raise _ahead(before, database)
        if before is None and not database.is_sqlite:
            refuse_unless_every_text_has_a_place(connection, where=database.display_url)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, HEAD_REVISION


def _oldest_transaction(database: Database) -> str:
    """The session that has been in a transaction for longest: a lock is always one's that is in one."""
    with database.read() as connection:
        found = connection.execute(_OLDEST_TRANSACTION).one_or_none()
    return f"{found.name} (process {found.pid})" if found else "another program"


def current_revision(database: Database) -> str | None:
    """The schema the database is at; None where it was never prepared."""
    with database.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def refuse_newer(database: Database) -> None:
    """Raise SchemaAheadError where programs of this newsgate cannot work with the schema that is there now.

    A newer newsgate may have changed it, and says which programs of before go on working: those that need what
    `compatibility.oldest_schema` names, or anything later.
    """
    with database.read() as connection:
        revision = _revision(connection)
        if not is_unknown(revision):
            return
        has_promise = inspect(connection).has_table("compatibility")
        oldest = connection.execute(text("select oldest_schema from compatibility")).scalar() if has_promise else None
    if oldest is None or oldest > HEAD_REVISION:
        raise _ahead(revision, database)
    log.info("the database is at schema %s, which newsgate of schema %s may use", revision, HEAD_REVISION)


def is_unknown(revision: str | None) -> bool:
    """Whether a newer newsgate has made a schema. None, which is no schema, is known."""
    return revision is not None and revision not in _known_revisions()


def _ahead(revision: str | None, database: Database) -> SchemaAheadError:
    return SchemaAheadError(
        f"the database is at schema {revision}, this newsgate knows {HEAD_REVISION}",
        where=database.display_url,
        remedy="Install the newsgate that made it",
    )


def _known_revisions() -> set[str]:
    return {path.name.split("_")[0] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")}
