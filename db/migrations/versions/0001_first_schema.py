"""The first schema.

Batches, items, rejects, models, runs, chunks, verdicts, labels, promotions, and the view `results`.
"""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime, database_time

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out rather than taken from db.tables: a migration describes one moment and never changes after it.
RESULTS_VIEW = """
CREATE VIEW results AS
SELECT i.batch_id AS batch, i.row AS row, i.external_id AS external_id, i.text AS text,
       v.label AS label, v.p_fake AS p_fake, v.model AS model, v.classified_at AS classified_at, v.error AS error,
       i.id AS item, v.run_id AS run, v.token_count AS token_count, v.truncated AS truncated
FROM verdicts v JOIN items i ON i.id = v.item_id
"""


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", BigId, nullable=False),
        sa.Column(
            "layout", sa.Text(), nullable=False, comment="JSON: format, encoding, delimiter and the columns chosen"
        ),
        sa.Column("accepted", BigId, server_default="0", nullable=False),
        sa.Column("rejected", BigId, server_default="0", nullable=False),
        sa.Column("last_row", BigId, server_default="0", nullable=False, comment="the file is stored up to this line"),
        sa.Column(
            "loaded", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="the whole file is stored"
        ),
        sa.Column(
            "loader",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="fence: which enqueue may still add rows",
        ),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_sha256"), "batches", ["sha256"], unique=False)
    op.create_table(
        "labels",
        sa.Column("id", BigId, nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", UtcDateTime, nullable=False),
        sa.Column(
            "chosen",
            sa.String(length=16),
            nullable=False,
            comment="how the text was chosen: one of CHOSEN",
        ),
        sa.CheckConstraint("label in ('fake', 'real')", name=op.f("ck_labels_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_text_hash"), "labels", ["text_hash"], unique=False)
    op.create_table(
        "models",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False, comment="JSON: metrics, recipe, what it was trained on"),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("state in ('candidate', 'champion', 'retired', 'rejected')", name=op.f("ck_models_state")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_models")),
        sa.UniqueConstraint("sha256", name=op.f("uq_models_sha256")),
    )
    op.create_index(
        "uq_models_champion",
        "models",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'champion'"),
        postgresql_where=sa.text("state = 'champion'"),
    )
    op.create_table(
        "items",
        sa.Column("id", BigId, nullable=False),
        sa.Column("batch_id", BigId, nullable=False),
        sa.Column("row", BigId, nullable=False, comment="the line of the file the row starts at"),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False, comment="BLAKE2b-128 of the text"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_items_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("batch_id", "row", name=op.f("uq_items_batch_id_row")),
    )
    op.create_table(
        "promotions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("challenger", sa.Integer(), nullable=False),
        sa.Column("champion", sa.Integer(), nullable=True),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False, comment="JSON: the test the decision rests on"),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["challenger"], ["models.number"], name=op.f("fk_promotions_challenger")),
        sa.ForeignKeyConstraint(["champion"], ["models.number"], name=op.f("fk_promotions_champion")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_table(
        "rejects",
        sa.Column("batch_id", BigId, nullable=False),
        sa.Column("row", BigId, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False, comment="the row as it stood, shortened"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_rejects_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "row", name=op.f("pk_rejects")),
    )
    op.create_table(
        "runs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("batch_id", BigId, nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", BigId, server_default="0", nullable=False),
        sa.Column("done", BigId, server_default="0", nullable=False),
        sa.Column("failed", BigId, server_default="0", nullable=False),
        sa.Column(
            "loaded", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="no more chunks will come"
        ),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.CheckConstraint("state in ('queued', 'running', 'done', 'cancelled')", name=op.f("ck_runs_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_runs_batch_id")),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_runs_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("batch_id", "model", name=op.f("uq_runs_batch_id_model")),
    )
    op.create_table(
        "chunks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("first_row", BigId, nullable=False),
        sa.Column("last_row", BigId, nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_chunks_state")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_chunks_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
    )
    op.create_index(op.f("ix_chunks_run_id"), "chunks", ["run_id"], unique=False)
    op.create_index(
        "ix_chunks_unfinished",
        "chunks",
        ["state", "queued_at"],
        unique=False,
        sqlite_where=sa.text("state in ('queued', 'running')"),
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "verdicts",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("label", sa.String(length=8), nullable=True),
        sa.Column("p_fake", sa.Double(), nullable=True),
        sa.Column("token_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("truncated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("classified_at", UtcDateTime, server_default=database_time(), nullable=False),
        sa.CheckConstraint("(label is null) = (error is not null)", name=op.f("ck_verdicts_label_or_error")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_verdicts_item_id")),
        sa.ForeignKeyConstraint(["model"], ["models.number"], name=op.f("fk_verdicts_model")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_verdicts_run_id")),
        sa.PrimaryKeyConstraint("item_id", "model", name=op.f("pk_verdicts")),
        sqlite_with_rowid=False,
    )
    op.execute(RESULTS_VIEW)
