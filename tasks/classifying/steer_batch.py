"""Pause a batch, let it go on, cancel it, and say how many turns it has: of a batch's latest run."""

from __future__ import annotations

from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.batches import cancel_run, queued_chunks
from newsgate.db.session import Database
from newsgate.db.steering import pause_run, set_priority, unpause_run
from newsgate.db.turns import HIGHEST_PRIORITY, LOWEST_PRIORITY
from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings


def pause_batch(database: Database, batch: int) -> tuple[BatchStatus, bool]:
    """Begin no more chunks of a batch; gives where it stood before, and whether that changed it.

    Raises NoSuchBatchError.
    """
    with database.write() as connection:
        status = batch_status(connection, batch)
        return status, pause_run(connection, status.run)


def resume_batch(batch: int, *, settings: Settings, database: Database) -> tuple[BatchStatus, bool]:
    """Let a batch that is paused go on; gives where it stood before, and whether that changed it.

    Raises NoSuchBatchError.
    """
    with database.write() as connection:
        status = batch_status(connection, batch)
        resumed = unpause_run(connection, status.run)
        waiting = queued_chunks(connection, status.run)
    if resumed:
        bell = Doorbell(settings)
        try:
            bell.ring(waiting)
        finally:
            bell.close()
    return status, resumed


def cancel_batch(database: Database, batch: int) -> tuple[BatchStatus, bool]:
    """End a batch early: its verdicts stay; gives where it stood before, and whether that changed it.

    Raises NoSuchBatchError.
    """
    with database.write() as connection:
        status = batch_status(connection, batch)
        return status, cancel_run(connection, status.run)


def give_priority(database: Database, batch: int, priority: int) -> tuple[BatchStatus, bool]:
    """Give a batch so many turns from now on; gives where it stood before, and whether it was still under way.

    priority: 1 to 100. Raises NoSuchBatchError, and WrongUsageError for another priority.
    """
    check_priority(priority)
    with database.write() as connection:
        status = batch_status(connection, batch)
        return status, set_priority(connection, status.run, priority)


def check_priority(priority: int) -> None:
    """Raises WrongUsageError where no batch can have this priority."""
    if not LOWEST_PRIORITY <= priority <= HIGHEST_PRIORITY:
        raise WrongUsageError(
            f"{priority} is no priority", remedy=f"It is from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}"
        )
