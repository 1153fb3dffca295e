"""When retraining is due, and the scheduler that rings for it.

The scheduler keeps no state: it only rings, and the database decides what a ring is worth. Which period it is follows
from the clock and the crontab alone, so a ring that came late, twice or never changes nothing.

A crontab means what it means to cron on Debian: where both days are named, either is enough; a time that a change of
the clock skips comes right after it, and one that the change repeats comes once.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

from celery import beat
from celery.schedules import BaseSchedule, schedstate
from cronsim import CronSim, CronSimError

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.celery import make_app
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.queue_names import RETRAIN_TASK
from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.beat")

_FIELDS: Final = 5
_LOOK_EVERY_SECONDS: Final = 30
_CLOCK_SLACK: Final = timedelta(seconds=60)
# How far back the last time is looked for, one after the other: the 29th of February may be eight years ago.
_LOOK_BACK: Final = tuple(timedelta(days=days) for days in (0.1, 2, 60, 800, 9 * 366))


@dataclass(frozen=True, slots=True)
class Crontab:
    """Five fields as cron has them, on the clock of a time zone, an IANA name. Raises WrongUsageError."""

    fields: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if len(self.fields.split()) != _FIELDS:
            raise _unusable(self.fields, "it has not five fields")
        try:
            next(self._from(datetime.now(UTC)))
        except CronSimError as error:
            raise _unusable(self.fields, self._fault(error)) from error
        except StopIteration:
            raise _unusable(self.fields, "no day is like that") from None

    def _fault(self, error: CronSimError) -> str:
        minute, hour, day, month, weekday = self.fields.split()
        try:
            for fields in (f"{minute} {hour} {day} * {weekday}", f"{minute} {hour} * {month} {weekday}"):
                CronSim(fields, datetime.now(UTC))
        except CronSimError:
            return str(error).lower()
        # Each field can be, but February has no 31st.
        return "no day is like that"

    def last_due(self, now: datetime) -> datetime:
        """When it was due last, `now` included; in UTC."""
        for back in _LOOK_BACK:
            due = deque(takewhile(lambda due: due <= now, self._from(now - back)), maxlen=1)
            if due:
                return due[0].astimezone(UTC)
        raise _unusable(self.fields, "no day is like that")

    def next_due(self, now: datetime) -> datetime:
        """When it is due next, after `now`; in UTC."""
        return next(self._from(now)).astimezone(UTC)

    def _from(self, begin: datetime) -> Iterator[datetime]:
        return CronSim(self.fields, begin.astimezone(ZoneInfo(self.zone)))


class _CronSchedule(BaseSchedule):
    """A crontab as Celery's scheduler asks for it."""

    def __init__(self, crontab: Crontab, **named: Any) -> None:
        super().__init__(**named)
        self.crontab = crontab

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether it is due, and in how many seconds to look again."""
        now = datetime.now(UTC)
        wait_seconds = (self.crontab.next_due(now) - now).total_seconds()
        # The clock was set back: until it comes to that time again nothing would be due. A ring too many does no harm.
        is_ahead = last_run_at > now + _CLOCK_SLACK
        return schedstate(is_ahead or self.crontab.last_due(now) > last_run_at, wait_seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.crontab,)


class _RingingScheduler(beat.Scheduler):
    """Celery's scheduler with its entries from the configuration, no file, and no connection but the bell's."""

    bell: Doorbell
    # Celery's own waits for the broker for as long as that takes, and logs every attempt.
    producer = None  # type: ignore[assignment]

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Ring once; trainers find out by themselves what they were not told."""
        self.bell.ring_trainers()
        if self.bell.fault is None:
            log.info("retraining is due: the trainers are rung")
        else:
            log.warning("the trainers could not be rung (%s); they find out by themselves", self.bell.fault)


def ring_by_schedule(settings: Settings) -> None:
    """Ring the trainers whenever retraining is due, until the process is told to stop."""
    schedule_service(settings).start()


def schedule_service(settings: Settings) -> beat.Service:
    """What rings the trainers whenever retraining is due, once it is started."""
    app = make_app(settings)
    schedule = _CronSchedule(retraining_crontab(settings), app=app)
    app.conf.beat_schedule = {"retrain": {"task": RETRAIN_TASK, "schedule": schedule}}
    scheduler = type("Scheduler", (_RingingScheduler,), {"bell": Doorbell(settings)})
    return beat.Service(app, max_interval=_LOOK_EVERY_SECONDS, scheduler_cls=scheduler)


def retraining_crontab(settings: Settings) -> Crontab:
    """When retraining is due. Raises WrongUsageError for a crontab that is none, or that no day is like."""
    return Crontab(settings.retrain_crontab, settings.retrain_time_zone)


def period_at(now: datetime, *, crontab: Crontab) -> str:
    """The period that `now` is in, named by the minute it began, in UTC: the last at which the crontab was due."""
    return f"{crontab.last_due(now):%Y-%m-%dT%H:%M}"


def _unusable(schedule: str, why: str) -> WrongUsageError:
    return WrongUsageError(
        f"NEWSGATE_RETRAIN_CRONTAB cannot be {schedule!r}: {why}",
        remedy='Write minute, hour, day of month, month and day of week, like "15 3 * * *"',
    )
