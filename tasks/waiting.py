"""Waiting for a batch, by looking at the database: the one place that knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from db.batches import BatchStatus, batch_status
from db.session import Database

# Soon at first, for a file of a few rows is done in no time; then seldom, for a look costs the database something.
FIRST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.1


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
    poll_seconds = FIRST_POLL_SECONDS
    while True:
        with database.read() as connection:
            status = batch_status(connection, batch, model=model)
        tell(status)
        if status.finished:
            return status
        meanwhile()
        time.sleep(poll_seconds)
        poll_seconds = min(1.5 * poll_seconds, LONGEST_POLL_SECONDS)
