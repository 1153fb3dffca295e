"""Everything that the database knows of one item: its file, its runs with their chunks and verdicts, its labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, null, select

from newsgate.db.errors import BatchPurgedError, DatabaseError, NoSuchBatchError
from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.leases import has_lapsed
from newsgate.db.results import Reject
from newsgate.db.tables import batches, chunks, items, models, rejects, runs, verdicts
from newsgate.db.upkeep_tables import promotions, shadow_verdicts


class ItemDeletedError(DatabaseError):
    """The number was given to an item, and there is no such item any more."""

    def __init__(self, item: int) -> None:
        super().__init__(
            f"item {item} is gone: its row was deleted for ever",
            remedy="`newsgate status` lists the batches that were purged",
        )
        self.item = item


class NoDataRowError(DatabaseError):
    """The row of the file is neither an item nor a refused row."""

    def __init__(self, batch: int, *, row: int, why: str) -> None:
        super().__init__(f"row {row} of batch {batch} is neither an item nor a refused row: {why}")
        self.batch = batch
        self.row = row


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One item and the file it is from. layout: the JSON of how the file is read. enqueued_at: when its batch began."""

    item: int
    batch: int
    file: str
    layout: str
    row: int
    external_id: str | None
    text: str
    text_hash: bytes
    enqueued_at: datetime


@dataclass(frozen=True, slots=True)
class ItemChunk:
    """The chunk that an item is in. worker, leased_at: of the last attempt. lapsed: its lease has run out.

    taken_ahead: it waits, and `worker` has it in hand for later (`db.reservations`): the lease is that one's.
    """

    chunk: int
    state: str
    attempt: int
    first_row: int
    last_row: int
    item_count: int
    queued_at: datetime
    leased_at: datetime | None
    lease_until: datetime | None
    lapsed: bool
    worker: str | None
    finished_at: datetime | None
    last_error: str | None
    taken_ahead: bool


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What one model said about an item: a label, or an error with its reason."""

    label: str | None
    p_fake: float | None
    token_count: int
    truncated: bool
    familiarity: float | None
    error: str | None
    classified_at: datetime


@dataclass(frozen=True, slots=True)
class ItemRun:
    """One run of an item's batch. chunk: None where the run has not come to the item yet. verdict: None before it.

    priority: its share of the turns beside other runs. paused_at: None where it is not paused.
    """

    run: int
    model: int
    model_name: str
    model_state: str
    state: str
    created_at: datetime
    priority: int
    paused_at: datetime | None
    chunk: ItemChunk | None
    verdict: ItemVerdict | None


@dataclass(frozen=True, slots=True)
class ShadowVerdict:
    """What a challenger said about an item, unseen."""

    model: int
    run: int
    label: str
    p_fake: float


@dataclass(frozen=True, slots=True)
class TextLabel:
    """One judgement about an item's text. retracted_by, retracted_at: None where it counts."""

    id: int
    label: str
    labelled_by: str
    labelled_at: datetime
    chosen: str
    retracted_by: str | None
    retracted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """One change of the champion. champion: the model that was replaced, None for the first."""

    challenger: int
    champion: int | None
    reason: str
    decided_at: datetime


def stored_item(connection: Connection, item: int) -> StoredItem | None:
    """One item with its file; None where there is none of that number."""
    found = connection.execute(_items().where(items.c.id == item)).one_or_none()
    return None if found is None else StoredItem(**found._mapping)


def item_or_reject(connection: Connection, *, batch: int, row: int) -> StoredItem | Reject:
    """What became of a row of a batch's file. Raises NoSuchBatchError, BatchPurgedError, NoDataRowError."""
    found = connection.execute(_items().where(items.c.batch_id == batch, items.c.row == row)).one_or_none()
    if found is not None:
        return StoredItem(**found._mapping)
    refused = connection.execute(
        select(rejects.c.row, rejects.c.reason, rejects.c.raw).where(rejects.c.batch_id == batch, rejects.c.row == row)
    ).one_or_none()
    if refused is not None:
        return Reject(*refused)
    raise _no_data_row(connection, batch, row)


def item_runs(connection: Connection, item: StoredItem) -> list[ItemRun]:
    """Every run of the item's batch, oldest first."""
    chunk = [column.label(f"chunk_{column.name}") for column in chunks.columns if column.name != "summary"]
    verdict = [column.label(f"verdict_{column.name}") for column in verdicts.columns]
    of_chunk = and_(chunks.c.run_id == runs.c.id, chunks.c.first_row <= item.row, chunks.c.last_row >= item.row)
    of_verdict = and_(verdicts.c.item_id == item.item, verdicts.c.model == runs.c.model)
    joined = (
        runs.join(models, models.c.number == runs.c.model).outerjoin(chunks, of_chunk).outerjoin(verdicts, of_verdict)
    )
    query = (
        select(
            runs,
            models.c.name.label("model_name"),
            models.c.state.label("model_state"),
            has_lapsed(chunks).label("lapsed"),
            *chunk,
            *verdict,
        )
        .select_from(joined)
        .where(runs.c.batch_id == item.batch)
        .order_by(runs.c.id)
    )
    return [_run(row) for row in connection.execute(query)]


