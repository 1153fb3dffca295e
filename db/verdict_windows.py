"""Verdicts of a window of rows of a batch's file: what a page of them is found in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, FromClause, Select, Text, and_, cast, select, true

from newsgate.db.results import FilteredColumns, Result, ResultFilter, passes
from newsgate.db.tables import items, verdicts


def read_window(
    connection: Connection, wanted: ResultFilter, *, first: int, last: int, limit: int, backwards: bool = False
) -> list[Result]:
    """At most `limit` verdicts by `wanted.model` of the rows `first` to `last` of the file.

    These are the first ones; with `backwards` the last ones, the last of all first.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    of_item = and_(verdicts.c.item_id == items.c.id, verdicts.c.model == wanted.model)
    if is_sqlite:
        said: FromClause = verdicts
        joined = items.join(verdicts, of_item)
    else:
        # PostgreSQL's statistics do not know a new run, and it would go through all its verdicts, or compare each of
        # them with each item. It takes no subquery with an OFFSET apart, so this is a look-up an item.
        said = select(verdicts).where(of_item).offset(0).lateral("said")
        joined = items.join(said, true())
    filtered = FilteredColumns(said.c.label, said.c.p_fake, said.c.error, said.c.familiarity, items.c.text)
    query = (
        select(*_columns(said))
        .select_from(joined)
        .where(items.c.batch_id == wanted.batch, items.c.row >= first, items.c.row <= last)
        .where(*passes(wanted, filtered, is_sqlite=is_sqlite))
        .order_by(items.c.row.desc() if backwards else items.c.row)
        .limit(limit)
    )
    return _fetch(connection, query)


def _columns(said: FromClause) -> tuple[Any, ...]:
    """The columns in the order of `Result`."""
    return (
        items.c.batch_id,
        items.c.row,
        items.c.external_id,
        items.c.text,
        said.c.label,
        said.c.p_fake,
        said.c.model,
        said.c.classified_at,
        said.c.error,
        items.c.id,
        said.c.run_id,
        said.c.token_count,
        said.c.truncated,
        cast(items.c["columns"], Text),
        said.c.familiarity,
    )


def _fetch(connection: Connection, query: Select[Any]) -> list[Result]:
    return [Result(*row) for row in connection.execute(query)]
