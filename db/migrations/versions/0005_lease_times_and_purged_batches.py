"""A lease tells when it was taken, and a batch whether its rows were deleted again."""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LEASED = ("chunks", "jobs", "review_leases")


def upgrade() -> None:
    for table in _LEASED:
        op.add_column(table, sa.Column("leased_at", UtcDateTime, comment="when the lease was taken, or renewed last"))
    op.add_column("batches", sa.Column("purged_at", UtcDateTime, comment="when its purge began"))
    op.add_column(
        "batches",
        sa.Column(
            "purged_rows", BigId, nullable=False, server_default="0", comment="rows of its file that were deleted again"
        ),
    )


def downgrade() -> None:
    for column in ("purged_rows", "purged_at"):
        op.drop_column("batches", column)
    for table in _LEASED:
        op.drop_column(table, "leased_at")
