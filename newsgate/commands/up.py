"""`newsgate up`: the whole system on this machine, in one terminal."""

from __future__ import annotations

import signal
import threading

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message


@click.command("up", cls=ErrorReportingCommand)
@click.option(
    "--training/--no-training", default=None, help="Run trainer and schedule too. [default: NEWSGATE_UP_TRAINS]"
)
def up(*, training: bool | None) -> None:
    """Run broker, workers, trainer and schedule on this machine, until Ctrl-C.

    With nothing set it starts a private Redis-compatible server in NEWSGATE_HOME; with NEWSGATE_BROKER_URL it uses
    that one. Ctrl-C finishes the chunks in hand and stops everything. Without the libraries that training needs it
    runs no trainer and no schedule.
    """
    from newsgate.tasks.retraining.trainer import can_train
    from newsgate.tasks.running.local_system import LocalSystem
    from newsgate.tasks.running.process import set_up_logging
    from newsgate.worker.schedule import check_schedule
    from newsgate.worker.settings import load_settings

    settings = load_settings(up_trains=training)
    set_up_logging(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with_training = settings.up_trains and can_train()
    if settings.up_trains and not with_training:
        print_message("note: models are not retrained here; that needs pip install 'newsgate[training]'")
    if with_training:
        # Before anything runs: trainer and schedule would refuse it again and again.
        check_schedule(settings.retrain_crontab)
    with LocalSystem(settings, worker_output=None, with_training=with_training) as system:
        parts = system.parts()
        workers = f"{parts.workers} worker{'s' if parts.workers > 1 else ''}"
        print_message(f"newsgate is up: {workers}, database {parts.database}, broker {parts.broker}. Ctrl-C stops it.")
        while not stop.wait(0.2):
            system.check()
        print_message("stopping: the chunks in hand are finished first")
    print_message("stopped")
