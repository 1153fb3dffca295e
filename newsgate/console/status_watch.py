"""`newsgate status --watch`: the state of the system again and again, until Ctrl-C or until a batch is over."""

from __future__ import annotations

import json
import time
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from newsgate.console.live_view import LiveView, can_redraw, has_colours
from newsgate.console.settings_and_database import settings_and_database
from newsgate.console.state_lines import plain_lines, view_lines

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.tasks.inspecting.system_state import Pace, SystemState
    from newsgate.worker.settings import Settings

_MOST_OVER = 5


def watch_status(batch: int | None, *, as_json: bool, every_seconds: float) -> None:
    """Show the state now and every so many seconds; of one batch until it is over. Ctrl-C ends it, as a success.

    Raises NoSuchBatchError, BatchPurgedError, DatabaseError: at the first look alone. Later a database that does not
    answer is told, and asked again.
    """
    view = LiveView() if can_redraw() and not as_json else None
    try:
        with settings_and_database() as (settings, database):
            _keep_showing(settings, database, batch, view=view, as_json=as_json, every_seconds=every_seconds)
    except KeyboardInterrupt:
        # How a person ends it.
        pass
    finally:
        if view is not None:
            view.end()


def _keep_showing(
    settings: Settings,
    database: Database,
    batch: int | None,
    *,
    view: LiveView | None,
    as_json: bool,
    every_seconds: float,
) -> None:
    from newsgate.db.batch_status import kept_batch_status
    from newsgate.db.errors import DatabaseError
    from newsgate.tasks.inspecting.system_state import Pace, look

    pace = Pace()
    # Runs that were seen under way stay in sight for a while, so that a look at them says how they ended.
    seen: list[int] = []
    state = None
    if batch is not None:
        with database.read() as connection:
            seen.append(kept_batch_status(connection, batch).run)
    while True:
        try:
            state = look(database, settings, batch=batch, also=seen)
        except DatabaseError as error:
            if state is None:
                raise
            _show_fault(str(error), view)
        else:
            over = [run.run for run in state.runs if run.is_over]
            seen = [*over[-_MOST_OVER:], *(run.run for run in state.runs if not run.is_over)]
            pace.observe(state)
            _show(state, pace, view, as_json=as_json)
            if batch is not None and all(run.is_over for run in state.runs):
                return
        time.sleep(every_seconds)


def _show(state: SystemState, pace: Pace, view: LiveView | None, *, as_json: bool) -> None:
    from newsgate.tasks.inspecting.system_state import state_figures

    if as_json:
        click.echo(json.dumps(state_figures(state, pace)))
    elif view is None:
        click.echo("\n".join(plain_lines(state, pace)))
    else:
        view.show(view_lines(state, pace, colours=has_colours(), columns=get_terminal_size().columns))


def _show_fault(told: str, view: LiveView | None) -> None:
    from newsgate.console.messages import print_warning

    if view is None:
        print_warning(f"{told}; it is asked again")
    else:
        view.show([f"the database does not answer: {told}", "it is asked again; Ctrl-C ends this view"])
