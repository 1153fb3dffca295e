"""Chunks have turns, runs a priority and pauses, and who wants to hear of a run's end is remembered."""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("state in ('queued', 'running')")


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "priority", sa.Integer(), nullable=False, server_default="10", comment="its share of the turns, 1 to 100"
        ),
    )
    op.add_column("runs", sa.Column("paused_at", UtcDateTime, comment="since when no chunk of it is begun"))
    # What waits already has the first turn, and so comes in the order of its ids, as before.
    op.add_column(
        "chunks",
        sa.Column(
            "turn",
            sa.Double(),
            server_default="0",
            comment="the lowest waiting one is next; none while its run is paused",
        ),
    )
    for name, columns in (("ix_chunks_turn", ["state", "turn", "id"]), ("ix_chunks_line", ["run_id", "turn"])):
        op.create_index(name, "chunks", columns, sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED)
    op.create_table(
        "notifications",
        sa.Column("id", BigId, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="an address to post to, or `command`"),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("owed_since", UtcDateTime, comment="when a worker first saw that the run is over"),
        sa.Column("due_at", UtcDateTime, comment="when it is tried next; while it is tried, when another may"),
        sa.Column("last_error", sa.Text()),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("given_up_at", UtcDateTime),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_notifications_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        op.f("ix_notifications_open"),
        "notifications",
        ["run_id"],
        sqlite_where=sa.text("sent_at is null and given_up_at is null"),
        postgresql_where=sa.text("sent_at is null and given_up_at is null"),
    )


def downgrade() -> None:
    op.drop_table("notifications")
    op.drop_index("ix_chunks_line", "chunks")
    op.drop_index("ix_chunks_turn", "chunks")
    op.drop_column("chunks", "turn")
    op.drop_column("runs", "paused_at")
    op.drop_column("runs", "priority")
