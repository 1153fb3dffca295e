"""How soon newsgate answers, how long its programs take to start, and what each of them weighs.

Measured on an idle machine. Cold starts empty the page cache of the whole machine, which only root can do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.answering import start_up
from benchmarks.shared.processes import BenchmarkError

START_UP: Final = "start-up"
LATENCY: Final = "latency"
MEMORY: Final = "memory"
# First the one for which nothing of newsgate may have been imported: see start_up.py.
MARKERS: Final = (START_UP, LATENCY, MEMORY)


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. parts: some of MARKERS. write: a page whose tables to replace."""

    parts: tuple[str, ...]
    repeats: int
    with_cold: bool
    rows: int
    commands: int
    worker_rows: int
    file_rows: int
    write: Path | None


def main() -> None:
    """Measure, print, and write where asked to."""
    options = _options()
    try:
        for marker, content in _blocks(options):
            print(f"{content}\n", flush=True)
            if options.write:
                from benchmarks.shared.report import write_between_markers

                write_between_markers(options.write, name=marker, content=content)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _blocks(options: Options) -> Iterator[tuple[str, str]]:
    """Yield each part's marker and Markdown, as soon as it is measured."""
    if START_UP in options.parts:
        started = start_up.measure(repeats=options.repeats, with_cold=options.with_cold)
        from benchmarks.answering import page

        yield START_UP, page.start_up_block(started)
    # Only now: what these import must not be in memory while programs are started cold.
    from benchmarks.answering import latency, memory, page

    if LATENCY in options.parts:
        yield LATENCY, page.latency_block(latency.measure(rows=options.rows, commands=options.commands))
    if MEMORY in options.parts:
        weights = memory.measure(worker_rows=options.worker_rows, file_rows=options.file_rows)
        yield MEMORY, page.memory_block(weights)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answering", description=__doc__)
    parser.add_argument("--parts", default=",".join(MARKERS), help="with commas between them (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="starts of each program (default: %(default)s)")
    parser.add_argument("--warm-only", action="store_true", help="leave the machine's page cache alone")
    parser.add_argument("--rows", type=int, default=200, help="texts asked for by a call (default: %(default)s)")
    parser.add_argument("--commands", type=int, default=20, help="texts asked for by `enqueue --wait`, likewise")
    parser.add_argument("--worker-rows", type=int, default=5_000, help="rows before a worker is weighed, likewise")
    parser.add_argument("--file-rows", type=int, default=100_000, help="rows of the file `enqueue` is weighed with")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a page whose tables to replace")
    told = parser.parse_args()
    if min(told.repeats, told.rows, told.commands, told.worker_rows, told.file_rows) < 1:
        parser.error("rows, commands and repeats are at least 1")
    parts = tuple(told.parts.split(","))
    unknown = sorted(set(parts) - set(MARKERS))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(MARKERS)}")
    return Options(
        parts=parts,
        repeats=told.repeats,
        with_cold=not told.warm_only,
        rows=told.rows,
        commands=told.commands,
        worker_rows=told.worker_rows,
        file_rows=told.file_rows,
        write=told.write,
    )


if __name__ == "__main__":
    main()
