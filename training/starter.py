"""Rebuilds the starter bundle: `python -m newsgate.training.starter FOLDER`, the folder of the covid_rumor set.

docs/model-card.md says where the set comes from and what the bundle is good for. The project ships the bundle and
never the set.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
from pathlib import Path
from typing import Final

from newsgate import model
from newsgate.model.bundle import write_bundle
from newsgate.model.classifier import Classifier
from newsgate.model.starter import STARTER_MEMBER
from newsgate.training.corpus import LabelledTexts
from newsgate.training.evaluate import Evaluation, evaluate
from newsgate.training.familiarity import add_familiarity
from newsgate.training.progress import Progress
from newsgate.training.quantisation_check import add_quantisation
from newsgate.training.recipe import STARTER_RECIPE
from newsgate.training.train import TrainedBundle, train_bundle

DEFAULT_OUTPUT: Final = Path(model.__path__[0]) / STARTER_MEMBER


def build_starter(
    covid_rumor_dir: Path, output: Path = DEFAULT_OUTPUT, *, cache_folder: Path | None = None
) -> TrainedBundle:
    """Train the starter bundle on `train.csv.gz` in the folder, report on `val.csv.gz`, and write it to `output`.

    cache_folder: where answers of teachers are kept, and found if they were asked about these texts before.
    """
    trained = train_bundle(
        read_labelled_csv(covid_rumor_dir / "train.csv.gz"),
        validation=read_labelled_csv(covid_rumor_dir / "val.csv.gz"),
        recipe=STARTER_RECIPE,
        progress=_tell,
        cache_folder=cache_folder,
    )
    write_bundle(output, trained.data)
    return trained


def renew_familiarity(covid_rumor_dir: Path, output: Path = DEFAULT_OUTPUT) -> bytes:
    """Let the starter bundle in `output` learn again which texts are familiar, its weights as they are."""
    data = add_familiarity(output.read_bytes(), read_labelled_csv(covid_rumor_dir / "train.csv.gz"))
    write_bundle(output, data)
    return data


def renew_quantisation(covid_rumor_dir: Path, output: Path = DEFAULT_OUTPUT) -> bytes:
    """Measure the starter bundle in `output` in whole numbers, its weights as they are."""
    data = add_quantisation(output.read_bytes(), read_labelled_csv(covid_rumor_dir / "train.csv.gz"))
    write_bundle(output, data)
    return data


def read_labelled_csv(path: Path) -> LabelledTexts:
    """Return the columns `text` and `label` of a gzipped UTF-8 CSV file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return LabelledTexts.from_pairs((row["text"], row["label"]) for row in csv.DictReader(file))


def summary(evaluation: Evaluation) -> str:
    """Return an evaluation as one line."""
    return (
        f"rows {evaluation.rows}  accuracy {evaluation.accuracy:.4f}  weighted F1 {evaluation.weighted_f1:.4f}  "
        f"macro F1 {evaluation.macro_f1:.4f}  ECE {evaluation.ece:.4f}"
    )


def _tell(progress: Progress) -> None:
    if progress.epochs == 0:
        line = f"{progress.stage} {progress.step}/{progress.steps}".removesuffix(" 0/0")
    elif progress.step == progress.steps:
        line = (
            f"{progress.stage}: epoch {progress.epoch} of {progress.epochs}, held-back loss "
            f"{progress.held_back_loss:.4f}, accuracy {progress.held_back_accuracy:.4f}"
        )
    else:
        return
    print(line, file=sys.stderr)


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m newsgate.training.starter", description="Rebuild the starter bundle."
    )
    parser.add_argument("covid_rumor_dir", type=Path, help="the folder with train.csv.gz and val.csv.gz")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--cache", type=Path, help="Where answers of teachers are kept and looked for.")
    parser.add_argument("--report", type=Path, nargs="*", default=[], help="further labelled files to report on")
    parser.add_argument(
        "--familiarity-only", action="store_true", help="Keep the weights; learn again which texts are familiar."
    )
    parser.add_argument(
        "--quantisation-only", action="store_true", help="Keep the weights; measure them in whole numbers."
    )
    arguments = parser.parse_args()
    if arguments.quantisation_only:
        data = renew_quantisation(arguments.covid_rumor_dir, arguments.output)
    elif arguments.familiarity_only:
        data = renew_familiarity(arguments.covid_rumor_dir, arguments.output)
    else:
        data = build_starter(arguments.covid_rumor_dir, arguments.output, cache_folder=arguments.cache).data
    print(f"{arguments.output}: {len(data)} bytes")
    classifier = Classifier.from_bundle_bytes(data)
    for path in [arguments.covid_rumor_dir / "val.csv.gz", *arguments.report]:
        print(f"{path}: {summary(evaluate(classifier, read_labelled_csv(path)))}")


if __name__ == "__main__":
    _main()
