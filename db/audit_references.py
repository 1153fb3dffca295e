"""Rows that name a row which is gone: what a person leaves behind who deletes without foreign keys, as sqlite3 does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Connection, func, select

from newsgate.db.all_tables import metadata
from newsgate.db.tables import models, verdicts
from newsgate.db.upkeep_tables import shadow_verdicts

# The audit has checks of its own for them.
_LOOKED_AT_ELSEWHERE = {(verdicts.name, models.name), (shadow_verdicts.name, models.name)}


def find_orphans(connection: Connection) -> tuple[int, list[str]]:
    """How many rows name others, and a sentence for each kind that names some which are gone."""
    checked = 0
    found = []
    for column, parent in _references():
        child = column.table
        gone = select(parent).where(parent == column).exists()
        count, example = connection.execute(
            select(func.count(), func.min(column)).select_from(child).where(column.is_not(None), ~gone)
        ).one()
        checked += connection.execute(select(func.count(column))).scalar_one()
        if count:
            rows = "1 row" if count == 1 else f"{count} rows"
            found.append(f"{rows} of `{child.name}` with a {column.name} that is gone, such as {example}")
    return checked, found


def _references() -> Iterator[tuple[Column[int], Column[int]]]:
    """Each column that names a row of another table, and what it names."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            if (table.name, key.column.table.name) not in _LOOKED_AT_ELSEWHERE:
                yield key.parent, key.column
