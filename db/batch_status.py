"""Where batches and their runs stand: read from the counters that every commit keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    case,
    func,
    select,
)

from newsgate.db.errors import BatchPurgedError, NoSuchBatchError, NoSuchRunError
from newsgate.db.tables import batches, runs


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """Where a batch and one run of it stand.

    state: of the run; `paused` where none of its chunks is begun; `purging` while the rows of the batch are deleted, or
    that was interrupted, then `purged`. priority: its share of the turns beside other runs.
    languages: of some of its texts, as `model.languages` writes them; None where nobody looked.
    purged_rows: how many rows of its file were deleted again, by a purge of the batch or of single texts.
    """

    batch: int
    name: str
    sha256: str
    run: int
    model: int
    state: str
    total: int
    done: int
    failed: int
    rejected: int
    loaded: bool
    created_at: datetime
    finished_at: datetime | None
    purged_at: datetime | None
    purged_rows: int
    languages: str | None
    priority: int

    @property
    def finished(self) -> bool:
        """Nothing more will happen to the run by itself."""
        return self.purged_at is not None or self.state in ("done", "cancelled")


def batch_status(
    connection: Connection, batch: int, *, model: int | None = None, run: int | None = None
) -> BatchStatus:
    """Where the batch's latest run stands, or its run by `model`, or of the number `run`.

    Raises NoSuchBatchError, NoSuchRunError.
    """
    for each in batch_runs(connection, batch):
        if model in (None, each.model) and run in (None, each.run):
            return each
    raise NoSuchRunError(batch, model, run=run)


def kept_batch_status(
    connection: Connection, batch: int, *, model: int | None = None, run: int | None = None
) -> BatchStatus:
    """As `batch_status`, for what needs the rows of the batch. Raises BatchPurgedError too."""
    status = batch_status(connection, batch, model=model, run=run)
    if status.purged_at is not None:
        raise BatchPurgedError(batch)
    return status


def batch_runs(connection: Connection, batch: int) -> list[BatchStatus]:
    """Where each run of the batch stands, the latest first; `created_at` is the run's. Raises NoSuchBatchError."""
    query = _status_query(batches.join(runs, runs.c.batch_id == batches.c.id), created_at=runs.c.created_at)
    found = connection.execute(query.where(batches.c.id == batch).order_by(runs.c.id.desc())).all()
    if not found:
        raise NoSuchBatchError(batch)
    return [_status(row) for row in found]


def last_row_of(connection: Connection, batch: int) -> int:
    """The last row of the batch's file that is stored; 0 before the first. Raises NoSuchBatchError."""
    row: int | None = connection.execute(select(batches.c.last_row).where(batches.c.id == batch)).scalar_one_or_none()
    if row is None:
        raise NoSuchBatchError(batch)
    return row


def list_batches(connection: Connection, *, limit: int) -> list[BatchStatus]:
    """The latest `limit` batches, newest first."""
    query = _latest_query().order_by(batches.c.id.desc()).limit(limit)
    return [_status(row) for row in connection.execute(query)]


def latest_runs(connection: Connection, *conditions: ColumnElement[bool]) -> list[BatchStatus]:
    """Where the latest run stands of each batch that the conditions are true of, oldest first."""
    query = _latest_query().where(*conditions).order_by(batches.c.id)
    return [_status(row) for row in connection.execute(query)]


def _latest_query() -> Select[Any]:
    latest = select(func.max(runs.c.id)).where(runs.c.batch_id == batches.c.id).correlate(batches).scalar_subquery()
    return _status_query(batches.join(runs, runs.c.id == latest), created_at=batches.c.created_at)


def _status_query(joined: FromClause, *, created_at: ColumnElement[datetime]) -> Select[Any]:
    return select(
        batches.c.id.label("batch"),
        batches.c.name,
        batches.c.sha256,
        batches.c.rejected,
        batches.c.loaded,
        created_at.label("created_at"),
        runs.c.id.label("run"),
        runs.c.model,
        case(
            (batches.c.purged_at.is_(None) & runs.c.paused_at.is_not(None), "paused"),
            (batches.c.purged_at.is_(None), runs.c.state),
            (batches.c.accepted + batches.c.rejected > 0, "purging"),
            else_="purged",
        ).label("state"),
        runs.c.total,
        runs.c.done,
        runs.c.failed,
        runs.c.finished_at,
        batches.c.purged_at,
        batches.c.purged_rows,
        batches.c.languages,
        runs.c.priority,
    ).select_from(joined)


def _status(row: Row[Any]) -> BatchStatus:
    return BatchStatus(**row._mapping)
