"""`newsgate report`: a batch as one HTML page."""

from __future__ import annotations

import sys

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.max_error_option import max_error_option
from newsgate.console.messages import print_message
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import BATCH_NUMBER, MODEL_NUMBER
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError


@click.command("report", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_NUMBER)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
@click.option("--model", type=MODEL_NUMBER, metavar="N", help="This model's verdicts. [default: the latest]")
@max_error_option(help_text="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@click.option(
    "--limit", type=click.IntRange(0, 1000), default=10, show_default=True, metavar="N", help="Texts in each list."
)
def report(batch: int, *, output: str | None, model: int | None, max_error: float | None, limit: int) -> None:
    """Make one HTML page of BATCH: counts, the spread of the scores, texts worth a look, how far to trust it.

    The page is one file that needs no network and runs no script: send it to anyone.
    """
    from newsgate.pages.report_page import report_page
    from newsgate.tasks.inspecting.batch_report import report_on

    if output is None and sys.stdout.isatty():
        raise WrongUsageError("a page is of no use on a terminal", remedy="Say with -o FILE where it goes")
    with settings_and_database() as (_, database):
        made = report_on(database, batch, model=model, max_error=max_error, limit=limit)
    page = report_page(made)
    with open_output(output) as stream:
        stream.write(page)
    if output is not None:
        print_message(f"{output}: the page is written; a browser shows it")
