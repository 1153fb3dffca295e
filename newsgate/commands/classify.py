"""`newsgate classify`: a file of texts in, its verdicts out, in one command."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_messages import print_enqueue_summary, reading_progress
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.label_options import label_options
from newsgate.console.max_error_option import max_error_option
from newsgate.console.messages import print_message, print_warning
from newsgate.console.parameter_types import MODEL_NUMBER, ROW_COUNT
from newsgate.console.run_choice import choose_run, warn_of_missing_rows
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.tasks.enqueueing.request import Request
    from newsgate.worker.settings import Settings


@click.command("classify", cls=ErrorReportingCommand)
@click.argument("file")
@file_reading_options
@label_options
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--again", is_flag=True, help="Classify the file again, even if it was classified before.")
@max_error_option(help_text="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@click.option("--limit", type=ROW_COUNT, metavar="N", help="Print only the first N results.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl"]), help="[default: table on a terminal, else csv]"
)
@click.option("--raw", is_flag=True, help="In csv, do not change cells that a spreadsheet would take for formulas.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write the results there.")
def classify(
    file: str,
    *,
    model: int | None,
    again: bool,
    max_error: float | None,
    limit: int | None,
    form: str | None,
    raw: bool,
    output: str | None,
    **reading: Any,
) -> None:
    """Classify FILE from beginning to end: up, enqueue, wait, results, down.

    If `newsgate up` runs already, its workers are used. A file that was classified before is not classified again:
    its verdicts are printed, those of --model or of the latest model.
    """
    from newsgate.console.results_output import write_results
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.db.results import ResultFilter
    from newsgate.tasks.enqueueing.request import Request
    from newsgate.tasks.models.abstention import threshold_of
    from newsgate.tasks.running.local_system import LocalSystem, is_up

    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        if max_error is not None:
            # Before the file is stored: afterwards it would belong to a model that cannot say when it is sure.
            threshold_of(database, model, max_error=max_error)
        worker_output = settings.home / "worker.log"
        with nullcontext() if is_up(settings) else LocalSystem(settings, worker_output=worker_output) as system:
            request = Request(path=file, options=options, model=model, again=again)
            batch, by_model, incomplete = _enqueue(request, settings, database)
            meanwhile = system.check if system else lambda: None
            status = wait_with_progress(database, batch, model=by_model, meanwhile=meanwhile)
        threshold = None if max_error is None else threshold_of(database, status.model, max_error=max_error)
        wanted = ResultFilter(batch, limit=limit, model=status.model, threshold=threshold)
        write_results(database, wanted, form=form, output=output, raw=raw)
    if status.rejected or status.failed or incomplete:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _enqueue(request: Request, settings: Settings, database: Database) -> tuple[int, int, bool]:
    """Enqueue the file, or find the batch that has its verdicts already. Raises AlreadyEnqueuedError for any other.

    Returns the batch, the model that classifies it, and whether some rows of the file could not be read at all.
    """
    from newsgate.console.progress_line import ProgressLine
    from newsgate.tasks.enqueueing.enqueue import enqueue
    from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError

    try:
        with ProgressLine("reading") as line:
            enqueued = enqueue(request, settings=settings, database=database, progress=reading_progress(line))
    except AlreadyEnqueuedError as known:
        if known.state != "done":
            raise
        for warning in known.warnings:
            print_warning(warning)
        print_message(f"batch {known.batch} holds this file already; --again classifies it once more")
        with database.read() as connection:
            warn_of_missing_rows(choose_run(connection, known.batch, model=known.model, run=None))
        return known.batch, known.model, known.incomplete
    print_enqueue_summary(enqueued, database)
    return enqueued.batch, enqueued.model, enqueued.incomplete
