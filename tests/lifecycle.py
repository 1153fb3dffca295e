"""What can happen to chunks, runs and batches: steps that tests take, and edges of docs/lifecycle.md they walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row, select

from newsgate.db.batches import (
    AcceptedRow,
    Loading,
    NewBatch,
    RefusedRow,
    add_rows,
    cancel_run,
    create_batch,
    finish_loading,
)
from newsgate.db.chunks import (
    Claim,
    claim_chunk,
    commit_chunk,
    hand_back,
    load_texts,
    release_chunk,
)
from newsgate.db.labels import text_hash
from newsgate.db.left_chunks import give_up_on_lapsed_chunks, stalled_chunks
from newsgate.db.model_registry import add_model
from newsgate.db.promotions import promote
from newsgate.db.runs import requeue
from newsgate.db.session import Database
from newsgate.db.tables import chunks, items, runs, verdicts
from newsgate.db.verdicts import Verdict, Verdicts

MAX_ATTEMPTS = 2
# A lease that has run out already: no test has to wait for one.
LAPSED = -1.0
Test = TypeVar("Test", bound=Callable[..., None])
walked: set[tuple[str, str, str]] = set()


def walks(life: str, *edges: tuple[str, str]) -> Callable[[Test], Test]:
    """Mark a test as the one that walks these edges of one of the page's diagrams."""
    walked.update((life, source, target) for source, target in edges)
    return lambda test: test


@dataclass(frozen=True)
class Stored:
    """A batch in the database: its loader's claim and its chunks."""

    loading: Loading
    chunks: list[int]


class System:
    """What the tests do to one database, each call a transaction of its own as in real life."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            self.model = add_model(connection, name="test", bundle=b"not read here", metadata={})
            promote(connection, self.model, reason="the only one", figures={})

    def create(self) -> Loading:
        new = NewBatch(name="posts.csv", sha256="0" * 64, size_bytes=1, layout="{}")
        with self.database.write() as connection:
            return create_batch(connection, new, model=self.model)

    def add(self, loading: Loading, first_row: int, count: int) -> int | None:
        rows = range(first_row, first_row + count)
        texts = [(row, f"text of row {row}") for row in rows]
        accepted = [AcceptedRow(row, None, text, text_hash(text)) for row, text in texts]
        refused = [RefusedRow(first_row + count, "the text is empty", "")]
        with self.database.write() as connection:
            return add_rows(connection, loading, accepted=accepted, refused=refused, last_row=first_row + count)

    def finish(self, loading: Loading) -> None:
        with self.database.write() as connection:
            finish_loading(connection, loading)

    def load(self, *sizes: int) -> Stored:
        """Store a whole file whose chunks have these sizes."""
        loading = self.create()
        made = [self.add(loading, 2 + 100 * place, size) for place, size in enumerate(sizes)]
        self.finish(loading)
        return Stored(loading, [chunk for chunk in made if chunk is not None])

    def claim(self, chunk: int, *, worker: str = "one", lease: float = 60) -> Claim | None:
        with self.database.write() as connection:
            return claim_chunk(connection, chunk, worker=worker, lease_seconds=lease, max_attempts=MAX_ATTEMPTS)

    def take(self, chunk: int, *, worker: str = "one", lease: float = 60) -> Claim:
        claim = self.claim(chunk, worker=worker, lease=lease)
        assert claim is not None
        return claim

    def commit(self, claim: Claim) -> None:
        with self.database.write() as connection:
            ids, _ = load_texts(connection, claim)
            commit_chunk(connection, claim, Verdicts.of([Verdict(item, "real", 0.1, 4, False, None) for item in ids]))

    def release(self, claim: Claim, error: str = "ValueError: no") -> list[int]:
        with self.database.write() as connection:
            return release_chunk(connection, claim, error=error, max_attempts=MAX_ATTEMPTS).to_ring

    def hand_back(self, claim: Claim) -> list[int]:
        with self.database.write() as connection:
            return hand_back(connection, claim)

    def give_up(self) -> list[int]:
        with self.database.write() as connection:
            return give_up_on_lapsed_chunks(connection, max_attempts=MAX_ATTEMPTS).to_ring

    def stalled(self, *, queued_for_seconds: float | None, limit: int = 10) -> list[int]:
        with self.database.read() as connection:
            return stalled_chunks(
                connection, queued_for_seconds=queued_for_seconds, max_attempts=MAX_ATTEMPTS, limit=limit
            )

    def cancel(self, stored: Stored | Loading) -> bool:
        run = stored.run if isinstance(stored, Loading) else stored.loading.run
        with self.database.write() as connection:
            return cancel_run(connection, run)

    def requeue(self, stored: Stored) -> list[int]:
        with self.database.write() as connection:
            return list(requeue(connection, stored.loading.run, chunk_rows=100, chunk_chars=1000).chunks)

    def chunk(self, number: int) -> Row[Any]:
        with self.database.read() as connection:
            return connection.execute(select(chunks).where(chunks.c.id == number)).one()

    def states(self, stored: Stored) -> list[str]:
        query = select(chunks.c.state).where(chunks.c.run_id == stored.loading.run).order_by(chunks.c.first_row)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def run(self, stored: Stored | Loading) -> Row[Any]:
        number = stored.run if isinstance(stored, Loading) else stored.loading.run
        with self.database.read() as connection:
            return connection.execute(select(runs).where(runs.c.id == number)).one()

    def verdicts(self) -> list[Row[Any]]:
        """(row, label, error) of every verdict, in the order of the file."""
        query = select(items.c.row, verdicts.c.label, verdicts.c.error).join_from(verdicts, items)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(items.c.row)))

    def fail_until_over(self, waiting: Sequence[int], *, guilty_row: int) -> None:
        """Work on chunks as workers do while one row cannot be classified."""
        to_do = list(waiting)
        while to_do:
            claim = self.take(to_do.pop())
            if claim.first_row <= guilty_row <= claim.last_row:
                to_do += self.release(claim, error="ValueError: this row")
            else:
                self.commit(claim)
