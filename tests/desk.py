"""A worker's desk in the test's own process: the real parts on a real database, one chunk after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from newsgate.db.audit import audit
from newsgate.db.batch_status import batch_status
from newsgate.db.batches import queued_chunks
from newsgate.db.chunks import claim_chunk, commit_chunk, load_texts
from newsgate.db.results import Result, ResultFilter, read_results
from newsgate.db.session import Database
from newsgate.db.tables import chunks, items, runs
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.worker_process import make_worker_context
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.worker.settings import Settings, load_settings
from tests.texts import write_posts


class Desk:
    """What the tests do to one database; `chunk_rows` small, so that a short file has several chunks."""

    def __init__(self, database: Database, folder: Path, **told: Any) -> None:
        self.database = database
        self.folder = folder
        self.settings: Settings = load_settings(**{"home": folder / "home", "chunk_rows": 10, **told})
        self.context = make_worker_context(self.settings, database)

    def enqueue(self, rows: int, *, seed: int = 0, model: int | None = None) -> int:
        """Store a file of posts; gives its batch."""
        file = write_posts(self.folder / f"posts-{rows}-{seed}.csv", rows, seed=seed)
        return enqueue(Request(str(file), model=model), settings=self.settings, database=self.database).batch

    def work_off(self, batch: int) -> None:
        """Classify every chunk of the batch's latest run that waits."""
        for chunk in self.waiting(batch):
            assert classify_chunk(chunk, self.context, from_broker=True) == "done"

    def waiting(self, batch: int) -> list[int]:
        with self.database.read() as connection:
            return queued_chunks(connection, batch_status(connection, batch).run)

    def finish(self, batch: int, *, failing: Sequence[int] = (), only: Sequence[int] | None = None) -> None:
        """Give every waiting row a verdict without a model: `real`, or an error to the rows in `failing`.

        only: the chunks to finish; None: every one that waits.
        """
        for chunk in self.waiting(batch) if only is None else only:
            with self.database.write() as connection:
                claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=2)
                assert claim is not None
                ids, _ = load_texts(connection, claim)
                query = select(items.c.id, items.c.row).where(items.c.id.in_(ids))
                rows = {row.id: row.row for row in connection.execute(query)}
                commit_chunk(
                    connection, claim, Verdicts.of([_verdict(item, fails=rows[item] in failing) for item in ids])
                )

    def results(self, batch: int, *, model: int | None = None) -> list[Result]:
        with self.database.read() as connection:
            return list(read_results(connection, ResultFilter(batch, model=model)))

    def chunks(self, batch: int, *, model: int | None = None) -> list[Row[*tuple[Any, ...]]]:
        """The chunks of a run, in the order of the file."""
        with self.database.read() as connection:
            run = batch_status(connection, batch, model=model).run
            query = select(chunks).where(chunks.c.run_id == run).order_by(chunks.c.first_row)
            return list(connection.execute(query))

    def assert_sound(self) -> None:
        """The audit holds, and the chunks of each run that is made part its rows: each in one of them."""
        with self.database.read() as connection:
            assert [finding for finding in audit(connection) if not finding.holds] == []
            for run in connection.execute(select(runs).where(runs.c.loaded)).all():
                mine = select(items.c.row).where(items.c.batch_id == run.batch_id).order_by(items.c.row)
                rows = list(connection.execute(mine).scalars())
                covered: list[int] = []
                in_order = select(chunks).where(chunks.c.run_id == run.id).order_by(chunks.c.first_row)
                for chunk in connection.execute(in_order).all():
                    part = [row for row in rows if chunk.first_row <= row <= chunk.last_row]
                    assert len(part) == chunk.item_count
                    covered += part
                assert covered == rows


def _verdict(item: int, *, fails: bool) -> Verdict:
    return Verdict(item, None, None, 4, False, "no") if fails else Verdict(item, "real", 0.1, 4, False, None)
