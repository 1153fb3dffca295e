"""When retraining is due: five fields as cron has them.

A crontab means what it means to cron on Debian: where both days are named, either is enough; a time that a change of
the clock skips comes right after it, and one that the change repeats comes once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.settings import Settings

_FIELDS: Final = 5
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
