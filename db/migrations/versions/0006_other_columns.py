"""The other columns of a row are kept beside its text, and the view `results` shows them and whole times."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JSON = sa.Text().with_variant(postgresql.JSON(), "postgresql")
_OTHER_COLUMNS = "JSON: the row's other columns, by name"
_VIEW = """
CREATE VIEW results AS
SELECT i.batch_id AS batch, i.row AS row, i.external_id AS external_id, i.text AS text,
       v.label AS label, v.p_fake AS p_fake, v.model AS model, {classified_at} AS classified_at, v.error AS error,
       i.id AS item, v.run_id AS run, v.token_count AS token_count, v.truncated AS truncated{columns}
FROM verdicts v JOIN items i ON i.id = v.item_id
"""


def upgrade() -> None:
    op.add_column("items", sa.Column("columns", _JSON, comment=_OTHER_COLUMNS))
    op.add_column("rejects", sa.Column("columns", _JSON, comment=_OTHER_COLUMNS))
    op.add_column(
        "batches", sa.Column("columns", sa.Text(), comment="JSON: the names of the file's columns, and what is kept")
    )
    op.execute("DROP VIEW results")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    classified_at = "v.classified_at || '+00:00'" if is_sqlite else "v.classified_at"
    op.execute(_VIEW.format(classified_at=classified_at, columns=", i.columns AS columns"))


def downgrade() -> None:
    op.execute("DROP VIEW results")
    for table in ("batches", "rejects", "items"):
        op.drop_column(table, "columns")
    op.execute(_VIEW.format(classified_at="v.classified_at", columns=""))
