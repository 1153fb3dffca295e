"""Verdicts of a window of rows of a batch's file: what a page of them is found in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from newsgate.db.results import FilteredColumns, Result, ResultFilter, passes
from newsgate.db.tables import items, verdicts

_FILTERED = FilteredColumns(verdicts.c.label, verdicts.c.p_fake, verdicts.c.error, verdicts.c.familiarity, items.c.text)
# In the order of `Result`.
_SELECTED = (
    items.c.batch_id,
    items.c.row,
    items.c.external_id,
    items.c.text,
    verdicts.c.label,
    verdicts.c.p_fake,
    verdicts.c.model,
    verdicts.c.classified_at,
    verdicts.c.error,
    items.c.id,
    verdicts.c.run_id,
    verdicts.c.token_count,
    verdicts.c.truncated,
    cast(items.c["columns"], Text),
    verdicts.c.familiarity,
)


def read_window(
    connection: Connection, wanted: ResultFilter, *, first: int, last: int, limit: int, backwards: bool = False
) -> list[Result]:
    """At most `limit` verdicts by `wanted.model` of the rows `first` to `last` of the file.

    These are the first ones; with `backwards` the last ones, the last of all first.
    """
    in_window = (items.c.batch_id == wanted.batch, items.c.row >= first, items.c.row <= last)
    low, high = connection.execute(select(func.min(items.c.id), func.max(items.c.id)).where(*in_window)).one()
    if low is None:
        return []
    query: Select[Any] = (
        select(*_SELECTED)
        .join_from(items, verdicts, verdicts.c.item_id == items.c.id)
        # PostgreSQL's statistics do not know a new run. Whatever it takes it for, it looks at no verdict beyond these.
        .where(*in_window, verdicts.c.item_id >= low, verdicts.c.item_id <= high, verdicts.c.model == wanted.model)
        .where(*passes(wanted, _FILTERED, is_sqlite=connection.dialect.name == "sqlite"))
        .order_by(items.c.row.desc() if backwards else items.c.row)
    )
    return [Result(*row) for row in connection.execute(query.limit(limit))]
