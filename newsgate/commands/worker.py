"""`newsgate worker`: one process that classifies."""

from __future__ import annotations

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.parent_process_option import parent_process_option


@click.command("worker", cls=ErrorReportingCommand)
@parent_process_option
def worker(*, parent: int | None) -> None:
    """Run one classifying worker.

    In production, run it under a supervisor that restarts it. It uses one core: run as many workers as there are
    cores for them. SIGTERM finishes the chunk in hand and exits.

    \b
    Example:
      newsgate worker
    """
    from newsgate.tasks.classifying.worker_process import work
    from newsgate.worker.settings import load_settings

    work(load_settings(), parent=parent)
