"""The command that makes a page of a batch: report."""

from __future__ import annotations

import sys

import click

from newsgate.console.error_reporting import Telling, opened, tell, written
from newsgate.console.max_error_option import max_error_option
from newsgate.console.parameter_types import BATCH, MODEL
from newsgate.foundation.errors import WrongUsageError


@click.command("report", cls=Telling)
@click.argument("batch", type=BATCH)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
@click.option("--model", type=MODEL, metavar="N", help="This model's verdicts. [default: the latest]")
@max_error_option(help="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@click.option(
    "--limit", type=click.IntRange(0, 1000), default=10, show_default=True, metavar="N", help="Texts in each list."
)
def report(batch: int, *, output: str | None, model: int | None, max_error: float | None, limit: int) -> None:
    """BATCH as one HTML page: counts, the spread of the scores, the texts worth a look, and how far to trust it.

    The page is one file that needs no network and runs no script: send it to whoever asked.
    """
    from newsgate.pages.report_page import report_page
    from newsgate.tasks.inspecting.batch_report import report_on

    if output is None and sys.stdout.isatty():
        raise WrongUsageError("a page is of no use on a terminal", remedy="Say with -o FILE where it goes")
    with opened() as (_, database):
        made = report_on(database, batch, model=model, max_error=max_error, limit=limit)
    page = report_page(made)
    with written(output) as stream:
        stream.write(page)
    if output is not None:
        tell(f"{output}: the page is written; a browser shows it")
