"""The rows of several chunks in one transaction, in as few ways to PostgreSQL and back as there can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CTE,
    Connection,
    Double,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    select,
    true,
    update,
)

from newsgate.db.batches import AcceptedRow, Loading, RefusedRow, add_rows, extend_batch, insert_items, insert_rejects
from newsgate.db.tables import chunks, runs
from newsgate.db.turns import OF_RUN, next_turn
from newsgate.db.types import database_time

if TYPE_CHECKING:
    from newsgate.db.binary_arrays import BinaryArray


@dataclass(slots=True)
class RowsOfChunk:
    """Rows of a file that become one chunk. columns: the JSON of other columns, by their place in `accepted`."""

    accepted: list[AcceptedRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    columns: dict[int, str] = field(default_factory=dict)


def add_row_groups(
    connection: Connection, loading: Loading, groups: Sequence[RowsOfChunk], *, last_row: int
) -> list[int]:
    """Store the next rows of the file and the chunks that will classify them, as `db.batches.add_rows` does.

    Gives the chunks to ring for. Several groups are stored on PostgreSQL alone.
    Raises LoaderSupersededError or BatchPurgedError, and then nothing may be committed.
    """
    if len(groups) == 1:
        (one,) = groups
        chunk = add_rows(
            connection, loading, accepted=one.accepted, refused=one.refused, last_row=last_row, columns=one.columns
        )
        return [] if chunk is None else [chunk]
    accepted = [row for group in groups for row in group.accepted]
    refused = [row for group in groups for row in group.refused]
    extend_batch(connection, loading, accepted=len(accepted), refused=len(refused), last_row=last_row)
    insert_rejects(connection, loading.batch, refused)
    if not accepted:
        return []
    insert_items(connection, loading, accepted, columns_of(groups))
    told = {OF_RUN.key: loading.run, "more": len(accepted), **chunk_arrays(groups)}
    return sorted(row.id for row in connection.execute(_adding_chunks(), told) if row.state == "queued")


def chunk_arrays(groups: Sequence[RowsOfChunk]) -> dict[str, BinaryArray]:
    """Return the chunks of these groups as the parameters of `made_chunks`."""
    # What nobody needs whose database is SQLite.
    from newsgate.db.binary_arrays import big_integers, integers

    filled = [group.accepted for group in groups if group.accepted]
    return {
        "first_rows": big_integers([rows[0].row for rows in filled]),
        "last_rows": big_integers([rows[-1].row for rows in filled]),
        "counts": integers([len(rows) for rows in filled]),
    }


def columns_of(groups: Sequence[RowsOfChunk]) -> dict[int, str]:
    """Return the JSON of other columns by its row's place among all accepted ones."""
    found: dict[int, str] = {}
    before = 0
    for group in groups:
        found.update({before + place: columns for place, columns in group.columns.items()})
        before += len(group.accepted)
    return found


@cache
def _adding_chunks() -> Select[Any]:
    added = (
        update(runs)
        .where(runs.c.id == OF_RUN)
        .values(total=runs.c.total + bindparam("more"))
        .returning(runs.c.state, runs.c.priority)
        .cte("added")
    )
    made = made_chunks(added)
    return select(made.c.id, made.c.state)


def made_chunks(added: CTE) -> CTE:
    """The part of a statement that stores chunks, as `id` and `state`; added: the run, with its state and priority."""
    names = ("first_rows", "last_rows", "counts")
    given = (
        func.unnest(*map(bindparam, names))
        .table_valued(column("first_row"), column("last_row"), column("item_count", Integer), with_ordinality="place")
        .render_derived(name="given")
    )
    # As one that is stored after the other: each is as far behind as the one before it has rows.
    before = func.sum(given.c.item_count).over(order_by=given.c.place) - given.c.item_count
    rows = select(
        OF_RUN,
        given.c.first_row,
        given.c.last_row,
        given.c.item_count,
        case((added.c.state == "cancelled", "cancelled"), else_="queued"),
        database_time(),
        next_turn(OF_RUN) + cast(before, Double) / added.c.priority,
    ).select_from(added.join(given, true()))
    return (
        insert(chunks)
        .from_select(
            ["run_id", "first_row", "last_row", "item_count", "state", "queued_at", "turn"],
            rows.order_by(given.c.place),
            include_defaults=False,
        )
        .returning(chunks.c.id, chunks.c.state)
        .cte("made")
    )
