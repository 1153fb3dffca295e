#!/usr/bin/env bash
# An address of Redis with options is right for redis-py and for Celery's result backend, and a TypeError for the
# broker.
#
# One would expect: redis://host/0?socket_timeout=5 means the same wherever it is written. It is the form that redis-py
# documents, and Celery gives an address to redis-py in two places, as broker_url and as result_backend.
# Instead: kombu, which Celery uses for the broker, passes what is behind the "?" to a function of its own, which does
# not know the name. The worker ends with a TypeError about "_init_params()", which says nothing about an address. With
# "db=3" it is the same. The place for these options is the setting broker_transport_options.
# Only parsing is tried, so no server is needed.
#
# Versions: celery 5.7.0, kombu 5.7.0, redis 8.1.0.
# Seen on 2026-11-29, for redis://localhost/0?socket_timeout=5
#   redis-py:             socket_timeout is 5.0
#   as result_backend:    socket_timeout is 5.0
#   as broker_url:        TypeError: Connection._init_params() got an unexpected keyword argument 'socket_timeout'
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile celery==5.7.0 'kombu[redis]==5.7.0' redis==8.1.0
"$room/venv/bin/python" - <<'EOF'
import sys
import redis
from celery import Celery

address = "redis://localhost/0?socket_timeout=5"
direct = redis.Redis.from_url(address).connection_pool.connection_kwargs["socket_timeout"]
print("redis-py:             socket_timeout is", direct)
backend = Celery("app", backend=address).backend.connparams["socket_timeout"]
print("as result_backend:    socket_timeout is", backend)
try:
    Celery("app", broker=address).connection_for_read()
    error = "no error"
except TypeError as raised:
    error = f"TypeError: {raised}"
print("as broker_url:       ", error)
if (direct, backend) != (5.0, 5.0) or "unexpected keyword argument 'socket_timeout'" not in error:
    sys.exit("CHANGED: the three do not differ in this way")
EOF
