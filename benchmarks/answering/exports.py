"""How much memory does a file of a million verdicts take, in each format? The peak of `newsgate results`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.answering.memory import peak_until_exit
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import cpu_seconds_here, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.verdict_batch import make_verdict_batch
from newsgate.tasks.exporting.formats import FORMATS
from newsgate.tasks.running.open_database import open_database

MARKER: Final = "exports"


@dataclass(frozen=True, slots=True)
class Export:
    """One file. cpu_seconds: of the program that wrote it."""

    form: str
    peak_mebibytes: float
    size_bytes: int
    cpu_seconds: float


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(1_000_000, "of the batch"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows), rows=options.rows))


def measure(*, rows: int) -> list[Export]:
    """Write the verdicts of one batch in each format."""
    with scratch_folder() as folder:
        home = Home(folder)
        say(f"making {rows} rows with verdicts")
        with contextlib.closing(open_database(home.settings)) as database:
            batch = make_verdict_batch(database, rows=rows)
        return [_export(home, batch, form) for form in FORMATS]


def report(found: list[Export], *, rows: int) -> str:
    """The figures as Markdown."""
    lines = [
        (f".{each.form}", figure(each.peak_mebibytes), figure(each.size_bytes / 1e6), figure(each.cpu_seconds))
        for each in found
    ]
    table = markdown_table(("file", "peak MB", "size, MB of 10^6 bytes", "CPU s"), lines)
    return f"{table}\n\n{figure(rows)} verdicts.\n\n{circumstances()}"


def _export(home: Home, batch: int, form: str) -> Export:
    say(f"writing .{form}")
    file = home.folder / f"verdicts.{form}"
    before = cpu_seconds_here()
    with home.running("newsgate", "results", str(batch), "-o", str(file)) as program:
        peak = peak_until_exit(program.process)
        program.wait_for_success()
    size = file.stat().st_size
    file.unlink()
    return Export(form, peak, size, cpu_seconds_here() - before)
