"""A batch tells in which languages its texts are."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    languages = sa.Column("languages", sa.Text(), comment="JSON: in which languages some of its texts are")
    op.add_column("batches", languages)


def downgrade() -> None:
    op.drop_column("batches", "languages")
