"""How soon does newsgate answer, how long do its programs take to start, and what does each of them weigh?

Measured on an idle machine. Cold starts empty the page cache of the whole machine, which only root can do.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from benchmarks.answering import start_up
from benchmarks.shared.options import add_counts, names_among
from benchmarks.shared.page import Table

START_UP: Final = "start-up"
LATENCY: Final = "latency"
MEMORY: Final = "memory"
# First the one for which nothing of newsgate may have been imported: see start_up.py.
MARKERS: Final = (START_UP, LATENCY, MEMORY)


def add_options(parser: argparse.ArgumentParser) -> None:
    parts = ",".join(MARKERS)
    parser.add_argument(
        "--parts", type=names_among(MARKERS), default=[*MARKERS], help=f"with commas between them (default: {parts})"
    )
    parser.add_argument("--warm-only", action="store_true", help="leave the machine's page cache alone")
    add_counts(
        parser,
        repeats=(5, "starts of each program"),
        rows=(200, "texts asked for by a call"),
        commands=(20, "texts asked for by `enqueue --wait`"),
        worker_rows=(5_000, "rows before a worker is weighed"),
        file_rows=(100_000, "rows of the file `enqueue` is weighed with"),
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Yield each part's table as soon as it is measured."""
    if START_UP in options.parts:
        started = start_up.measure(repeats=options.repeats, with_cold=not options.warm_only)
        from benchmarks.answering import page

        yield Table(START_UP, page.start_up_block(started))
    # Only now: what these import must not be in memory while programs are started cold.
    from benchmarks.answering import latency, memory, page

    if LATENCY in options.parts:
        measured = latency.measure(rows=options.rows, commands=options.commands)
        yield Table(LATENCY, page.latency_block(measured))
    if MEMORY in options.parts:
        weights = memory.measure(worker_rows=options.worker_rows, file_rows=options.file_rows)
        yield Table(MEMORY, page.memory_block(weights))
