"""Purge: the rows of whole batches, and, where that is asked for, what people said about their texts.

Killed at any moment, the counters are true and no worker is at work on the batch; run again, it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from newsgate.db.batch_selection import BatchFilter, select_batches
from newsgate.db.partition_purge import drop_partition, empty_partition, purged_partitions
from newsgate.db.partitions import Partition
from newsgate.db.purge import Deleted, StoredBatch, begin_purge, purge_step, stored_batches
from newsgate.db.purge_texts import count_judgements, delete_judgements, labelled_only_there
from newsgate.db.session import Database
from newsgate.tasks.storage.small_steps import STEP_ROWS, step_by_step

# A purge that was interrupted goes on too.
_WITH_ROWS = ("queued", "running", "paused", "done", "cancelled", "purging")


@dataclass(frozen=True, slots=True)
class BatchPurge:
    """What a purge of batches would delete.

    judged: the texts, by hash, whose labels go too; labels: how many those are.
    """

    batches: tuple[StoredBatch, ...]
    judged: tuple[bytes, ...] = ()
    labels: int = 0

    @property
    def rows(self) -> int:
        """How many rows of files there are to delete, refused ones included."""
        return sum(each.items + each.rejects for each in self.batches)


def plan_batch_purge(
    database: Database, *, batch: int | None = None, wanted: BatchFilter | None = None, with_labels: bool = False
) -> BatchPurge:
    """What would be deleted: one batch, or all that `wanted` says. Raises NoSuchBatchError."""
    wanted = wanted or BatchFilter()
    with database.read() as connection:
        found = stored_batches(connection, batch=batch, older_than_days=wanted.older_than_days)
        if wanted.states or wanted.name is not None:
            meant = {each.batch for each in select_batches(connection, wanted, among=_WITH_ROWS)}
            found = [each for each in found if each.batch in meant]
        doomed = tuple(each for each in found if not each.is_purged)
        if not (with_labels and doomed):
            return BatchPurge(doomed)
        judged = labelled_only_there(connection, [each.batch for each in doomed])
        return BatchPurge(doomed, tuple(judged), count_judgements(connection, judged))


def purge_batches(
    plan: BatchPurge, *, database: Database, tell: Callable[[int, int], None] = lambda _rows, _all: None
) -> int:
    """Delete what was planned; gives how many whole partitions went.

    tell: how many rows are deleted so far, and of how many.
    """
    for each in plan.batches:
        with database.write() as connection:
            begin_purge(connection, each.batch)
    # Before the items, which say whose labels they are.
    for start in range(0, len(plan.judged), STEP_ROWS):
        with database.write() as connection:
            delete_judgements(connection, plan.judged[start : start + STEP_ROWS])
    with database.read() as connection:
        whole = purged_partitions(connection)
    progress = _Progress(plan, tell)
    for each in plan.batches:
        goes_whole = any(part.first_batch <= each.batch < part.end_batch for part in whole)
        for deleted in step_by_step(database, _step(each.batch, items_too=not goes_whole)):
            progress.add(deleted.items + deleted.rejects)
    return sum(_purge_partition(database, part, plan, progress) for part in whole)


class _Progress:
    """How many of the rows are deleted so far."""

    def __init__(self, plan: BatchPurge, tell: Callable[[int, int], None]) -> None:
        self._all = plan.rows
        self._tell = tell
        self._rows = 0

    def add(self, rows: int) -> None:
        self._rows += rows
        self._tell(self._rows, self._all)


def _purge_partition(database: Database, part: Partition, plan: BatchPurge, progress: _Progress) -> bool:
    """Let all rows of a part go at once; row by row where somebody keeps using it. Gives whether it was dropped."""
    rows = empty_partition(database, part)
    if rows is not None:
        progress.add(rows)
        return drop_partition(database, part)
    for each in plan.batches:
        if part.first_batch <= each.batch < part.end_batch:
            for deleted in step_by_step(database, _step(each.batch)):
                progress.add(deleted.items + deleted.rejects)
    return False


def _step(batch: int, *, items_too: bool = True) -> Callable[[Connection], Deleted | None]:
    return lambda connection: purge_step(connection, batch, limit=STEP_ROWS, items_too=items_too)
