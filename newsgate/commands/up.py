"""`newsgate up`: the whole system on this machine, in one terminal."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.messages import print_message
from newsgate.foundation.installation import install_command
from newsgate.foundation.process_end import collect_often

if TYPE_CHECKING:
    from newsgate.tasks.running.local_system import Parts
    from newsgate.worker.settings import Settings


@click.command("up", cls=ErrorReportingCommand)
@click.option(
    "--training/--no-training", default=None, help="Run trainer and schedule too. [default: NEWSGATE_UP_TRAINS]"
)
@click.option("--web", is_flag=True, help="Serve the page too, as `newsgate web` does.")
def up(*, training: bool | None, web: bool) -> None:
    """Run broker, workers, trainer and schedule on this machine, until Ctrl-C.

    With nothing set it starts a private Redis-compatible server in NEWSGATE_HOME; with NEWSGATE_BROKER_URL it uses
    that one. Ctrl-C finishes the chunks in hand and stops everything. Without the libraries that training needs it
    runs no trainer and no schedule.

    \b
    Examples:
      newsgate up
      newsgate up --web
    """
    from newsgate.tasks.running.local_system import LocalSystem
    from newsgate.tasks.running.process import set_up_logging
    from newsgate.tasks.running.retraining_recipe import recipe_of
    from newsgate.training.optional_libraries import can_train
    from newsgate.worker.crontab import retraining_crontab
    from newsgate.worker.dead_output import drop_dead_output
    from newsgate.worker.settings import load_settings_and_layers
    from newsgate.worker.settings_layers import files_read
    from newsgate.worker.stop_signals import on_stop_signals

    if web:
        from newsgate.commands.web import require_web_libraries

        require_web_libraries()
    settings, layers = load_settings_and_layers(up_trains=training)
    # Before anything runs: trainer and schedule would refuse it again and again.
    retraining_crontab(settings)
    recipe_of(settings)
    set_up_logging(settings)
    collect_often()
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    on_stop_signals(lambda *_: stop.set())
    with_training = settings.up_trains and can_train()
    if settings.up_trains and not with_training:
        _say(settings, f"note: models are not retrained here; that needs {install_command('training')}")
    local = LocalSystem(settings, worker_output=None, with_training=with_training, with_web=web, stays_small=True)
    with local as system, _serving_metrics(settings):
        _say(settings, _parts_line(system.parts(), files_read(layers)))
        while not stop.wait(0.2):
            system.check()
        drop_dead_output()
        _say(settings, "stopping: the chunks in hand are finished first")
    drop_dead_output()
    _say(settings, "stopped")


def _say(settings: Settings, message: str) -> None:
    """Print a message; where the log is for programs, it is a line of the log."""
    if settings.log_format == "json":
        logging.getLogger("newsgate.up").info("%s", message)
    else:
        print_message(message)


@contextmanager
def _serving_metrics(settings: Settings) -> Iterator[None]:
    if not settings.metrics_address:
        yield
        return
    from newsgate.tasks.metrics.server import serving_metrics
    from newsgate.tasks.running.open_database import open_database

    with closing(open_database(settings)) as database, serving_metrics(settings, database, part="up", with_drift=True):
        yield


def _parts_line(parts: Parts, files: Sequence[Path]) -> str:
    workers = f"{parts.workers} worker{'s' if parts.workers > 1 else ''}"
    settings_files = f", settings of {' and '.join(map(str, files))}" if files else ""
    return (
        f"newsgate is up: {workers}, database {parts.database}, broker {parts.broker}{settings_files}. Ctrl-C stops it."
    )
