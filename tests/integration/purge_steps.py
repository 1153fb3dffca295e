"""Single steps of a purge, for tests of what it leaves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text

from newsgate.db.all_tables import metadata
from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.chunks import Claim, load_texts
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches
from newsgate.tasks.storage.purge_texts import TextPurge, plan_text_purge, purge_texts
from tests.desk import Desk
from tests.integration.chunk_steps import take

# Where nothing depends on which database it is.
on_sqlite_alone = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()


def status(desk: Desk, batch: int) -> BatchStatus:
    with desk.database.read() as connection:
        return batch_status(connection, batch)


def purge(desk: Desk, batch: int, *, with_labels: bool = False) -> None:
    plan = plan_batch_purge(desk.database, batch=batch, with_labels=with_labels)
    purge_batches(plan, database=desk.database)


def purge_rows(desk: Desk, batch: int, rows: Sequence[int], *, with_labels: bool = False) -> TextPurge:
    """Purge the texts that stand in these rows."""
    wanted = f"select text from items where batch_id = {batch} and row in ({', '.join(map(str, rows))})"
    with desk.database.read() as connection:
        texts = list(connection.execute(text(wanted)).scalars())
    plan = plan_text_purge(texts, database=desk.database, with_labels=with_labels)
    purge_texts(plan, database=desk.database, settings=desk.settings)
    return plan


def verdicts_of(desk: Desk, chunk: int) -> tuple[Claim, Verdicts]:
    claimed = take(desk, chunk)
    with desk.database.read() as connection:
        ids, _ = load_texts(connection, claimed)
    return claimed, Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in ids])
