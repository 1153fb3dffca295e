"""Which items may be offered to a reviewer now, as conditions of SQL on `items`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, select

from newsgate.db.judgement_tables import labels, review_leases
from newsgate.db.leases import has_lapsed, holds
from newsgate.db.tables import items


def is_free() -> ColumnElement[bool]:
    """Nobody has labelled the item's text, and nobody looks at it now, in this row or another."""
    labelled = exists().where(labels.c.text_hash == items.c.text_hash)
    return and_(~labelled, is_in_no_hands())


def is_in_no_hands() -> ColumnElement[bool]:
    """Nobody looks at the item's text now, in this row or another."""
    leased_items = items.alias("leased_items")
    leased = (
        select(leased_items.c.text_hash)
        .join_from(review_leases, leased_items, leased_items.c.id == review_leases.c.item_id)
        .where(holds(review_leases))
    )
    return items.c.text_hash.not_in(leased)


def is_waiting_suspect() -> ColumnElement[bool]:
    """The item waits to be judged once more, and nobody looks at it."""
    waits = and_(review_leases.c.chosen == "suspect", has_lapsed(review_leases))
    return exists().where(review_leases.c.item_id == items.c.id, waits)
