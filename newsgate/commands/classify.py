"""`newsgate classify`: files of texts in, their verdicts out, in one command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.enqueue_files import choose_files, enqueue_one, request_for, telling_what_is_stored
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.familiarity_messages import warn_of_unfamiliar_texts
from newsgate.console.file_outcomes import (
    EndedFile,
    FileOutcome,
    enqueue_each,
    exit_code_of,
    print_files_summary,
    wait_for_outcome,
)
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.keep_option import keep_option, warn_of_other_columns
from newsgate.console.label_options import label_options_of_files
from newsgate.console.language_messages import warn_of_other_languages
from newsgate.console.max_error_option import check_strict, max_error_option, print_promise, promise_for, strict_option
from newsgate.console.messages import print_message, print_warning, stdout_is_terminal
from newsgate.console.output_options import output_options, own_columns_option
from newsgate.console.parameter_types import FILE_NAME, MODEL_NUMBER, ROW_COUNT
from newsgate.console.result_files import choose_result_files
from newsgate.console.results_output import ResultsOutput, print_counts, write_results
from newsgate.console.run_choice import choose_run, warn_of_missing_rows
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.session import Database
    from newsgate.model.labels import Label
    from newsgate.tasks.enqueueing.input_files import InputFiles
    from newsgate.tasks.enqueueing.request import Request
    from newsgate.worker.settings import Settings

# As many as a terminal shows at once; with the lines around them.
_SHOWN_ROWS = 20


@click.command("classify", cls=ErrorReportingCommand)
@click.argument("files", nargs=-1, required=True, type=FILE_NAME, metavar="FILE...")
@file_reading_options
@keep_option
@label_options_of_files
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--again", is_flag=True, help="Classify the file again, even if it was classified before.")
@max_error_option(help_text="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@strict_option
@click.option("--limit", type=ROW_COUNT, metavar="N", help="Print only the first N results.")
@click.option("--all", "show_all", is_flag=True, help=f"Print all on a terminal too, not the first {_SHOWN_ROWS}.")
@own_columns_option("The file's own table, with the verdicts in columns at its end. [default: with -o]")
@output_options
@click.option(
    "-o",
    "--output",
    type=click.Path(writable=True),
    help="Write the results there; of several files, a file each into this folder.",
)
def classify(
    files: tuple[str, ...],
    *,
    labels_of_files: tuple[Label, ...],
    model: int | None,
    again: bool,
    max_error: float | None,
    strict: bool,
    limit: int | None,
    show_all: bool,
    own_columns: bool | None,
    form: str | None,
    raw: bool,
    output: str | None,
    **reading: Any,
) -> None:
    """Classify FILE from beginning to end: up, enqueue, wait, results, down.

    If `newsgate up` runs already, its workers are used. A file that was classified before is not classified again:
    its verdicts are printed, those of --model or of the latest model.

    Several files, patterns such as 'posts-*.csv' and folders become a batch for each file. A file that cannot be read
    stops no other. A terminal shows the first 20 verdicts and how many there are of each kind; --all shows all.

    \b
    Examples:
      newsgate classify posts.csv
      newsgate classify posts.csv --max-error 0.1 -o verdicts.xlsx
    """
    from newsgate.tasks.enqueueing.request import Request
    from newsgate.tasks.models.abstention import threshold_of
    from newsgate.tasks.running.local_system import LocalSystem, is_up

    check_strict(strict=strict, max_error=max_error)
    if show_all and limit is not None:
        raise WrongUsageError("--all and --limit cannot go together", remedy="Leave one of them out")
    chosen = choose_files(files, labels_of_files)
    results = choose_result_files(chosen, form=form, output=output, own_columns=own_columns)
    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        if max_error is not None:
            # Before the file is stored: afterwards it would belong to a model that cannot say when it is sure.
            threshold_of(database, model, max_error=max_error)
        like = Request(path="", options=options, model=model, again=again)
        worker_output = settings.home / "worker.log"
        with nullcontext() if is_up(settings) else LocalSystem(settings, worker_output=worker_output) as system:
            meanwhile = system.check if system else lambda: None
            ended = _classify(chosen, like, settings, database, meanwhile=meanwhile)
        for outcome, status in ended:
            if status is None:
                continue
            if results.is_one_after_the_other and form != "jsonl":
                click.echo(f"{outcome.file}:")
            path = results.path_for(outcome.file, batch=status.batch)
            _write_verdicts(
                status,
                ResultsOutput(results.form, path, raw, results.own_columns),
                database,
                limit=limit,
                show_all=show_all,
                max_error=max_error,
                strict=strict,
            )
    if chosen.are_several:
        print_files_summary([outcome for outcome, _ in ended])
    if code := exit_code_of(ended):
        raise SystemExit(code)


def _write_verdicts(
    status: BatchStatus,
    output: ResultsOutput,
    database: Database,
    *,
    limit: int | None,
    show_all: bool,
    max_error: float | None,
    strict: bool,
) -> None:
    """Write the verdicts of a batch; on a terminal the first of them alone, with a count of all.

    Raises NoPromiseError, NoRecordError.
    """
    from newsgate.db.results import ResultFilter

    with database.read() as connection:
        warn_of_unfamiliar_texts(connection, status)
        promise = promise_for(connection, status, max_error=max_error, strict=strict)
    is_for_people = output.form.form == "table" and output.path is None
    is_cut = is_for_people and stdout_is_terminal() and limit is None and not show_all
    wanted = ResultFilter(
        status.batch,
        limit=_SHOWN_ROWS if is_cut else limit,
        model=status.model,
        threshold=None if promise is None else promise.threshold,
    )
    write_results(database, wanted, output)
    if is_for_people:
        print_counts(database, wanted, shown=_SHOWN_ROWS if is_cut else None)
    print_promise(promise, batch=status.batch)


def _classify(
    chosen: InputFiles, like: Request, settings: Settings, database: Database, *, meanwhile: Callable[[], None]
) -> list[EndedFile]:
    """Have the files classified, and see where the batch of each stands then.

    Raises AlreadyEnqueuedError, NeverMetModelError, RunCancelledError and ReadError where there is only one file.
    """
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.enqueueing.request import once_stored

    if chosen.are_several:
        outcomes = list(enqueue_each(chosen.files, like, settings, database))
        return [wait_for_outcome(each, database, meanwhile=meanwhile) for each in outcomes]
    with telling_what_is_stored():
        outcome = _enqueue(request_for(chosen.files[0], like), settings, database)
        with once_stored(outcome.batch or 0, items=outcome.items or 0):
            status = wait_with_progress(database, outcome.batch or 0, model=outcome.model, meanwhile=meanwhile)
    return [(outcome, status)]


def _enqueue(request: Request, settings: Settings, database: Database) -> FileOutcome:
    """Enqueue the file, or find the batch that has its verdicts already. Raises AlreadyEnqueuedError for any other."""
    from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError

    try:
        enqueued = enqueue_one(request, settings, database)
    except AlreadyEnqueuedError as known:
        if known.state != "done":
            raise
        for warning in known.warnings:
            print_warning(warning)
        print_message(f"batch {known.batch} holds this file already; --again classifies it once more")
        with database.read() as connection:
            known_run = choose_run(connection, known.batch, model=known.model, run=None)
            warn_of_missing_rows(known_run)
            warn_of_other_languages(connection, [known_run.status])
            warn_of_other_columns(connection, known.batch, request.options.keep)
        return FileOutcome(request.path, known.batch, model=known.model, known=True, incomplete=known.incomplete)
    return FileOutcome.of_enqueued(request.path, enqueued, database)
