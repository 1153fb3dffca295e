"""Waiting for a batch, by looking at the database: the one place that knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.session import Database

# Soon at first, for a file of a few rows is done in no time; then seldom, for a look costs the database something. In
# between by the time it took so far, so that little is added to that.
FIRST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.1
_SHARE_OF_WAITING = 0.02


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
    began = time.monotonic()
    while True:
        with database.read() as connection:
            status = batch_status(connection, batch, model=model)
        tell(status)
        if status.finished:
            return status
        meanwhile()
        waited = time.monotonic() - began
        time.sleep(min(max(FIRST_POLL_SECONDS, _SHARE_OF_WAITING * waited), LONGEST_POLL_SECONDS))
