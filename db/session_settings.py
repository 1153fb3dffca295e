"""What newsgate needs of a session of PostgreSQL, whatever the server, the user or the environment sets for it.

A session's defaults are anybody's to set: `ALTER ROLE ... SET`, `ALTER DATABASE ... SET`, PGCLIENTENCODING. Those that
change only how a statement is carried out are the administrator's business; these change what is read. The encoding is
asked for when a connection begins (`db.address`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from newsgate.db.errors import DatabaseError

_EVERY_TEXT: Final = "UTF8"
MAKE_ONE_FOR_EVERY_TEXT: Final = "createdb --encoding=UTF8 --template=template0 NAME"
# The only one that the driver reads.
_DATE_STYLE: Final = "ISO"


def settle(connection: Any) -> None:
    """Have a driver's connection, just opened, tell times in the form that the driver reads."""
    # The server says it when a connection begins, so nothing is asked. PgBouncer keeps this setting for each client.
    told = connection.info.parameter_status("DateStyle") or _DATE_STYLE
    if told.startswith(_DATE_STYLE):
        return
    was, connection.autocommit = connection.autocommit, True
    connection.execute("SET datestyle TO ISO")
    connection.autocommit = was


def refuse_unless_every_text_has_a_place(connection: Connection, *, where: str) -> None:
    """Raise DatabaseError where the database keeps texts in an encoding that lacks characters, or knows none."""
    driver_connection: Any = connection.connection.driver_connection
    told = driver_connection.info.parameter_status("server_encoding") or _EVERY_TEXT
    if told != _EVERY_TEXT:
        raise DatabaseError(
            f"the database keeps texts in {told}, which has no place for every character",
            where=where,
            remedy=f"Use one in UTF8: {MAKE_ONE_FOR_EVERY_TEXT}",
        )
