"""The steps of a chunk on a desk, each a transaction of its own as in real life, and what is stored after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, text, update

from newsgate.db.batches import cancel_run
from newsgate.db.chunks import Claim, claim_chunk, release_chunk
from newsgate.db.left_chunks import give_up_on_lapsed_chunks, stalled_chunks
from newsgate.db.tables import chunks, items, runs, verdicts
from tests.desk import Desk

MAX_ATTEMPTS = 2
# A lease that has run out already.
LAPSED = -1.0


def claim(desk: Desk, chunk: int, *, lease: float = 60) -> Claim | None:
    with desk.database.write() as connection:
        return claim_chunk(connection, chunk, worker="one", lease_seconds=lease, max_attempts=MAX_ATTEMPTS)


def take(desk: Desk, chunk: int, *, lease: float = 60) -> Claim:
    claimed = claim(desk, chunk, lease=lease)
    assert claimed is not None
    return claimed


def release(desk: Desk, claimed: Claim, *, error: str = "ValueError: no") -> list[int]:
    with desk.database.write() as connection:
        return release_chunk(connection, claimed, error=error, max_attempts=MAX_ATTEMPTS).to_ring


def give_up(desk: Desk) -> list[int]:
    with desk.database.write() as connection:
        return give_up_on_lapsed_chunks(connection, max_attempts=MAX_ATTEMPTS).to_ring


def stalled(desk: Desk, *, queued_for_seconds: float) -> list[int]:
    with desk.database.read() as connection:
        return stalled_chunks(connection, queued_for_seconds=queued_for_seconds, max_attempts=MAX_ATTEMPTS, limit=10)


def cancel(desk: Desk, batch: int) -> None:
    with desk.database.write() as connection:
        assert cancel_run(connection, desk.chunks(batch)[0].run_id)


def chunk_row(desk: Desk, chunk: int) -> Row[Any]:
    with desk.database.read() as connection:
        return connection.execute(select(chunks).where(chunks.c.id == chunk)).one()


def run_row(desk: Desk, run: int) -> Row[Any]:
    with desk.database.read() as connection:
        return connection.execute(select(runs).where(runs.c.id == run)).one()


def stored_verdicts(desk: Desk, run: int) -> list[Row[Any]]:
    query = select(verdicts, items.c.row).join_from(verdicts, items).where(verdicts.c.run_id == run)
    with desk.database.read() as connection:
        return list(connection.execute(query.order_by(items.c.row)))


def rows_of(halves: Sequence[Row[Any]]) -> list[tuple[int, int, int]]:
    return [(half.first_row, half.last_row, half.item_count) for half in halves]


def move_to_the_end(desk: Desk, batch: int, *, row: int) -> None:
    """Have PostgreSQL store an item behind all others: it writes a changed row anew."""
    with desk.database.write() as connection:
        connection.execute(
            update(items).where(items.c.batch_id == batch, items.c.row == row).values(external_id="moved")
        )


def scan_the_table(connection: Connection) -> None:
    """Have PostgreSQL read rows as they are stored: an index would give them in order by chance."""
    if connection.dialect.name == "postgresql":
        for way in ("indexscan", "bitmapscan"):
            connection.execute(text(f"set local enable_{way} = off"))
