"""`newsgate requeue`: failed and cancelled rows of a batch, once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.batch_filter import OVER, UNDER_WAY, batch_filter_options, chosen_batches
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.json_option import json_option, print_outcome
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.settings import Settings


@click.command("requeue", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE, required=False)
@batch_filter_options((*UNDER_WAY, *OVER))
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
@json_option("Print {batch, run, model, state, failed_rows, cancelled_rows} as one JSON object for each batch.")
def requeue(batch: int | None, *, wait: bool, as_json: bool, **asked: Any) -> None:
    """Try the failed rows of BATCH again, and the rows that a cancellation left out.

    Only the latest run of the batch is changed. Rows that are classified stay as they are.

    \b
    Examples:
      newsgate requeue 3
      newsgate requeue --state cancelled --name 'posts-*' --yes
    """
    failed = 0
    with settings_and_database() as (settings, database):
        for each in chosen_batches(database, batch, asked, verb="tried again", among=(*UNDER_WAY, *OVER)):
            failed += _requeue(each, settings, database, wait=wait, as_json=as_json)
    if failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _requeue(batch: int, settings: Settings, database: Database, *, wait: bool, as_json: bool) -> int:
    """Have one batch tried again; gives how many rows failed once more, as far as they were waited for."""
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.classifying.reclassify import requeue_batch

    status, again = requeue_batch(batch, settings=settings, database=database)
    if not again.failed_rows and not again.cancelled_rows:
        print_message(f"batch {batch} is {status.state}: no row of it has failed or was cancelled")
    else:
        counts = _row_counts(again.failed_rows, again.cancelled_rows)
        print_message(f"batch {batch} is {status.state}: {counts} are tried again")
    if wait:
        status = wait_with_progress(database, batch, model=status.model)
    if as_json:
        tried = {"failed_rows": again.failed_rows, "cancelled_rows": again.cancelled_rows}
        print_outcome(status, state=status.state, **tried)
    return status.failed if wait else 0


def _row_counts(failed_rows: int, cancelled_rows: int) -> str:
    parts = [
        f"{count} {what} rows" for count, what in ((failed_rows, "failed"), (cancelled_rows, "cancelled")) if count
    ]
    return " and ".join(parts)
