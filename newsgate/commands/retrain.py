"""Commands about retraining: retrain, rollback, and the two programs that do it by schedule, trainer and beat."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.error_reporting import Telling, opened, tell
from newsgate.console.text_type import UTF8_TEXT

if TYPE_CHECKING:
    from newsgate.db.jobs import JobRecord


@click.command("retrain", cls=Telling)
@click.option("--force", is_flag=True, help="Train although few labels are new.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as one JSON object.")
def retrain(*, force: bool, as_json: bool) -> None:
    """Do now what the schedule does periodically: train on the labels, compare, promote if better.

    The new model becomes champion only where it is better beyond chance on texts whose labels neither was trained
    on; else it is kept as rejected, with the figures. Needs TensorFlow: pip install 'newsgate[training]'.
    """
    from newsgate.tasks.retraining.trainer import make_trainer, retrain_by_hand
    from newsgate.tasks.running.open_database import ensure_champion
    from newsgate.tasks.running.process import set_up_logging

    with opened() as (settings, database):
        set_up_logging(settings)
        ensure_champion(database)
        trainer = make_trainer(settings, database)
        _on_signals(trainer.stop.set)
        record = retrain_by_hand(trainer, force=force)
    if as_json:
        click.echo(json.dumps({"state": record.state, **record.outcome}))
    tell(_summary(record))
    if record.state not in ("done", "skipped"):
        raise SystemExit(1)


@click.command("rollback", cls=Telling)
@click.option(
    "--reason",
    type=UTF8_TEXT,
    default="rolled back by hand",
    show_default=True,
    metavar="TEXT",
    help="Why; it is recorded.",
)
def rollback(*, reason: str) -> None:
    """Make the model champion that was it before: new runs use it at once, running ones finish on theirs.

    Said again, it goes back one further.
    """
    from newsgate.db.promotions import roll_back

    with opened() as (_, database), database.write() as connection:
        champion, before = roll_back(connection, reason=reason)
    tell(f"model {champion} is champion again, after model {before}")


@click.command("trainer", cls=Telling)
@click.option("--with-parent", "parent", type=int, hidden=True, help="End when this process, which started it, ends.")
def trainer(*, parent: int | None) -> None:
    """Run a trainer, in production under a supervisor that restarts it: it retrains whenever that is due.

    SIGTERM stops a training under way; another trainer, or this one started again, begins it anew.
    """
    from newsgate.tasks.retraining.trainer import run_trainer
    from newsgate.worker.settings import load_settings

    run_trainer(load_settings(), parent=parent)


@click.command("beat", cls=Telling)
@click.option("--with-parent", "parent", type=int, hidden=True, help="End when this process, which started it, ends.")
def beat(*, parent: int | None) -> None:
    """Run the schedule: it rings the trainers when retraining is due, and keeps nothing.

    NEWSGATE_RETRAIN_CRONTAB says when. Several may run; a retraining happens once all the same.
    """
    from newsgate.tasks.retraining.trainer import run_schedule
    from newsgate.worker.settings import load_settings

    run_schedule(load_settings(), parent=parent)


def _on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())


def _summary(record: JobRecord) -> str:
    outcome: dict[str, Any] = dict(record.outcome)
    reason = outcome.get("reason", "")
    if record.state == "done":
        verb = "is champion" if outcome["promoted"] else "was rejected"
        return f"model {outcome['challenger']} {verb}, compared with model {outcome['champion']}: {reason}"
    if record.state == "skipped":
        return f"nothing was trained: {reason}. --force trains all the same"
    if record.state == "failed":
        return f"error: retraining failed: {reason}"
    return "stopped: nothing was changed"
