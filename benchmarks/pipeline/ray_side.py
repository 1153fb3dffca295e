"""Ray Data as a side: a program for each repeat, so that Ray's own processes are gone while the others are measured."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.processes import BenchmarkError, Cost, clean_environment, running
from tests.services import short_folder


@dataclass(frozen=True, slots=True)
class RayPeer:
    """Starts Ray, warms it up and classifies a file."""

    warm_up: Work

    def classify(self, work: Work) -> Cost:
        """Classify the file, from the moment the actors are ready to the last verdict written."""
        # A path this short, because Ray puts Unix sockets far below it.
        with short_folder("ray-") as folder:
            _run(work, warm_up=self.warm_up, folder=folder)
            _check(folder / "verdicts", rows=len(work.texts))
            took = json.loads((folder / "took.json").read_text(encoding="ascii"))
        return Cost(len(work.texts), took["seconds"], took["cpu_seconds"])


@contextlib.contextmanager
def open_ray_data(_folder: Path, warm_up: Work) -> Iterator[Side]:
    """Nothing runs between the repeats."""
    yield RayPeer(warm_up)


def _run(work: Work, *, warm_up: Work, folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.pipeline.ray_job", str(work.file), str(warm_up.file), str(folder)]
    # Otherwise Ray reports its use over the network.
    environment = clean_environment(RAY_USAGE_STATS_ENABLED="0")
    with running(command, environment=environment, folder=folder, log=folder / "log") as job:
        job.wait_for_success()


def _check(folder: Path, *, rows: int) -> None:
    ids = []
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            ids += [verdict["id"] for verdict in csv.DictReader(file) if verdict["label"] in ("fake", "real")]
    if len(ids) != rows or len(set(ids)) != rows:
        raise BenchmarkError(f"{rows} rows gave {len(ids)} verdicts of Ray Data, {len(set(ids))} of different rows")
