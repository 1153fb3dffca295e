"""A purge of whole partitions: what they hold goes at once, and nothing is left for VACUUM.

First the rows go, in one transaction with all counters, by TRUNCATE: it locks these partitions alone, and nobody needs
them, for their batches are all purged. Then the empty partitions are dropped. That locks the tables for a moment, so it
is tried without patience; where it fails, an empty partition waits for the next purge and costs nothing.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, exists, func, select, update

from newsgate.db.errors import DatabaseUnavailableError
from newsgate.db.judgement_tables import review_leases
from newsgate.db.partitions import (
    Partition,
    define,
    item_partitions,
    last_item,
    next_batch,
    partitions,
    patience,
    was_locked,
)
from newsgate.db.session import Database
from newsgate.db.tables import batches, chunks, runs
from newsgate.db.types import database_time

# Less than a worker takes for a chunk: whoever comes meanwhile waits behind this.
_DROP_MILLISECONDS = 200
_DROP_TRIES = 10
_DROP_PAUSE_SECONDS = 0.3
# Readers of the old rows themselves are waited for: an export, or an audit.
_EMPTY_MILLISECONDS = 5000


def purged_partitions(connection: Connection) -> list[Partition]:
    """The parts whose batches are all purged, or being purged, and that no other batch will be in."""
    parts = partitions(connection)
    number = next_batch(connection) if parts else 0
    # The newest one stays: the next one is made after it.
    return [each for each in parts[:-1] if each.end_batch <= number and not _is_needed(connection, each)]


def empty_partition(database: Database, part: Partition) -> int | None:
    """Delete all rows of a part whose chunks are gone; gives how many, None where it is still in use.

    The counters of its batches and runs say so from the same moment on.
    """
    try:
        with database.write() as connection:
            of_part = batches.c.id.between(part.first_batch, part.end_batch - 1)
            held = select(batches.c.id).where(of_part).order_by(batches.c.id).with_for_update(key_share=True)
            connection.execute(held)
            with patience(connection, _EMPTY_MILLISECONDS):
                define(connection, f"lock table {', '.join(part.tables)} in access exclusive mode")
            # Looked at again: from here on nobody adds a row to it.
            if _is_needed(connection, part) or _has_chunks(connection, part):
                return None
            _delete_leases(connection, part)
            define(connection, f"truncate {', '.join(part.tables)}")
            return _count_off(connection, part)
    except DatabaseUnavailableError as error:
        if was_locked(error):
            return None
        raise


def drop_partition(database: Database, part: Partition) -> bool:
    """Drop the empty tables of a part; False where the locks are not to be had, or a batch has come into it."""
    for _ in range(_DROP_TRIES):
        try:
            with database.write() as connection, patience(connection, _DROP_MILLISECONDS):
                define(connection, f"lock table {', '.join(part.tables)} in access exclusive mode")
                # An enqueue may have had its number for long, and have been slow to store its first rows.
                if _is_needed(connection, part):
                    return False
                _note_dropped(connection, part)
                define(connection, f"drop table {', '.join(part.tables)}")
                return True
        except DatabaseUnavailableError as error:
            if not was_locked(error):
                raise
            # Whoever waited behind this goes first.
            time.sleep(_DROP_PAUSE_SECONDS)
    return False


def _is_needed(connection: Connection, part: Partition) -> bool:
    stays = exists().where(batches.c.id.between(part.first_batch, part.end_batch - 1), batches.c.purged_at.is_(None))
    found: bool = connection.execute(select(stays)).scalar_one()
    return found


def _has_chunks(connection: Connection, part: Partition) -> bool:
    of_part = runs.c.batch_id.between(part.first_batch, part.end_batch - 1)
    found: bool = connection.execute(select(exists().where(chunks.c.run_id == runs.c.id, of_part))).scalar_one()
    return found


def _delete_leases(connection: Connection, part: Partition) -> None:
    connection.execute(
        delete(review_leases).where(review_leases.c.item_id >= part.first_item, review_leases.c.item_id < part.end_item)
    )


def _count_off(connection: Connection, part: Partition) -> int:
    of_part = batches.c.id.between(part.first_batch, part.end_batch - 1)
    rows: int = connection.execute(select(func.coalesce(func.sum(batches.c.accepted), 0)).where(of_part)).scalar_one()
    connection.execute(
        update(batches).where(of_part).values(purged_rows=batches.c.purged_rows + batches.c.accepted, accepted=0)
    )
    mine = runs.c.batch_id.between(part.first_batch, part.end_batch - 1)
    connection.execute(update(runs).where(mine).values(done=0, failed=0))
    return rows


def _note_dropped(connection: Connection, part: Partition) -> None:
    dropped = {"dropped_at": database_time(), "last_item": last_item(connection, partition=part.number)}
    connection.execute(update(item_partitions).where(item_partitions.c.number == part.number).values(dropped))
