"""The other columns of a file: what its batch remembers of them, and those of one item."""

from __future__ import annotations

from sqlalchemy import Connection, Text, cast, select, update

from newsgate.db.errors import NoSuchBatchError
from newsgate.db.tables import batches, items


def batch_columns(connection: Connection, batch: int) -> str | None:
    """The JSON of what the columns of the batch's file are; None for a batch of an older newsgate.

    Raises NoSuchBatchError.
    """
    found = connection.execute(select(batches.c["columns"]).where(batches.c.id == batch)).one_or_none()
    if found is None:
        raise NoSuchBatchError(batch)
    columns: str | None = found[0]
    return columns


def note_columns(connection: Connection, batch: int, columns: str) -> None:
    """Replace the JSON of what the columns of the batch's file are."""
    connection.execute(update(batches).where(batches.c.id == batch).values(columns=columns))


def item_columns(connection: Connection, item: int) -> tuple[str | None, str | None]:
    """The JSON of an item's other columns, and that of what the columns of its file are."""
    query = select(cast(items.c["columns"], Text), batches.c["columns"]).join_from(items, batches)
    found = connection.execute(query.where(items.c.id == item)).one_or_none()
    return (None, None) if found is None else (found[0], found[1])
