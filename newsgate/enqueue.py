"""The program `enqueue`: a file of texts into the database, and the workers rung."""

from __future__ import annotations

import json
from typing import Any

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_messages import print_enqueue_summary, reading_progress
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.help_settings import HELP_SETTINGS
from newsgate.console.label_options import label_options
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import MODEL_NUMBER, UTF8_TEXT
from newsgate.console.settings_and_database import settings_and_database


@click.command("enqueue", cls=ErrorReportingCommand, context_settings=HELP_SETTINGS)
@click.argument("file")
@file_reading_options
@label_options
@click.option("--name", type=UTF8_TEXT, metavar="TEXT", help="What the batch is called. [default: the file's name]")
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--again", is_flag=True, help="Enqueue the file again, even if it was enqueued before.")
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
@click.option("--dry-run", is_flag=True, help="Show what is in FILE and what would be enqueued; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print {batch, run, model, items, rejected} as one JSON object.")
def enqueue(
    file: str,
    *,
    name: str | None,
    model: int | None,
    again: bool,
    wait: bool,
    dry_run: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Put the rows of FILE into the database and ring the workers.

    FILE is a table, JSON or plain text, also in a .zip, .gz, .bz2, .xz or .zst; - reads standard input. Rows that
    cannot be used are refused one by one, with their reason. The rows beside them are stored. After an interruption,
    run the same command again: it goes on where it stopped.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows were refused or failed.

    \b
    Examples:
      enqueue posts.csv
      enqueue --text-column body --id-column guid export.jsonl.gz
      zcat big.csv.gz | enqueue --name big --wait -
    """
    if dry_run:
        _show_what_would_be_enqueued(file, as_json=as_json, reading=reading)
        return
    from newsgate.console.progress_line import ProgressLine
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.enqueueing.enqueue import enqueue as enqueue_file
    from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Request

    with settings_and_database() as (settings, database):
        request = Request(
            path=file,
            options=make_read_options(settings.max_text_chars, **reading),
            name=name,
            model=model,
            again=again,
        )
        try:
            with ProgressLine("reading") as line:
                done = enqueue_file(request, settings=settings, database=database, progress=reading_progress(line))
        except EnqueueInterruptedError as stopped:
            print_message(
                f"stopped: batch {stopped.batch} holds {stopped.items} rows; the same command goes on from there"
            )
            raise
        except KeyboardInterrupt:
            print_message("stopped: nothing was stored")
            raise
        print_enqueue_summary(done, database)
        if as_json:
            figures = {"batch": done.batch, "run": done.run, "model": done.model}
            click.echo(json.dumps({**figures, "items": done.items, "rejected": done.rejected}))
        else:
            click.echo(done.batch)
        failed = wait_with_progress(database, done.batch, model=done.model).failed if wait else 0
    if done.rejected or done.incomplete or failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _show_what_would_be_enqueued(file: str, *, as_json: bool, reading: dict[str, Any]) -> None:
    """Print the report of `newsgate inspect`, and exit as `enqueue` would."""
    from newsgate.console.file_report import file_report_json, print_file_report
    from newsgate.tasks.inspecting.inspect_file import inspect_file
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    report = inspect_file(file, options=make_read_options(settings.max_text_chars, **reading), settings=settings)
    if as_json:
        click.echo(json.dumps(file_report_json(report), ensure_ascii=False))
    else:
        print_file_report(report)
    if report.rejected or report.incomplete:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def main() -> None:
    """The entry point of the program `enqueue`."""
    enqueue(prog_name="enqueue")
