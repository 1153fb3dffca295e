"""A judgement can be taken back, and what it was stays known."""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retracted_labels",
        sa.Column("label_id", BigId, autoincrement=False, nullable=False, comment="its id in `labels`"),
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", UtcDateTime, nullable=False),
        sa.Column("chosen", sa.String(length=16), nullable=False),
        sa.Column("retracted_by", sa.Text(), nullable=False),
        sa.Column("retracted_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_retracted_labels")),
    )
    op.create_index(op.f("ix_retracted_labels_text_hash"), "retracted_labels", ["text_hash"])


def downgrade() -> None:
    op.drop_table("retracted_labels")
