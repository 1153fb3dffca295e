"""What do partitions gain PostgreSQL, and what do they cost? The same batches in plain tables and in partitioned ones.

What a row costs is processor time of this process and of the server's, a few chunks here, then there: another program
on the machine hardly changes it. Everything else is counted, in bytes, pages and rows, and so is the same on a machine
that is busy. `--batch-rows 1000000` takes an hour.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psutil
from sqlalchemy import event, select, text

from benchmarks.scale.database_costs import CHUNK_ROWS, Filler
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.servers import SafePostgresServer, safe_postgres
from newsgate.db.partition_conversion import partition_tables
from newsgate.db.partitions import add_partition, partitions
from newsgate.db.report_queries import count_scores
from newsgate.db.results import ResultFilter, read_results
from newsgate.db.schema import migrate
from newsgate.db.session import Database
from newsgate.db.tables import batches as table_of_batches
from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches

MARKER_COST, MARKER_GAIN = "partition costs", "partition gains"
_TURN_ROWS: Final = 4 * CHUNK_ROWS
_PAPER_ROWS: Final = 100_000_000
_LARGE: Final = ("items", "verdicts", "shadow_verdicts")


@dataclass(frozen=True, slots=True)
class RowCost:
    """What a row costs from `enqueue` to its verdict. partitions: 0 for plain tables."""

    partitions: int
    cpu_microseconds: float
    log_bytes: float


@dataclass(frozen=True, slots=True)
class Purged:
    """Tables filled with equal batches, asked about one of them, and then purged of it.

    pages: what the question read, of 8192 bytes each. dead_rows, freed_bytes: after the purge, before any VACUUM.
    """

    kind: str
    rows: int
    batch_rows: int
    bytes_a_row: float
    question_pages: int
    export_pages: int
    purge_seconds: float
    purge_log_bytes: int
    dead_rows: int
    freed_bytes: int


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(
        parser,
        batches=(10, "of each kind of tables"),
        batch_rows=(100_000, f"rows of each; a multiple of {CHUNK_ROWS}"),
        turns=(40, f"{_TURN_ROWS} rows each, for what a row costs"),
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER_COST, report_cost(measure_cost(turns=options.turns)))
    yield Table(MARKER_GAIN, report_gain(measure_gain(batches=options.batches, batch_rows=options.batch_rows)))


def measure_cost(*, turns: int, numbers: Sequence[int] = (0, 2, 100)) -> list[RowCost]:
    """Return what a row costs with so many partitions, all measured in turns."""
    with safe_postgres() as postgres:
        sides = [_Side(postgres, number) for number in numbers]
        for turn in range(turns):
            for side in sides:
                side.fill(counts=turn > 0)
            say(f"turn {turn + 1}: {', '.join(f'{each.cost.cpu_microseconds:.1f}' for each in sides)} us a row")
        return [side.close() for side in sides]


class _Side:
    """A database of its own with so many partitions."""

    def __init__(self, postgres: SafePostgresServer, number: int) -> None:
        self._database = Database(postgres.new_database(), connections=1)
        self._number = number
        migrate(self._database)
        self._filler = Filler(self._database, seed=1)
        if number:
            partition_tables(self._database, target_rows=10_000_000)
            with self._database.write() as connection:
                while len(partitions(connection)) < number:
                    add_partition(connection, partitions(connection)[-1])
        self._rows = 0
        self._cpu_seconds = 0.0
        self._log_bytes = 0

    def fill(self, *, counts: bool) -> None:
        """Take another file through. counts: the first one only warms up."""
        cpu, log = self._cpu(), _log_position(self._database)
        self._filler.fill(rows=_TURN_ROWS, chunk_rows=CHUNK_ROWS)
        if counts:
            self._cpu_seconds += self._cpu() - cpu
            self._log_bytes += _log_position(self._database) - log
            self._rows += _TURN_ROWS

    def _cpu(self) -> float:
        with self._database.read() as connection:
            backend = psutil.Process(connection.execute(text("select pg_backend_pid()")).scalar_one()).cpu_times()
        return time.process_time() + backend.user + backend.system

    @property
    def cost(self) -> RowCost:
        rows = max(1, self._rows)
        return RowCost(self._number, 1e6 * self._cpu_seconds / rows, self._log_bytes / rows)

    def close(self) -> RowCost:
        self._database.close()
        return self.cost


def report_cost(measured: Sequence[RowCost]) -> str:
    """The figures as Markdown."""
    plain = measured[0]
    headers = ("tables", "processor time a row, µs", "÷ plain", "write-ahead log a row, bytes")
    table = markdown_table(
        headers,
        [
            (
                f"{each.partitions} partitions" if each.partitions else "plain",
                f"{each.cpu_microseconds:.1f}",
                f"{each.cpu_microseconds / plain.cpu_microseconds:.3f}",
                figure(each.log_bytes),
            )
            for each in measured
        ],
    )
    return f"{table}\n\n{circumstances()}"


def measure_gain(*, batches: int, batch_rows: int) -> list[Purged]:
    """Return what becomes of plain tables and of partitioned ones, a partition a batch."""
    with safe_postgres() as postgres:
        return [_purged(postgres, kind, batches=batches, batch_rows=batch_rows) for kind in ("plain", "partitioned")]


def _purged(postgres: SafePostgresServer, kind: str, *, batches: int, batch_rows: int) -> Purged:
    database = Database(postgres.new_database())
    migrate(database)
    filler = Filler(database, seed=1)
    if kind == "partitioned":
        partition_tables(database, target_rows=batch_rows)
    empty = _size(database)
    for number in range(batches):
        filler.fill(rows=batch_rows, chunk_rows=CHUNK_ROWS)
        _say_finished(database)
        say(f"{kind}: batch {number + 1} of {batches}")
    full = _size(database)
    with database.read() as connection:
        # A partition that is full sooner leaves numbers out.
        asked = (
            connection.execute(select(table_of_batches.c.id).order_by(table_of_batches.c.id))
            .scalars()
            .all()[batches // 2]
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    question, export = _pages_of_questions(database, batch=asked)
    log, began = _log_position(database), time.perf_counter()
    purge_batches(plan_batch_purge(database, batch=asked), database=database)
    seconds, logged = time.perf_counter() - began, _log_position(database) - log
    found = Purged(
        kind=kind,
        rows=batches * batch_rows,
        batch_rows=batch_rows,
        bytes_a_row=(full - empty) / (batches * batch_rows),
        question_pages=question,
        export_pages=export,
        purge_seconds=seconds,
        purge_log_bytes=logged,
        dead_rows=_dead_rows(database),
        freed_bytes=full - _size(database),
    )
    database.close()
    return found


def _say_finished(database: Database) -> None:
    # The filler takes chunks through and leaves the end of the file to `enqueue`.
    with database.write() as connection:
        connection.execute(text("update batches set loaded = true"))
        connection.execute(text("update runs set loaded = true, state = 'done'"))


def _pages_of_questions(database: Database, *, batch: int) -> tuple[int, int]:
    """Return the pages that counting a batch's scores reads, and those that an export of it does."""
    wanted = ResultFilter(batch)
    with database.read() as connection, _statements(connection) as asked:
        count_scores(connection, wanted)
        for _ in read_results(connection, wanted):
            break
    pages = []
    for statement, parameters in asked:
        with database.read() as connection:
            told: Any = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", parameters
            ).scalar_one()
            plan = told[0]["Plan"]
            pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    question, export = pages
    return question, export


