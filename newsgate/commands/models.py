"""Commands about models: train, evaluate, models, promote."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsgate.commands.common import Telling, on_terminal, opened, print_table, tell
from newsgate.commands.reading import read_options, reading_options

if TYPE_CHECKING:
    from db.promotions import Promotion
    from tasks.modelling import LabelledFile
    from training.evaluate import Evaluation
    from training.progress import Progress


@click.command("train", cls=Telling)
@click.argument("file")
@click.option("--validation", metavar="FILE", help="Labelled texts to report on; they decide nothing in the training.")
@reading_options
@click.option("--name", metavar="TEXT", help="What the model is called. [default: the file's name]")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the texts at most.")
@click.option("--seed", type=int, help="Of everything random in the training.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Also write the bundle there.")
def train(
    file: str,
    *,
    validation: str | None,
    name: str | None,
    epochs: int | None,
    seed: int | None,
    output: Path | None,
    **reading: Any,
) -> None:
    """Train a model on FILE, whose column `label` says fake or real, and store it under the next number.

    Needs TensorFlow: pip install 'newsgate[training]'. The model is a candidate: use it with --model, or make it
    champion with `newsgate promote`.
    """
    from tasks.modelling import read_labelled, train_and_store
    from training.recipe import Recipe

    with opened() as (settings, database):
        options = read_options(settings.max_text_chars, **reading)
        texts = read_labelled(file, options=options, settings=settings)
        _tell_read(file, texts)
        held = read_labelled(validation, options=options, settings=settings) if validation else None
        if validation and held:
            _tell_read(validation, held)
        changed = {"max_epochs": epochs, "seed": seed}
        trained = train_and_store(
            texts.texts,
            validation=held.texts if held else None,
            recipe=Recipe(**{key: value for key, value in changed.items() if value is not None}),
            database=database,
            name=name or Path(file).name,
            output=output,
            progress=_Reporter(),
        )
    judged = trained.bundle.validation or trained.bundle.held_back
    kind = "validation" if trained.bundle.validation else "held-back part of the training"
    tell(f"on the {kind}: accuracy {judged.accuracy:.4f}, weighted F1 {judged.weighted_f1:.4f}")
    remedy = "it is champion" if trained.became_champion else f"`newsgate promote {trained.number}` makes it champion"
    tell(f"stored as model {trained.number} ({len(trained.bundle.data) / 1e6:.1f} MB); {remedy}")
    click.echo(trained.number)


@click.command("evaluate", cls=Telling)
@click.argument("file")
@reading_options
@click.option("--model", type=click.IntRange(min=1), metavar="N", help="[default: the champion]")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def evaluate(file: str, *, model: int | None, form: str, **reading: Any) -> None:
    """How well a model tells the texts of FILE apart, whose column `label` says fake or real."""
    from tasks.modelling import evaluate_model, read_labelled

    with opened() as (settings, database):
        labelled = read_labelled(file, options=read_options(settings.max_text_chars, **reading), settings=settings)
        _tell_read(file, labelled)
        number, figures = evaluate_model(labelled.texts, model=model, settings=settings, database=database)
    if form == "json":
        click.echo(json.dumps({"model": number, **figures.as_dict()}))
    else:
        _print_figures(number, figures)


@click.group("models", invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List the models, newest first; `newsgate models show N` tells one's story."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@click.command("list", cls=Telling)
def list_() -> None:
    """Every model, newest first."""
    from db.models import list_models
    from tasks.opening import ensure_champion

    with opened() as (_, database):
        ensure_champion(database)
        with database.read() as connection:
            found = list_models(connection)
    headers = ("model", "name", "state", "trained on", "weighted F1", "MB", "created")
    rows = [
        (
            each.number,
            each.name,
            each.state,
            sum(each.metadata["training_data"]["rows"].values()),
            _reported(each.metadata).get("weighted_f1"),
            f"{each.size_bytes / 1e6:.1f}",
            f"{each.created_at:%Y-%m-%d %H:%M}",
        )
        for each in found
    ]
    print_table(headers, rows, right=frozenset({"model", "trained on", "weighted F1", "MB"}))


@click.command("show", cls=Telling)
@click.argument("number", type=int)
def show(number: int) -> None:
    """Everything recorded about one model, as JSON, with every decision about it."""
    from db.models import model_record
    from db.promotions import decisions_about

    with opened() as (_, database), database.read() as connection:
        record = model_record(connection, number)
        decisions = [_decision(each) for each in decisions_about(connection, number)]
    facts = {"model": record.number, "name": record.name, "state": record.state, "sha256": record.sha256}
    everything = {**facts, "size_bytes": record.size_bytes, "decisions": decisions, **record.metadata}
    click.echo(json.dumps(everything, indent=2))


models.add_command(list_)
models.add_command(show)


@click.command("promote", cls=Telling)
@click.argument("number", type=int)
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is recorded with the decision.")
def promote(number: int, *, reason: str) -> None:
    """Make model NUMBER the champion: new runs use it at once, running ones finish on theirs."""
    from db.promotions import promote as make_champion

    with opened() as (_, database), database.write() as connection:
        before = make_champion(connection, number, reason=reason, figures={})
    tell(f"model {number} is champion" + (f", after model {before}" if before else ""))


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
        if progress.stage != "fit":
            return f"training: {progress.stage}"
        left = "" if progress.eta_seconds is None else f", at most {progress.eta_seconds:.0f} s left"
        loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
        kept = "" if progress.held_back_accuracy is None else f", held-back accuracy {progress.held_back_accuracy:.4f}"
        where = f"epoch {progress.epoch} of {progress.epochs}, step {progress.step}/{progress.steps}"
        return f"training: {where}{loss}{kept}{left}"


def _decision(decision: Promotion) -> dict[str, Any]:
    return {**asdict(decision), "decided_at": decision.decided_at.isoformat(timespec="seconds")}


def _tell_read(path: str, labelled: LabelledFile) -> None:
    left_out = [
        f"{count} {what}"
        for count, what in ((labelled.refused, "refused"), (labelled.unlabelled, "without fake or real"))
        if count
    ]
    tell(f"{path}: {len(labelled.texts)} labelled rows" + (f", {', '.join(left_out)}" if left_out else ""))


def _reported(metadata: Any) -> dict[str, float]:
    metrics = metadata["metrics"]
    return metrics.get("validation") or metrics.get("held_back") or {}


def _print_figures(number: int, figures: Evaluation) -> None:
    print_table(
        ("model", "rows", "accuracy", "weighted F1", "macro F1", "ECE", "coverage"),
        [
            (
                number,
                figures.rows,
                f"{figures.accuracy:.4f}",
                f"{figures.weighted_f1:.4f}",
                f"{figures.macro_f1:.4f}",
                f"{figures.ece:.4f}",
                f"{figures.coverage:.4f}",
            )
        ],
        right=frozenset({"model", "rows", "accuracy", "weighted F1", "macro F1", "ECE", "coverage"}),
    )
    click.echo()
    print_table(
        ("actually", "said fake", "said real"),
        [(actual, said["fake"], said["real"]) for actual, said in figures.confusion.items()],
        right=frozenset({"said fake", "said real"}),
    )
