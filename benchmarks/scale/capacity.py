"""How much of each part do so many rows a second need, and how many can each part do? Arithmetic on measured rates.

For `benchmarks.scale.simulate`, which says how long things wait meanwhile, and docs/scale.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.scale.rates import DatabaseCosts, Duration, Rates
from benchmarks.shared.report import figure, markdown_table

DAY_SECONDS: Final = 86_400
ROWS_A_DAY: Final = 1_000_000_000
MEAN_ROWS_PER_SECOND: Final = ROWS_A_DAY / DAY_SECONDS
# How busy threads should be on average: the simulation shows what more does to the wait.
PLANNED_LOAD: Final = 0.7
# Of a table with 8 kB pages: https://www.postgresql.org/docs/current/limits.html
POSTGRESQL_TABLE_BYTES: Final = 32 * 2**40
_MEGABYTE: Final = 1e6
_GIGABYTE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Site:
    """What serves: the rates, which of their two databases is in use, and NEWSGATE_CHUNK_ROWS."""

    rates: Rates
    database: DatabaseCosts
    chunk_rows: int

    @property
    def reading(self) -> Duration:
        """What `enqueue` takes to read a chunk."""
        return Duration(0.0, self.rates.programs.read_row_seconds)

    @property
    def working(self) -> Duration:
        """What a thread takes for a chunk until it commits.

        The worker's rate was measured with a database, which these seconds hold a second time: they err upwards.
        """
        return Duration(0.0, 1 / self.rates.worker.rows_per_second_a_core) + self.database.load

    @property
    def committing(self) -> Duration:
        """What the database takes for the worker of a chunk, one at a time."""
        return self.database.claim + self.database.commit

    def rows_per_second(self, step: Duration) -> float:
        """Return how many rows pass a step that does one full chunk at a time."""
        return self.chunk_rows / step.of(self.chunk_rows)

    @property
    def worker_rows_per_second(self) -> float:
        """What the threads of one worker do together."""
        return self.rates.worker.threads * self.rows_per_second(self.working + self.committing)


def needs_table(site: Site, *, peak: float) -> str:
    """Return what a billion rows a day need, on average and at a peak so many times as high, as Markdown."""
    columns = [_needs(site, MEAN_ROWS_PER_SECOND), _needs(site, peak * MEAN_ROWS_PER_SECOND)]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return markdown_table(("a billion rows a day", "on average", f"at a peak of {peak:g} times that"), rows)


def _needs(site: Site, rows_per_second: float) -> Mapping[str, str]:
    programs, database = site.rates.programs, site.database
    chunks = rows_per_second / site.chunk_rows
    needed = rows_per_second / PLANNED_LOAD
    workers = needed / site.worker_rows_per_second
    database_limit = site.rows_per_second(database.writing)
    return {
        "rows a second": figure(rows_per_second),
        f"chunks of {site.chunk_rows} rows a second, and messages": figure(chunks),
        **_needed_workers(workers, threads=site.rates.worker.threads),
        "their memory, GB": figure(_up(workers) * programs.worker_bytes / _GIGABYTE),
        "rows inserted a second": figure(2 * rows_per_second),
        "transactions that write, a second": figure(3 * chunks),
        "share of what the database does, one transaction at a time": _share(rows_per_second, database_limit),
        f"how much faster it must be to be {PLANNED_LOAD:.0%} busy": f"{needed / database_limit:.1f} times",
        "write-ahead log, MB/s": figure(rows_per_second * database.log_bytes / _MEGABYTE),
        "an hour's rows in the database, GB": figure(3600 * rows_per_second * database.bytes_a_row / _GIGABYTE),
        "an hour's messages in the broker, MB": figure(3600 * chunks * programs.message_bytes / _MEGABYTE),
    }


def _needed_workers(workers: float, *, threads: int) -> Mapping[str, str]:
    if threads == 1:
        return {f"workers, {PLANNED_LOAD:.0%} busy, a core each": str(_up(workers))}
    return {
        f"threads that classify, {PLANNED_LOAD:.0%} busy, a core each": figure(workers * threads),
        f"workers of {threads} threads": str(_up(workers)),
    }


def bytes_table(rates: Rates) -> str:
    """Return what a row takes on the disk of both databases, by part, and what a billion a day do, as Markdown."""
    both = (rates.sqlite, rates.postgresql)
    rows = [
        ("its text alone", *(figure(each.text_bytes) for each in both)),
        *((f"row of `{name}`", *(figure(each.table_bytes[name]) for each in both)) for name in ("items", "verdicts")),
        ("indexes", *(figure(sum(each.index_bytes.values())) for each in both)),
        ("**with all other tables**", *(f"**{figure(each.bytes_a_row)}**" for each in both)),
        ("a billion rows, GB", *(figure(ROWS_A_DAY * each.bytes_a_row / _GIGABYTE) for each in both)),
        ("write-ahead log of a billion rows, GB", "", figure(ROWS_A_DAY * rates.postgresql.log_bytes / _GIGABYTE)),
        (
            "days until `items` is as large as PostgreSQL lets a table be",
            "",
            figure(POSTGRESQL_TABLE_BYTES / (ROWS_A_DAY * rates.postgresql.table_bytes["items"])),
        ),
    ]
    return markdown_table(("bytes a row", "SQLite", "PostgreSQL"), rows)


def limits_table(site: Site) -> str:
    """Return how many rows a second each part does at most, the slowest first, as Markdown."""
    sqlite, postgresql = site.rates.sqlite, site.rates.postgresql
    limits = {
        "one core that classifies": site.worker_rows_per_second / site.rates.worker.threads,
        "one `enqueue`: reading and storing": site.rows_per_second(site.reading + site.database.store),
        "one SQLite file: one writer at a time": site.rows_per_second(sqlite.writing),
        "one PostgreSQL, as if one transaction at a time": site.rows_per_second(postgresql.writing),
        "PostgreSQL's transactions alone, as if rows cost nothing": site.chunk_rows / postgresql.writing.fixed_seconds,
        "one process that sends messages to Redis": site.chunk_rows * site.rates.programs.messages_per_second,
    }
    return markdown_table(
        ("part", "rows a second at most", "billion rows a day at most", "share that a billion a day need"),
        [
            (part, figure(limit), _billions(limit), _share(MEAN_ROWS_PER_SECOND, limit))
            for part, limit in sorted(limits.items(), key=lambda item: item[1])
        ],
    )


def _billions(rows_per_second: float) -> str:
    return figure(rows_per_second * DAY_SECONDS / ROWS_A_DAY)


def _share(rows_per_second: float, limit: float) -> str:
    return f"{rows_per_second / limit:.0%}"


def _up(number: float) -> int:
    """Round up: there is no half process."""
    return -int(-number // 1)
