"""Batches: the rows of a file, stored a chunk at a time by whichever enqueue holds the batch.

Storing is fenced like classifying is: an enqueue becomes the batch's loader by raising the number in
`batches.loader`, and every later write names that number. One that was overtaken, or that wakes up after a newer
enqueue of the same file resumed its work, finds the number changed and adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Update,
    bindparam,
    false,
    func,
    insert,
    literal,
    select,
    text,
    true,
    update,
)

from newsgate.db.bulk_insert import insert_columns
from newsgate.db.errors import BatchPurgedError, LoaderSupersededError, NoSuchBatchError
from newsgate.db.rows_table import items_table, make_room, settle
from newsgate.db.tables import batches, chunks, items, rejects, runs
from newsgate.db.turns import DEFAULT_PRIORITY, OF_RUN, next_turn
from newsgate.db.types import database_time

# What every chunk needs is put together once: SQLAlchemy takes far longer for that than for executing it.
_ADD_TO_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("of_run"))
    .values(total=runs.c.total + bindparam("more"))
    .returning(runs.c.state)
)
_ADD_CHUNK = insert(chunks).values(queued_at=database_time(), turn=next_turn(OF_RUN)).returning(chunks.c.id)
_FINISH_RUN = (
    update(runs)
    .where(
        runs.c.id == bindparam("of_run"),
        runs.c.loaded == true(),
        runs.c.state.in_(("queued", "running")),
        runs.c.total == runs.c.done + runs.c.failed,
    )
    .values(state="done", finished_at=database_time(), paused_at=None)
)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A file about to be enqueued; `layout` is the JSON of how its columns are read, `columns` of what they are."""

    name: str
    sha256: str
    size_bytes: int
    layout: str
    columns: str | None = None
    priority: int = DEFAULT_PRIORITY


@dataclass(frozen=True, slots=True)
class Loading:
    """The right to add rows to one batch: valid until another enqueue takes it. table: which its items go into."""

    batch: int
    run: int
    model: int
    loader: int
    last_row: int
    accepted: int
    rejected: int
    table: str = items.name


