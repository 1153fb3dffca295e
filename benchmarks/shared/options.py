"""A benchmark that is one table on one page: its options, and where the table goes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.shared.processes import BenchmarkError
from benchmarks.shared.report import write_between_markers


def run(name: str, description: str | None, *, marker: str, table: Callable[[int, int], str]) -> None:
    """Read the options of `python -m benchmarks.NAME`, measure, print, and write where asked to.

    table: gives the Markdown for so many rows and repeats.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--rows", type=int, default=50_000, help="of each file (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a document whose table to replace")
    told = parser.parse_args()
    try:
        text = table(told.rows, told.repeats)
        print(text)
        if told.write:
            write_between_markers(told.write, name=marker, content=text)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
