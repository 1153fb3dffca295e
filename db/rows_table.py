"""Which table the rows of a batch go into. SQLite has one for all of them, and loads nothing of partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsgate.db.tables import items

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.partitions import Partition


def make_room(connection: Connection) -> list[Partition]:
    """As `partitions.make_room`, before a batch gets its number: the parts that it is likely in, if there are any."""
    if connection.dialect.name != "postgresql":
        return []
    from newsgate.db import partitions

    return partitions.make_room(connection)


def settle(connection: Connection, batch: int, room: list[Partition]) -> str:
    """As `partitions.settle`, after a batch got its number: the table that its rows go into. Raises DatabaseError."""
    if not room:
        return items.name
    from newsgate.db import partitions

    return partitions.settle(connection, batch, room)


def items_table(connection: Connection, batch: int) -> str:
    """As `partitions.items_table`, of a batch that is there. Raises DatabaseError where its part was dropped."""
    if connection.dialect.name != "postgresql":
        return items.name
    from newsgate.db import partitions

    return partitions.items_table(connection, batch)