class AcceptedRow(NamedTuple):
    """One row as it goes into `items`; a tuple, because it takes half the time of a frozen dataclass."""

    row: int
    external_id: str | None
    text: str
    text_hash: bytes


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row as it goes into `rejects`; `columns` is the JSON of its columns."""

    row: int
    reason: str
    raw: str
    columns: str | None = None


def create_batch(connection: Connection, new: NewBatch, *, model: int) -> Loading:
    """Store the batch and its first run, pinned to `model`, with this caller as the loader."""
    room = make_room(connection)
    batch: int = connection.execute(
        insert(batches)
        .values(
            name=new.name,
            sha256=new.sha256,
            size_bytes=new.size_bytes,
            layout=new.layout,
            columns=new.columns,
            loader=1,
            created_at=database_time(),
        )
        .returning(batches.c.id)
    ).scalar_one()
    run = connection.execute(
        insert(runs)
        .values(batch_id=batch, model=model, state="queued", priority=new.priority, created_at=database_time())
        .returning(runs.c.id)
    ).scalar_one()
    table = settle(connection, batch, room)
    return Loading(batch=batch, run=run, model=model, loader=1, last_row=0, accepted=0, rejected=0, table=table)


def resume_loading(connection: Connection, batch: int) -> Loading:
    """Take the batch over from whoever was loading it. Raises NoSuchBatchError, BatchPurgedError."""
    taken = connection.execute(
        update(batches)
        .where(batches.c.id == batch, batches.c.purged_at.is_(None))
        .values(loader=batches.c.loader + 1)
        .returning(batches.c.loader, batches.c.last_row, batches.c.accepted, batches.c.rejected)
    ).one_or_none()
    if taken is None:
        refuse_purged(connection, batch)
        raise NoSuchBatchError(batch)
    run = _first_run(connection, batch)
    return Loading(
        batch=batch,
        run=run.id,
        model=run.model,
        loader=taken.loader,
        last_row=taken.last_row,
        accepted=taken.accepted,
        rejected=taken.rejected,
        table=items_table(connection, batch),
    )


def add_rows(
    connection: Connection,
    loading: Loading,
    *,
    accepted: Sequence[AcceptedRow],
    refused: Sequence[RefusedRow],
    last_row: int,
    columns: Mapping[int, str] | None = None,
) -> int | None:
    """Store the next rows of the file and the chunk that will classify them; gives the chunk to ring for, if any.

    columns: the JSON of the other columns of accepted rows, by their place among them.

    The rows of a run that was cancelled meanwhile are stored too, and nobody classifies them.
    Raises LoaderSupersededError or BatchPurgedError, and then nothing may be committed.
    """
    extend_batch(connection, loading, accepted=len(accepted), refused=len(refused), last_row=last_row)
    insert_rejects(connection, loading.batch, refused)
    if not accepted:
        return None
    insert_items(connection, loading, accepted, columns or {})
    run_state: str = connection.execute(_ADD_TO_RUN, {"of_run": loading.run, "more": len(accepted)}).scalar_one()
    cancelled = run_state == "cancelled"
    added = {
        "run_id": loading.run,
        "first_row": accepted[0].row,
        "last_row": accepted[-1].row,
        "item_count": len(accepted),
        "state": "cancelled" if cancelled else "queued",
        OF_RUN.key: loading.run,
    }
    chunk: int = connection.execute(_ADD_CHUNK, added).scalar_one()
    return None if cancelled else chunk


def insert_rejects(connection: Connection, batch: int, refused: Sequence[RefusedRow]) -> None:
    """Store refused rows of a batch that the transaction has extended."""
    each = {name: [getattr(row, name) for row in refused] for name in ("row", "reason", "raw", "columns")}
    insert_columns(connection, rejects, each=each, same={"batch_id": batch})


def insert_items(
    connection: Connection, loading: Loading, accepted: Sequence[AcceptedRow], columns: Mapping[int, str]
) -> None:
    """Store accepted rows of a batch that the transaction has extended; columns: as `add_rows` has them."""
    each: dict[str, Sequence[object]] = {
        name: [row[place] for row in accepted] for place, name in enumerate(AcceptedRow._fields)
    }
    # A column of nothing but NULL would take a fifth of the time.
    if each["external_id"].count(None) == len(accepted):
        del each["external_id"]
    if columns:
        each["columns"] = [columns.get(place) for place in range(len(accepted))]
    insert_columns(connection, items, each=each, same={"batch_id": loading.batch}, into=loading.table)


def finish_loading(connection: Connection, loading: Loading, *, languages: str | None = None) -> None:
    """Say that the whole file is stored; a run whose chunks are all done already ends here.

    languages: of some of its texts, as JSON.
    """
    extend_batch(connection, loading, accepted=0, refused=0, last_row=loading.last_row, loaded=True)
    if languages is not None:
        connection.execute(update(batches).where(batches.c.id == loading.batch).values(languages=languages))
    connection.execute(update(runs).where(runs.c.id == loading.run).values(loaded=True))
    finish_run_if_complete(connection, loading.run)


def finish_run_if_complete(connection: Connection, run: int) -> None:
    """Mark the run done when every row of it has its verdict and no more rows will come."""
    connection.execute(_FINISH_RUN, {"of_run": run})


def hold_batch(connection: Connection, batch: int) -> None:
    """Let nobody make chunks of the batch's rows, or delete any, until this transaction ends.

    Taken before chunks, items and runs, in this order everywhere, or two could wait for each other in a ring.
    """
    connection.execute(select(batches.c.id).where(batches.c.id == batch).with_for_update(key_share=True))


def refuse_purged(connection: Connection, batch: int) -> None:
    """Raise BatchPurgedError where the batch was purged, or is being purged."""
    query = select(batches.c.id).where(batches.c.id == batch, batches.c.purged_at.is_not(None))
    if connection.execute(query).scalar_one_or_none() is not None:
        raise BatchPurgedError(batch)


def find_batches(connection: Connection, sha256: str) -> list[int]:
    """The batches made from a file with this content, newest first."""
    query = select(batches.c.id).where(batches.c.sha256 == sha256).order_by(batches.c.id.desc())
    return list(connection.execute(query).scalars())


def one_file_at_a_time(connection: Connection, sha256: str) -> None:
    """Wait until no other transaction holds a file of this content, and hold it: no batch of it is made meanwhile."""
    # Two could otherwise both find no batch of it and make one each. On SQLite a writing transaction is alone anyway.
    if connection.dialect.name == "postgresql":
        lock = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": lock})


def unfinished_files(connection: Connection) -> list[tuple[int, str, int]]:
    """The batches whose file is not stored to its end, and can be: (batch, name, the line up to which it is stored)."""
    query = select(batches.c.id, batches.c.name, batches.c.last_row).where(
        batches.c.loaded == false(), batches.c.sha256 != "", batches.c.purged_at.is_(None)
    )
    return [(row.id, row.name, row.last_row) for row in connection.execute(query.order_by(batches.c.id))]


def forget_file(connection: Connection, batch: int) -> None:
    """Let the batch belong to no file: what was stored was read while the file changed."""
    connection.execute(update(batches).where(batches.c.id == batch).values(sha256=""))


def batch_layout(connection: Connection, batch: int) -> str:
    """The JSON of how the batch's file is read. Raises NoSuchBatchError."""
    layout: str | None = connection.execute(select(batches.c.layout).where(batches.c.id == batch)).scalar_one_or_none()
    if layout is None:
        raise NoSuchBatchError(batch)
    return layout


