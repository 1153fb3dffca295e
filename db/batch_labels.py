"""What people said of the texts of one batch, beside what a run said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.tables import batches, items, verdicts


@dataclass(frozen=True, slots=True)
class JudgedText:
    """One text of the batch: the run's p_fake, in how many rows it stands, and the latest label that people gave it.

    is_drawn: a review picked it at random from this batch, before anybody had labelled it.
    """

    p_fake: float
    rows: int
    label: str
    is_drawn: bool


def judged_texts(connection: Connection, *, batch: int, run: int, after_label: int) -> list[JudgedText]:
    """The texts of a batch that people have labelled, each once.

    after_label: the model may have learned from the labels up to this id. A text that has one of them, or had one that
    was taken back, was not drawn for this; nor was one whose first label is older than the batch.
    """
    of_text = (
        select(labels.c.text_hash, func.min(labels.c.id).label("first"), func.max(labels.c.id).label("latest"))
        .group_by(labels.c.text_hash)
        .subquery()
    )
    first, latest = labels.alias("first_label"), labels.alias("latest_label")
    began = select(batches.c.created_at).where(batches.c.id == batch).scalar_subquery()
    taken_back = select(retracted_labels.c.text_hash).where(retracted_labels.c.label_id <= after_label)
    is_drawn = and_(
        first.c.chosen == "random",
        first.c.id > after_label,
        first.c.labelled_at >= began,
        first.c.text_hash.not_in(taken_back),
    )
    query = (
        select(
            func.min(verdicts.c.p_fake).label("p_fake"),
            func.count().label("rows"),
            latest.c.label,
            is_drawn.label("is_drawn"),
        )
        .select_from(of_text)
        .join(first, first.c.id == of_text.c.first)
        .join(latest, latest.c.id == of_text.c.latest)
        .join(items, items.c.text_hash == of_text.c.text_hash)
        .join(verdicts, verdicts.c.item_id == items.c.id)
        .where(items.c.batch_id == batch, verdicts.c.run_id == run, verdicts.c.p_fake.is_not(None))
        .group_by(latest.c.id, latest.c.label, first.c.id, first.c.chosen, first.c.labelled_at, first.c.text_hash)
        .order_by(latest.c.id)
    )
    return [JudgedText(row.p_fake, row.rows, row.label, bool(row.is_drawn)) for row in connection.execute(query)]
