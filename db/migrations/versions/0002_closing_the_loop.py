"""What retraining needs: review leases, jobs, shadow verdicts, and a summary of each chunk's scores."""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "chunks",
        sa.Column("summary", sa.Text(), comment="JSON: how the scores and tokens of its items are distributed"),
    )
    op.add_column(
        "models",
        sa.Column(
            "shadow_share", sa.Double(), comment="the share of live chunks it scores beside the champion, unseen"
        ),
    )
    op.create_table(
        "shadow_verdicts",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("p_fake", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_shadow_verdicts_item_id")),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_shadow_verdicts_model")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_shadow_verdicts_run_id")),
        sa.PrimaryKeyConstraint("item_id", "model", name=op.f("pk_shadow_verdicts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "review_leases",
        sa.Column("item_id", BigId, autoincrement=False, nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("chosen", sa.String(length=16), nullable=False, comment="why the queue picked it: one of CHOSEN"),
        sa.Column("lease_until", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_review_leases_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_review_leases")),
    )
    op.create_table(
        "jobs",
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False, comment="for example 2026-11-22"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("outcome", sa.Text(), comment="JSON: what came of it, or why it was skipped or failed"),
        sa.CheckConstraint("state in ('running', 'done', 'skipped', 'failed')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("job", "period", name=op.f("pk_jobs")),
    )
