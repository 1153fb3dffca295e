"""What do a billion rows a day need, and how long do files wait for each other?

Files of random sizes come at random times and pass through the queues of `benchmarks.scale.queue_simulation`, with the
measured rates of benchmarks/results/rates.json; `benchmarks.scale.rates` says what measures them. What is told is the
delay of a file: the time from the start of its `enqueue` to its last verdict, less what it takes when nothing else is
there.

It gives every table of the page, those of `benchmarks.scale.capacity` too. Nothing is timed, so any machine gives the
same figures for the same rates.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.scale.capacity import (
    MEAN_ROWS_PER_SECOND,
    PLANNED_LOAD,
    Site,
    bytes_table,
    limits_table,
    needs_table,
)
from benchmarks.scale.queue_simulation import Batch, Death, Float64, WorkerPool, simulate, sojourns, sojourns_alone
from benchmarks.scale.rates import RATES, Rates, read_rates
from benchmarks.scale.workload import FileSizes, draw_work
from benchmarks.shared.line_chart import Axis, Curve, LineChart, side_by_side
from benchmarks.shared.page import Found, Picture, Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import figure, markdown_table

LOADS: Final = (0.5, 0.7, 0.8, 0.9, 0.95)
WORKERS: Final = (1, 2, 4, 8)
PERCENTILES: Final = (50, 95, 99)
DRAWN: Final = 95
LEASES_SECONDS: Final = (60.0, 20.0)
# How often each worker dies, on average, and how long a supervisor's pause and loading the model take then.
DEATH_SECONDS: Final = 600.0
DOWN_SECONDS: Final = 3.0
# Times as many rows as on average.
PEAK: Final = 3.0
# How much the time of equal chunks differs.
SPREAD: Final = 0.1
PICTURE: Final = "images/scale.svg"
# The first files come into an empty system, which says nothing about later ones.
_WARM_UP_SHARE: Final = 0.1
_COLOURS: Final = ("#1f77b4", "#2ca02c", "#ff7f0e", "#d62728")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rates", type=Path, default=RATES, metavar="FILE", help="the measured rates")
    parser.add_argument("--core-rows-per-second", type=float, help="what a core classifies, instead of the measured")
    parser.add_argument("--database-speed", type=float, default=1.0, help="times as fast as the measured one")
    parser.add_argument("--chunk-rows", type=int, default=2000, help="NEWSGATE_CHUNK_ROWS")
    parser.add_argument("--files", type=int, default=20_000, help="how many come in each simulated stretch of time")


def run(options: argparse.Namespace) -> Iterator[Found]:
    experiment = _experiment(options)
    measured = []
    for workers in WORKERS:
        say(f"{workers} workers")
        measured.append(experiment.measure(workers))
    for marker, table in contents(experiment, measured, peak=PEAK).items():
        yield Table(marker, table)
    yield Picture(PICTURE, picture(measured))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One simulated stretch of time. delays: of its files, in seconds, [files]. lost_attempts: to deaths."""

    delays: Float64
    lost_attempts: int

    def percentiles(self) -> list[float]:
        """Return the delays at `PERCENTILES`."""
        return [float(each) for each in np.percentile(self.delays, PERCENTILES)]


@dataclass(frozen=True, slots=True)
class Measured:
    """So many workers.

    capacity: rows a second that they get through at most. database_busy: the share of time that the database works
    then. outcomes: in the order of `LOADS`.
    """

    workers: int
    capacity: float
    database_busy: float
    outcomes: tuple[Outcome, ...]


class Experiment:
    """The same files before pools of different sizes. spread: of a thread's speed, see `draw_work`."""

    def __init__(self, site: Site, sizes: FileSizes, *, files: int, spread: float, seed: int) -> None:
        self.site = site
        self._seed = seed
        self._work = draw_work(site, sizes, files=files, spread=spread, seed=seed)
        # By workers: the same files alone take as long at any load.
        self._alone: dict[int, Float64] = {}

    def measure(self, workers: int) -> Measured:
        """Return the delays at every load with so many workers."""
        # One endless file, read in no time, always has a chunk for whoever is free.
        endless = tuple(replace(chunk, read_seconds=0.0) for file in self._work.files for chunk in file)
        seconds = float(sojourns_alone([Batch(0.0, endless)], self._pool(workers))[0])
        capacity = float(self._work.rows.sum()) / seconds
        return Measured(
            workers=workers,
            capacity=capacity,
            database_busy=sum(chunk.store_seconds + chunk.commit_seconds for chunk in endless) / seconds,
            outcomes=tuple(self.outcome(workers, rows_per_second=load * capacity) for load in LOADS),
        )

    def outcome(self, workers: int, *, rows_per_second: float, lease_seconds: float | None = None) -> Outcome:
        """Return the delays when so much comes. lease_seconds: let workers die, and their chunks wait so long."""
        pool, batches = self._pool(workers, lease_seconds=lease_seconds), self._work.arriving(rows_per_second)
        deaths = [] if lease_seconds is None else self._deaths(workers, until_seconds=batches[-1].arrives_seconds)
        attempts = simulate(batches, pool, deaths=deaths)
        if workers not in self._alone:
            self._alone[workers] = sojourns_alone(batches, pool)
        delays = sojourns(batches, attempts) - self._alone[workers]
        settled = delays[round(_WARM_UP_SHARE * len(delays)) :]
        return Outcome(settled, lost_attempts=sum(not attempt.completed for attempt in attempts))

    def _pool(self, workers: int, *, lease_seconds: float | None = None) -> WorkerPool:
        return WorkerPool(workers, self.site.rates.worker.threads, lease_seconds or LEASES_SECONDS[0])

    def _deaths(self, workers: int, *, until_seconds: float) -> list[Death]:
        random = np.random.default_rng(self._seed + 1)
        deaths = int(random.poisson(workers * until_seconds / DEATH_SECONDS))
        moments, who = random.uniform(0.0, until_seconds, deaths), random.integers(workers, size=deaths)
        return [Death(float(at), int(worker), DOWN_SECONDS) for at, worker in zip(moments, who, strict=True)]


