#!/usr/bin/env bash
# One line of cron means different days to Celery, croniter, cronsim and APScheduler.
#
# One would expect: the five fields mean what cron means by them. There, where the day of the month and the day of the
# week are both given, either of them is enough: "0 0 13 * 5" is every Friday and every 13th. Where one of the two
# begins with a star, also as "*/2", both must fit.
# Instead: Celery wants both always, also in crontab.from_string, which takes the line as cron has it. "0 0 13 * 5" is
# then the Friday that is a 13th: three times in 2026 instead of 61 times. APScheduler wants both too, and counts days
# from Monday = 0, so 5 is Saturday. cronsim follows cron in both lines. croniter does in the first; "*/2" it takes for
# a list of days, so it asks for either, unless implement_cron_bug=True: 212 days, where cron has 26.
#
# Versions: celery 5.7.0, croniter 7.0.0, cronsim 2.8, apscheduler 3.11.3.
# Seen on 2026-11-29 (days in 2026, and the first two):
#                0 0 13 * 5                 0 0 */2 * 1
#   cronsim       61  Jan 02, Jan 09         26  Jan 05, Jan 19
#   croniter      61  Jan 02, Jan 09        212  Jan 01, Jan 03
#   celery         3  Feb 13, Mar 13         26  Jan 05, Jan 19
#   apscheduler    1  Jun 13                 27  Jan 13, Jan 27
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.7.0 croniter==7.0.0 cronsim==2.8 apscheduler==3.11.3
"$room/venv/bin/python" - <<'EOF'
import sys
from datetime import datetime, timedelta, timezone
from apscheduler.triggers.cron import CronTrigger
from celery import Celery
from celery.schedules import crontab
from croniter import croniter
from cronsim import CronSim

START = datetime(2025, 12, 31, 12, tzinfo=timezone.utc)
app = Celery("app")
app.conf.timezone = "UTC"

def by_celery(line):
    schedule, at = crontab.from_string(line), START
    schedule.app = app
    while True:
        schedule.nowfun = lambda at=at: at
        last, wait, _ = schedule.remaining_delta(at)
        at = last + wait
        yield at

def by_croniter(line):
    times = croniter(line, START)
    while True:
        yield times.get_next(datetime)

def by_apscheduler(line):
    trigger, at = CronTrigger.from_crontab(line, timezone="UTC"), START
    while True:
        at = trigger.get_next_fire_time(None, at + timedelta(seconds=1))
        yield at

def days(times):
    found = []
    for at in times:
        if at.year > 2026:
            return found
        found.append(at.strftime("%b %d"))

readers = {"cronsim": lambda line: CronSim(line, START), "croniter": by_croniter, "celery": by_celery, "apscheduler": by_apscheduler}
lines = "0 0 13 * 5", "0 0 */2 * 1"
print(f"{'':12} {lines[0]:26} {lines[1]}")
seen = {}
for name, reader in readers.items():
    found = [days(reader(line)) for line in lines]
    seen[name] = [len(each) for each in found]
    cells = [f"{len(each):3}  {', '.join(each[:2])}" for each in found]
    print(f"{name:12} {cells[0]:26} {cells[1]}")
if seen != {"cronsim": [61, 26], "croniter": [61, 212], "celery": [3, 26], "apscheduler": [1, 27]}:
    sys.exit("CHANGED: they mean other days")
EOF
