"""The sweeper: finds chunks that a lost message, a dead worker or an absent broker left behind, and works them.

It runs in every worker. With the broker gone the system is slower, never stuck.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from db.chunks import give_up_on_lapsed_chunks, stalled_chunks
from db.errors import DatabaseError
from tasks.classify import Workshop, classify_chunk

log = logging.getLogger("newsgate.sweeper")


def sweep(workshop: Workshop) -> int:
    """Look once and work on what was found; gives the number of chunks taken up.

    A chunk may wait long in a full queue, so waiting ones count as lost only while the broker brings this worker
    nothing. Leases that ran out are always taken over.
    """
    settings = workshop.settings
    with workshop.database.write() as connection:
        give_up_on_lapsed_chunks(connection, max_attempts=settings.max_attempts)
    quiet = workshop.in_flight.quiet_seconds() >= settings.lost_after_seconds
    with workshop.database.read() as connection:
        found = stalled_chunks(
            connection,
            queued_for_seconds=settings.lost_after_seconds if quiet else None,
            max_attempts=settings.max_attempts,
            limit=4 * settings.threads,
        )
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="sweep") as pool:
        outcomes = list(pool.map(partial(classify_chunk, workshop=workshop, from_broker=False), found))
    return sum(outcome != "nothing to do" for outcome in outcomes)


def keep_sweeping(workshop: Workshop, stop: threading.Event) -> None:
    """Sweep until `stop`: at once again while there was something to do, else after a pause."""
    while not stop.is_set():
        try:
            taken_up = sweep(workshop)
        except DatabaseError as error:
            # Nothing can be done without the database; it is asked again at the next turn.
            log.warning("%s", error)
            taken_up = 0
        if taken_up:
            log.info("took up %d chunks that were left behind", taken_up)
        else:
            stop.wait(workshop.settings.sweep_seconds)
