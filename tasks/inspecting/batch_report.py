"""A batch at a glance: what one run of it found, gathered in one look at the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from newsgate.db.batch_status import BatchStatus, kept_batch_status
from newsgate.db.model_registry import ModelRecord, model_record
from newsgate.db.report_queries import ScoreCounts, count_scores, count_sure_labels, read_extremes, read_failures
from newsgate.db.results import Reject, Result, ResultFilter, read_rejects
from newsgate.db.session import Database
from newsgate.tasks.inspecting.drift import DriftDay, drift_of_run
from newsgate.tasks.inspecting.likeness import describe_unfamiliar, familiar_rows
from newsgate.tasks.inspecting.promise import Promise, promise_of

MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Abstention:
    """The rows that keep their label where an error is wanted, and what is promised of them."""

    promise: Promise
    fake: int
    real: int

    @property
    def threshold(self) -> float:
        """The least confidence of a row that keeps its label, or infinity."""
        return self.promise.threshold


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch and one run of it.

    fake, real, torn: the rows at the ends and in the middle of the scores. failed: rows with an error in place of a
    score; rejects: rows of the file that were refused; of both the first `MOST_PROBLEMS`. drift: the run's scores
    beside those of the model's training, None before the first row has one. abstention: None where no error was wanted.
    unfamiliar: a sentence that the model has not learned from texts like these, where that is so.
    """

    status: BatchStatus
    model: ModelRecord
    overview: ScoreCounts
    fake: tuple[Result, ...]
    real: tuple[Result, ...]
    torn: tuple[Result, ...]
    failed: tuple[Result, ...]
    rejects: tuple[Reject, ...]
    drift: DriftDay | None
    abstention: Abstention | None
    unfamiliar: str | None


def report_on(
    database: Database, batch: int, *, model: int | None = None, max_error: float | None = None, limit: int = 10
) -> BatchReport:
    """Return what the batch's latest run found, or its run by `model`, with `limit` rows of each kind.

    Raises NoSuchBatchError, BatchPurgedError, NoSuchRunError, and NoRecordError where `max_error` is wanted and the
    model's bundle does not say how sure it must be.
    """
    with database.read() as connection:
        status = kept_batch_status(connection, batch, model=model)
        record = model_record(connection, status.model)
        wanted = ResultFilter(batch, model=status.model)
        return BatchReport(
            status=status,
            model=record,
            overview=count_scores(connection, wanted),
            fake=tuple(read_extremes(connection, wanted, "fake", limit=limit)),
            real=tuple(read_extremes(connection, wanted, "real", limit=limit)),
            torn=tuple(read_extremes(connection, wanted, "torn", limit=limit)),
            failed=tuple(read_failures(connection, wanted, limit=MOST_PROBLEMS)),
            rejects=tuple(read_rejects(connection, batch, limit=MOST_PROBLEMS)),
            drift=drift_of_run(connection, status.run, record),
            abstention=None if max_error is None else _abstention(connection, wanted, status, max_error=max_error),
            unfamiliar=describe_unfamiliar(familiar_rows(connection, status.run), model="the model"),
        )


def _abstention(connection: Connection, wanted: ResultFilter, status: BatchStatus, *, max_error: float) -> Abstention:
    promise = promise_of(connection, status, max_error=max_error)
    fake, real = count_sure_labels(connection, wanted, threshold=promise.threshold)
    return Abstention(promise, fake, real)
