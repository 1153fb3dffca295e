"""What integration tests share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsgate.db.audit import audit
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.labels import text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.session import Database
from tests.desk import Desk
from tests.integration.partition_steps import opened
from tests.labels import TEXTS
from tests.lifecycle import System
from tests.review_queue import Queue
from tests.services import PostgresServer


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """A place to enqueue and classify without programs, on each database; the audit holds when the test ends."""
    made = Desk(database, tmp_path)
    yield made
    made.assert_sound()


@pytest.fixture
def system(database: Database) -> Iterator[System]:
    yield System(database)
    with database.read() as connection:
        broken = [finding for finding in audit(connection) if not finding.holds]
    assert broken == []


@pytest.fixture
def stored(database: Database) -> Database:
    """A database with a batch of four rows that nobody has classified yet."""
    with database.write() as connection:
        model = add_model(connection, name="test", bundle=b"not read here", metadata={})
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
        rows = [AcceptedRow(row, None, text, text_hash(text)) for row, text in enumerate(TEXTS, start=2)]
        add_rows(connection, loading, accepted=rows, refused=[], last_row=5)
        finish_loading(connection, loading)
    return database


@pytest.fixture
def queue(database: Database) -> Iterator[Queue]:
    yield Queue(database)
    with database.read() as connection:
        assert [finding for finding in audit(connection) if not finding.holds] == []


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Nothing is compiled to a graph: that takes longer than the few steps of a test."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*run_functions_eagerly", UserWarning)
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def plain(postgres_server: PostgresServer) -> Iterator[Database]:
    with opened(postgres_server, postgres_server.new_database(migrated=True)) as database:
        with database.write() as connection:
            add_model(connection, name="test", bundle=b"not read here", metadata={})
        yield database


@pytest.fixture
def parted(postgres_server: PostgresServer) -> Iterator[Database]:
    """Each batch fills a partition."""
    with opened(postgres_server, postgres_server.partitioned_database()) as database:
        with database.write() as connection:
            add_model(connection, name="test", bundle=b"not read here", metadata={})
        yield database
