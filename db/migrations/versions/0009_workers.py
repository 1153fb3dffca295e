"""Workers and trainers say every few seconds that they live."""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False, comment="its host and process, as in `chunks` and `jobs`"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of newsgate"),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False, comment="when it last said that it lives"),
        sa.CheckConstraint("kind in ('worker', 'trainer')", name=op.f("ck_workers_kind")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    op.drop_table("workers")
