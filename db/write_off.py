"""What was deleted by hand, past newsgate: its remains are deleted too, and the counters say that it is gone.

Only what is missing is written off. Rows that are there too often, or are counted too low, would be a fault of
newsgate: they are left for the audit to show.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select, update

from newsgate.db.batches import hold_batch
from newsgate.db.judgement_tables import review_leases
from newsgate.db.purge import delete_items, finish_runs_of
from newsgate.db.tables import batches, chunks, items, rejects, runs, verdicts
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import shadow_verdicts


def delete_remains(connection: Connection, *, limit: int) -> int:
    """Delete up to `limit` rows that name a batch, run or item which is gone; gives how many, 0 where none is left."""
    orphans = _is_gone(items.c.batch_id, batches.c.id)
    found = connection.execute(select(items.c.batch_id, items.c.id).where(orphans).limit(limit)).all()
    if found:
        batch = found[0].batch_id
        return delete_items(connection, batch, [row.id for row in found if row.batch_id == batch]).items
    runs_of_no_batch = select(runs.c.id).where(_is_gone(runs.c.batch_id, batches.c.id))
    of_no_run = [
        (table, table.c.run_id, table.c.run_id.in_(runs_of_no_batch) | _is_gone(table.c.run_id, runs.c.id))
        for table in (verdicts, shadow_verdicts, chunks)
    ]
    steps: list[tuple[Table, Column[int], ColumnElement[bool]]] = [
        (rejects, rejects.c.row, _is_gone(rejects.c.batch_id, batches.c.id)),
        (verdicts, verdicts.c.item_id, of_no_run[0][2]),
        (shadow_verdicts, shadow_verdicts.c.item_id, of_no_run[1][2]),
        (chunks, chunks.c.id, of_no_run[2][2]),
        (runs, runs.c.id, _is_gone(runs.c.batch_id, batches.c.id)),
        (shadow_verdicts, shadow_verdicts.c.item_id, _is_gone(shadow_verdicts.c.item_id, items.c.id)),
        (review_leases, review_leases.c.item_id, _is_gone(review_leases.c.item_id, items.c.id)),
    ]
    for table, key, condition in steps:
        some = list(connection.execute(select(key).where(condition).limit(limit)).scalars())
        if some:
            return connection.execute(delete(table).where(key.in_(some), condition)).rowcount
    return _delete_verdicts_of_no_item(connection, limit=limit)


def batches_with_less(connection: Connection) -> list[int]:
    """The batches that count rows, or verdicts, which are not there."""
    stored = select(func.count()).select_from(items).where(items.c.batch_id == batches.c.id).scalar_subquery()
    refused = select(func.count()).select_from(rejects).where(rejects.c.batch_id == batches.c.id).scalar_subquery()
    less = select(batches.c.id).where((batches.c.accepted > stored) | (batches.c.rejected > refused))
    said = select(verdicts.c.run_id, func.count().label("verdicts")).group_by(verdicts.c.run_id).subquery()
    counted = runs.c.done + runs.c.failed > func.coalesce(said.c.verdicts, 0)
    of_runs = select(runs.c.batch_id).join_from(runs, said, said.c.run_id == runs.c.id, isouter=True).where(counted)
    return sorted({*connection.execute(less).scalars(), *connection.execute(of_runs).scalars()})


def write_off(connection: Connection, batch: int) -> int:
    """Let the counters of a batch say that what is missing is gone; gives how many of its rows are."""
    hold_batch(connection, batch)
    _recount_chunks(connection, batch)
    counted = connection.execute(select(batches).where(batches.c.id == batch)).one()
    values = {}
    gone = 0
    for counter, table in (("accepted", items), ("rejected", rejects)):
        stored = select(func.count()).select_from(table).where(table.c.batch_id == batch)
        missing = max(0, counted._mapping[counter] - connection.execute(stored).scalar_one())
        values[counter] = counted._mapping[counter] - missing
        gone += missing
    connection.execute(
        update(batches).where(batches.c.id == batch).values(purged_rows=batches.c.purged_rows + gone, **values)
    )
    _recount_runs(connection, batch)
    finish_runs_of(connection, batch)
    return gone


def _is_gone(column: Column[int], parent: Column[int]) -> ColumnElement[bool]:
    return ~select(parent).where(parent == column).exists()


def _delete_verdicts_of_no_item(connection: Connection, *, limit: int) -> int:
    orphans = _is_gone(verdicts.c.item_id, items.c.id)
    some = list(connection.execute(select(verdicts.c.item_id).where(orphans).limit(limit)).scalars())
    gone = delete(verdicts).where(verdicts.c.item_id.in_(some), orphans)
    counted = Counter(
        (row.run_id, row.error is not None)
        for row in connection.execute(gone.returning(verdicts.c.run_id, verdicts.c.error))
    )
    for run in sorted({run for run, _ in counted}):
        fewer = {"done": runs.c.done - counted[run, False], "failed": runs.c.failed - counted[run, True]}
        connection.execute(update(runs).where(runs.c.id == run).values(fewer))
    return counted.total()


def _recount_chunks(connection: Connection, batch: int) -> None:
    mine = select(chunks.c.id).join_from(chunks, runs).where(runs.c.batch_id == batch).order_by(chunks.c.id)
    connection.execute(mine.with_for_update(of=chunks))
    inside = items.c.row.between(chunks.c.first_row, chunks.c.last_row) & (items.c.batch_id == runs.c.batch_id)
    stored = func.count(items.c.id)
    query = (
        select(chunks.c.id, chunks.c.run_id, chunks.c.state, chunks.c.item_count, stored.label("stored"))
        .join_from(chunks, runs)
        .join(items, inside, isouter=True)
        .where(runs.c.batch_id == batch)
        .group_by(chunks.c.id)
        .having(stored < chunks.c.item_count)
    )
    for chunk in connection.execute(query.order_by(chunks.c.id)).all():
        fewer = chunk.item_count - chunk.stored
        smaller = update(runs).where(runs.c.id == chunk.run_id).values(total=runs.c.total - fewer)
        paused_at = connection.execute(smaller.returning(runs.c.paused_at)).scalar_one()
        if not chunk.stored:
            connection.execute(delete(chunks).where(chunks.c.id == chunk.id))
            continue
        values: dict[str, Any] = {"item_count": chunk.stored}
        if chunk.state == "running":
            # As in db.purge: its worker has rows in hand that are gone.
            values |= {"state": "queued", "lease_until": None, "queued_at": database_time()}
            values |= {"turn": None} if paused_at is not None else {}
        connection.execute(update(chunks).where(chunks.c.id == chunk.id).values(values))


def _recount_runs(connection: Connection, batch: int) -> None:
    is_error = verdicts.c.error.is_not(None)
    mine = select(runs).where(runs.c.batch_id == batch).order_by(runs.c.id)
    for run in connection.execute(mine.with_for_update(key_share=True)).all():
        query = select(is_error, func.count()).where(verdicts.c.run_id == run.id).group_by(is_error)
        stored = {bool(failed): count for failed, count in connection.execute(query)}
        values = {"done": min(run.done, stored.get(False, 0)), "failed": min(run.failed, stored.get(True, 0))}
        connection.execute(update(runs).where(runs.c.id == run.id).values(values))
