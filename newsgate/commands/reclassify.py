"""`newsgate reclassify`: a batch by another model."""

from __future__ import annotations

import json

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.flip_report import flip_figures, flips_option, print_flip_report
from newsgate.console.messages import print_message, print_warning
from newsgate.console.parameter_types import MODEL_NUMBER, PRIORITY
from newsgate.console.settings_and_database import settings_and_database


@click.command("reclassify", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE)
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="The model to classify with. [default: the champion]")
@click.option(
    "--priority",
    type=PRIORITY,
    metavar="N",
    help="Its share of the turns while other batches wait too, 1 to 100. [default: 10]",
)
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict, then report what changed.")
@flips_option
@click.option("--json", "as_json", is_flag=True, help="Print {batch, run, model, items, flips} as one JSON object.")
def reclassify(batch: int, *, model: int | None, priority: int | None, wait: bool, flips: int, as_json: bool) -> None:
    """Classify BATCH with another model. The verdicts it has stay.

    Run again after an interruption or a cancellation, the same command goes on where it stopped. Where the model has
    finished the batch already, it reports what changed.

    \b
    Example:
      newsgate reclassify 3 --model 2
      newsgate reclassify 3 --priority 1
    """
    from newsgate.console.progress_line import ProgressLine
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.classifying.reclassify import previous_model, report_flips
    from newsgate.tasks.classifying.reclassify import reclassify as reclassify_batch

    with settings_and_database() as (settings, database):
        with ProgressLine("making chunks") as line:
            done = reclassify_batch(
                batch,
                model=model,
                priority=priority,
                settings=settings,
                database=database,
                progress=lambda rows, items: line.draw(rows, items, note=f"{rows} of {items} rows"),
            )
        status = done.status
        for warning in done.warnings if not status.finished else ():
            print_warning(warning)
        if status.state == "done" and not done.begun:
            print_message(f"model {status.model} has classified batch {batch} already")
        else:
            verb = "waits" if done.begun else "goes on"
            print_message(f"batch {batch} {verb} for model {status.model}: {status.total} rows")
        if wait:
            status = wait_with_progress(database, batch, model=status.model)
        before = previous_model(database, batch, model=status.model)
        report = None
        if status.state == "done" and before is not None:
            report = report_flips(database, batch, models=(before, status.model), limit=flips)
    if as_json:
        figures = {"batch": batch, "run": status.run, "model": status.model, "items": status.total}
        click.echo(json.dumps({**figures, "flips": None if report is None else flip_figures(report)}))
    elif report is not None:
        print_flip_report(report)
    if status.failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)
