"""Waiting for a batch, by looking at the database: the one place that knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from db.batches import BatchStatus, batch_status
from db.session import Database

POLL_SECONDS = 0.1


def wait_for_batch(
    database: Database,
    batch: int,
    *,
    model: int | None = None,
    tell: Callable[[BatchStatus], None] = lambda _: None,
    meanwhile: Callable[[], None] = lambda: None,
) -> BatchStatus:
    """Look until the batch's latest run, or its run by `model`, is over, telling each state seen; gives the last one.

    meanwhile: called between looks; what it raises ends the waiting.
    """
    while True:
        with database.read() as connection:
            status = batch_status(connection, batch, model=model)
        tell(status)
        if status.finished:
            return status
        meanwhile()
        time.sleep(POLL_SECONDS)
