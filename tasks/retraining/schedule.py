"""The schedule of retraining: a process that only rings, with no database and, on the private broker, no Celery."""

from __future__ import annotations

import logging
import sys

from newsgate.tasks.running.process import begin_program
from newsgate.worker.crontab import retraining_crontab
from newsgate.worker.health import HealthFile, Pulse
from newsgate.worker.ring_times import LOOK_EVERY_SECONDS, ring_on_time
from newsgate.worker.settings import Settings
from newsgate.worker.stop_signals import on_stop_signals

log = logging.getLogger("newsgate.trainer")

# Beside the pause between two looks: a broker that does not answer is waited for.
_PATIENCE_SECONDS = 60.0


def run_schedule(settings: Settings, *, parent: int | None = None) -> None:
    """Ring the trainers by the schedule, until told to stop (SIGTERM, SIGINT). parent: as for `run_trainer`."""
    on_stop_signals(lambda *_: sys.exit(0))
    begin_program(settings, name="beat", parent=parent)
    retraining_crontab(settings)
    log.info("ready: ringing at %r", settings.retrain_crontab)
    pulse = Pulse(limit_seconds=LOOK_EVERY_SECONDS + _PATIENCE_SECONDS)
    with HealthFile(settings, part="beat", look=pulse.state):
        if settings.broker_is_private:
            ring_on_time(settings, pulse=pulse)
            return
        from newsgate.worker.retraining_schedule import ring_by_schedule

        ring_by_schedule(settings, pulse=pulse)
