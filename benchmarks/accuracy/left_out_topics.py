"""Does it hold on topics that it has never seen, beside a linear SVC?

Every set is parted into clusters of its texts. Five times a tenth of the clusters is left out: trained on the others,
tested on these. It may be stopped and started again: what was measured stands in benchmarks/results/left_out_topics.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.accuracy.baselines import figures_of_labels, fit_svc
from benchmarks.accuracy.labelled_sets import SOURCES
from benchmarks.accuracy.newsgate_training import settings_of
from benchmarks.accuracy.results import Circumstances, settings_hash, texts_hash
from benchmarks.accuracy.topics import FOLDS, leave_topics_out
from benchmarks.shared.options import names_among
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT, BenchmarkError
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table
from newsgate.model.classifier import Classifier
from newsgate.model.labels import FAKE, FAKE_THRESHOLD, REAL
from newsgate.training.corpus import LabelledTexts
from newsgate.training.recipe import DEFAULT_RECIPE, Recipe
from newsgate.training.starter import read_labelled_csv
from newsgate.training.train import train_bundle

MARKER: Final = "left out topics"
RESULTS: Final = ROOT / "benchmarks" / "results" / "left_out_topics"
HEADERS: Final = ("macro F1", "tests", "newsgate, plain", "TF-IDF + linear SVC", "difference", "smallest", "largest")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One training without some topics, and its test on them. newsgate, svc: macro F1, from 0 to 1."""

    set: str
    fold: int
    seed: int
    settings_sha256: str
    texts_sha256: str
    train_rows: int
    test_rows: int
    newsgate: float
    svc: float
    training_seconds: float
    made: Mapping[str, object]

    @property
    def difference(self) -> float:
        """By how much newsgate is better."""
        return self.newsgate - self.svc


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="the folder that holds a folder for each set")
    parser.add_argument("--only", type=names_among(SOURCES), default=[*SOURCES], metavar="SET,SET")
    parser.add_argument("--seeds", type=_numbers, default=[0, 1, 2], metavar="N,N")
    parser.add_argument("--folds", type=_numbers, default=[*range(FOLDS)], metavar="N,N")
    parser.add_argument("--render", action="store_true", help="only make the table again, from what was measured")


def run(options: argparse.Namespace) -> Iterator[Table]:
    if not options.render:
        for seed in options.seeds:
            for fold in options.folds:
                for name in options.only:
                    _measure_once(name, fold=fold, recipe=replace(DEFAULT_RECIPE, seed=seed), data=options.data)
                    yield Table(MARKER, table(_load_all()))
    yield Table(MARKER, table(_load_all()))


def table(measured: list[Measured]) -> str:
    """Every set in a row: the means over its folds and seeds, in percent, and the differences in points."""
    by_set = {name: [each for each in measured if each.set == name] for name in SOURCES}
    rows = [_row(name, found) for name, found in by_set.items() if found]
    if not rows:
        return "Not measured yet."
    means = [statistics.fmean(each.difference for each in found) for found in by_set.values() if found]
    made = {f"{each.made['date']}, commit {each.made['commit']}; {each.made['processor']}" for each in measured}
    mean = f"Mean of the differences over the {len(means)} sets: {100 * statistics.fmean(means):+.1f} points."
    return "\n\n".join([markdown_table(HEADERS, rows), mean, "\n".join(f"{each}." for each in sorted(made))])


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


def _measure_once(name: str, *, fold: int, recipe: Recipe, data: Path) -> None:
    train, test = leave_topics_out(_whole(name, data))[fold]
    settings, texts = settings_hash(settings_of(recipe)), texts_hash((train.fingerprint(), test.fingerprint()))
    path = RESULTS / f"{name}-{fold}-{recipe.seed}.json"
    if path.exists():
        known = Measured(**json.loads(path.read_text(encoding="utf-8")))
        if (known.settings_sha256, known.texts_sha256) == (settings, texts):
            return
    made, began = Circumstances.now(), time.monotonic()
    bundle = train_bundle(train, recipe=recipe)
    seconds = time.monotonic() - began
    scores = Classifier.from_bundle_bytes(bundle.data).classify(test.texts)
    ours = [FAKE if each >= FAKE_THRESHOLD else REAL for each in scores.p_fake]
    result = Measured(
        set=name,
        fold=fold,
        seed=recipe.seed,
        settings_sha256=settings,
        texts_sha256=texts,
        train_rows=len(train),
        test_rows=len(test),
        newsgate=figures_of_labels(ours, test).macro_f1,
        svc=figures_of_labels(fit_svc(train, recipe.seed)(test.texts), test).macro_f1,
        training_seconds=round(seconds, 1),
        made=asdict(made),
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    say(f"{name}, fold {fold}, seed {recipe.seed}: {result.newsgate:.3f}, SVC {result.svc:.3f}, {seconds:.0f} s")


def _load_all() -> list[Measured]:
    return [Measured(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(RESULTS.glob("*.json"))]


def _whole(name: str, data: Path) -> LabelledTexts:
    """All texts of a set that are at hand, whatever its publisher had them for."""
    source = SOURCES[name]
    files = [data / name / part for part in (source.train, source.test) if part is not None]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BenchmarkError(f"{missing[0]} is missing: give the folder that holds the sets")
    parts = [read_labelled_csv(file) for file in files]
    texts, labels = (sum((getattr(part, what) for part in parts), ()) for what in ("texts", "labels"))
    return LabelledTexts(texts, labels)


def _numbers(told: str) -> list[int]:
    return [int(number) for number in told.split(",")]