def queued_chunks(connection: Connection, run: int) -> list[int]:
    """The chunks of the run that wait for a worker, in the order of the file."""
    query = select(chunks.c.id).where(chunks.c.run_id == run, chunks.c.state == "queued").order_by(chunks.c.id)
    return list(connection.execute(query).scalars())


def first_rows(connection: Connection, batch: int, *, limit: int) -> list[AcceptedRow]:
    """The first accepted rows of a batch."""
    query = select(items.c.row, items.c.external_id, items.c.text, items.c.text_hash).where(items.c.batch_id == batch)
    return [AcceptedRow(*row) for row in connection.execute(query.order_by(items.c.row).limit(limit))]


def repeated_ids(connection: Connection, batch: int) -> int:
    """How many rows of the batch carry an external id that an earlier row carried."""
    mine = items.c.batch_id == batch
    distinct = select(
        func.count(items.c.external_id) - func.count(items.c.external_id.distinct()),
    ).where(mine)
    repeated: int = connection.execute(distinct).scalar_one()
    return repeated


def extend_batch(
    connection: Connection, loading: Loading, *, accepted: int, refused: int, last_row: int, loaded: bool = False
) -> None:
    """Count rows that the transaction stores; from here on it holds the batch. Raises as `add_rows` does."""
    more = {
        "of_batch": loading.batch,
        "by_loader": loading.loader,
        "more_accepted": accepted,
        "more_rejected": refused,
        "up_to_row": last_row,
    }
    if connection.execute(extending(forward=last_row > loading.last_row, loaded=loaded), more).rowcount != 1:
        refuse_purged(connection, loading.batch)
        raise LoaderSupersededError(loading.batch)


@cache
def extending(*, forward: bool, loaded: bool) -> Update:
    """What counts rows of a batch for its loader; forward: the file is stored further than before."""
    return (
        update(batches)
        .where(batches.c.id == bindparam("of_batch"), batches.c.loader == bindparam("by_loader"))
        .values(
            accepted=batches.c.accepted + bindparam("more_accepted"),
            rejected=batches.c.rejected + bindparam("more_rejected"),
            last_row=bindparam("up_to_row") if forward else batches.c.last_row,
            loaded=literal(True) if loaded else batches.c.loaded,
        )
    )


def _first_run(connection: Connection, batch: int) -> Row[Any, Any]:
    query = select(runs.c.id, runs.c.model).where(runs.c.batch_id == batch).order_by(runs.c.id).limit(1)
    return connection.execute(query).one()


def cancel_run(connection: Connection, run: int) -> bool:
    """End a run early: chunks that wait are cancelled, one being worked on may still finish. False: it was over."""
    cancelled = connection.execute(
        update(runs)
        .where(runs.c.id == run, runs.c.state.in_(("queued", "running")))
        .values(state="cancelled", finished_at=database_time(), paused_at=None)
    )
    if cancelled.rowcount != 1:
        # Nothing holds the run: it may be tried again at this moment, and its chunks wait for that.
        return False
    # A chunk that is being claimed is skipped: its claim waits for this very run, and then sees that it is cancelled.
    waiting = select(chunks.c.id).where(chunks.c.run_id == run, chunks.c.state == "queued")
    connection.execute(
        update(chunks)
        .where(chunks.c.id.in_(waiting.with_for_update(skip_locked=True)))
        .values(state="cancelled", lease_until=None)
    )
    return True
