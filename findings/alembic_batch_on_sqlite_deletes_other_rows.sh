#!/usr/bin/env bash
# To change the type of one column in SQLite with Alembic's batch mode can delete all rows of other tables.
#
# One would expect: batch_alter_table makes a copy of the table, with all its rows, and puts it in the place of the old
# one. Where other tables refer to it, that works, or SQLite refuses it, as Alembic's page says.
# Instead: where these tables say "on delete cascade", the page does not hold. To drop the old table is to delete each
# of its rows first, so with "pragma foreign_keys=on", which a program sets on each connection, all rows that refer to
# them go: of batches and their verdicts, the batches are left. There is no error, and the migration is done. "pragma
# foreign_keys=off" in the migration comes too late, and without a word, when a row was written before it: inside a
# transaction SQLite ignores it. It helps as the first thing on the connection. Without the cascade there is an error,
# and PostgreSQL alters a table in its place; so tests there, or on a database without rows, see nothing.
#
# Versions: alembic 1.20.1, sqlalchemy 2.1.9, pysqlite3 0.6.1 (SQLite 3.53.4) on Linux.
# Seen on 2026-11-30, 2 batches with 200 verdicts, after batches.name has become a longer string:
#   foreign keys on, cascade                        2 batches,   0 verdicts
#   the same, off in the migration                  2 batches,   0 verdicts
#   the same, off before any statement              2 batches, 200 verdicts
#   foreign keys on, no cascade                     IntegrityError, 2 batches, 200 verdicts
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile alembic==1.20.1 sqlalchemy==2.1.9 pysqlite3==0.6.1
cd "$room"
venv/bin/python - <<'EOF'
import sys
import pysqlite3
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

def migrated(name, *, cascade=True, off=None):
    """What is left after a migration, of batches and of verdicts."""
    engine = sa.create_engine(f"sqlite:///{len(seen)}.db", module=pysqlite3)
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("pragma foreign_keys=on"))
    schema = sa.MetaData()
    batches = sa.Table(
        "batches", schema, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20))
    )
    to_batch = sa.ForeignKey("batches.id", ondelete="CASCADE" if cascade else None)
    verdicts = sa.Table(
        "verdicts", schema, sa.Column("id", sa.Integer, primary_key=True), sa.Column("batch_id", to_batch)
    )
    notes = sa.Table("notes", schema, sa.Column("note", sa.String(20)))
    schema.create_all(engine)
    with engine.begin() as connection:
        connection.execute(batches.insert(), [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}])
        connection.execute(verdicts.insert(), [{"batch_id": 1 + number % 2} for number in range(200)])
    error = ""
    try:
        with engine.begin() as connection:
            migration = Operations(MigrationContext.configure(connection))
            if off == "first":
                migration.execute("pragma foreign_keys=off")
            migration.bulk_insert(notes, [{"note": "begun"}])
            if off == "later":
                migration.execute("pragma foreign_keys=off")
            with migration.batch_alter_table("batches") as table:
                table.alter_column("name", type_=sa.String(200))
    except sa.exc.IntegrityError:
        error = "IntegrityError, "
    counts = [sa.select(sa.func.count()).select_from(table) for table in (batches, verdicts)]
    with engine.connect() as connection:
        left = tuple(connection.scalar(count) for count in counts)
    print(f"{name:47} {error}{left[0]} batches, {left[1]:3} verdicts")
    seen.append((error, *left))

seen = []
migrated("foreign keys on, cascade")
migrated("the same, off in the migration", off="later")
migrated("the same, off before any statement", off="first")
migrated("foreign keys on, no cascade", cascade=False)
if seen != [("", 2, 0), ("", 2, 0), ("", 2, 200), ("IntegrityError, ", 2, 200)]:
    sys.exit("CHANGED: the verdicts are kept or the migration is refused, or it is not refused any more")
EOF
