"""The sweeper: finds chunks that a lost message, a dead worker or an absent broker left behind, and works them.

It runs in every worker. With the broker gone the system is slower, never stuck.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from newsgate.db.errors import DatabaseError
from newsgate.db.left_chunks import give_up_on_lapsed_chunks, stalled_chunks
from newsgate.tasks.classifying.classify_chunk import Outcome, WorkerContext, classify_chunk
from newsgate.worker.tally import ROWS, TALLY

log = logging.getLogger("newsgate.sweeper")


def sweep(context: WorkerContext, stop: threading.Event) -> int:
    """Look once and work on what was found, until `stop`; gives the number of chunks taken up."""
    # First, or what the database cut short would be given up as if its texts had ended a worker.
    context.bell.ring(context.interrupted.hand_back(context.database))
    with context.database.write() as connection:
        after = give_up_on_lapsed_chunks(connection, max_attempts=context.settings.max_attempts)
    TALLY.add(ROWS, after.failed_rows, outcome="failed")
    context.bell.ring(after.to_ring)

    def work_on(chunk: int | None) -> Outcome:
        # A chunk that is not begun is no chunk in hand.
        return "nothing to do" if stop.is_set() else classify_chunk(chunk, context, from_broker=False)

    lapsed = _stalled(context, queued_for_seconds=None)
    if lapsed:
        # Each may have ended its worker, or been in a worker that another ended. Alone, a killer takes only itself.
        with context.in_flight.alone():
            outcomes = [work_on(chunk) for chunk in lapsed]
    else:
        with ThreadPoolExecutor(context.settings.worker_threads, thread_name_prefix="sweep") as pool:
            # As many as were left behind; which of all that wait, their turns say.
            outcomes = list(pool.map(work_on, [None] * len(_lost(context))))
    return sum(outcome != "nothing to do" for outcome in outcomes)


def keep_sweeping(context: WorkerContext, stop: threading.Event) -> None:
    """Sweep until `stop`: at once again while there was something to do, else after a pause.

    Ends where the database has become that of a newer newsgate.
    """
    while not stop.is_set():
        if context.schema.look():
            _let_go(context)
            return
        try:
            taken_up = sweep(context, stop)
        except DatabaseError as error:
            # Nothing can be done without the database; it is asked again at the next turn.
            log.warning("%s", error)
            taken_up = 0
        except Exception:
            if context.schema.look():
                continue
            # Whatever it is, a worker without its sweeper would lose what the broker loses.
            log.exception("sweeping failed")
            taken_up = 0
        if taken_up:
            log.info("took up %d chunks that were left behind", taken_up)
        else:
            stop.wait(context.settings.sweep_seconds)


def _let_go(context: WorkerContext) -> None:
    """Hand back what was cut short, as far as a newer schema lets it; whatever is left loses its lease."""
    with suppress(DatabaseError, SQLAlchemyError):
        context.bell.ring(context.interrupted.hand_back(context.database))


def _lost(context: WorkerContext) -> list[int]:
    """Waiting chunks whose message will not come.

    A chunk may wait long behind others, and rightly. But who hears any message works until none waits: so only where
    the broker brings nothing there is no message any more.
    """
    settings = context.settings
    if context.in_flight.quiet_seconds() < settings.lost_after_seconds:
        return []
    return _stalled(context, queued_for_seconds=settings.lost_after_seconds)


def _stalled(context: WorkerContext, *, queued_for_seconds: float | None) -> list[int]:
    settings = context.settings
    with context.database.read() as connection:
        return stalled_chunks(
            connection,
            queued_for_seconds=queued_for_seconds,
            max_attempts=settings.max_attempts,
            limit=4 * settings.worker_threads,
            but_models=context.models.newer,
        )
