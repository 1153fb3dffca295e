"""`newsgate trainer`: one process that retrains whenever that is due."""

from __future__ import annotations

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.parent_process_option import parent_process_option


@click.command("trainer", cls=ErrorReportingCommand)
@parent_process_option
def trainer(*, parent: int | None) -> None:
    """Run one trainer, which retrains whenever that is due.

    In production, run it under a supervisor that restarts it. SIGTERM stops a training under way; another trainer, or
    this one started again, begins the training anew.

    \b
    Example:
      newsgate trainer
    """
    from newsgate.tasks.retraining.trainer import run_trainer
    from newsgate.worker.settings import load_settings

    run_trainer(load_settings(), parent=parent)
