"""How large must a host be for so many rows a day? Arithmetic on the rates that `simulate` uses too.

Nothing is measured here: benchmarks/results/rates.json has what was. Rows come at a peak of three times the average,
and workers may be 70% busy then, as docs/scale.md explains.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.scale.capacity import DAY_SECONDS, PLANNED_LOAD, Site
from benchmarks.scale.rates import read_rates
from benchmarks.shared.page import Table
from benchmarks.shared.report import figure, markdown_table

MARKER: Final = "sizing"
ROWS_A_DAY: Final = (100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
_PEAK: Final = 3
_KEPT_DAYS: Final = 30
_CHUNK_ROWS: Final = 2000
_GIGABYTE: Final = 1e9


def run(_options: argparse.Namespace) -> Iterator[Table]:
    rates = read_rates()
    yield Table(MARKER, sizing_table(Site(rates, rates.postgresql, _CHUNK_ROWS), ROWS_A_DAY))


def sizing_table(site: Site, rows_a_day: Sequence[int]) -> str:
    """Return what so many rows a day need of workers and of a PostgreSQL, as Markdown."""
    headers = (
        "rows a day",
        f"rows a second, {_PEAK} times the average",
        "workers, a core each",
        "their memory, GB",
        "PostgreSQL busy at the peak",
        "its disk, GB a day",
        f"GB for {_KEPT_DAYS} days",
        "write-ahead log, GB a day",
    )
    return markdown_table(headers, [_line(site, rows) for rows in rows_a_day])


def _line(site: Site, rows_a_day: int) -> tuple[str, ...]:
    peak = _PEAK * rows_a_day / DAY_SECONDS
    workers = -int(-peak / PLANNED_LOAD // site.worker_rows_per_second)
    stored = rows_a_day * site.database.bytes_a_row / _GIGABYTE
    return (
        f"{rows_a_day:,}".replace(",", " "),
        figure(peak),
        str(workers),
        f"{workers * site.rates.programs.worker_bytes / _GIGABYTE:.1f}",
        f"{peak / site.rows_per_second(site.database.writing):.1%}",
        _gigabytes(stored),
        _gigabytes(_KEPT_DAYS * stored),
        _gigabytes(rows_a_day * site.database.log_bytes / _GIGABYTE),
    )


def _gigabytes(size: float) -> str:
    return figure(size) if size >= 1 else f"{size:.2f}"
