"""Would other settings of tables and of autovacuum help PostgreSQL? A long line of chunks, worked off under each.

A chunk has one row here, so that what is looked at is the chunks and the runs that count them: those are the rows that
change. Nothing is timed. What counts is pages read to find the next chunk, pages that tables and indexes grow to, dead
rows, changes that needed no index entry, and bytes of log: the same on a machine that is busy.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.servers import SafePostgresServer
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch
from newsgate.db.chunks import claim_next_chunk, commit_chunk, load_texts
from newsgate.db.labels import text_hash
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.tasks.running.open_database import ensure_champion
from tests.services import short_folder

MARKER: Final = "table settings"
# Looked for as `claim_next_chunk` does.
_NEXT: Final = (
    "select id from chunks where state = 'queued' and turn is not null order by turn, id limit 1 for update skip locked"
)
_LEFT_WAITING: Final = 100
SETTINGS: Final = {
    "as PostgreSQL sets them": (),
    "autovacuum off": (
        "alter table chunks set (autovacuum_enabled = off)",
        "alter table runs set (autovacuum_enabled = off)",
    ),
    "`chunks`, fillfactor 90": ("alter table chunks set (fillfactor = 90)",),
    "`chunks`, fillfactor 50": ("alter table chunks set (fillfactor = 50)",),
    "`runs` and `batches`, fillfactor 50": (
        "alter table runs set (fillfactor = 50)",
        "alter table batches set (fillfactor = 50)",
    ),
    "`chunks`, autovacuum at 1% instead of 20%": ("alter table chunks set (autovacuum_vacuum_scale_factor = 0.01)",),
    "`verdicts`, autovacuum at 1% of new rows instead of 20%": (
        "alter table verdicts set (autovacuum_vacuum_insert_scale_factor = 0.01)",
    ),
}


@dataclass(frozen=True, slots=True)
class Worked:
    """What a line of chunks left. A page has 8192 bytes. next_pages: read to find the next chunk, at the end."""

    setting: str
    next_pages: int
    chunk_pages: int
    index_pages: int
    dead_chunks: int
    chunk_changes_in_place: float
    run_changes_in_place: float
    run_pages: int
    log_bytes: float


class _QuickVacuumServer(SafePostgresServer):
    """Looks for tables to vacuum every second instead of every minute: the line here is a minute's."""

    def _flags(self) -> str:
        return f"{super()._flags()} -c autovacuum_naptime=1s -c synchronous_commit=off"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, chunks=(5_000, "in the line, under each setting"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(chunks=options.chunks), chunks=options.chunks))


def measure(*, chunks: int) -> list[Worked]:
    """Work a line off under each setting."""
    with scratch_folder(), short_folder("bench-pg-") as folder:
        server = _QuickVacuumServer(folder / "server")
        server.start()
        try:
            return [_work_off(server, name, statements, chunks=chunks) for name, statements in SETTINGS.items()]
        finally:
            server.stop()


def _work_off(server: SafePostgresServer, name: str, statements: Sequence[str], *, chunks: int) -> Worked:
    database = Database(server.new_database(), connections=1)
    migrate(database)
    model = ensure_champion(database)
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
    _line_up(database, model, chunks=chunks)
    before = _log_position(database)
    for _ in range(chunks - _LEFT_WAITING):
        _take_next(database)
    # Each session tells its counts a second later at most.
    time.sleep(1.5)
    worked = _weigh(database, name, (_log_position(database) - before) / (chunks - _LEFT_WAITING))
    say(f"{name}: {worked}")
    database.close()
    return worked


def _line_up(database: Database, model: int, *, chunks: int) -> None:
    with database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
    for row in range(2, chunks + 2):
        told = f"text {row}"
        with database.write(synced=False) as connection:
            accepted = [AcceptedRow(row, None, told, text_hash(told))]
            add_rows(connection, loading, accepted=accepted, refused=[], last_row=row)


def _take_next(database: Database) -> None:
    with database.write() as connection:
        claim = claim_next_chunk(connection, worker="host:4711", lease_seconds=60)
    if claim is None:
        raise BenchmarkError("no chunk waits any more")
    with database.read() as connection:
        items, _ = load_texts(connection, claim)
    said = Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in items])
    with database.write() as connection:
        commit_chunk(connection, claim, said, summary=None)


def _weigh(database: Database, name: str, log_bytes: float) -> Worked:
    with database.write() as connection:
        plan: Any = connection.exec_driver_sql(f"explain (analyze, buffers, format json) {_NEXT}").scalar_one()

        def pages(function: str, table: str) -> int:
            return int(connection.execute(text(f"select {function}('{table}') / 8192")).scalar_one())

        query = text("select n_tup_upd, n_tup_hot_upd, n_dead_tup from pg_stat_user_tables where relname = :name")
        chunks = connection.execute(query, {"name": "chunks"}).one()
        runs = connection.execute(query, {"name": "runs"}).one()
        root = plan[0]["Plan"]
        return Worked(
            setting=name,
            next_pages=root["Shared Hit Blocks"] + root["Shared Read Blocks"],
            chunk_pages=pages("pg_relation_size", "chunks"),
            index_pages=pages("pg_indexes_size", "chunks"),
            dead_chunks=chunks.n_dead_tup,
            chunk_changes_in_place=chunks.n_tup_hot_upd / max(1, chunks.n_tup_upd),
            run_changes_in_place=runs.n_tup_hot_upd / max(1, runs.n_tup_upd),
            run_pages=pages("pg_relation_size", "runs"),
            log_bytes=log_bytes,
        )


def _log_position(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("select pg_current_wal_insert_lsn() - '0/0'")).scalar_one())


def report(measured: Sequence[Worked], *, chunks: int) -> str:
    """The figures as Markdown."""
    headers = (
        f"a line of {figure(chunks)} chunks",
        "pages to find the next",
        "pages of `chunks`",
        "of its indexes",
        "dead rows",
        "changes without an index entry: `chunks`",
        "`runs`",
        "pages of `runs`",
        "log a chunk, bytes",
    )
    rows = [
        (
            each.setting,
            str(each.next_pages),
            str(each.chunk_pages),
            str(each.index_pages),
            str(each.dead_chunks),
            f"{each.chunk_changes_in_place:.0%}",
            f"{each.run_changes_in_place:.0%}",
            str(each.run_pages),
            figure(each.log_bytes),
        )
        for each in measured
    ]
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"