@contextmanager
def _statements(connection: Any) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


def _size(database: Database) -> int:
    query = """
        select sum(pg_total_relation_size(oid)) from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace
    """
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _dead_rows(database: Database) -> int:
    # Each session tells its counts a second later at most.
    time.sleep(1.5)
    query = "select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where relname ~ '^(items|verdicts)'"
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _log_position(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("select pg_current_wal_insert_lsn() - '0/0'")).scalar_one())


def report_gain(measured: Sequence[Purged]) -> str:
    """The figures as Markdown, with what they make of a hundred million rows."""
    plain, parts = measured
    rows: list[tuple[str, str, str]] = [
        ("bytes a row, with indexes and all other tables", figure(plain.bytes_a_row), figure(parts.bytes_a_row)),
        ("pages that counting a batch's scores reads", *_numbers(plain.question_pages, parts.question_pages)),
        ("pages that an export of the batch reads", *_numbers(plain.export_pages, parts.export_pages)),
        ("purge of the batch, seconds", f"{plain.purge_seconds:.1f}", f"{parts.purge_seconds:.1f}"),
        ("write-ahead log of the purge, MB", *_megabytes(plain.purge_log_bytes, parts.purge_log_bytes)),
        ("dead rows left for VACUUM", *_numbers(plain.dead_rows, parts.dead_rows)),
        ("given back to the disk, MB", *_megabytes(plain.freed_bytes, parts.freed_bytes)),
        (
            f"on paper: {figure(_PAPER_ROWS)} rows, GB",
            figure(plain.bytes_a_row * _PAPER_ROWS / 1e9),
            figure(parts.bytes_a_row * _PAPER_ROWS / 1e9),
        ),
        (
            "on paper: a purge of 10 000 000 of them, minutes",
            figure(plain.purge_seconds * 10_000_000 / plain.batch_rows / 60),
            f"as above: {parts.purge_seconds / 60:.2f}",
        ),
    ]
    headers = (f"{figure(plain.rows)} rows in batches of {figure(plain.batch_rows)}", "plain", "partitioned")
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"


def _numbers(*values: int) -> tuple[str, str]:
    first, second = (f"{value:,}".replace(",", " ") for value in values)
    return first, second


def _megabytes(*values: int) -> tuple[str, str]:
    first, second = (figure(value / 1e6) for value in values)
    return first, second
