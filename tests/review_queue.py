"""A review queue for tests: one classified batch, and what reviewers do to it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlalchemy import func, select

from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.chunks import claim_chunk, commit_chunk, load_texts
from newsgate.db.judgement_tables import review_leases
from newsgate.db.labels import add_label, current_labels, text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.promotions import promote
from newsgate.db.review import (
    Offer,
    add_suspects,
    suspect_texts,
)
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts
from newsgate.tasks.labelling.review_session import ReviewSession

ROWS = 40


def text_of(row: int) -> str:
    return f"text of row {row}"


def score(row: int) -> float:
    """Row 2 is the least certain; each later one is a little more so, on alternating sides."""
    return 0.5 + (row - 1) * (0.01 if row % 2 == 0 else -0.01)


class Queue:
    """A database with one classified batch, and what reviewers do to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            self.model = add_model(connection, name="test", bundle=b"not read here", metadata={})
            promote(connection, self.model, reason="the only one", figures={})
        self.batch = self.classified([text_of(row) for row in range(2, ROWS + 2)])

    def classified(self, texts: Sequence[str]) -> int:
        """Store a batch of these texts with a verdict each."""
        rows = [AcceptedRow(row, None, text, text_hash(text)) for row, text in enumerate(texts, start=2)]
        with self.database.write() as connection:
            loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=self.model)
            chunk = add_rows(connection, loading, accepted=rows, refused=[], last_row=len(rows) + 1)
            finish_loading(connection, loading)
        assert chunk is not None
        with self.database.write() as connection:
            claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=2)
            assert claim is not None
            ids, _ = load_texts(connection, claim)
            commit_chunk(connection, claim, Verdicts.of([_verdict(item, row) for row, item in enumerate(ids, start=2)]))
        return loading.batch

    def session(self, reviewer: str = "ann", *, share: float = 0.0, lease: float = 60, seed: int = 0) -> ReviewSession:
        return ReviewSession(
            self.database,
            reviewer=reviewer,
            random_share=share,
            rng=random.Random(seed),
            lease_seconds=lease,
        )

    def label(self, text: str, label: str = "fake", *, by: str = "bob", chosen: str = "direct") -> None:
        with self.database.write() as connection:
            add_label(connection, text, label, labelled_by=by, chosen=chosen)

    def suspect(self, *texts: str) -> int:
        with self.database.write() as connection:
            return add_suspects(connection, [text_hash(text) for text in texts])

    def said(self) -> dict[str, tuple[str, str, str]]:
        with self.database.read() as connection:
            return {each.text: (each.label, each.chosen, each.labelled_by) for each in current_labels(connection)}

    def leases(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(review_leases)).scalar_one()

    def waiting(self) -> frozenset[bytes]:
        with self.database.read() as connection:
            return suspect_texts(connection)


def _verdict(item: int, row: int) -> Verdict:
    return Verdict(item, "fake" if score(row) >= 0.5 else "real", score(row), 4, False, None)


def shown(session: ReviewSession) -> Offer:
    offer = session.current()
    assert offer is not None
    return offer


def answer_all(session: ReviewSession, label: str = "fake") -> list[Offer]:
    answered = []
    while (offer := session.current()) is not None:
        session.judge(label)
        answered.append(offer)
    return answered
