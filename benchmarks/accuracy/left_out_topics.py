"""Does it hold on topics that it has never seen, beside a linear SVC?

Every set is parted into clusters of its texts. Five times a tenth of the clusters is left out: trained on the others,
tested on these. It may be stopped and started again: what was measured stands in benchmarks/results/left_out_topics.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.accuracy.baselines import figures_of_labels, fit_svc
from benchmarks.accuracy.kept_results import Trained, hashes
from benchmarks.accuracy.labelled_sets import SOURCES, joined, read_set
from benchmarks.accuracy.results import Circumstances
from benchmarks.accuracy.topics import FOLDS, leave_topics_out
from benchmarks.shared.options import names_among, whole_numbers
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table
from newsgate.model.classifier import Classifier
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import evaluate_probabilities
from newsgate.training.recipe import RECIPES, Recipe
from newsgate.training.train import train_bundle

MARKER: Final = "left out topics"
RESULTS: Final = ROOT / "benchmarks" / "results" / "left_out_topics"
# The teachers answer all seeds alike.
_ANSWERS: Final = ROOT / "build" / "left_out_topics"


@dataclass(frozen=True, kw_only=True)
class Measured(Trained):
    """One training by a recipe without some topics, and its test on them. newsgate, svc: macro F1, from 0 to 1."""

    set: str
    fold: int
    seed: int
    train_rows: int
    test_rows: int
    newsgate: float
    svc: float
    training_seconds: float
    recipe: str = "plain"

    @property
    def difference(self) -> float:
        """By how much newsgate is better."""
        return self.newsgate - self.svc


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")
    parser.add_argument("--only", type=names_among(SOURCES), default=[*SOURCES], metavar="SET,SET")
    parser.add_argument("--seeds", type=whole_numbers, default=[0, 1, 2], metavar="N,N")
    parser.add_argument("--folds", type=whole_numbers, default=[*range(FOLDS)], metavar="N,N")
    parser.add_argument("--recipe", choices=[*RECIPES], default="plain", help="of the training (default: plain)")
    parser.add_argument("--render", action="store_true", help="only make the table again, from what was measured")


def run(options: argparse.Namespace) -> Iterator[Table]:
    if not options.render:
        for seed in options.seeds:
            for fold in options.folds:
                for name in options.only:
                    wanted = _Wanted(set=name, fold=fold, seed=seed, recipe_name=options.recipe)
                    _measure_once(wanted, data=options.data)
                    yield Table(MARKER, table(Measured.load_all(RESULTS)))
    yield Table(MARKER, table(Measured.load_all(RESULTS)))


def table(measured: list[Measured]) -> str:
    """A table for each recipe, in it a row for each set: the means of its tests, in percent and points."""
    tables = [_table(recipe, [each for each in measured if each.recipe == recipe]) for recipe in ("plain", "best")]
    return "\n\n".join(filter(None, tables)) or "Not measured yet."


def _table(recipe: str, measured: list[Measured]) -> str:
    by_set = {name: [each for each in measured if each.set == name] for name in SOURCES}
    rows = [_row(name, found) for name, found in by_set.items() if found]
    if not rows:
        return ""
    headers = ("macro F1", "tests", f"newsgate, {recipe}", "TF-IDF + linear SVC", "difference", "smallest", "largest")
    means = [statistics.fmean(each.difference for each in found) for found in by_set.values() if found]
    made = sorted({each.made_where for each in measured})
    sets = f"the {len(means)} sets" if len(means) > 1 else "the set"
    mean = f"Mean of the differences over {sets}: {100 * statistics.fmean(means):+.1f} points."
    return "\n\n".join([markdown_table(headers, rows), mean, "\n".join(made)])


def _row(name: str, found: list[Measured]) -> tuple[str, ...]:
    means = (statistics.fmean(each.newsgate for each in found), statistics.fmean(each.svc for each in found))
    differences = [each.difference for each in found]
    spread = (statistics.fmean(differences), min(differences), max(differences))
    return (
        name,
        str(len(found)),
        *(f"{100 * mean:.1f}" for mean in means),
        *(f"{100 * difference:+.1f}" for difference in spread),
    )


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """One training to do."""

    set: str
    fold: int
    seed: int
    recipe_name: str

    @property
    def recipe(self) -> Recipe:
        return replace(RECIPES[self.recipe_name], seed=self.seed)

    @property
    def path(self) -> Path:
        of_recipe = "" if self.recipe_name == "plain" else f"-{self.recipe_name}"
        return RESULTS / f"{self.set}-{self.fold}-{self.seed}{of_recipe}.json"


def _measure_once(wanted: _Wanted, *, data: Path) -> None:
    train, test = _folds(wanted.set, data)[wanted.fold]
    made_of = hashes(wanted.recipe, train, test)
    if Measured.is_kept(wanted.path, made_of):
        return
    made, began = Circumstances.now(), time.monotonic()
    bundle = train_bundle(train, recipe=wanted.recipe, cache_folder=_ANSWERS)
    seconds = time.monotonic() - began
    scores = Classifier.from_bundle_bytes(bundle.data).classify(test.texts)
    result = Measured(
        set=wanted.set,
        fold=wanted.fold,
        seed=wanted.seed,
        recipe=wanted.recipe_name,
        **made_of,
        train_rows=len(train),
        test_rows=len(test),
        newsgate=evaluate_probabilities(scores.p_fake, test.labels).macro_f1,
        svc=figures_of_labels(fit_svc(train, wanted.seed)(test.texts), test).macro_f1,
        training_seconds=round(seconds, 1),
        made=asdict(made),
    )
    result.keep(wanted.path)
    say(
        f"{wanted.set}, fold {wanted.fold}, seed {wanted.seed}, {wanted.recipe_name}: "
        f"{result.newsgate:.3f}, SVC {result.svc:.3f}, {seconds:.0f} s"
    )


@cache
def _folds(name: str, data: Path) -> list[tuple[LabelledTexts, LabelledTexts]]:
    """Return what is trained on and tested with in each fold of all texts of a set."""
    return leave_topics_out(joined(read_set(name, data=data)))
