"""`newsgate retrain`: a retraining now."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.jobs import JobRecord


@click.command("retrain", cls=ErrorReportingCommand)
@click.option("--force", is_flag=True, help="Train even if few labels are new.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def retrain(*, force: bool, as_json: bool) -> None:
    """Do now what the schedule does periodically: train on the labels, compare, promote if better.

    The new model becomes champion only if it is better beyond chance, on texts whose labels neither model was
    trained on. Otherwise it is kept as rejected, with the figures. Needs TensorFlow: docs/training.md.

    \b
    Example:
      newsgate retrain
    """
    from newsgate.tasks.retraining.trainer import make_trainer, retrain_by_hand
    from newsgate.tasks.running.open_database import ensure_champion
    from newsgate.tasks.running.process import set_up_logging

    with settings_and_database() as (settings, database):
        set_up_logging(settings)
        ensure_champion(database)
        trainer = make_trainer(settings, database)
        _stop_on_signals(trainer.stop.set)
        record = retrain_by_hand(trainer, force=force)
    if as_json:
        click.echo(json.dumps({"state": record.state, **record.outcome}))
    print_message(_summary(record))
    if record.state not in ("done", "skipped"):
        raise SystemExit(1)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())


def _summary(record: JobRecord) -> str:
    outcome: dict[str, Any] = dict(record.outcome)
    reason = outcome.get("reason", "")
    if record.state == "done":
        verb = "is champion" if outcome["promoted"] else "was rejected"
        return f"model {outcome['challenger']} {verb}, compared with model {outcome['champion']}: {reason}"
    if record.state == "skipped":
        # Only where too few labels are new. Where they cannot train or judge, --force changes nothing.
        remedy = ". --force trains anyway" if "new_labels" in outcome else ""
        return f"nothing was trained: {reason}{remedy}"
    if record.state == "failed":
        return f"error: retraining failed: {reason}"
    return "stopped: nothing was changed"
