"""Every label in the order it was given: what a training replays, so that a text never changes sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from newsgate.db.labels import JUDGING
from newsgate.db.tables import labels

_FETCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """One judgement. judges: its text was chosen at random or for a test set. is_test: it was for a test set."""

    id: int
    text: str
    label: str
    chosen: str
    judges: bool
    is_test: bool


def given_labels(connection: Connection, *, up_to: int) -> Iterator[GivenLabel]:
    """The labels up to the one with the id `up_to`, oldest first, a block of rows in memory at a time."""
    query = (
        select(labels.c.id, labels.c.text, labels.c.label, labels.c.chosen)
        .where(labels.c.id <= up_to)
        .order_by(labels.c.id)
    )
    for row in connection.execute(query, execution_options={"yield_per": _FETCH_ROWS}):
        yield GivenLabel(
            id=row.id,
            text=row.text,
            label=row.label,
            chosen=row.chosen,
            judges=row.chosen in JUDGING,
            is_test=row.chosen == "test",
        )
