"""Whose chunk is next: a fair order among all batches that wait.

Every chunk that waits has a turn, a number, and the lowest goes first. The chunks of one run are as far apart as they
have rows, divided by the priority of the run; a run that begins to wait does so at the turn that is being served now.
So runs go forward side by side, like the two sides of a zip, and a file of a hundred rows passes by ten million. This
is start-time fair queueing (Goyal, Vin and Cheng 1996): the order is decided when a chunk begins to wait, and taking
the next one is one look into an index, however many there are.

A chunk of a run that is paused has no turn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    String,
    Subquery,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    update,
)

from newsgate.db.tables import chunks, runs

DEFAULT_PRIORITY: Final = 10
LOWEST_PRIORITY: Final = 1
HIGHEST_PRIORITY: Final = 100
# Far more than all workers together take ahead.
_FRONT_CHUNKS: Final = 1000
# Not as parameters, which SQLite does not know when it looks for an index.
_QUEUED = literal_column("'queued'", String())
_RUNNING = literal_column("'running'", String())
# For a statement that is made once: the run that it is executed for.
OF_RUN: Final[BindParameter[int]] = bindparam("of_run")


def unfinished(table: FromClause) -> ColumnElement[bool]:
    """Chunks that wait or are worked on, in the words of the indexes: SQLite uses them for no others."""
    return table.c.state.in_([_QUEUED, _RUNNING])


def waits(table: FromClause) -> ColumnElement[bool]:
    """Chunks that wait and are in line."""
    return unfinished(table) & (table.c.state == _QUEUED) & table.c.turn.is_not(None)


def of_models_but(table: FromClause, models: Collection[int]) -> ColumnElement[bool]:
    """Chunks of other models than these: what is left to newer workers is not for this one."""
    if not models:
        return true()
    theirs = select(runs.c.id).where(runs.c.model.in_(sorted(models)))
    return table.c.run_id.not_in(theirs)


def is_free(table: FromClause, *, but_models: Collection[int] = ()) -> ColumnElement[bool]:
    """Chunks in line that no worker has reserved (`db.reservations`), of other models than these."""
    mine = waits(table) & table.c.lease_until.is_(None)
    return mine & of_models_but(table, but_models) if but_models else mine


def front_of_line(*columns: ColumnElement[Any]) -> Subquery:
    """These columns of the chunks that are next in line, among which are all that workers have taken ahead."""
    # Each was the first when it was taken; whatever has come before it since is taken too.
    return (
        select(*columns)
        .where(waits(chunks))
        .order_by(chunks.c.turn, chunks.c.id)
        .limit(_FRONT_CHUNKS)
        .subquery("front")
    )


def queued_among(connection: Connection, among: Sequence[int]) -> set[int]:
    """Those of these chunks that are in line for a worker; a number may be none of a chunk."""
    query = select(chunks.c.id).where(chunks.c.id.in_(among), waits(chunks))
    return set(connection.execute(query).scalars())


def next_turn(run: BindParameter[int] | int) -> ColumnElement[float | None]:
    """The turn of a chunk that the run's line grows by: behind its own last, and not before the turn served now.

    None, as SQL, where the run is paused.
    """
    mine = chunks.alias("mine")
    behind_mine = (
        select(_end_of(mine, runs.c.priority).label("turn"))
        .where(mine.c.run_id == runs.c.id, unfinished(mine))
        .order_by(mine.c.turn.desc())
        .limit(1)
        .correlate(runs)
        .scalar_subquery()
    )
    now = turn_now()
    behind = func.coalesce(behind_mine, 0.0)
    turn = case((runs.c.paused_at.is_not(None), null()), (behind > now, behind), else_=now)
    return select(turn).where(runs.c.id == run).scalar_subquery()


def turn_now() -> ColumnElement[float]:
    """The turn that is being served: the highest that is worked on, else the lowest that waits, else 0."""
    running, waiting = chunks.alias("running"), chunks.alias("waiting")
    highest = select(func.max(running.c.turn)).where(unfinished(running), running.c.state == _RUNNING)
    lowest = select(func.min(waiting.c.turn)).where(waits(waiting))
    return func.coalesce(highest.scalar_subquery(), lowest.scalar_subquery(), literal(0.0, Double()))


def line_up(connection: Connection, run: int) -> None:
    """Give the chunks of a run that wait new turns, in the order of the file, from the turn served now on."""
    # One that is being claimed at this moment is passed over: it does not wait any more.
    held = (
        select(chunks.c.id, chunks.c.item_count, chunks.c.first_row)
        .where(chunks.c.run_id == run, chunks.c.state == "queued")
        .with_for_update(skip_locked=True)
        .subquery("held")
    )
    before = func.sum(held.c.item_count).over(order_by=(held.c.first_row, held.c.id)) - held.c.item_count
    priority = select(runs.c.priority).where(runs.c.id == run).scalar_subquery()
    places = select(held.c.id, (turn_now() + cast(before, Double) / priority).label("turn")).subquery("places")
    connection.execute(update(chunks).where(chunks.c.id == places.c.id).values(turn=places.c.turn))


def leave_line(connection: Connection, run: int) -> None:
    """Take the chunks of a run that wait out of the line."""
    waiting = select(chunks.c.id).where(chunks.c.run_id == run, chunks.c.state == "queued")
    connection.execute(
        update(chunks).where(chunks.c.id.in_(waiting.with_for_update(skip_locked=True))).values(turn=None)
    )


def _end_of(table: FromClause, priority: ColumnElement[Any]) -> ColumnElement[float]:
    return table.c.turn + cast(table.c.item_count, Double) / priority
