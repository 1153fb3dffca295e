"""The tables of what people say about texts, as `tables` has the others."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, LargeBinary, String, Table, Text

from newsgate.db.tables import metadata
from newsgate.db.types import BigId, UtcDateTime

LABELS = ("fake", "real")
# How a labelled text was chosen. Only the random ones and imported test sets may judge models: a text that was picked
# because a model was unsure of it says little about the others.
CHOSEN = ("file", "direct", "import", "test", "random", "uncertain", "disagreement", "suspect", "unfamiliar")

# One row is one human judgement about a text, wherever the text occurs.
labels = Table(
    "labels",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("text_hash", LargeBinary(16), nullable=False, index=True),
    # The text itself, because a label outlives the batch it was given in.
    Column("text", Text, nullable=False),
    Column("label", String(8), nullable=False),
    Column("labelled_by", Text, nullable=False),
    Column("labelled_at", UtcDateTime, nullable=False),
    Column("chosen", String(16), nullable=False, comment="how the text was chosen: one of CHOSEN"),
    CheckConstraint(f"label in {LABELS}", name="label"),
    # A model is trained on the labels up to an id: no later one may take the place of one that was taken back.
    sqlite_autoincrement=True,
)

# One row is a judgement that was taken back. It stands here and no longer in `labels`, so that nothing counts it.
retracted_labels = Table(
    "retracted_labels",
    metadata,
    Column("label_id", BigId, primary_key=True, autoincrement=False, comment="its id in `labels`"),
    Column("text_hash", LargeBinary(16), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("label", String(8), nullable=False),
    Column("labelled_by", Text, nullable=False),
    Column("labelled_at", UtcDateTime, nullable=False),
    Column("chosen", String(16), nullable=False),
    Column("retracted_by", Text, nullable=False),
    Column("retracted_at", UtcDateTime, nullable=False),
)

# One row is an item that a reviewer looks at, so that nobody else is shown it meanwhile.
review_leases = Table(
    "review_leases",
    metadata,
    Column("item_id", BigId, ForeignKey("items.id"), primary_key=True, autoincrement=False),
    Column("reviewer", Text, nullable=False),
    Column("chosen", String(16), nullable=False, comment="why the queue picked it: one of CHOSEN"),
    Column("leased_at", UtcDateTime, comment="when the lease was taken, or renewed last"),
    Column("lease_until", UtcDateTime, nullable=False),
)
