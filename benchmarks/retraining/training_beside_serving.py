"""What does a retraining cost those who wait for verdicts? A worker's rate before, during and after, on the same cores.

A file that is longer than the measurement is enqueued first, so that the worker always has rows. The training is the
real one, `newsgate retrain`, with the recipe that models are retrained with.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from benchmarks.shared.home import Home
from benchmarks.shared.newsgate_server import NewsgateServer, newsgate_server
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, cores, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table, spread
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.labels import add_labels
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import ensure_champion, open_database

MARKER = "training-beside-serving"
# Enough for a decision, and no more: they cost the training nothing.
_JUDGING_ROWS = 300
# A chunk is a thousand rows: in shorter samples its end makes the rate jump.
_SAMPLE_SECONDS = 5.0
# Whatever the rate is just after the start, it is not what is asked about.
_SETTLE_SECONDS = 5.0


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(500_000, "rows to classify, more than the measurement takes"))
    add_counts(parser, labels=(2000, "labelled texts to train on"))
    parser.add_argument("--window-seconds", type=float, default=15.0, help="how long to look before and after")


def run(options: argparse.Namespace) -> Iterator[Table]:
    phases = measure(rows=options.rows, labels=options.labels, window_seconds=options.window_seconds)
    yield Table(MARKER, report(phases, labels=options.labels))


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: the rates of its samples, in rows a second."""

    name: str
    seconds: float
    rates: tuple[float, ...]
    mean: float


@dataclass(frozen=True, slots=True)
class System:
    """A running newsgate that has rows to classify: what is looked at while it does."""

    database: Database
    batch: int
    server: NewsgateServer

    def done(self) -> int:
        """Rows classified so far. Raises BenchmarkError where none are left to measure with."""
        with self.database.read() as connection:
            status = batch_status(connection, self.batch)
        if status.finished:
            raise BenchmarkError("every row was classified before the measurement was over: ask for more with --rows")
        return status.done


def measure(*, rows: int, labels: int, window_seconds: float) -> list[Phase]:
    """Start the system, let it settle, and look at it before, during and after a training.

    rows: to be classified. labels: to be trained on. window_seconds: how long to look before and after.
    """
    with scratch_folder() as folder, _classifying(folder, rows=rows, labels=labels) as system:
        _watch(system, "settling", seconds=_SETTLE_SECONDS)
        before = _watch(system, "before", seconds=window_seconds)
        with _training(system) as training:
            during = _watch(system, "during", until=training)
        after = _watch(system, "after", seconds=window_seconds)
    return [before, during, after]


def report(phases: list[Phase], *, labels: int) -> str:
    """The figures as Markdown."""
    before = phases[0].mean
    table = markdown_table(
        ("classifying", "seconds", "rows/s, mean", "of before", "median of 5 s", "slowest", "fastest"),
        [
            (
                f"{phase.name} a training",
                f"{phase.seconds:.0f}",
                figure(phase.mean),
                f"{phase.mean / before:.0%}",
                *spread(phase.rates),
            )
            for phase in phases
        ],
    )
    return (
        f"{table}\n\nThe training: {labels} labelled texts, the default recipe, "
        f"{max(1, cores() // 2)} of {cores()} cores, at a lower priority.\n\n{circumstances()}"
    )


@contextmanager
def _classifying(folder: Path, *, rows: int, labels: int) -> Iterator[System]:
    posts = make_posts(seed=1)
    database = open_database(Home(folder).settings)
    try:
        ensure_champion(database)
        _give_labels(database, posts, count=labels)
        file = write_posts(folder / "posts.csv", posts, rows=rows)
        # Only `newsgate retrain --force` is to train.
        with newsgate_server(folder, NEWSGATE_RETRAIN_MIN_LABELS="1000000000") as server:
            server.home.run("enqueue", file)
            yield System(database, 1, server)
            # What is left need not be classified for the system to stop.
            server.home.run("newsgate", "cancel", "1")
    finally:
        database.close()


@contextmanager
def _training(system: System) -> Iterator[subprocess.Popen[bytes]]:
    with system.server.home.running("newsgate", "retrain", "--force", "--json") as training:
        yield training.process
        training.wait_for_success()
    outcome = next(line for line in training.log.read_text().splitlines() if line.startswith("{"))
    say(f"the training ended: {json.loads(outcome)['reason']}")


def _watch(system: System, name: str, *, seconds: float = 0.0, until: subprocess.Popen[bytes] | None = None) -> Phase:
    """Look at the counter every few seconds, for some seconds or until a program ends."""
    samples = [(time.monotonic(), system.done())]

    def over() -> bool:
        return until.poll() is not None if until else time.monotonic() - samples[0][0] >= seconds

    while not over():
        time.sleep(_SAMPLE_SECONDS)
        samples.append((time.monotonic(), system.done()))
    (began, first), (ended, last) = samples[0], samples[-1]
    rates = tuple((done - done_before) / (at - at_before) for (at_before, done_before), (at, done) in pairwise(samples))
    phase = Phase(name, ended - began, rates, mean=(last - first) / (ended - began))
    say(f"{name}: {figure(phase.mean)} rows/s in {phase.seconds:.0f} s")
    return phase


def _give_labels(database: Database, posts: Iterator[str], *, count: int) -> None:
    # Labels by chance: how long a training takes does not depend on whether there is something to learn.
    generator = random.Random(2)
    with database.write() as connection:
        for chosen, rows in (("direct", count), ("test", _JUDGING_ROWS)):
            judged = [(post, generator.choice(("fake", "real"))) for post in islice(posts, rows)]
            add_labels(connection, judged, labelled_by="benchmark", chosen=chosen)
