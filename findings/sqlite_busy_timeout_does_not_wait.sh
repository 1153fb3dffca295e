#!/usr/bin/env bash
# A busy timeout of 30 seconds does not help a SQLite transaction that reads first and writes later: it fails at once.
#
# One would expect: "database is locked" means that somebody held the lock for longer than the timeout.
# Instead: in WAL mode a transaction that began with a read sees the database as it was then. When another connection
# has committed meanwhile, this one can never write: what it has read is old. So its first write fails at once, with
# the same words, although nobody holds a lock any more. Only the extended code tells the two apart:
# SQLITE_BUSY_SNAPSHOT. To repeat the statement is useless; the whole transaction has to begin again. BEGIN alone is
# deferred, and so is what Python's sqlite3 and SQLAlchemy begin. After BEGIN IMMEDIATE the same transaction waits its
# turn, and succeeds.
#
# Versions: pysqlite3 0.6.1 (SQLite 3.53.4) on Linux.
# Seen on 2026-11-29:
#   begin deferred:  database is locked, after 0.0 of 30 seconds; once more: database is locked
#   begin immediate: the other waits 1 second for its turn, and both have written
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pysqlite3==0.6.1
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import sys, threading, time
import pysqlite3

def connect():
    # No isolation level: this script alone says where a transaction begins.
    return pysqlite3.connect("news.db", timeout=30, isolation_level=None, check_same_thread=False)

def write(connection):
    """How the insert ends, and after how many seconds."""
    start = time.monotonic()
    try:
        connection.execute("insert into news values ('x')")
        return "written", time.monotonic() - start
    except pysqlite3.OperationalError as error:
        return str(error), time.monotonic() - start

first, other = connect(), connect()
first.execute("pragma journal_mode = wal")
first.execute("create table news (text)")

first.execute("BEGIN")
first.execute("select count(*) from news").fetchone()
assert write(other)[0] == "written"  # committed, and its lock is gone
words, seconds = write(first)
again, _ = write(first)
first.execute("ROLLBACK")
print(f"begin deferred:  {words}, after {seconds:.1f} of 30 seconds; once more: {again}")

first.execute("BEGIN IMMEDIATE")
first.execute("select count(*) from news").fetchone()
threading.Timer(1, lambda: (write(first), first.execute("COMMIT"))).start()
waited, patience = write(other)
written = other.execute("select count(*) from news").fetchone()[0]
print(f"begin immediate: the other waits {patience:.0f} second for its turn, and", "both have written" if written == 3 else waited)
if (words, again) != ("database is locked",) * 2 or seconds > 5 or waited != "written" or patience < 0.5 or written != 3:
    sys.exit("CHANGED: the deferred transaction did not fail at once")
EOF
