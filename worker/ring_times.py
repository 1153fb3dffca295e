"""When the trainers are rung, and the ringing.

The database decides what a ring is worth, so one too many does no harm.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from newsgate.worker.crontab import Crontab, retraining_crontab
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.health import Pulse
from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.beat")

LOOK_EVERY_SECONDS: Final = 30
_CLOCK_SLACK: Final = timedelta(seconds=60)


def is_due(crontab: Crontab, last_ring: datetime) -> tuple[bool, float]:
    """Whether a ring is due, and in how many seconds to look again."""
    now = datetime.now(UTC)
    wait_seconds = (crontab.next_due(now) - now).total_seconds()
    # The clock was set back: until it comes to that time again nothing would be due.
    is_ahead = last_ring > now + _CLOCK_SLACK
    return is_ahead or crontab.last_due(now) > last_ring, wait_seconds


def ring(bell: Doorbell) -> None:
    """Ring once; trainers find out by themselves what they were not told."""
    bell.ring_trainers()
    if bell.fault is None:
        log.info("retraining is due: the trainers are rung")
    else:
        log.warning("the trainers could not be rung (%s); they find out by themselves", bell.fault)


def ring_on_time(settings: Settings, *, pulse: Pulse) -> None:
    """Ring the trainers whenever it is due, until SystemExit or KeyboardInterrupt. pulse: beats with every look."""
    crontab, bell, last_ring = retraining_crontab(settings), Doorbell(settings), datetime.now(UTC)
    try:
        while True:
            pulse.beat()
            due, wait_seconds = is_due(crontab, last_ring)
            if due:
                ring(bell)
                last_ring = datetime.now(UTC)
            time.sleep(min(wait_seconds, LOOK_EVERY_SECONDS))
    except (SystemExit, KeyboardInterrupt):
        bell.close()
