"""What every worker does beside classifying: send the notifications that are owed, and try again what failed."""

from __future__ import annotations

import logging
import threading

from newsgate.db.errors import DatabaseError
from newsgate.db.notifications import (
    COMMAND,
    any_owed,
    give_up_on_notifications,
    note_failed,
    note_sent,
    take_owed,
)
from newsgate.db.session import Database
from newsgate.tasks.notifying.send import NobodyAnsweredError, NotSentError, send
from newsgate.tasks.notifying.target import display_target, place_of
from newsgate.worker.settings import Settings
from newsgate.worker.tally import NOTIFICATIONS, TALLY

log = logging.getLogger("newsgate.notifier")

# Longer than a try can take, so that no other worker tries meanwhile; and what a killed worker delays it by.
_TRY_TIMES = 2.0
_TRY_SECONDS_MORE = 1.0


def notify_owed(database: Database, settings: Settings, stop: threading.Event) -> int:
    """Try each notification that is due once; gives how many arrived. Raises DatabaseError."""
    with database.read() as connection:
        if not any_owed(connection):
            return 0
    without = set() if settings.notify_command else {COMMAND}
    try_seconds = _TRY_TIMES * settings.notify_timeout_seconds + _TRY_SECONDS_MORE
    sent = 0
    tried: set[int] = set()
    while not stop.is_set():
        with database.write() as connection:
            owed = take_owed(connection, try_seconds=try_seconds, without=without, tried=tried)
        if owed is None:
            break
        tried.add(owed.number)
        try:
            send(owed, settings)
        except NotSentError as error:
            pause = settings.notify_retry_seconds * 2.0 ** min(owed.attempt - 1, 20)
            log.warning("batch %d: %s was not notified: %s", owed.batch, display_target(owed.target), error)
            with database.write() as connection:
                note_failed(connection, owed, error=str(error), pause_seconds=pause)
            if isinstance(error, NobodyAnsweredError):
                # One that is silent costs its time once in a look, however much it is to be told.
                without.add(place_of(owed.target))
            TALLY.add(NOTIFICATIONS, outcome="failed")
        else:
            with database.write() as connection:
                note_sent(connection, owed)
            TALLY.add(NOTIFICATIONS, outcome="sent")
            log.info("batch %d is %s: %s is notified", owed.batch, owed.run_state, display_target(owed.target))
            sent += 1
    # At the end: a clock that leaps ahead must not give up what this look delivers.
    with database.write() as connection:
        given_up = give_up_on_notifications(connection, after_seconds=settings.notify_give_up_seconds)
    if given_up:
        log.error("gave up on %d notifications: nobody took them in %g s", given_up, settings.notify_give_up_seconds)
    return sent


def keep_notifying(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Send what is owed, until `stop`, as often as the sweeper looks."""
    while not stop.wait(settings.sweep_seconds):
        try:
            notify_owed(database, settings, stop)
        except DatabaseError as error:
            # Who works tells of a database that is away; this would tell it a second time.
            log.debug("%s", error)
        except Exception:
            log.exception("notifying failed")