def shadow_verdicts_of(connection: Connection, item: int) -> list[ShadowVerdict]:
    """What challengers said about an item, unseen."""
    shadow = shadow_verdicts.c
    query = select(shadow.model, shadow.run_id.label("run"), shadow.label, shadow.p_fake).where(shadow.item_id == item)
    return [ShadowVerdict(**row._mapping) for row in connection.execute(query.order_by(shadow.model))]


def labels_of_text(connection: Connection, text_hash: bytes) -> list[TextLabel]:
    """Every judgement about a text in the order in which they were given, those that were taken back included."""
    given, taken_back = labels.c, retracted_labels.c
    told = (
        select(given.id, given.label, given.labelled_by, given.labelled_at, given.chosen)
        .add_columns(null().label("retracted_by"), null().label("retracted_at"))
        .where(given.text_hash == text_hash)
    )
    retracted = select(
        taken_back.label_id.label("id"),
        taken_back.label,
        taken_back.labelled_by,
        taken_back.labelled_at,
        taken_back.chosen,
        taken_back.retracted_by,
        taken_back.retracted_at,
    ).where(taken_back.text_hash == text_hash)
    found = [row for query in (told, retracted) for row in connection.execute(query)]
    return [TextLabel(**row._mapping) for row in sorted(found, key=lambda row: row.id)]


def champion_changes(connection: Connection, *, since: datetime) -> list[ChampionChange]:
    """Every change of the champion from a time on, oldest first."""
    decided = promotions.c
    query = select(decided.challenger, decided.champion, decided.reason, decided.decided_at)
    query = query.where(decided.promoted, decided.decided_at >= since).order_by(decided.id)
    return [ChampionChange(**row._mapping) for row in connection.execute(query)]


def _items() -> Select[Any]:
    return select(
        items.c.id.label("item"),
        items.c.batch_id.label("batch"),
        batches.c.name.label("file"),
        batches.c.layout,
        items.c.row,
        items.c.external_id,
        items.c.text,
        items.c.text_hash,
        batches.c.created_at.label("enqueued_at"),
    ).join_from(items, batches)


def _no_data_row(connection: Connection, batch: int, row: int) -> DatabaseError:
    query = select(batches.c.purged_at, batches.c.purged_rows, batches.c.loaded, batches.c.last_row)
    found = connection.execute(query.where(batches.c.id == batch)).one_or_none()
    if found is None:
        return NoSuchBatchError(batch)
    if found.purged_at is not None:
        return BatchPurgedError(batch)
    if row > found.last_row and not found.loaded:
        return NoDataRowError(batch, row=row, why=f"the file is stored up to row {found.last_row} so far")
    if row > found.last_row:
        return NoDataRowError(batch, row=row, why=f"the file ends at row {found.last_row}")
    if found.purged_rows:
        return NoDataRowError(
            batch,
            row=row,
            why=f"it was purged, as {found.purged_rows} rows of the file were, or no row of data begins there",
        )
    return NoDataRowError(batch, row=row, why="no row of data begins there")


def _run(row: Row[Any]) -> ItemRun:
    found = row._mapping
    chunk = None
    if found["chunk_id"] is not None:
        own = ("chunk", "lapsed", "taken_ahead")
        told = {name: found[f"chunk_{name}"] for name in ItemChunk.__slots__ if name not in own}
        # What a paused run's chunk was taken for is over.
        ahead = told["state"] == "queued" and told["lease_until"] is not None and row.paused_at is None
        lapsed = (told["state"] == "running" or ahead) and bool(found["lapsed"])
        chunk = ItemChunk(chunk=found["chunk_id"], lapsed=lapsed, taken_ahead=ahead, **told)
    verdict = None
    if found["verdict_item_id"] is not None:
        verdict = ItemVerdict(**{name: found[f"verdict_{name}"] for name in ItemVerdict.__slots__})
    return ItemRun(
        run=row.id,
        model=row.model,
        model_name=row.model_name,
        model_state=row.model_state,
        state=row.state,
        created_at=row.created_at,
        priority=row.priority,
        paused_at=row.paused_at,
        chunk=chunk,
        verdict=verdict,
    )


def find_item(connection: Connection, *, batch: int, row: int) -> int | None:
    """The number of the item that a row of a batch's file became; None where it became none."""
    query = select(items.c.id).where(items.c.batch_id == batch, items.c.row == row)
    return connection.execute(query).scalar_one_or_none()
