"""A lease tells when it was taken, a batch whether its rows were deleted again, and no item gets a deleted one's id."""

import re

import sqlalchemy as sa
from alembic import op

from newsgate.db.types import BigId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD_ID = re.compile(r"\bid INTEGER NOT NULL,")
_OLD_KEY = re.compile(r"CONSTRAINT pk_items PRIMARY KEY \(id\),\s*")
_NEW_ID = "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"
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
    if op.get_bind().dialect.name == "sqlite":
        _never_give_an_item_id_again()


def _never_give_an_item_id_again() -> None:
    # The number of an item stands in files that people wrote, and must not come to mean another text. A rebuilt table
    # would need room for all texts twice, and other tables name this one. AUTOINCREMENT changes nothing in how rows are
    # stored, so it can be written into the schema: https://sqlite.org/lang_altertable.html, at the end of section 7.
    connection = op.get_bind()
    known = connection.execute(sa.text("select sql from sqlite_master where name = 'items'")).scalar_one()
    wanted, ids = _OLD_ID.subn(_NEW_ID, known)
    wanted, keys = _OLD_KEY.subn("", wanted)
    if (ids, keys) != (1, 1):
        raise RuntimeError(f"the table `items` is not as newsgate made it: {known}")
    op.execute("pragma writable_schema = on")
    connection.execute(sa.text("update sqlite_master set sql = :sql where name = 'items'"), {"sql": wanted})
    # With this the connection forgets the schema it has read; others see by the columns added above that it is another.
    op.execute("pragma writable_schema = reset")
    op.execute("insert into sqlite_sequence (name, seq) select 'items', coalesce(max(id), 0) from items")


def downgrade() -> None:
    for column in ("purged_rows", "purged_at"):
        op.drop_column("batches", column)
    for table in _LEASED:
        op.drop_column(table, "leased_at")
