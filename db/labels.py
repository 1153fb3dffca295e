"""Labels: what people said a text is. A label belongs to the text, so it holds wherever the text occurs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from db.tables import labels
from db.types import database_time


def text_hash(text: str) -> bytes:
    """The 16 bytes a text is known by: BLAKE2b-128 of its UTF-8 form."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def add_labels(connection: Connection, judged: Sequence[tuple[str, str]], *, labelled_by: str, chosen: str) -> None:
    """Store (text, label) pairs. Labels are only ever added: the history is what people thought when."""
    if not judged:
        return
    connection.execute(
        insert(labels).values(labelled_at=database_time()),
        [
            {"text_hash": text_hash(text), "text": text, "label": label, "labelled_by": labelled_by, "chosen": chosen}
            for text, label in judged
        ],
    )


def count_labels(connection: Connection) -> int:
    """How many judgements there are, later ones about the same text included."""
    return connection.execute(select(func.count()).select_from(labels)).scalar_one()
