"""What the review queue offers of texts unlike those that a model has learned from."""

from __future__ import annotations

from sqlalchemy import Connection

from newsgate.db.review import Candidate, candidates, latest_runs
from newsgate.db.review_conditions import is_free
from newsgate.db.tables import items, verdicts


def unfamiliar_items(connection: Connection, *, batch: int | None, below: float, limit: int) -> list[Candidate]:
    """Free items of the latest runs that are less familiar to the model than `below`, the least familiar first."""
    query = (
        candidates()
        .join(verdicts, verdicts.c.item_id == items.c.id)
        .where(verdicts.c.run_id.in_(latest_runs(batch)), verdicts.c.familiarity < below, is_free())
        .order_by(verdicts.c.familiarity, items.c.id)
    )
    return [Candidate(row.item, row.text_hash) for row in connection.execute(query.limit(limit))]
