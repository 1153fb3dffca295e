"""What the run of a chunk says when the chunk is claimed, or waits once more: it may be cancelled, or paused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from newsgate.db.tables import chunks, runs
from newsgate.db.types import database_time


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of an attempt that failed: the chunks to ring for, and how many rows have an error for good."""

    to_ring: list[int]
    failed_rows: int = 0


def hold_run(connection: Connection, run: int) -> Row[Any, Any]:
    """What is said of a run, locked: a word at this moment is seen here, or sees the chunk as it is afterwards."""
    query = select(runs.c.state, runs.c.paused_at).where(runs.c.id == run).with_for_update(key_share=True)
    return connection.execute(query).one()


def ends_with_its_run(connection: Connection, chunk: int, *, run: int) -> bool:
    """Cancel a chunk that is not under way any more, if its run is cancelled; gives whether it is."""
    if hold_run(connection, run).state != "cancelled":
        return False
    _cancel(connection, chunk)
    return True


def wait_again(connection: Connection, chunk: int, *, run: int) -> list[int]:
    """Put a chunk that was queued again where its run is; gives it to ring for, if it is in line.

    It keeps its turn, and so is the first of its run.
    """
    now = hold_run(connection, run)
    if now.state == "cancelled":
        _cancel(connection, chunk)
    elif now.paused_at is not None:
        connection.execute(update(chunks).where(chunks.c.id == chunk).values(turn=None))
    else:
        return [chunk]
    return []


def step_out(connection: Connection, chunk: int) -> None:
    """Undo a claim whose run is paused: the attempt was not begun."""
    connection.execute(
        update(chunks)
        .where(chunks.c.id == chunk)
        .values(state="queued", attempt=chunks.c.attempt - 1, lease_until=None, queued_at=database_time(), turn=None)
    )


def _cancel(connection: Connection, chunk: int) -> None:
    connection.execute(update(chunks).where(chunks.c.id == chunk).values(state="cancelled", lease_until=None))
