"""When retraining is due, and the scheduler that rings for it.

The scheduler keeps no state: it only rings, and the database decides what a ring is worth. Which period it is follows
from the clock and the crontab alone, so a ring that came late, twice or never changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import beat
from celery.schedules import ParseException, crontab

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.celery import RETRAIN_TASK, TRAINING_QUEUE, make_app
from newsgate.worker.settings import Settings

# The 29th of February may be eight years ago.
_LONGEST_PERIOD_DAYS = 8 * 366
_LOOK_EVERY_SECONDS = 30


class _NothingKept(beat.Scheduler):
    """Celery's scheduler with its entries from the configuration, and no file."""

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)


def ring_by_schedule(settings: Settings) -> None:
    """Ring the trainers whenever retraining is due, until the process is told to stop."""
    app = make_app(settings)
    app.conf.beat_schedule = {
        "retrain": {
            "task": RETRAIN_TASK,
            "schedule": parse_crontab(settings.retrain_crontab),
            "options": {"queue": TRAINING_QUEUE},
        }
    }
    beat.Service(app, max_interval=_LOOK_EVERY_SECONDS, scheduler_cls=_NothingKept).start()


def period_at(now: datetime, *, schedule: str) -> str:
    """The period that `now` is in, named by the minute it began: the last at which the crontab was due."""
    cron = parse_crontab(schedule)
    if _falls_on(cron, now):
        earlier_today = [
            (hour, minute) for hour in cron.hour for minute in cron.minute if (hour, minute) <= (now.hour, now.minute)
        ]
        if earlier_today:
            return _name(now, max(earlier_today))
    for days in range(1, _LONGEST_PERIOD_DAYS):
        day = now - timedelta(days=days)
        if _falls_on(cron, day):
            return _name(day, (max(cron.hour), max(cron.minute)))
    raise _unusable(schedule, "no day is like that")


def check_schedule(schedule: str) -> None:
    """Raise WrongUsageError for a crontab that is none, or that no day is like."""
    period_at(datetime.now(UTC), schedule=schedule)


def parse_crontab(schedule: str) -> Any:
    """Celery's crontab of the usual five fields. Raises WrongUsageError."""
    try:
        return crontab.from_string(schedule)
    except (ParseException, ValueError, TypeError) as error:
        raise _unusable(schedule, str(error).rstrip(".")) from error


def _falls_on(cron: Any, day: datetime) -> bool:
    return day.month in cron.month_of_year and day.day in cron.day_of_month and day.isoweekday() % 7 in cron.day_of_week


def _name(day: datetime, time: tuple[int, int]) -> str:
    return f"{day:%Y-%m-%d}T{time[0]:02}:{time[1]:02}"


def _unusable(schedule: str, why: str) -> WrongUsageError:
    return WrongUsageError(
        f"NEWSGATE_RETRAIN_CRONTAB cannot be {schedule!r}: {why}",
        remedy='Write minute, hour, day of month, month and day of week, like "15 3 * * *"',
    )
