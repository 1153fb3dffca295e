"""What tests of partitioned tables do and look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from newsgate.db.audit import audit
from newsgate.db.batches import AcceptedRow, NewBatch, RefusedRow, add_rows, create_batch, finish_loading
from newsgate.db.chunks import Claim, claim_chunk, commit_chunk, load_texts
from newsgate.db.labels import text_hash
from newsgate.db.partitions import Partition, partitions
from newsgate.db.results import ResultFilter, read_results
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.tasks.storage.purge_batches import plan_batch_purge, purge_batches
from tests.services import PostgresServer

TEN_BILLION = 10_000_000_000


@contextmanager
def opened(server: PostgresServer, url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    with database.read() as connection:
        assert [finding for finding in audit(connection) if not finding.holds] == []
    database.close()
    server.drop(url)


def create(database: Database, rows: int, *, loaded: bool = True) -> tuple[int, int | None]:
    """Store a batch; gives it and its only chunk."""
    accepted = [AcceptedRow(row, None, f"text {row}", text_hash(f"text {row}")) for row in range(2, rows + 2)]
    refused = [RefusedRow(rows + 2, "empty", "")]
    with database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=1)
        chunk = add_rows(connection, loading, accepted=accepted, refused=refused, last_row=rows + 2)
        if loaded:
            finish_loading(connection, loading)
    return loading.batch, chunk


def claim(database: Database, chunk: int | None) -> Claim:
    with database.write() as connection:
        claimed = claim_chunk(connection, chunk or 0, worker="test", lease_seconds=60, max_attempts=2)
    assert claimed is not None
    return claimed


def finish(connection: Connection, claimed: Claim) -> list[int]:
    found, _ = load_texts(connection, claimed)
    commit_chunk(connection, claimed, Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in found]))
    return found


def classified(database: Database, rows: int) -> int:
    batch, chunk = create(database, rows)
    claimed = claim(database, chunk)
    with database.write() as connection:
        finish(connection, claimed)
    return batch


def purge(database: Database, batch: int) -> int:
    return purge_batches(plan_batch_purge(database, batch=batch), database=database)


def parts_of(database: Database) -> list[Partition]:
    with database.read() as connection:
        return partitions(connection)


def rows_of(database: Database, table: str) -> int | None:
    """None where the table is not there."""
    with database.read() as connection:
        if connection.execute(text("select to_regclass(:name)"), {"name": table}).scalar() is None:
            return None
        found: int = connection.execute(text(f"select count(*) from {table}")).scalar_one()
        return found


def seen(database: Database, batch: int) -> list[Any]:
    with database.read() as connection:
        return [(each.item, each.row, each.label) for each in read_results(connection, ResultFilter(batch))]
