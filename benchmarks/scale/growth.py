"""Does a row cost more the more there are? One long file from `enqueue` to the last verdict, seen tenth by tenth.

`enqueue` runs first and a worker after it, each with the machine to itself, so that the tenths of either can be
compared. At the end `newsgate audit` looks at every row. `--rows 1000000` takes some minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import psutil
from sqlalchemy import text

from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, cpu_seconds_of, held_by, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import open_database

MARKER = "growth"
ENQUEUE, WORKER = "enqueue", "worker"
_LOOK_SECONDS = 0.1
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """A program at one moment: rows so far, and what it has used for them; memory by the system's account."""

    at: float
    rows: int
    cpu_seconds: float
    resident_mebibytes: float
    peak_mebibytes: float


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the rows: what they took, and the memory held meanwhile, in the median."""

    rows_per_second: float
    cpu_milliseconds_per_row: float
    resident_mebibytes: float


@dataclass(frozen=True, slots=True)
class Part:
    """One program's whole way."""

    name: str
    seconds: float
    tenths: tuple[Tenth, ...]
    peak_mebibytes: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What was seen. audit: what `newsgate audit` printed."""

    rows: int
    parts: tuple[Part, ...]
    database_bytes: int
    audit: str


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(100_000, "of the file"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    yield Table(MARKER, report(measure(rows=options.rows)))


def measure(*, rows: int) -> Growth:
    """Enqueue one file of `rows` rows, classify it, and audit the database."""
    with scratch_folder() as folder, contextlib.closing(open_database(Home(folder).settings)) as database:
        home = Home(folder)
        say(f"writing {rows} rows")
        file = write_posts(folder / "posts.csv", make_posts(seed=3), rows=rows)
        with home.broker():
            say("enqueue")
            with home.running("enqueue", file) as program:
                enqueued = _watch(program.process, database, name=ENQUEUE, total=rows)
                program.wait_for_success()
            say("classify")
            with home.running("newsgate", "worker") as program:
                classified = _watch(program.process, database, name=WORKER, total=rows)
            audit = home.run("newsgate", "audit")
        size = sum(path.stat().st_size for path in (folder / "home").glob("newsgate.db*"))
        return Growth(rows, (enqueued, classified), size, audit)


def report(growth: Growth) -> str:
    """The figures as Markdown."""
    headers = ("program", "tenth of the rows", "rows/s", "CPU ms a row", "resident MB")
    table = markdown_table(
        headers,
        [
            (
                part.name,
                str(number),
                figure(tenth.rows_per_second),
                f"{tenth.cpu_milliseconds_per_row:.3f}",
                figure(tenth.resident_mebibytes),
            )
            for part in growth.parts
            for number, tenth in enumerate(part.tenths, start=1)
            if number in (1, 2, _TENTHS // 2, _TENTHS)
        ],
    )
    lines = [
        f"{part.name}: {part.seconds:.0f} s, peak {part.peak_mebibytes:.0f} MB; of the last tenth to the first, "
        f"{part.tenths[-1].rows_per_second / part.tenths[0].rows_per_second:.2f} in rows a second and "
        f"{part.tenths[-1].cpu_milliseconds_per_row / part.tenths[0].cpu_milliseconds_per_row:.2f} in processor time a "
        f"row; memory from the second tenth to the last {_drift(part.tenths):+.1%}."
        for part in growth.parts
    ]
    size = f"Database: {growth.database_bytes / growth.rows:.0f} bytes a row, texts and verdicts with their indexes."
    told = "\n".join([f"{figure(growth.rows)} rows.", *(f"- {line}" for line in lines), f"- {size}"])
    return f"{table}\n\n{told}\n\n```console\n$ newsgate audit\n{growth.audit.rstrip()}\n```\n\n{circumstances()}"


def _watch(process: subprocess.Popen[bytes], database: Database, *, name: str, total: int) -> Part:
    """Look at a program until all rows are through it, or it ends."""
    began = time.monotonic()
    looks: list[Look] = []
    while process.poll() is None and (not looks or looks[-1].rows < total):
        with contextlib.suppress(psutil.NoSuchProcess):
            look = _look(process, rows=_rows_through(database, name))
            looks += [look] if look else []
        time.sleep(_LOOK_SECONDS)
    if not looks or _rows_through(database, name) < total:
        raise BenchmarkError(f"{name} ended before all rows were through")
    return Part(
        name=name,
        seconds=time.monotonic() - began,
        tenths=_tenths(looks, total=total),
        peak_mebibytes=max(each.peak_mebibytes for each in looks),
    )


def _look(process: subprocess.Popen[bytes], *, rows: int) -> Look | None:
    held = held_by(process.pid)
    if held is None:
        return None
    return Look(time.monotonic(), rows, cpu_seconds_of(process), held.resident_mebibytes, held.peak_mebibytes)


def _rows_through(database: Database, name: str) -> int:
    column = "total" if name == ENQUEUE else "done + failed"
    with database.read() as connection:
        return int(connection.execute(text(f"select coalesce(sum({column}), 0) from runs")).scalar_one())


def _tenths(looks: Sequence[Look], *, total: int) -> tuple[Tenth, ...]:
    """Return each tenth between the looks nearest to its ends; before the first row nothing counts."""
    started = max((each for each in looks if each.rows == 0), key=lambda look: look.at, default=looks[0])
    ends = [min(looks, key=lambda look, end=end: abs(look.rows - end)) for end in _ends(total)]  # type: ignore[misc]
    return tuple(_tenth(looks, first, last) for first, last in pairwise([started, *ends]))


def _ends(total: int) -> list[float]:
    return [total * number / _TENTHS for number in range(1, _TENTHS + 1)]


def _tenth(looks: Sequence[Look], first: Look, last: Look) -> Tenth:
    rows = last.rows - first.rows
    if rows <= 0:
        raise BenchmarkError("a tenth of the rows was over before it could be looked at: more rows")
    return Tenth(
        rows_per_second=rows / (last.at - first.at),
        cpu_milliseconds_per_row=1000 * (last.cpu_seconds - first.cpu_seconds) / rows,
        resident_mebibytes=statistics.median(
            each.resident_mebibytes for each in looks if first.at <= each.at <= last.at
        ),
    )


def _drift(tenths: Sequence[Tenth]) -> float:
    """How much the memory grew from the second tenth, when every buffer is there, to the last."""
    return tenths[-1].resident_mebibytes / tenths[1].resident_mebibytes - 1
