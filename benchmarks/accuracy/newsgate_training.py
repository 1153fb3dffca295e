"""newsgate itself: `newsgate train` and `newsgate evaluate`, as a person runs them, in a home of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.accuracy.classifying_speed import Stopwatch, texts_per_second
from benchmarks.accuracy.labelled_sets import SetFiles
from benchmarks.accuracy.results import Circumstances, Figures, Result, settings_hash
from benchmarks.shared.home import program
from benchmarks.shared.processes import BenchmarkError, clean_environment, cores
from newsgate.model.bundle import read_bundle
from newsgate.model.classifier import Classifier
from newsgate.training.distillation import ANSWERS_VERSION
from newsgate.training.recipe import RECIPES, Recipe
from newsgate.training.starter import read_labelled_csv

MAX_ERROR: Final = 0.02


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return all there is to set of a recipe, as JSON values."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(recipe), default=str))
    return settings


# What a setting was while results did not name it yet.
FORMER_SETTINGS: Final[Mapping[str, Any]] = settings_of(Recipe()) | {"answers_version": 5}


@dataclass(frozen=True)
class Training:
    """One training to do. epochs: at most, for trying the benchmark; None leaves it to the recipe."""

    recipe: str
    seed: int
    epochs: int | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """All there is to set of it, as JSON values, and which teachers it learns from."""
        recipe = replace(RECIPES[self.recipe], seed=self.seed)
        if self.epochs is not None:
            recipe = replace(recipe, max_epochs=self.epochs)
        return settings_of(recipe) | {"answers_version": ANSWERS_VERSION}


@dataclass(frozen=True)
class TrainingHome:
    """A newsgate of its own, with nothing set but its home."""

    folder: Path

    def run(self, *arguments: str | Path) -> str:
        """Run `newsgate` and return its standard output; what it tells goes where ours goes."""
        command = [program("newsgate"), *map(str, arguments)]
        done = subprocess.run(
            command,
            env=clean_environment(NEWSGATE_HOME=str(self.folder)),
            # Not where we are: a .env there would set more.
            cwd=self.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        # With 3 it is done too, but refused rows of the set, and says which.
        if done.returncode not in (0, 3):
            raise BenchmarkError(f"newsgate {arguments[0]} ended with {done.returncode}")
        return done.stdout

    def train(self, files: SetFiles, training: Training, *, bundle: Path) -> None:
        """Train on a set; the first model of a home becomes its champion, which `evaluate` asks."""
        validation = ("--validation", files.validation) if files.validation else ()
        recipe = ("--recipe", training.recipe)
        epochs = ("--epochs", str(training.epochs)) if training.epochs else ()
        self.run(
            "train",
            files.train,
            *validation,
            *recipe,
            "--seed",
            str(training.seed),
            *epochs,
            "-o",
            bundle,
        )

    def evaluate(self, test: Path, *, picture: Path | None = None) -> Figures:
        """Return the champion's figures on a file; `picture` is where its reliability is drawn."""
        drawn = ("--reliability", picture) if picture else ()
        told = self.run("evaluate", test, "--format", "json", "--max-error", str(MAX_ERROR), *drawn)
        return figures_of(json.loads(told))


def measure_training(
    training: Training,
    files: SetFiles,
    *,
    folder: Path,
    bundle: Path,
    others: Mapping[str, Path],
    texts_sha256: str,
    picture: Path | None,
) -> Result:
    """Train in a new home in `folder` and test there; `others` are the other sets' tests, by name."""
    home = TrainingHome(folder / f"home-{files.name}-{training.recipe}-{training.seed}")
    _share_teachers(home, bundle.parent / "teachers")
    made = Circumstances.now()
    with Stopwatch() as stopwatch:
        home.train(files, training, bundle=bundle)
    own = {files.name: home.evaluate(files.test, picture=picture)}
    further = {name: path for name, path in {**files.tests, **others}.items() if name != files.name}
    data = bundle.read_bytes()
    metadata = read_bundle(data).metadata
    validation = metadata.metrics.get("validation")
    return Result(
        set=files.name,
        method=training.recipe,
        seed=training.seed,
        made=made,
        settings=training.settings,
        settings_sha256=settings_hash(training.settings),
        texts_sha256=texts_sha256,
        train_rows=sum(metadata.training_data.rows.values()),
        training_seconds=stopwatch.seconds,
        epochs=metadata.recipe["epochs"],
        bundle_bytes=len(data),
        held_back=figures_of(metadata.metrics["held_back"]),
        validation=figures_of(validation) if validation else None,
        tests=own | {name: home.evaluate(path) for name, path in further.items()},
        texts_per_second=rates_of(data, files),
    )


def figures_of(told: Mapping[str, Any]) -> Figures:
    """Return the figures that `newsgate evaluate` told, or that stand in a bundle."""
    return Figures(
        rows=told["rows"],
        accuracy=told["accuracy"],
        weighted_f1=told["weighted_f1"],
        macro_f1=told["macro_f1"],
        ece=told["ece"],
        kept=told["coverage"] if "error" in told else None,
        kept_error=told.get("error"),
    )


def rates_of(bundle: bytes, files: SetFiles) -> dict[str, float]:
    """Return how many test texts a second the classifier labels, on one thread and on as many as there are cores."""
    train, test = read_labelled_csv(files.train), read_labelled_csv(files.test)
    return {
        str(threads): texts_per_second(
            lambda threads=threads: Classifier.from_bundle_bytes(bundle, threads=threads).classify,  # type: ignore[misc]
            warm_up=train.texts,
            texts=test.texts,
        )
        for threads in sorted({1, cores()})
    }


def _share_teachers(home: TrainingHome, answers: Path) -> None:
    """Let the homes share what teachers said: a teacher is trained once for a set, whatever the seed."""
    answers.mkdir(parents=True, exist_ok=True)
    home.folder.mkdir(parents=True, exist_ok=True)
    (home.folder / "cache").symlink_to(answers.absolute(), target_is_directory=True)
