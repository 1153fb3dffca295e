"""Celery's scheduler, ringing when retraining is due: for a broker that Celery alone can reach.

The scheduler keeps no state: it only rings, and the database decides what a ring is worth. Which period it is follows
from the clock and the crontab alone, so a ring that came late, twice or never changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery import beat
from celery.schedules import BaseSchedule, schedstate

from newsgate.worker.celery import make_app
from newsgate.worker.crontab import Crontab, retraining_crontab
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.health import Pulse
from newsgate.worker.queue_names import RETRAIN_TASK
from newsgate.worker.ring_times import LOOK_EVERY_SECONDS, is_due, ring
from newsgate.worker.settings import Settings


class _CronSchedule(BaseSchedule):
    """A crontab as Celery's scheduler asks for it."""

    def __init__(self, crontab: Crontab, **named: Any) -> None:
        super().__init__(**named)
        self.crontab = crontab

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether it is due, and in how many seconds to look again."""
        return schedstate(*is_due(self.crontab, last_run_at))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.crontab,)


class _RingingScheduler(beat.Scheduler):
    """Celery's scheduler with its entries from the configuration, no file, and no connection but the bell's."""

    bell: Doorbell
    pulse: Pulse
    # Celery's own waits for the broker for as long as that takes, and logs every attempt.
    producer = None  # type: ignore[assignment]

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *arguments: Any, **named: Any) -> float:
        """Ring for what is due; gives the seconds to the next look."""
        self.pulse.beat()
        seconds: float = super().tick(*arguments, **named)
        return seconds

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Ring once."""
        ring(self.bell)


def ring_by_schedule(settings: Settings, *, pulse: Pulse) -> None:
    """Ring the trainers whenever retraining is due, until the process is told to stop. pulse: beats with every look."""
    schedule_service(settings, pulse=pulse).start()


def schedule_service(settings: Settings, *, pulse: Pulse) -> beat.Service:
    """What rings the trainers whenever retraining is due, once it is started."""
    app = make_app(settings)
    schedule = _CronSchedule(retraining_crontab(settings), app=app)
    app.conf.beat_schedule = {"retrain": {"task": RETRAIN_TASK, "schedule": schedule}}
    scheduler = type("Scheduler", (_RingingScheduler,), {"bell": Doorbell(settings), "pulse": pulse})
    return beat.Service(app, max_interval=LOOK_EVERY_SECONDS, scheduler_cls=scheduler)
