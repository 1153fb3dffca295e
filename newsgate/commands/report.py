"""`newsgate report`: a batch as one HTML page."""

from __future__ import annotations

import sys

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.max_error_option import check_strict, max_error_option, print_promise, promise_for, strict_option
from newsgate.console.messages import print_message
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import WholeNumberRange
from newsgate.console.run_choice import choose_run, run_options, warn_of_missing_rows
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError


@click.command("report", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
@run_options
@max_error_option(help_text="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@strict_option
@click.option(
    "--limit", type=WholeNumberRange(0, 1000), default=10, show_default=True, metavar="N", help="Texts in each list."
)
def report(
    batch: int,
    *,
    output: str | None,
    model: int | None,
    run: int | None,
    max_error: float | None,
    strict: bool,
    limit: int,
) -> None:
    """Make one HTML page of BATCH: counts, the spread of the scores, texts worth a look, how far to trust it.

    The page is one file that needs no network and runs no script: send it to anyone.

    \b
    Example:
      newsgate report latest -o report.html
    """
    from newsgate.console.damaged_metadata import warn_of_damaged_metadata
    from newsgate.pages.report_page import report_page
    from newsgate.tasks.inspecting.batch_report import report_on

    check_strict(strict=strict, max_error=max_error)
    if output is None and sys.stdout.isatty():
        raise WrongUsageError("a page is of no use on a terminal", remedy="Say with -o FILE where it goes")
    with settings_and_database() as (_, database):
        with database.read() as connection:
            chosen = choose_run(connection, batch, model=model, run=run)
            promise_for(connection, chosen.status, max_error=max_error, strict=strict)
        made = report_on(database, batch, model=chosen.status.model, max_error=max_error, limit=limit)
    warn_of_damaged_metadata(made.model)
    page = report_page(made)
    with open_output(output) as stream:
        stream.write(page)
    if made.abstention is not None:
        print_promise(made.abstention.promise, batch=batch)
    if output is not None:
        print_message(f"{output}: the page is written; a browser shows it")
    warn_of_missing_rows(chosen)
