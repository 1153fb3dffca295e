"""Batches by what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from newsgate.db.tables import batches


@dataclass(frozen=True, slots=True)
class NamedBatch:
    """A batch, and what a person may know it by. rows: of its file, so far. is_purged: they are deleted, or will be."""

    batch: int
    created_at: datetime
    rows: int
    is_purged: bool


def batches_called(connection: Connection, name: str) -> list[NamedBatch]:
    """The batches of exactly this name, the newest first."""
    rows = (batches.c.accepted + batches.c.rejected).label("rows")
    is_purged = batches.c.purged_at.is_not(None).label("is_purged")
    query = select(batches.c.id.label("batch"), batches.c.created_at, rows, is_purged).where(batches.c.name == name)
    return [NamedBatch(**row._mapping) for row in connection.execute(query.order_by(batches.c.id.desc()))]


def latest_batch(connection: Connection) -> int | None:
    """The newest batch, None where there is none."""
    number: int | None = connection.execute(select(func.max(batches.c.id))).scalar_one()
    return number


def recent_names(connection: Connection, *, limit: int) -> list[str]:
    """What the newest `limit` batches are called, each name once, the newest first."""
    query = select(batches.c.name).order_by(batches.c.id.desc()).limit(limit)
    return list(dict.fromkeys(connection.execute(query).scalars()))
