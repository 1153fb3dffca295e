"""`newsgate requeue`: failed and cancelled rows of a batch, once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from newsgate.console.batch_choice import BATCH_TO_CHANGE
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.runs import Requeued


@click.command("requeue", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH_TO_CHANGE)
@click.option("--wait", is_flag=True, help="Stay until every row has its verdict.")
@json_option("Print {batch, run, model, state, failed_rows, cancelled_rows} as one JSON object.")
def requeue(batch: int, *, wait: bool, as_json: bool) -> None:
    """Try the failed rows of BATCH again, and the rows that a cancellation left out.

    Only the latest run of the batch is changed. Rows that are classified stay as they are.

    \b
    Example:
      newsgate requeue 3
    """
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.classifying.reclassify import requeue_batch

    with settings_and_database() as (settings, database):
        status, again = requeue_batch(batch, settings=settings, database=database)
        if not again.failed_rows and not again.cancelled_rows:
            print_message(f"batch {batch} is {status.state}: no row of it has failed or was cancelled")
        else:
            counts = _row_counts(again.failed_rows, again.cancelled_rows)
            print_message(f"batch {batch} is {status.state}: {counts} are tried again")
        if wait:
            status = wait_with_progress(database, batch, model=status.model)
    if as_json:
        click.echo(json.dumps(_figures(status, again)))
    if wait and status.failed:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def _figures(status: BatchStatus, again: Requeued) -> dict[str, int | str | None]:
    tried = {"failed_rows": again.failed_rows, "cancelled_rows": again.cancelled_rows}
    return {"batch": status.batch, "run": status.run, "model": status.model, "state": status.state, **tried}


def _row_counts(failed_rows: int, cancelled_rows: int) -> str:
    parts = [
        f"{count} {what} rows" for count, what in ((failed_rows, "failed"), (cancelled_rows, "cancelled")) if count
    ]
    return " and ".join(parts)
