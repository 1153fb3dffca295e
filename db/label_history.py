"""Every label in the order it was given: what a training replays, so that a text never changes sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, func, select, true, union_all

from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.labels import JUDGING

_FETCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """One judgement. judges: its text was chosen at random or for a test set. is_test: it was for a test set.

    counts: False where it was taken back.
    """

    id: int
    text: str
    label: str
    chosen: str
    judges: bool
    is_test: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one person said of a text, and when."""

    id: int
    text: str
    label: str
    labelled_by: str
    labelled_at: datetime
    chosen: str


def recent_judgements(connection: Connection, *, before: int | None, disputed: bool, limit: int) -> list[Judgement]:
    """The latest judgements, newest first. before: only those with a lower id. disputed: only of texts called both."""
    query = select(*(labels.c[name] for name in Judgement.__slots__)).order_by(labels.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(labels.c.id < before)
    if disputed:
        both = select(labels.c.text_hash).group_by(labels.c.text_hash)
        query = query.where(labels.c.text_hash.in_(both.having(func.count(labels.c.label.distinct()) > 1)))
    return [Judgement(*row) for row in connection.execute(query)]


def given_labels(connection: Connection, *, up_to: int) -> Iterator[GivenLabel]:
    """The labels up to the one with the id `up_to`, oldest first, a block of rows in memory at a time.

    Those that were taken back are among them: a model may have learned from them, and their texts stay on their sides.
    """
    given, taken_back = labels.c, retracted_labels.c
    query = union_all(
        select(given.id, given.text, given.label, given.chosen, true().label("counts")).where(given.id <= up_to),
        select(
            taken_back.label_id, taken_back.text, taken_back.label, taken_back.chosen, false().label("counts")
        ).where(taken_back.label_id <= up_to),
    ).order_by("id")
    for row in connection.execute(query, execution_options={"yield_per": _FETCH_ROWS}):
        yield GivenLabel(
            id=row.id,
            text=row.text,
            label=row.label,
            chosen=row.chosen,
            judges=row.chosen in JUDGING,
            is_test=row.chosen == "test",
            counts=bool(row.counts),
        )
