"""Taking a judgement back: it goes out of `labels`, where everything reads it, and its history stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.types import database_time


@dataclass(frozen=True, slots=True)
class RetractedLabel:
    """A judgement that no longer counts."""

    label_id: int
    text: str
    label: str
    labelled_by: str


def retract_latest_label(
    connection: Connection, text_hash: bytes, *, labelled_by: str, label_id: int | None = None
) -> RetractedLabel | None:
    """Take back what a person last said about a text; None where that person said nothing that still counts.

    label_id: the label that is meant; where it is not that person's latest one, nothing is taken back.
    What others said, or the same person before, counts again from now on.
    """
    latest = (
        select(labels)
        .where(labels.c.text_hash == text_hash, labels.c.labelled_by == labelled_by)
        .order_by(labels.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = connection.execute(latest).one_or_none()
    if found is None or label_id not in (None, found.id):
        return None
    connection.execute(
        insert(retracted_labels).values(
            label_id=found.id,
            text_hash=found.text_hash,
            text=found.text,
            label=found.label,
            labelled_by=found.labelled_by,
            labelled_at=found.labelled_at,
            chosen=found.chosen,
            retracted_by=labelled_by,
            retracted_at=database_time(),
        )
    )
    connection.execute(delete(labels).where(labels.c.id == found.id))
    return RetractedLabel(found.id, found.text, found.label, found.labelled_by)


def is_retracted(connection: Connection, label_id: int, *, labelled_by: str) -> bool:
    """Whether this judgement of this person was taken back."""
    query = select(retracted_labels.c.label_id).where(
        retracted_labels.c.label_id == label_id, retracted_labels.c.labelled_by == labelled_by
    )
    return connection.execute(query).one_or_none() is not None


def people_who_judged(connection: Connection, text_hash: bytes) -> list[str]:
    """Those whose labels of a text count, by name."""
    query = select(labels.c.labelled_by).where(labels.c.text_hash == text_hash).distinct()
    return list(connection.execute(query.order_by(labels.c.labelled_by)).scalars())
