"""What a retraining costs those who wait for verdicts: a worker's rate before, during and after, on the same cores.

A file that is longer than the measurement is enqueued first, so that the worker always has rows. The training is the
real one, `newsgate retrain`, with the recipe that models are retrained with.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from benchmarks.shared.newsgate_server import settings_of
from benchmarks.shared.processes import (
    BenchmarkError,
    clean_environment,
    program,
    run_to_end,
    running,
    scratch_folder,
    wait_until,
)
from benchmarks.shared.report import circumstances, figure, markdown_table, say, spread, write_between_markers
from benchmarks.shared.texts import make_lexicon, make_posts, write_posts
from newsgate.db.batch_status import batch_status
from newsgate.db.labels import add_labels
from newsgate.db.session import Database
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.tasks.running.local_system import is_up
from newsgate.tasks.running.open_database import ensure_champion, open_database
from newsgate.worker.embedded_redis import shut_down
from newsgate.worker.settings import Settings

MARKER = "training-beside-serving"
# Enough for a decision, and no more: they cost the training nothing.
_JUDGING_ROWS = 300
# A chunk is a thousand rows: in shorter samples its end makes the rate jump.
_SAMPLE_SECONDS = 5.0
_UP_SECONDS = 60
_DOWN_SECONDS = 50
_ENQUEUE_SECONDS = 900
# Whatever the rate is just after the start, it is not what is asked about.
_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. rows: to be classified; labels: to be trained on; window_seconds: before and after."""

    rows: int
    labels: int
    window_seconds: float
    write: Path | None


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
    environment: dict[str, str]
    folder: Path

    def done(self) -> int:
        """Rows classified so far. Raises BenchmarkError where none are left to measure with."""
        with self.database.read() as connection:
            status = batch_status(connection, self.batch)
        if status.finished:
            raise BenchmarkError("every row was classified before the measurement was over: ask for more with --rows")
        return status.done


def measure(options: Options) -> list[Phase]:
    """Start the system, let it settle, and look at it before, during and after a training."""
    with scratch_folder() as folder, _classifying(folder, options) as system:
        _watch(system, "settling", seconds=_SETTLE_SECONDS)
        before = _watch(system, "before", seconds=options.window_seconds)
        with _training(system) as training:
            during = _watch(system, "during", until=training)
        after = _watch(system, "after", seconds=options.window_seconds)
    return [before, during, after]


def report(phases: list[Phase], options: Options) -> str:
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
        f"{table}\n\nThe training: {options.labels} labelled texts, the default recipe, "
        f"{max(1, _cores() // 2)} of {_cores()} cores, at a lower priority.\n\n{circumstances()}"
    )


def main() -> None:
    """Measure, print, and write where asked to."""
    options = _options()
    try:
        text = report(measure(options), options)
        print(text)
        if options.write:
            write_between_markers(options.write, name=MARKER, content=text)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _classifying(folder: Path, options: Options) -> Iterator[System]:
    settings = settings_of(folder / "home")
    # Only `newsgate retrain --force` is to train.
    environment = clean_environment(NEWSGATE_HOME=str(settings.home), NEWSGATE_RETRAIN_MIN_LABELS="1000000000")
    log = folder / "newsgate.log"
    posts = make_posts(make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces), seed=1)
    database = open_database(settings)
    ensure_champion(database)
    _give_labels(database, posts, count=options.labels)
    file = write_posts(folder / "posts.csv", posts, rows=options.rows)
    up = [program("newsgate"), "up"]
    try:
        with running(up, environment=environment, folder=folder, log=log, patience_seconds=_DOWN_SECONDS) as process:
            wait_until(lambda: is_up(settings), what="newsgate is up", seconds=_UP_SECONDS, process=process, log=log)
            enqueue = [program("enqueue"), str(file)]
            run_to_end(enqueue, environment=environment, folder=folder, limit_seconds=_ENQUEUE_SECONDS)
            yield System(database, 1, environment, folder)
            _cancel(environment, folder)
    finally:
        _clean_up(database, settings)


@contextmanager
def _training(system: System) -> Iterator[subprocess.Popen[bytes]]:
    log = system.folder / "training.log"
    command = [program("newsgate"), "retrain", "--force", "--json"]
    with running(
        command, environment=system.environment, folder=system.folder, log=log, patience_seconds=_DOWN_SECONDS
    ) as training:
        yield training
        if training.wait() != 0:
            raise BenchmarkError(f"the training failed\n{log.read_text()[-2000:]}")
    outcome = next(line for line in log.read_text().splitlines() if line.startswith("{"))
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


def _cancel(environment: dict[str, str], folder: Path) -> None:
    # What is left need not be classified for the system to stop.
    run_to_end([program("newsgate"), "cancel", "1"], environment=environment, folder=folder, limit_seconds=60)


def _clean_up(database: Database, settings: Settings) -> None:
    database.close()
    shut_down(settings.broker_socket)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retraining.training_beside_serving", description=__doc__
    )
    parser.add_argument("--rows", type=int, default=500_000, help="rows to classify, more than the measurement takes")
    parser.add_argument("--labels", type=int, default=2000, help="labelled texts to train on")
    parser.add_argument("--window-seconds", type=float, default=15.0, help="how long to look before and after")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a document whose table to replace")
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
