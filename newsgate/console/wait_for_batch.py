"""Waiting for a batch on a terminal: a bar, and a warning where nothing moves."""

from __future__ import annotations

import time
from collections.abc import Callable

from newsgate.console.messages import print_message, print_warning
from newsgate.console.progress_line import ProgressLine
from newsgate.db.batch_status import BatchStatus
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.existing_runs import require_verdicts
from newsgate.tasks.running.wait_for_batch import wait_for_batch

_STALLED_AFTER_SECONDS = 15.0


def wait_with_progress(
    database: Database, batch: int, *, model: int | None = None, meanwhile: Callable[[], None] = lambda: None
) -> BatchStatus:
    """Wait until the batch's latest run, or its run by `model`, is done, drawing progress; gives its last state.

    Raises RunCancelledError, BatchPurgedError.
    """
    stall_warning, pause_note = StallWarning(), PauseNote()
    with ProgressLine("classifying") as line:

        def show(status: BatchStatus) -> None:
            finished = status.done + status.failed
            line.draw(finished, status.total, note=f"{finished} of {status.total} rows")
            pause_note.observe(status)
            # One that is paused is known not to move.
            stall_warning.observe(None if status.state == "paused" else finished)

        status = wait_for_batch(database, batch, model=model, tell=show, meanwhile=meanwhile)
    require_verdicts(database, status)
    print_message(f"batch {batch} is {status.state}: {status.done} rows classified, {status.failed} failed")
    return status


class PauseNote:
    """Says that the batch somebody waits for is paused, once each time it is."""

    def __init__(self) -> None:
        self._was_paused = False

    def observe(self, status: BatchStatus) -> None:
        """See where the batch stands now."""
        is_paused = status.state == "paused"
        if is_paused and not self._was_paused:
            print_message(f"batch {status.batch} is paused: `newsgate resume {status.batch}` goes on, and so does this")
        self._was_paused = is_paused


class StallWarning:
    """Says once that no row was classified for a while, and what may be missing."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._since = time.monotonic()
        self._given = False

    def observe(self, finished: int | None) -> None:
        """See how many rows are finished now; None where it is known that nothing moves."""
        now = time.monotonic()
        if finished is None or finished != self._last:
            self._last, self._since = finished, now
        elif not self._given and now - self._since > _STALLED_AFTER_SECONDS:
            self._given = True
            print_warning(
                f"no row was classified for {_STALLED_AFTER_SECONDS:.0f} s: is a worker running? (`newsgate up`)"
            )
