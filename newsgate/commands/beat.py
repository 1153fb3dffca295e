"""`newsgate beat`: the schedule of retraining."""

from __future__ import annotations

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.parent_process_option import parent_process_option


@click.command("beat", cls=ErrorReportingCommand)
@parent_process_option
def beat(*, parent: int | None) -> None:
    """Run the schedule: it tells the trainers when retraining is due. It keeps no state.

    NEWSGATE_RETRAIN_CRONTAB says when. Several may run: each retraining still happens once.

    \b
    Example:
      newsgate beat
    """
    from newsgate.tasks.retraining.schedule import run_schedule
    from newsgate.worker.settings import load_settings

    run_schedule(load_settings(), parent=parent)
