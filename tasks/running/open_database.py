"""Opening the system's two stores the way every command needs them: schema in place, one model to classify with."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from newsgate.db.errors import DatabaseFullError, DatabaseUnavailableError, SchemaAheadError
from newsgate.db.model_registry import add_model, champion_number
from newsgate.db.schema import ensure_schema
from newsgate.db.session import Database
from newsgate.worker.settings import Settings, prepare_home

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("newsgate.database")

_ASK_AGAIN_SECONDS = 1.0
# Any fixed number: on PostgreSQL it lets one process at a time install the starter model.
_STARTER_LOCK = 0x73746172


def open_database(settings: Settings) -> Database:
    """The database of `settings`, ready for use. Raises DatabaseError."""
    if not settings.database_url:
        prepare_home(settings)
    # A worker's threads that hear the broker, each of which has nine steps under way where the database is far away and
    # three where it is not, as many of its sweeper, the sweeper itself, and two to spare. None is opened before it is
    # needed; one that was opened and not kept would be opened again and again, over a distance.
    database = Database(settings.effective_database_url, connections=10 * settings.worker_threads + 3)
    ensure_schema(database)
    return database


def wait_for_database(settings: Settings, *, part: str, however_long: bool) -> Database:
    """As `open_database`, but waits for as long as the database is that of a newer newsgate, and says so once.

    A worker of before that ended with an error would be started again and again for as long as an upgrade takes.
    part: what `newsgate health` calls this process meanwhile. however_long: also while the database does not answer or
    has no room.
    """
    from newsgate.worker.health import HealthFile, State

    to_wait_for = (SchemaAheadError, *((DatabaseUnavailableError, DatabaseFullError) if however_long else ()))
    with ExitStack() as waiting:
        told = False
        while True:
            try:
                return open_database(settings)
            except to_wait_for as error:
                if not told:
                    log.warning("waiting for the database: %s", error)
                    detail = f"it waits for the database: {error}"
                    waiting.enter_context(HealthFile(settings, part=part, look=partial(State, True, detail)))
                told = True
                time.sleep(_ASK_AGAIN_SECONDS)


def ensure_champion(database: Database) -> int:
    """The champion's number; in a database without models, the starter bundle becomes it."""
    with database.read() as connection:
        number = champion_number(connection)
    if number is not None:
        return number
    with database.write() as connection:
        return _install_starter(connection)


def _install_starter(connection: Connection) -> int:
    from newsgate.db.promotions import promote
    from newsgate.model.bundle import read_bundle
    from newsgate.model.starter import starter_bundle

    if connection.dialect.name == "postgresql":
        from sqlalchemy import text

        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _STARTER_LOCK})
    installed = champion_number(connection)
    if installed is not None:
        return installed
    data = starter_bundle()
    number = add_model(connection, name="starter", bundle=data, metadata=read_bundle(data).metadata.as_dict())
    promote(connection, number, reason="the starter model of a new database", figures={})
    return number
