"""Would a starter trained on several sets say something useful about texts of another one, beside a linear SVC?

The sets are those whose licence lets a model trained on them be given away. Each is left out once: trained on all the
others, tested on all its texts. Then all are trained on together, and the test texts of covid_rumor are the test. It
may be stopped and started again: what was measured stands in benchmarks/results/pooled_starter.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.accuracy.baselines import figures_of_labels, fit_majority, fit_svc
from benchmarks.accuracy.kept_results import Trained, hashes
from benchmarks.accuracy.labelled_sets import joined, read_set
from benchmarks.accuracy.results import Circumstances
from benchmarks.shared.options import whole_numbers
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table, over_seeds
from newsgate.model.classifier import Classifier
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import evaluate_probabilities
from newsgate.training.recipe import DEFAULT_RECIPE, Recipe
from newsgate.training.train import train_bundle

MARKER: Final = "pooled starter"
RESULTS: Final = ROOT / "benchmarks" / "results" / "pooled_starter"
# Licensed MIT, CC BY, and with notice.
POOL: Final = ("covid_rumor", "fakes", "horne2017")
ALL: Final = "all three"
HEADERS: Final = ("trained on", "tested on", "texts", "newsgate, plain", "TF-IDF + linear SVC", "the commoner label")


@dataclass(frozen=True, kw_only=True)
class Measured(Trained):
    """One training on several sets, and its test. The figures are macro F1, from 0 to 1."""

    trained_on: str
    tested_on: str
    seed: int
    test_rows: int
    newsgate: float
    svc: float
    majority: float


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")
    parser.add_argument("--seeds", type=whole_numbers, default=[0], metavar="N,N")


def run(options: argparse.Namespace) -> Iterator[Table]:
    for seed in options.seeds:
        for tested_on in (*POOL, ALL):
            _measure_once(tested_on, recipe=replace(DEFAULT_RECIPE, seed=seed), data=options.data)
    yield Table(MARKER, table(Measured.load_all(RESULTS)))


def table(measured: list[Measured]) -> str:
    """Every pool and its test in a row: means over the seeds in percent, the smallest and the largest in brackets."""
    rows = []
    for pair in dict.fromkeys((each.trained_on, each.tested_on) for each in measured):
        found = [each for each in measured if (each.trained_on, each.tested_on) == pair]
        cells = ([getattr(each, name) for each in found] for name in ("newsgate", "svc", "majority"))
        rows.append((*pair, str(found[0].test_rows), *(over_seeds(values) for values in cells)))
    made = sorted({each.made_where for each in measured})
    return "\n\n".join([markdown_table(HEADERS, rows), "\n".join(made)])


def _measure_once(left_out: str, *, recipe: Recipe, data: Path) -> None:
    trained_on = [name for name in POOL if name != left_out]
    train, test = _pooled(trained_on, data), _test(left_out, data)
    made_of = hashes(recipe, train, test)
    path = RESULTS / f"{left_out.replace(' ', '-')}-{recipe.seed}.json"
    if Measured.is_kept(path, made_of):
        return
    made, began = Circumstances.now(), time.monotonic()
    scores = Classifier.from_bundle_bytes(train_bundle(train, recipe=recipe).data).classify(test.texts)
    result = Measured(
        trained_on=ALL if left_out == ALL else " + ".join(trained_on),
        tested_on="covid_rumor, test" if left_out == ALL else left_out,
        seed=recipe.seed,
        **made_of,
        test_rows=len(test),
        newsgate=evaluate_probabilities(scores.p_fake, test.labels).macro_f1,
        svc=figures_of_labels(fit_svc(train, recipe.seed)(test.texts), test).macro_f1,
        majority=figures_of_labels(fit_majority(train, recipe.seed)(test.texts), test).macro_f1,
        made=asdict(made),
    )
    result.keep(path)
    say(f"{left_out}: {result.newsgate:.3f}, SVC {result.svc:.3f}, {time.monotonic() - began:.0f} s")


def _pooled(names: list[str], data: Path) -> LabelledTexts:
    """The training texts of the sets; all texts of one that nobody parted."""
    return joined([read_set(name, data=data)[0] for name in names])


def _test(left_out: str, data: Path) -> LabelledTexts:
    return read_set("covid_rumor", data=data)[1] if left_out == ALL else joined(read_set(left_out, data=data))
