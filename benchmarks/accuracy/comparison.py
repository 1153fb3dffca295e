"""How well does newsgate tell fake from real, beside what people would use instead?

Measures what has no result yet, or one of other settings or texts, and puts the tables into docs/accuracy.md. It may be
stopped and started again at any time: every training that ended has left its result in benchmarks/results/accuracy.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.accuracy.baselines import BASELINES, measure_baseline
from benchmarks.accuracy.labelled_sets import SOURCES, SetFiles, prepare_set
from benchmarks.accuracy.newsgate_training import FORMER_SETTINGS, Training, measure_training
from benchmarks.accuracy.page import PICTURE, write_page
from benchmarks.accuracy.results import RESULTS, Result, is_measured, load_results, texts_hash
from benchmarks.shared.options import names_among, whole_numbers
from benchmarks.shared.processes import ROOT, BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from newsgate.foundation.errors import NewsgateError
from newsgate.training.recipe import RECIPES
from newsgate.training.starter import read_labelled_csv

PAGE = ROOT / "docs" / "accuracy.md"
BUILD = ROOT / "build" / "accuracy"
# The recipe whose reliability on constraint the page shows: the one that is used if none is named.
PICTURED = ("constraint", "plain", 0)
# What needs no spread is measured with one seed: on other sets' texts, and what gives the same figures with every seed.
CROSSING_SEED = 0


def add_options(parser: argparse.ArgumentParser) -> None:
    methods = [*BASELINES, *RECIPES]
    parser.add_argument("data", type=Path, nargs="?", help="the folder that holds a folder for each set")
    parser.add_argument("--only", type=names_among(SOURCES), default=[*SOURCES], metavar="SET,SET")
    parser.add_argument("--recipe", type=names_among(methods), default=methods, metavar="NAME,NAME")
    parser.add_argument("--seeds", type=whole_numbers, default=[0, 1, 2], metavar="N,N")
    parser.add_argument("--render", action="store_true", help="only write the page again, from the results there are")
    parser.add_argument("--limit", type=int, metavar="ROWS", help="a trial with so many rows of each file")
    parser.add_argument("--epochs", type=int, metavar="N", help="a trial with so many passes over the texts")


def run(options: argparse.Namespace) -> None:
    """Measure and render, or only render."""
    wanted = Wanted(**vars(options))
    if wanted.data is None and not wanted.render:
        raise BenchmarkError("give the folder that holds the sets, or --render")
    places = Places.of(wanted)
    failures = []
    if wanted.data is not None and not wanted.render:
        failures = measure_all(wanted, wanted.data, places)
    write_page(places.page, load_results(places.results))
    say(f"{places.page} is written")
    if failures:
        raise BenchmarkError("not measured:\n" + "\n".join(failures))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to measure. limit, epochs: for trying the benchmark; its results then stay out of the page."""

    data: Path | None
    only: Sequence[str]
    recipe: Sequence[str]
    seeds: Sequence[int]
    render: bool
    limit: int | None
    epochs: int | None

    @property
    def is_trial(self) -> bool:
        """Whether the figures are of no use but to see that the benchmark runs."""
        return self.limit is not None or self.epochs is not None


@dataclass(frozen=True)
class Places:
    """Where results, bundles and the page stand."""

    results: Path
    bundles: Path
    page: Path

    @classmethod
    def of(cls, wanted: Wanted) -> Places:
        """Return the places of the project, or for a trial those of a copy in the build folder."""
        if not wanted.is_trial:
            return cls(RESULTS, BUILD, PAGE)
        trial = BUILD / "trial"
        (trial / PICTURE).parent.mkdir(parents=True, exist_ok=True)
        page = trial / PAGE.name
        page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
        return cls(trial / "results", trial, page)


@dataclass(frozen=True)
class Job:
    """One method on one set with one seed."""

    method: str
    set_name: str
    seed: int

    def __str__(self) -> str:
        return f"{self.set_name}, {self.method}, seed {self.seed}"


@dataclass(frozen=True)
class Measurement:
    """Measures jobs, with the sets' files in `folder`."""

    data: Path
    folder: Path
    wanted: Wanted
    places: Places
    _prepared: dict[tuple[str, int], SetFiles] = field(default_factory=dict)

    def measure(self, job: Job) -> Result | None:
        """Measure a job; None where that was done before."""
        files = self._files(job.set_name, job.seed)
        texts = texts_hash(read_labelled_csv(path).fingerprint() for path in (files.train, *files.tests.values()))
        training = Training(job.method, job.seed, self.wanted.epochs) if job.method in RECIPES else None
        settings = training.settings if training else BASELINES[job.method].settings
        if is_measured(
            self.places.results,
            set_name=job.set_name,
            method=job.method,
            seed=job.seed,
            settings=settings,
            texts_sha256=texts,
            defaults=FORMER_SETTINGS if training else None,
        ):
            return None
        say(f"measuring {job}")
        others = self._others(job)
        if training is None:
            return measure_baseline(job.method, files, seed=job.seed, others=others, texts_sha256=texts)
        self.places.bundles.mkdir(parents=True, exist_ok=True)
        pictured = (job.set_name, job.method, job.seed) == PICTURED
        return measure_training(
            training,
            files,
            folder=self.folder,
            bundle=self.places.bundles / f"{job.set_name}-{job.method}-{job.seed}.newsgate",
            others=others,
            texts_sha256=texts,
            picture=self.places.page.parent / PICTURE if pictured else None,
        )

    def _others(self, job: Job) -> Mapping[str, Path]:
        if job.seed != CROSSING_SEED:
            return {}
        here = [name for name in SOURCES if name != job.set_name and (self.data / name).is_dir()]
        return {name: self._files(name, job.seed).test for name in here}

    def _files(self, name: str, seed: int) -> SetFiles:
        if (name, seed) not in self._prepared:
            self._prepared[name, seed] = prepare_set(
                name, data=self.data, folder=self.folder, seed=seed, limit=self.wanted.limit
            )
        return self._prepared[name, seed]


def jobs(wanted: Wanted) -> Iterator[Job]:
    """Every job asked for: all methods with the first seed come before any with the second."""
    for seed in wanted.seeds:
        for method in wanted.recipe:
            for name in wanted.only:
                if _is_worth_measuring(method, name, seed):
                    yield Job(method, name, seed)


def measure_all(wanted: Wanted, data: Path, places: Places) -> list[str]:
    """Measure what is missing, render the page after each, and return what went wrong."""
    failures = []
    with scratch_folder() as folder:
        measurement = Measurement(data.resolve(), folder, wanted, places)
        for job in jobs(wanted):
            try:
                result = measurement.measure(job)
            except (BenchmarkError, NewsgateError) as error:
                # A night of trainings goes on with the next one.
                failures.append(f"{job}: {error}")
                say(failures[-1])
                continue
            if result is not None:
                result.save(places.results)
                write_page(places.page, load_results(places.results))
                say(f"{job}: weighted F1 {result.own.weighted_f1:.4f}, macro F1 {result.own.macro_f1:.4f}")
    return failures


def _is_worth_measuring(method: str, set_name: str, seed: int) -> bool:
    if method in RECIPES:
        return True
    baseline = BASELINES[method]
    # The same texts give a baseline the same figures, whatever the seed.
    has_news = SOURCES[set_name].is_parted_by_seed or seed == CROSSING_SEED
    return has_news and (not baseline.sets or set_name in baseline.sets)
