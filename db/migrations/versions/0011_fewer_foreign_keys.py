"""On PostgreSQL the rows of files and their verdicts have no foreign keys.

Each would be looked up by a trigger of its own for every row, which took three quarters of the time of storing a
verdict. What they held is held by the fence already: rows are stored under the lock of their batch, and verdicts under
the lock of their chunk, whose run and items are there for as long as it is. The audit goes on looking for what they
would have refused. On SQLite they cost nothing, and stay.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Table, column, and the row that the column names.
_KEYS = (
    ("items", "batch_id", "batches", "id"),
    ("verdicts", "item_id", "items", "id"),
    ("verdicts", "model", "models", "number"),
    ("verdicts", "run_id", "runs", "id"),
)


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, column, _, _ in _KEYS:
        op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")


def downgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, column, parent, key in _KEYS:
        op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, parent, [column], [key])
