"""The tables of models beside the champion, of periodic jobs and of the programs, as `tables` has the others."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from newsgate.db.tables import metadata
from newsgate.db.types import BigId, UtcDateTime

# One row is what a challenger said about an item of the champion's run: never shown as a result.
shadow_verdicts = Table(
    "shadow_verdicts",
    metadata,
    Column("item_id", BigId, ForeignKey("items.id"), nullable=False),
    Column("model", Integer, ForeignKey("models.number"), nullable=False),
    Column("run_id", BigId, ForeignKey("runs.id"), nullable=False),
    Column("label", String(8), nullable=False),
    Column("p_fake", Double, nullable=False),
    PrimaryKeyConstraint("item_id", "model"),
    sqlite_with_rowid=False,
)

# One row is one decision about a challenger.
promotions = Table(
    "promotions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("challenger", Integer, ForeignKey("models.number"), nullable=False),
    Column("champion", Integer, ForeignKey("models.number")),
    Column("promoted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("figures", Text, nullable=False, comment="JSON: the test the decision rests on"),
    Column("decided_at", UtcDateTime, nullable=False),
)

JOB_STATES = ("running", "done", "skipped", "failed")

# One row is a periodic job in one period: however often the schedule rings, the job happens once.
jobs = Table(
    "jobs",
    metadata,
    Column("job", String(32), nullable=False),
    Column("period", String(32), nullable=False, comment="for example 2026-11-22"),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("worker", Text, nullable=False),
    Column("leased_at", UtcDateTime, comment="when the lease was taken, or renewed last"),
    Column("lease_until", UtcDateTime),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("outcome", Text, comment="JSON: what came of it, or why it was skipped or failed"),
    PrimaryKeyConstraint("job", "period"),
    CheckConstraint(f"state in {JOB_STATES}", name="state"),
)

WORKER_KINDS = ("worker", "trainer")

# One row is a process that works, as it said itself a few seconds ago. One that ended in good order has none.
workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True, comment="its host and process, as in `chunks` and `jobs`"),
    Column("kind", String(16), nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("version", Text, nullable=False, comment="of newsgate"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="when it last said that it lives"),
    CheckConstraint(f"kind in {WORKER_KINDS}", name="kind"),
)

# The one row says which programs may work here, beside those that need this schema. Migrations write it.
compatibility = Table(
    "compatibility",
    metadata,
    Column("oldest_schema", String(32), primary_key=True, comment="the schema that the oldest of them need"),
)

# One row is somebody who wants to hear that a run is over. It is owed until it is sent or given up.
notifications = Table(
    "notifications",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("run_id", BigId, ForeignKey("runs.id"), nullable=False),
    Column("target", Text, nullable=False, comment="an address to post to, or `command`"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("owed_since", UtcDateTime, comment="when a worker first saw that the run is over"),
    Column("due_at", UtcDateTime, comment="when it is tried next; while it is tried, when another may"),
    Column("last_error", Text),
    Column("sent_at", UtcDateTime),
    Column("given_up_at", UtcDateTime),
)
