"""The tables of files, their rows, the work on them and the verdicts, as docs/querying.md explains them to people.

Migrations create them; a test keeps both equal. The other tables stand in `judgement_tables` and `upkeep_tables`, and
indexes of some rows in `partial_indexes`: SQLAlchemy takes half a millisecond for each table, and a command that stores
a file needs these alone.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from newsgate.db.types import BigId, JsonText, UtcDateTime, database_time

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row is one enqueued file.
batches = Table(
    "batches",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size_bytes", BigId, nullable=False),
    Column("layout", Text, nullable=False, comment="JSON: format, encoding, delimiter and the columns chosen"),
    Column("accepted", BigId, nullable=False, server_default="0"),
    Column("rejected", BigId, nullable=False, server_default="0"),
    Column("last_row", BigId, nullable=False, server_default="0", comment="the file is stored up to this line"),
    Column("loaded", Boolean, nullable=False, server_default=text("false"), comment="the whole file is stored"),
    Column("loader", Integer, nullable=False, server_default="0", comment="fence: which enqueue may still add rows"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("purged_at", UtcDateTime, comment="when its purge began"),
    Column(
        "purged_rows", BigId, nullable=False, server_default="0", comment="rows of its file that were deleted again"
    ),
    Column("columns", Text, comment="JSON: the names of the file's columns, and what is kept"),
    Column("languages", Text, comment="JSON: in which languages some of its texts are"),
)

# Table and column of foreign keys that PostgreSQL has not: each would cost a look for every row, and the fence holds
# what they would (migration 0011). Here they tell the audit what to look for.
NOT_ON_POSTGRESQL = frozenset(
    {("items", "batch_id"), ("verdicts", "item_id"), ("verdicts", "model"), ("verdicts", "run_id")}
)

# One row is one accepted row of the file.
items = Table(
    "items",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("batch_id", BigId, ForeignKey("batches.id"), nullable=False),
    Column("row", BigId, nullable=False, comment="the line of the file the row starts at"),
    Column("external_id", Text),
    Column("text", Text, nullable=False),
    Column("text_hash", LargeBinary(16), nullable=False, comment="BLAKE2b-128 of the text"),
    # The last one, so that whoever reads texts need not read it.
    Column("columns", JsonText, comment="JSON: the row's other columns, by name"),
    UniqueConstraint("batch_id", "row"),
    # Its number stands in files that people wrote: it must not come to mean another text.
    sqlite_autoincrement=True,
)

# One row is one refused row of the file.
rejects = Table(
    "rejects",
    metadata,
    Column("batch_id", BigId, ForeignKey("batches.id"), nullable=False),
    Column("row", BigId, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False, comment="the row as it stood, shortened"),
    Column("columns", JsonText, comment="JSON: the row's other columns, by name"),
    PrimaryKeyConstraint("batch_id", "row"),
)

MODEL_STATES = ("candidate", "champion", "retired", "rejected")

# One row is one immutable bundle.
models = Table(
    "models",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size_bytes", Integer, nullable=False),
    Column("metadata", Text, nullable=False, comment="JSON: metrics, recipe, what it was trained on"),
    Column("bundle", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("shadow_share", Double, comment="the share of live chunks it scores beside the champion, unseen"),
    CheckConstraint(f"state in {MODEL_STATES}", name="state"),
)

RUN_STATES = ("queued", "running", "done", "cancelled")

# One row is one classification of a batch by one model.
runs = Table(
    "runs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("batch_id", BigId, ForeignKey("batches.id"), nullable=False),
    Column("model", Integer, ForeignKey("models.number"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("total", BigId, nullable=False, server_default="0"),
    Column("done", BigId, nullable=False, server_default="0"),
    Column("failed", BigId, nullable=False, server_default="0"),
    Column("loaded", Boolean, nullable=False, server_default=text("false"), comment="no more chunks will come"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("priority", Integer, nullable=False, server_default="10", comment="its share of the turns, 1 to 100"),
    Column("paused_at", UtcDateTime, comment="since when no chunk of it is begun"),
    # A verdict belongs to an item and a model, so a batch meets each model once.
    UniqueConstraint("batch_id", "model"),
    CheckConstraint(f"state in {RUN_STATES}", name="state"),
)

CHUNK_STATES = ("queued", "running", "done", "failed", "cancelled")

# One row is a contiguous range of items of one run: the unit of work, of leases and of transactions.
chunks = Table(
    "chunks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("run_id", BigId, ForeignKey("runs.id"), nullable=False, index=True),
    Column("first_row", BigId, nullable=False),
    Column("last_row", BigId, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("leased_at", UtcDateTime, comment="when the lease was taken, or renewed last"),
    Column("lease_until", UtcDateTime),
    Column("worker", Text),
    Column("finished_at", UtcDateTime),
    Column("last_error", Text),
    Column("summary", Text, comment="JSON: how the scores and tokens of its items are distributed"),
    # An older newsgate, which does not know it, has its chunks come first.
    Column("turn", Double, server_default="0", comment="the lowest waiting one is next; none while its run is paused"),
    CheckConstraint(f"state in {CHUNK_STATES}", name="state"),
    # A worker that sleeps holds the id of a chunk that may be gone: no other chunk may ever have it.
    sqlite_autoincrement=True,
)

# One row is what one model said about one item: a label, or an error with its reason.
verdicts = Table(
    "verdicts",
    metadata,
    Column("item_id", BigId, ForeignKey("items.id"), nullable=False),
    Column("model", Integer, ForeignKey("models.number"), nullable=False),
    Column("run_id", BigId, ForeignKey("runs.id"), nullable=False),
    Column("label", String(8)),
    Column("p_fake", Double),
    Column("token_count", Integer, nullable=False, server_default="0"),
    Column("truncated", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Column("classified_at", UtcDateTime, nullable=False, server_default=database_time()),
    Column("familiarity", Double, comment="the share of the training's own texts that are no more like them, 0 to 1"),
    PrimaryKeyConstraint("item_id", "model"),
    CheckConstraint("(label is null) = (error is not null)", name="label_or_error"),
    sqlite_with_rowid=False,
)
