"""Indexes of some of a table's rows, as migrations create them.

Apart from the tables: SQLAlchemy loads the dialects of both databases for them, and no statement needs them.
"""

from __future__ import annotations

from sqlalchemy import Index, text

from newsgate.db.all_tables import metadata
from newsgate.db.tables import chunks, models
from newsgate.db.upkeep_tables import notifications

# All tables, with these indexes.
__all__ = ["metadata"]

_CHAMPION = text("state = 'champion'")
_UNFINISHED = text("state in ('queued', 'running')")
_OPEN = text("sent_at is null and given_up_at is null")

# "At most one champion" is a rule of the database, not a hope of the code.
Index("uq_models_champion", models.c.state, unique=True, sqlite_where=_CHAMPION, postgresql_where=_CHAMPION)

# What the sweeper looks through: only unfinished chunks, so it does not grow with the table.
Index(
    "ix_chunks_unfinished",
    chunks.c.state,
    chunks.c.queued_at,
    sqlite_where=_UNFINISHED,
    postgresql_where=_UNFINISHED,
)

# Which chunk is next, and where the line of a run ends: each is one look.
Index(
    "ix_chunks_turn",
    chunks.c.state,
    chunks.c.turn,
    chunks.c.id,
    sqlite_where=_UNFINISHED,
    postgresql_where=_UNFINISHED,
)
Index("ix_chunks_line", chunks.c.run_id, chunks.c.turn, sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED)

Index("ix_notifications_open", notifications.c.run_id, sqlite_where=_OPEN, postgresql_where=_OPEN)
