"""Who wants to hear that a run is over, and what became of telling them.

What is owed stands in the database until it is sent or given up, so a worker that dies on the way costs some seconds
and no notification. It is sent at least once: a worker that dies after sending has not written it down.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from newsgate.db.tables import batches, runs
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import notifications

COMMAND: Final = "command"
_OVER = ("done", "cancelled")
# No pause is longer, so a time further ahead was told by a clock that was wrong.
LONGEST_PAUSE_SECONDS: Final = 3600.0
_CLOCK_SLACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification as it stands. state: `waits` for the end of the run, `owed`, `sent` or `given up`.

    target: an address to post to, or `command`. attempt: how often it was tried.
    """

    number: int
    run: int
    target: str
    state: str
    attempt: int
    owed_since: datetime | None
    due_at: datetime | None
    last_error: str | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A notification that this worker is to send now, and what it says."""

    number: int
    attempt: int
    target: str
    batch: int
    name: str
    run: int
    model: int
    run_state: str
    total: int
    done: int
    failed: int
    rejected: int
    finished_at: datetime | None


def ask_for_notification(connection: Connection, run: int, target: str) -> None:
    """Have the end of the run told to `target`; nothing changes where that was asked before."""
    known = select(notifications.c.id).where(notifications.c.run_id == run, notifications.c.target == target)
    if connection.execute(known).first() is None:
        connection.execute(insert(notifications).values(run_id=run, target=target, created_at=database_time()))


def any_owed(connection: Connection) -> bool:
    """Whether the end of a run is still to be told: one look, where nobody asked for any."""
    query = select(notifications.c.id).join_from(notifications, runs).where(_is_open(), runs.c.state.in_(_OVER))
    return connection.execute(query.limit(1)).first() is not None


def take_owed(
    connection: Connection, *, try_seconds: float, without: Collection[str] = (), tried: Collection[int] = ()
) -> Owed | None:
    """Take the notification that is due and was tried least often, for `try_seconds`; None where none is due.

    without: what this worker does not reach: `command`, or addresses without their paths. tried: those that it leaves
    for the next time.
    """
    over = select(runs.c.id).where(runs.c.state.in_(_OVER))
    # Since when it is owed, nobody wrote down when the run ended: this is soon enough.
    connection.execute(
        update(notifications)
        .where(_is_open(), notifications.c.owed_since.is_(None), notifications.c.run_id.in_(over))
        .values(owed_since=database_time())
    )
    due_at = notifications.c.due_at
    furthest = database_time(LONGEST_PAUSE_SECONDS + _CLOCK_SLACK_SECONDS)
    is_due = or_(due_at.is_(None), due_at <= database_time(), due_at > furthest)
    first = (
        select(notifications.c.id)
        .where(_is_open(), notifications.c.owed_since.is_not(None), is_due)
        .where(*(~_is_at(place) for place in sorted(without)), notifications.c.id.not_in(list(tried)))
        # What nobody has tried yet does not wait behind what fails again and again.
        .order_by(notifications.c.attempt, notifications.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = connection.execute(
        update(notifications)
        .where(notifications.c.id == first.scalar_subquery())
        .values(attempt=notifications.c.attempt + 1, due_at=database_time(try_seconds))
        .returning(notifications.c.id)
    ).scalar_one_or_none()
    if taken is None:
        return None
    query = (
        select(
            notifications.c.id.label("number"),
            notifications.c.attempt,
            notifications.c.target,
            runs.c.batch_id.label("batch"),
            batches.c.name,
            runs.c.id.label("run"),
            runs.c.model,
            runs.c.state.label("run_state"),
            runs.c.total,
            runs.c.done,
            runs.c.failed,
            batches.c.rejected,
            runs.c.finished_at,
        )
        .join_from(notifications, runs)
        .join(batches, batches.c.id == runs.c.batch_id)
        .where(notifications.c.id == taken)
    )
    return Owed(**connection.execute(query).one()._mapping)


def note_sent(connection: Connection, owed: Owed) -> None:
    """Write down that it arrived."""
    connection.execute(
        update(notifications)
        .where(notifications.c.id == owed.number)
        .values(sent_at=database_time(), due_at=None, last_error=None)
    )


def note_failed(connection: Connection, owed: Owed, *, error: str, pause_seconds: float) -> None:
    """Write down why it did not arrive, and when it is tried again; nothing where another worker tries it already."""
    connection.execute(
        update(notifications)
        .where(notifications.c.id == owed.number, notifications.c.attempt == owed.attempt, _is_open())
        .values(last_error=error, due_at=database_time(min(pause_seconds, LONGEST_PAUSE_SECONDS)))
    )


def give_up_on_notifications(connection: Connection, *, after_seconds: float) -> int:
    """Give up on those that have been owed for so long, and were tried, if anybody could; gives how many."""
    was_tried = or_(notifications.c.attempt > 0, notifications.c.target == COMMAND)
    given_up = connection.execute(
        update(notifications)
        .where(_is_open(), was_tried, notifications.c.owed_since < database_time(-after_seconds))
        .values(
            given_up_at=database_time(), last_error=func.coalesce(notifications.c.last_error, "no worker could send it")
        )
    )
    return given_up.rowcount


def notifications_of(connection: Connection, run: int) -> list[Notification]:
    """Who wants to hear of the run, and what became of it."""
    query = select(notifications, runs.c.state.label("run_state")).join_from(notifications, runs)
    found = connection.execute(query.where(notifications.c.run_id == run).order_by(notifications.c.id)).all()
    return [
        Notification(
            number=row.id,
            run=row.run_id,
            target=row.target,
            state=_state(row.sent_at, row.given_up_at, is_over=row.run_state in _OVER),
            attempt=row.attempt,
            owed_since=row.owed_since,
            due_at=row.due_at,
            last_error=row.last_error,
            sent_at=row.sent_at,
        )
        for row in found
    ]


def owed_count(connection: Connection) -> int:
    """How many ends of runs are still to be told."""
    query = select(func.count()).select_from(notifications).join(runs).where(_is_open(), runs.c.state.in_(_OVER))
    count: int = connection.execute(query).scalar_one()
    return count


def open_notifications(connection: Connection, *, limit: int) -> list[str]:
    """A sentence for each end of a run that is still to be told, or was given up."""
    given_up = notifications.c.given_up_at.is_not(None)
    query = (
        select(runs.c.batch_id, notifications.c.attempt, given_up.label("given_up"), notifications.c.last_error)
        .join_from(notifications, runs)
        .where(notifications.c.sent_at.is_(None), runs.c.state.in_(_OVER))
        .order_by(notifications.c.id)
        .limit(limit)
    )
    return [
        f"the end of batch {row.batch_id} is {'not told, and given up' if row.given_up else 'owed'} "
        f"after {row.attempt} attempts{f': {row.last_error}' if row.last_error else ''}"
        for row in connection.execute(query)
    ]


def _state(sent_at: datetime | None, given_up_at: datetime | None, *, is_over: bool) -> str:
    if sent_at is not None:
        return "sent"
    if given_up_at is not None:
        return "given up"
    return "owed" if is_over else "waits"


def _is_at(place: str) -> ColumnElement[bool]:
    """Whether a target is the place itself, or an address there."""
    target = notifications.c.target
    return or_(target == place, *(target.startswith(f"{place}{mark}", autoescape=True) for mark in "/?"))


def _is_open() -> ColumnElement[bool]:
    return and_(notifications.c.sent_at.is_(None), notifications.c.given_up_at.is_(None))