def delay_table(experiment: Experiment, measured: Sequence[Measured], *, peak: float) -> str:
    """Return the delays by workers and load, and those when a billion rows a day come, as Markdown."""
    rates = (MEAN_ROWS_PER_SECOND, peak * MEAN_ROWS_PER_SECOND)
    threads = experiment.site.rates.worker.threads
    rows = [
        (
            str(each.workers) if threads == 1 else f"{each.workers} ({each.workers * threads})",
            figure(each.capacity),
            f"{each.database_busy:.0%}",
            *(_cell(outcome) for outcome in each.outcomes),
            *(_cell_at(rate, experiment, each) for rate in rates),
        )
        for each in measured
    ]
    headers = ["workers" if threads == 1 else "workers (threads)", "rows a second at most", "database busy then"]
    headers += [*(f"load {load:g}" for load in LOADS), "a billion a day", f"{peak:g} times that"]
    return markdown_table(headers, rows)


def _cell_at(rows_per_second: float, experiment: Experiment, measured: Measured) -> str:
    if rows_per_second >= measured.capacity:
        return "falls behind"
    return _cell(experiment.outcome(measured.workers, rows_per_second=rows_per_second))


def deaths_table(experiment: Experiment, calm: Measured) -> str:
    """Return what dying workers do to the delays at the planned load, as Markdown."""
    outcomes = {"nobody dies": calm.outcomes[LOADS.index(PLANNED_LOAD)]}
    for lease in LEASES_SECONDS:
        outcomes[f"each dies every {DEATH_SECONDS / 60:g} minutes, lease of {lease:g} s"] = experiment.outcome(
            calm.workers, rows_per_second=PLANNED_LOAD * calm.capacity, lease_seconds=lease
        )
    percentiles = (f"{each}th percentile, s" for each in PERCENTILES)
    return markdown_table(
        (f"{calm.workers} workers at load {PLANNED_LOAD:g}", *percentiles, "longest, s", "chunks begun again"),
        [
            (
                name,
                *(_seconds(delay) for delay in (*outcome.percentiles(), float(outcome.delays.max()))),
                str(outcome.lost_attempts),
            )
            for name, outcome in outcomes.items()
        ],
    )


def picture(measured: Sequence[Measured]) -> str:
    """Return one percentile of the delay against the load, a curve a number of workers, on a logarithmic scale."""
    across = Axis("load: rows that come, as a share of what is possible", 0.45, 1.0, [(n, f"{n:g}") for n in LOADS])
    powers = range(-2, 3)
    up = Axis(f"delay of a file, {DRAWN}th percentile, s", powers[0], powers[-1], [(n, f"{10.0**n:g}") for n in powers])
    place = PERCENTILES.index(DRAWN)
    curves = [
        Curve(
            f"{each.workers} worker{'s' * (each.workers > 1)}, at most {figure(each.capacity)} rows/s",
            [
                (load, float(np.log10(max(outcome.percentiles()[place], 10.0**up.low))))
                for load, outcome in zip(LOADS, each.outcomes, strict=True)
            ],
            colour,
            marks=True,
        )
        for each, colour in zip(measured, _COLOURS, strict=True)
    ]
    return side_by_side(
        [LineChart("How long files wait for each other", across, up, curves, legend=(300, 225), width=560, height=340)]
    )


def contents(experiment: Experiment, measured: Sequence[Measured], *, peak: float) -> dict[str, str]:
    """Return what stands in docs/scale.md, by the name of its markers."""
    site = experiment.site
    return {
        "scale needs": needs_table(site, peak=peak),
        "scale limits": limits_table(site),
        "scale bytes": bytes_table(site.rates),
        "scale delays": delay_table(experiment, measured, peak=peak),
        "scale deaths": deaths_table(experiment, measured[len(measured) // 2]),
        "scale made": _made(site.rates),
    }


def _experiment(options: argparse.Namespace) -> Experiment:
    rates = read_rates(options.rates)
    if options.core_rows_per_second:
        every_thread = options.core_rows_per_second * rates.worker.threads
        rates = replace(rates, worker=replace(rates.worker, rows_per_second=every_thread, made="told by an option"))
    sqlite, postgresql = (each.times_as_fast(options.database_speed) for each in (rates.sqlite, rates.postgresql))
    rates = replace(rates, sqlite=sqlite, postgresql=postgresql)
    site = Site(rates, postgresql, options.chunk_rows)
    return Experiment(site, FileSizes(), files=options.files, spread=SPREAD, seed=0)


def _made(rates: Rates) -> str:
    sections = {
        "classifying, `benchmarks.pipeline.workers`": rates.worker.made,
        "SQLite, `benchmarks.scale.database_costs`": rates.sqlite.made,
        "PostgreSQL, `benchmarks.scale.database_costs`": rates.postgresql.made,
        "reading, memory and messages, `benchmarks.scale.program_costs`": rates.programs.made,
    }
    return "\n".join(f"- {name}: {made}" for name, made in sections.items())


def _cell(outcome: Outcome) -> str:
    return " / ".join(_seconds(delay) for delay in outcome.percentiles())


def _seconds(delay: float) -> str:
    # The tail of a simulation that is half an hour long carries no more digits.
    return f"{delay:.2f}" if delay < 1 else f"{delay:.1f}" if delay < 10 else f"{delay:.0f}"
