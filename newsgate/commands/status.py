"""`newsgate status`: how far batches are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.familiarity_messages import warn_of_unfamiliar_texts
from newsgate.console.max_error_option import max_error_option, print_promise, promise_for
from newsgate.console.messages import print_message
from newsgate.console.parameter_types import POSITIVE_ROW_COUNT, StrictFloatRange, WholeNumberRange
from newsgate.console.run_choice import ChosenRun, warn_of_missing_rows
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.notifications import Notification


@click.command("status", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a batch.")
@click.option(
    "--limit",
    type=POSITIVE_ROW_COUNT,
    default=20,
    show_default=True,
    help="How many batches to show, where BATCH is left out.",
)
@click.option(
    "--drift", is_flag=True, help="Show instead how the scores of each day compare with those of the training."
)
@click.option(
    "--days",
    type=WholeNumberRange(1, 3660),
    default=14,
    show_default=True,
    metavar="N",
    help="How many days --drift shows.",
)
@max_error_option(help_text="Of one BATCH, also say whether this share of wrong labels is promised.")
@click.option(
    "--watch",
    is_flag=True,
    help="Show again and again what is under way, who works and what waits; of one BATCH until it is over.",
)
@click.option(
    "--every",
    type=StrictFloatRange(0.1, 3600),
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="How often --watch looks.",
)
def status(
    batch: int | None,
    *,
    as_json: bool,
    limit: int,
    drift: bool,
    days: int,
    max_error: float | None,
    watch: bool,
    every: float,
) -> None:
    """Show how far the latest batches are, or every run of one BATCH with its refused rows.

    With --watch a terminal shows a view that is redrawn, and a pipe gets plain lines. Ctrl-C ends it.

    \b
    Examples:
      newsgate status
      newsgate status posts.csv
      newsgate status --watch
    """
    if watch:
        _refuse_beside_watch(drift=drift, max_error=max_error)
        from newsgate.console.status_watch import watch_status

        watch_status(batch, as_json=as_json, every_seconds=every)
    elif drift:
        from newsgate.console.drift_table import print_drift

        if batch is not None:
            raise WrongUsageError("--drift is about days, not about one batch", remedy="Leave BATCH or --drift out")
        print_drift(days=days, as_json=as_json)
    else:
        if max_error is not None and batch is None:
            raise WrongUsageError("--max-error is about one batch", remedy="Name the BATCH")
        _show_batches(batch, as_json=as_json, limit=limit, max_error=max_error)


def _refuse_beside_watch(*, drift: bool, max_error: float | None) -> None:
    if drift or max_error is not None:
        other = "--drift" if drift else "--max-error"
        raise WrongUsageError(f"--watch does not show {other}", remedy=f"Leave --watch or {other} out")


def _show_batches(batch: int | None, *, as_json: bool, limit: int, max_error: float | None) -> None:
    from newsgate.console.language_messages import language_figures, warn_of_other_languages
    from newsgate.db.batch_status import batch_runs, list_batches
    from newsgate.db.notifications import notifications_of
    from newsgate.db.results import read_rejects
    from newsgate.tasks.inspecting.likeness import familiar_rows

    with settings_and_database() as (_, database), database.read() as connection:
        found = list_batches(connection, limit=limit) if batch is None else batch_runs(connection, batch)
        refused = [] if batch is None or as_json else read_rejects(connection, batch, limit=20)
        # Of one batch, the latest run alone: one object, whatever became of the batch before.
        latest = found if batch is None else found[:1]
        figures = [{**_figures(each), **language_figures(connection, each)} for each in latest] if as_json else []
        notified = [] if batch is None else notifications_of(connection, found[0].run)
        promise = None if batch is None else promise_for(connection, found[0], max_error=max_error)
        if batch is not None and as_json:
            figures[0] |= {
                "notifications": [_notification_figures(each) for each in notified],
                "unfamiliar": familiar_rows(connection, found[0].run).unfamiliar,
                "promise": None if promise is None else promise.as_json(),
            }
        elif batch is not None:
            warn_of_unfamiliar_texts(connection, found[0])
            print_promise(promise, batch=batch)
        if not as_json:
            warn_of_other_languages(connection, latest)
    if as_json:
        for figure in figures:
            click.echo(json.dumps(figure))
        _warn_of_missing_rows(batch, found)
        return
    if not found:
        print_message("no batches yet: `enqueue FILE` makes one")
        return
    headers = ["batch", "name", "model", "state", "total", "done", "failed", "rejected", "created"]
    rows = [
        [b.batch, b.name, b.model, b.state, b.total, b.done, b.failed, b.rejected, f"{b.created_at:%Y-%m-%d %H:%M}"]
        for b in found
    ]
    if batch is not None:
        # Of one batch every run is shown, and `results --run` asks for a run by its number.
        headers.insert(1, "run")
        for row, each in zip(rows, found, strict=True):
            row.insert(1, each.run)
    print_table(headers, rows, right_aligned=frozenset(headers) - {"name", "state", "created"})
    if batch is not None:
        _print_purged(found[0])
        _print_steering(found[0])
        _print_notifications(notified)
    for reject in refused:
        print_message(f"row {reject.row} was refused: {reject.reason}")
    if batch is not None and found[0].rejected > len(refused):
        print_message(f"{found[0].rejected - len(refused)} more: `newsgate rejects {batch}`")
    _warn_of_missing_rows(batch, found)


def _warn_of_missing_rows(batch: int | None, found: Sequence[BatchStatus]) -> None:
    """Of one batch, say what its latest run will never have a verdict for as things are."""
    if batch is not None:
        warn_of_missing_rows(ChosenRun(found[0], is_latest=True), tell_waiting=False, tell_refused=False)


def _print_purged(status: BatchStatus) -> None:
    if status.purged_at is not None:
        at = f"{status.purged_at:%Y-%m-%d %H:%M} UTC"
        print_message(f"purged at {at}: {status.purged_rows} rows of its file are deleted")
        if status.state == "purging":
            print_message(f"`newsgate purge {status.batch}` deletes the rest")
    elif status.purged_rows:
        print_message(f"{status.purged_rows} rows of its file are deleted")


def _print_steering(status: BatchStatus) -> None:
    from newsgate.db.turns import DEFAULT_PRIORITY

    if status.state == "paused":
        print_message(f"paused: `newsgate resume {status.batch}` goes on")
    if status.priority != DEFAULT_PRIORITY and not status.finished:
        print_message(f"priority {status.priority}; every batch begins with {DEFAULT_PRIORITY}")


def _print_notifications(notified: Sequence[Notification]) -> None:
    from newsgate.tasks.notifying.target import display_target

    for each in notified:
        to = display_target(each.target)
        tried = f", tried {each.attempt} times: {each.last_error}" if each.last_error else ""
        words = {"waits": f"{to} is notified at the end", "sent": f"{to} was notified"}
        print_message(words.get(each.state, f"{to} is not notified yet, {each.state}{tried}"))


def _notification_figures(each: Notification) -> dict[str, Any]:
    from newsgate.tasks.notifying.target import display_target

    return {
        "to": display_target(each.target),
        "state": each.state,
        "attempts": each.attempt,
        "error": each.last_error,
        "sent_at": None if each.sent_at is None else each.sent_at.isoformat(),
    }


def _figures(status: BatchStatus) -> dict[str, Any]:
    keys = ("batch", "run", "model", "state", "total", "done", "failed", "rejected", "priority")
    return {key: getattr(status, key) for key in keys}
