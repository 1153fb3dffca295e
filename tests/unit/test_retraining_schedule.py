"""When retraining is due: a crontab means what it means to cron, on the clock it is written for."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.worker.crontab import Crontab, period_at
from newsgate.worker.health import Pulse
from newsgate.worker.retraining_schedule import _CronSchedule, schedule_service
from newsgate.worker.settings import load_settings
from tests.services import free_port

# A Sunday.
_NOW = datetime(2026, 11, 22, 13, 20, 30, tzinfo=UTC)
_BERLIN = "Europe/Berlin"


def _all_due(crontab: Crontab, begin: datetime, *, days: float) -> list[str]:
    due, found = begin, []
    while (due := crontab.next_due(due)) <= begin + timedelta(days=days):
        found.append(f"{due:%Y-%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("fields", "period"),
    [
        ("15 3 * * *", "2026-11-22T03:15"),
        ("20 13 * * *", "2026-11-22T13:20"),
        ("21 13 * * *", "2026-11-21T13:21"),
        ("*/15 * * * *", "2026-11-22T13:15"),
        ("0 6 * * 1", "2026-11-16T06:00"),
        ("0 6 * * 0", "2026-11-22T06:00"),
        ("0 6 * * 7", "2026-11-22T06:00"),
        ("0 6 * * sun", "2026-11-22T06:00"),
        ("0,30 4 1 * *", "2026-11-01T04:30"),
        ("0 0 29 2 *", "2024-02-29T00:00"),
        ("  15   3  *  *  * ", "2026-11-22T03:15"),
        # Where both days are named, either is enough: the 1st, and every Friday.
        ("0 6 1 * fri", "2026-11-20T06:00"),
        ("0 6 21 * mon", "2026-11-21T06:00"),
        # The first Monday, and the last Friday, of the month.
        ("0 6 * * mon#1", "2026-11-02T06:00"),
        ("0 6 * * 5L", "2026-10-30T06:00"),
    ],
)
def test_a_period_begins_when_the_crontab_was_due_last(fields: str, period: str) -> None:
    assert period_at(_NOW, crontab=Crontab(fields)) == period


@pytest.mark.parametrize(
    "fields",
    ["nightly", "", "61 * * * *", "* * * *", "0 0 31 2 *", "* * * * * *", "0 6 * * friL", "0 6 * * mon#9", "0 6 * * 8"],
)
def test_a_crontab_that_cannot_be_is_refused_by_name(fields: str) -> None:
    with pytest.raises(WrongUsageError, match="NEWSGATE_RETRAIN_CRONTAB cannot be"):
        Crontab(fields)


def test_a_day_that_no_month_has_is_told_apart_from_a_slip_of_the_pen() -> None:
    with pytest.raises(WrongUsageError, match="no day is like that"):
        Crontab("0 0 31 2 *")
    with pytest.raises(WrongUsageError, match="bad month"):
        Crontab("0 0 31 13 *")


def test_the_hour_is_that_of_the_time_zone() -> None:
    assert period_at(_NOW, crontab=Crontab("15 3 * * *", _BERLIN)) == "2026-11-22T02:15"
    assert period_at(_NOW - timedelta(days=120), crontab=Crontab("15 3 * * *", _BERLIN)) == "2026-07-25T01:15"
    assert period_at(_NOW, crontab=Crontab("0 8 * * *", "Asia/Tokyo")) == "2026-11-21T23:00"


@pytest.mark.parametrize(
    ("night", "due"),
    [
        # At 2:00 the clock goes to 3:00: what was due at 2:30 comes at once.
        (datetime(2027, 3, 28, tzinfo=UTC), ["2027-03-28T01:00"]),
        # At 3:00 the clock goes back to 2:00: 2:30 comes twice, and is due the first time.
        (datetime(2026, 10, 25, tzinfo=UTC), ["2026-10-25T00:30"]),
    ],
)
def test_a_night_in_which_the_clock_is_changed_has_one_period(night: datetime, due: list[str]) -> None:
    crontab = Crontab("30 2 * * *", _BERLIN)
    begin = night - timedelta(hours=12)
    assert _all_due(crontab, begin, days=1) == due
    minutes = [begin + timedelta(minutes=minute) for minute in range(24 * 60)]
    periods = sorted({period_at(minute, crontab=crontab) for minute in minutes})
    assert periods[1:] == due
    assert len(periods) == 2


def test_the_scheduler_rings_once_a_period_and_sleeps_between() -> None:
    schedule = _CronSchedule(Crontab("* * * * *"))
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    assert schedule.is_due(long_ago).is_due
    again = schedule.is_due(datetime.now(UTC))
    assert not again.is_due
    assert 0 < again.next <= 60


def test_the_scheduler_rings_after_its_clock_was_set_back() -> None:
    schedule = _CronSchedule(Crontab("0 0 1 1 *"))
    assert not schedule.is_due(datetime.now(UTC)).is_due
    assert schedule.is_due(datetime.now(UTC) + timedelta(days=1)).is_due


def test_without_a_broker_the_scheduler_rings_once_and_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="newsgate.beat")
    settings = load_settings(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    scheduler = schedule_service(settings, pulse=Pulse(limit_seconds=90)).get_scheduler()
    scheduler.schedule["retrain"].last_run_at = datetime(2020, 1, 1, tzinfo=UTC)
    began = time.monotonic()
    assert scheduler.tick() == 0
    assert scheduler.tick() > 0
    assert time.monotonic() - began < 5
    (line,) = caplog.messages
    assert "the trainers could not be rung" in line
    assert "Connection refused" in line


def test_a_time_zone_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(WrongUsageError, match="NEWSGATE_RETRAIN_TIME_ZONE cannot be 'Berlin'"):
        load_settings(retrain_time_zone="Berlin")


def test_doctor_refuses_what_the_schedule_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_RETRAIN_CRONTAB", "0 0 31 2 *")
    done = CliRunner().invoke(newsgate, ["doctor"])
    assert done.exit_code == 1
    assert "FAILED  schedule: NEWSGATE_RETRAIN_CRONTAB cannot be" in done.output
