"""What a person says about runs that are under way: pause, go on, and how many turns one has beside the others."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from newsgate.db.tables import runs
from newsgate.db.turns import leave_line, line_up
from newsgate.db.types import database_time

_UNFINISHED = ("queued", "running")


def pause_run(connection: Connection, run: int) -> bool:
    """Have no further chunk of the run begun; one that is worked on ends. False: it is paused already, or over."""
    paused = connection.execute(
        update(runs)
        .where(runs.c.id == run, runs.c.state.in_(_UNFINISHED), runs.c.paused_at.is_(None))
        .values(paused_at=database_time())
    )
    if paused.rowcount != 1:
        return False
    leave_line(connection, run)
    return True


def unpause_run(connection: Connection, run: int) -> bool:
    """Have the run go on: its chunks wait from the turn served now on. False: it was not paused."""
    unpaused = connection.execute(
        update(runs).where(runs.c.id == run, runs.c.paused_at.is_not(None)).values(paused_at=None)
    )
    if unpaused.rowcount != 1:
        return False
    line_up(connection, run)
    return True


def set_priority(connection: Connection, run: int, priority: int) -> bool:
    """Give the run so many turns beside the others, from now on. False: it is over."""
    changed = connection.execute(
        update(runs).where(runs.c.id == run, runs.c.state.in_(_UNFINISHED)).values(priority=priority)
    )
    if changed.rowcount != 1:
        return False
    paused = select(runs.c.paused_at).where(runs.c.id == run)
    if connection.execute(paused).scalar_one() is None:
        line_up(connection, run)
    return True
