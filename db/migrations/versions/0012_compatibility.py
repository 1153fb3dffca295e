"""A schema says which programs of before may go on working with it, so that hosts are upgraded one after the other.

A migration that only adds leaves the row as it is. One that takes away, or gives something another meaning, writes
`oldest_schema` anew: docs/upgrading.md says when it may come.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Workers of 0.2.0, the first release, are at work beside today's in the tests.
_FIRST_RELEASE = "0003"


def upgrade() -> None:
    table = op.create_table(
        "compatibility",
        sa.Column(
            "oldest_schema", sa.String(length=32), nullable=False, comment="the schema that the oldest of them need"
        ),
        sa.PrimaryKeyConstraint("oldest_schema", name=op.f("pk_compatibility")),
    )
    op.bulk_insert(table, [{"oldest_schema": _FIRST_RELEASE}])


def downgrade() -> None:
    op.drop_table("compatibility")
