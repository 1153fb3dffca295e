"""Writing off what was deleted by hand, so that the audit speaks of new faults alone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from newsgate.db.audit_references import find_orphans
from newsgate.db.session import Database
from newsgate.db.write_off import batches_with_less, delete_remains, write_off
from newsgate.tasks.storage.small_steps import STEP_ROWS, step_by_step


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing. remains: a sentence for each kind of row left behind; batches: those that count too many."""

    remains: tuple[str, ...]
    batches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What was done. remains: rows that were left behind and are deleted; rows: of files, counted as gone from now."""

    remains: int
    rows: int


def find_missing(database: Database) -> Missing:
    """What was deleted by hand, as far as its traces tell."""
    with database.read() as connection:
        _, orphans = find_orphans(connection)
        return Missing(tuple(orphans), tuple(batches_with_less(connection)))


def write_off_missing(database: Database) -> WrittenOff:
    """Delete what was left behind, and let the counters say what is gone."""

    def step(connection: Connection) -> int:
        return delete_remains(connection, limit=STEP_ROWS)

    remains = sum(step_by_step(database, step))
    with database.read() as connection:
        numbers = batches_with_less(connection)
    rows = 0
    for batch in numbers:
        with database.write() as connection:
            rows += write_off(connection, batch)
    return WrittenOff(remains, rows)
