"""Waiting for a batch on a terminal: a bar, and a hint where nothing moves."""

from __future__ import annotations

import time
from collections.abc import Callable

from newsgate.console.error_reporting import tell, warn
from newsgate.console.progress_line import ProgressLine
from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.existing_runs import RunCancelledError
from newsgate.tasks.running.wait_for_batch import wait_for_batch

_HINT_AFTER_SECONDS = 15.0


def wait_and_tell(
    database: Database, batch: int, *, model: int | None = None, meanwhile: Callable[[], None] = lambda: None
) -> BatchStatus:
    """Wait until the batch's latest run, or its run by `model`, is done, drawing progress; gives its last state.

    Raises RunCancelledError.
    """
    hint = _Hint()
    with ProgressLine("classifying") as line:

        def look(status: BatchStatus) -> None:
            finished = status.done + status.failed
            line.draw(finished, status.total, note=f"{finished} of {status.total} rows")
            hint.look(finished)

        status = wait_for_batch(database, batch, model=model, tell=look, meanwhile=meanwhile)
    if status.state == "cancelled":
        with database.read() as connection:
            latest = batch_status(connection, batch)
        raise RunCancelledError(status, is_latest=latest.run == status.run)
    tell(f"batch {batch} is {status.state}: {status.done} rows classified, {status.failed} failed")
    return status


class _Hint:
    """Says once, where no row was classified for a while, what may be missing."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._since = time.monotonic()
        self._given = False

    def look(self, finished: int) -> None:
        """See how many rows are finished now."""
        now = time.monotonic()
        if finished != self._last:
            self._last, self._since = finished, now
        elif not self._given and now - self._since > _HINT_AFTER_SECONDS:
            self._given = True
            warn(f"no row was classified for {_HINT_AFTER_SECONDS:.0f} s: does a worker run? (`newsgate up`)")
