"""On SQLite, no chunk and no label gets the id of a deleted one: an id in somebody's hands means one row for ever.

PostgreSQL's sequences never hand an id out twice, so nothing changes there.
"""

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_chunks()
        _rebuild_labels()


def _rebuild_chunks() -> None:
    op.create_table(
        "chunks_rebuilt",
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
        sa.Column("summary", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_chunks_state")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_chunks_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
        sqlite_autoincrement=True,
    )
    _replace("chunks")
    op.create_index(op.f("ix_chunks_run_id"), "chunks", ["run_id"], unique=False)
    op.create_index(
        "ix_chunks_unfinished",
        "chunks",
        ["state", "queued_at"],
        unique=False,
        sqlite_where=sa.text("state in ('queued', 'running')"),
    )


def _rebuild_labels() -> None:
    op.create_table(
        "labels_rebuilt",
        sa.Column("id", BigId, nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", UtcDateTime, nullable=False),
        sa.Column("chosen", sa.String(length=16), nullable=False),
        sa.CheckConstraint("label in ('fake', 'real')", name=op.f("ck_labels_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sqlite_autoincrement=True,
    )
    _replace("labels")
    op.create_index(op.f("ix_labels_text_hash"), "labels", ["text_hash"], unique=False)


def _replace(table: str) -> None:
    # No key and no view refers to either table, so that one can go and the other take its name.
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
    old, rebuilt = (sa.table(name, *map(sa.column, names)) for name in (table, f"{table}_rebuilt"))
    op.execute(sa.insert(rebuilt).from_select(names, sa.select(old).order_by(old.c.id)))
    op.drop_table(table)
    op.rename_table(f"{table}_rebuilt", table)
