"""A verdict says how much its text is like those the model learned from, and the view `results` shows it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_VIEW = """
CREATE VIEW results AS
SELECT i.batch_id AS batch, i.row AS row, i.external_id AS external_id, i.text AS text,
       v.label AS label, v.p_fake AS p_fake, v.model AS model, {classified_at} AS classified_at, v.error AS error,
       i.id AS item, v.run_id AS run, v.token_count AS token_count, v.truncated AS truncated, i.columns AS columns{more}
FROM verdicts v JOIN items i ON i.id = v.item_id
"""


def upgrade() -> None:
    # No value for the rows there are: a worker from before goes on, and its verdicts have none either.
    familiarity: sa.Column[float] = sa.Column(
        "familiarity",
        sa.Double(),
        comment="the share of the training's own texts that are no more like them, 0 to 1",
    )
    op.execute("DROP VIEW results")
    op.add_column("verdicts", familiarity)
    op.execute(_view(", v.familiarity AS familiarity"))


def downgrade() -> None:
    op.execute("DROP VIEW results")
    op.drop_column("verdicts", "familiarity")
    op.execute(_view(""))


def _view(more: str) -> str:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    return _VIEW.format(classified_at="v.classified_at || '+00:00'" if is_sqlite else "v.classified_at", more=more)
