"""`newsgate evaluate`: how well a model tells labelled texts apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.label_options import label_options_of_files, pair_files
from newsgate.console.max_error_option import max_error_option, print_unsure_rows
from newsgate.console.messages import print_message
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import FILE_NAME, MODEL_NUMBER
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.model.labels import Label
    from newsgate.tasks.models.evaluate import Evaluated


@click.command("evaluate", cls=ErrorReportingCommand)
@click.argument("files", nargs=-1, required=True, type=FILE_NAME, metavar="FILE...")
@file_reading_options
@label_options_of_files
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="[default: the champion]")
@max_error_option(
    help_text="Report the share of texts that get a label at this wanted error, and the error seen. The other figures "
    "stay those of all rows."
)
@click.option(
    "--reliability",
    "picture",
    type=click.Path(dir_okay=False, writable=True),
    metavar="FILE.svg",
    help="Draw a picture there: for each range of p_fake, the share of texts that are truly fake.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def evaluate(
    files: tuple[str, ...],
    *,
    labels_of_files: tuple[Label, ...],
    model: int | None,
    max_error: float | None,
    picture: str | None,
    form: str,
    **reading: Any,
) -> None:
    """Measure how well a model does on FILE, whose column `label` says fake or real; on several files as on one.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows of FILE were refused or missing.

    \b
    Examples:
      newsgate evaluate held-out.csv
      newsgate evaluate held-out.csv --model 2 --max-error 0.1
    """
    from newsgate.console.training_files import read_labelled_files
    from newsgate.tasks.models.evaluate import evaluate_model
    from newsgate.tasks.models.labelled_files import labelled_texts

    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        labelled = read_labelled_files(pair_files(files, labels_of_files), options=options, settings=settings)
        texts = labelled_texts(labelled)
        done = evaluate_model(texts, model=model, max_error=max_error, settings=settings, database=database)
    if form == "json":
        click.echo(json.dumps(_json_values(done, max_error=max_error)))
    else:
        _print_figures(done)
    _print_selection(done)
    if picture is not None:
        _write_picture(done, files=files, path=picture)
    if not all(each.report.is_whole for each in labelled):
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _json_values(done: Evaluated, *, max_error: float | None) -> dict[str, Any]:
    document = {"model": done.model, **done.figures.as_dict()}
    if done.selected is not None:
        document |= {"coverage": done.selected.coverage, "max_error": max_error, "error": done.selected.error}
    return document


def _print_figures(done: Evaluated) -> None:
    figures, selected = done.figures, done.selected
    shown = {
        "model": str(done.model),
        "rows": str(figures.rows),
        "accuracy": f"{figures.accuracy:.4f}",
        "weighted F1": f"{figures.weighted_f1:.4f}",
        "macro F1": f"{figures.macro_f1:.4f}",
        "ECE": f"{figures.ece:.4f}",
        "coverage": f"{figures.coverage if selected is None else selected.coverage:.4f}",
    }
    if selected is not None:
        shown["error"] = "" if selected.error is None else f"{selected.error:.4f}"
    print_table(tuple(shown), [tuple(shown.values())], right_aligned=frozenset(shown))
    click.echo()
    print_table(
        ("actually", "said fake", "said real"),
        [(actual, said["fake"], said["real"]) for actual, said in figures.confusion.items()],
        right_aligned=frozenset({"said fake", "said real"}),
    )


def _print_selection(done: Evaluated) -> None:
    if done.selected is not None and done.threshold is not None:
        rows = done.figures.rows
        sure = round(rows * done.selected.coverage)
        print_unsure_rows(f"model {done.model}", rows=rows, sure=sure, threshold=done.threshold)


def _write_picture(done: Evaluated, *, files: Sequence[str], path: str) -> None:
    from newsgate.pages.reliability_diagram import draw_reliability
    from newsgate.tasks.reading import storable

    title = f"model {done.model} on {storable(', '.join(Path(file).name for file in files))}"
    drawing = draw_reliability(done.reliability, title=title, ece=done.figures.ece)
    with open_output(path) as stream:
        stream.write(drawing)
    print_message(f"{path}: the reliability diagram")
