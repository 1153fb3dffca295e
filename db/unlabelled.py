"""Texts that people enqueued and nobody has labelled."""

from __future__ import annotations

from collections.abc import Generator

from sqlalchemy import Connection, exists, select

from newsgate.db.judgement_tables import labels
from newsgate.db.tables import items

_FETCH_ROWS = 1000


def newest_unlabelled(connection: Connection, *, limit: int) -> Generator[str]:
    """The texts of the newest `limit` items, newest first, but for those with a label; a block in memory at a time.

    An item's text comes as often as it was enqueued. Who stops early closes this before the connection.
    """
    newest = select(items.c.id, items.c.text, items.c.text_hash).order_by(items.c.id.desc()).limit(limit).subquery()
    query = (
        select(newest.c.text)
        .where(~exists().where(labels.c.text_hash == newest.c.text_hash))
        .order_by(newest.c.id.desc())
    )
    with connection.execution_options(yield_per=_FETCH_ROWS).execute(query) as rows:
        for row in rows:
            yield row.text
