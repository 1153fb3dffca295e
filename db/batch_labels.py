"""What people said of a random share of one batch, beside what a run said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from newsgate.db.judgement_tables import labels
from newsgate.db.tables import items, verdicts


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One text of the batch: the run's p_fake, and the latest label that people gave it."""

    p_fake: float
    label: str


def randomly_judged(connection: Connection, *, batch: int, run: int, after_label: int) -> list[JudgedRow]:
    """The texts of a batch that a review picked at random, each once.

    after_label: only texts that were picked by a label with a higher id: the model may have learned from the others.
    """
    chosen = select(labels.c.text_hash).where(labels.c.chosen == "random", labels.c.id > after_label)
    latest = (
        select(func.max(labels.c.id).label("id"))
        .where(labels.c.text_hash.in_(chosen))
        .group_by(labels.c.text_hash)
        .subquery()
    )
    query = (
        select(func.min(verdicts.c.p_fake).label("p_fake"), labels.c.label)
        .select_from(latest)
        .join(labels, labels.c.id == latest.c.id)
        .join(items, items.c.text_hash == labels.c.text_hash)
        .join(verdicts, verdicts.c.item_id == items.c.id)
        .where(items.c.batch_id == batch, verdicts.c.run_id == run, verdicts.c.p_fake.is_not(None))
        .group_by(labels.c.id, labels.c.label)
        .order_by(labels.c.id)
    )
    return [JudgedRow(row.p_fake, row.label) for row in connection.execute(query)]
