"""Classify a chunk: claim, load texts, classify, commit. Celery acknowledges before, so nothing follows the commit.

A message rings for one chunk, and whoever hears it works until none waits, each time on the chunk whose turn it is.

A plain function over a frozen set of parts: the Celery task, the sweeper and the tests all call the same one.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sqlalchemy.exc import SQLAlchemyError

from newsgate.db.chunks import (
    Claim,
    claim_chunk,
    claim_next_chunk,
    commit_chunk,
    fail_chunk,
    hand_back,
    load_texts,
    release_chunk,
)
from newsgate.db.errors import ChunkFencedError, DamagedModelError, DatabaseError, NoSuchModelError
from newsgate.db.session import Database
from newsgate.db.turns import queued_among
from newsgate.db.verdicts import Verdicts
from newsgate.foundation.errors import NewsgateError
from newsgate.model.bundle import NewerBundleError
from newsgate.model.labels import NOT_FINITE, label_of
from newsgate.tasks.classifying.interrupted_attempts import InterruptedAttempts
from newsgate.tasks.classifying.pace import Pace
from newsgate.tasks.classifying.shadow_scoring import shadow_chunk
from newsgate.tasks.running.schema_watch import SchemaWatch
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.log_format import about
from newsgate.worker.settings import Settings
from newsgate.worker.shared_models import SharedModels
from newsgate.worker.stage_times import Stages
from newsgate.worker.tally import CHUNKS, ROWS, TAKEOVERS, TALLY
from newsgate.worker.watchdog import InFlight

if TYPE_CHECKING:
    from newsgate.model.classifier import Classifier, Scores

log = logging.getLogger("newsgate.worker")

Outcome = Literal["done", "nothing to do", "fenced", "failed", "left"]


class ModelUnusableError(NewsgateError):
    """The model of a run cannot be loaded, whatever the rows are."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What classifying needs, made once a process and shared by its threads."""

    settings: Settings
    database: Database
    models: SharedModels
    bell: Doorbell
    worker: str
    schema: SchemaWatch
    in_flight: InFlight = field(default_factory=InFlight)
    stages: Stages = field(default_factory=Stages)
    interrupted: InterruptedAttempts = field(default_factory=InterruptedAttempts)
    pace: Pace = field(default_factory=Pace)

    def still_waiting(self, chunks: Sequence[int]) -> set[int]:
        """Those of these chunks that wait for a worker. Raises DatabaseError."""
        with self.database.read() as connection:
            return queued_among(connection, chunks)


@dataclass(frozen=True, slots=True)
class Classified:
    """The items of a chunk, their texts and verdicts, and a summary of the scores as JSON."""

    items: list[int]
    texts: list[str]
    verdicts: Verdicts
    summary: str


@dataclass(slots=True)
class Attempt:
    """What came of an attempt. classified: None where nothing was stored."""

    outcome: Outcome = "done"
    classified: Classified | None = None

    def end(self, outcome: Outcome) -> None:
        """Say that it ended otherwise."""
        self.outcome, self.classified = outcome, None


def classify_chunk(chunk: int | None, context: WorkerContext, *, from_broker: bool) -> Outcome:
    """Work on one chunk, if it is there to be worked on; None: on the one whose turn it is.

    Raises DatabaseError where the database fails: the attempt is then handed back when it answers again.
    """
    if context.schema.is_newer:
        return "nothing to do"
    with context.in_flight.working_on() as working:
        claim = _claim(chunk, context)
        if claim is None:
            return "nothing to do"
        context.in_flight.claimed(working, from_broker=from_broker)
        if claim.taken_over:
            TALLY.add(TAKEOVERS)
        with about(batch=claim.batch, run=claim.run, chunk=claim.chunk, attempt=claim.attempt):
            outcome, classified = _attempt(claim, context)
    if classified is not None:
        shadow_classified(claim, classified, context)
    return outcome


def _attempt(claim: Claim, context: WorkerContext) -> tuple[Outcome, Classified | None]:
    with attempt_at(claim, context) as attempt:
        attempt.classified = _classify(claim, context)
        with context.stages.timed("commit"), context.database.write() as connection:
            commit_chunk(connection, claim, attempt.classified.verdicts, summary=attempt.classified.summary)
    return attempt.outcome, attempt.classified


@contextmanager
def attempt_at(claim: Claim, context: WorkerContext) -> Iterator[Attempt]:
    """End an attempt in good order, whatever the block raises; the block classifies and commits, and says what.

    Raises DatabaseError where the database fails: the attempt is handed back when it answers again.
    """
    attempt = Attempt()
    try:
        yield attempt
    except ChunkFencedError as fenced:
        log.warning("%s", fenced)
        attempt.end("fenced")
    except DatabaseError:
        context.interrupted.add(claim)
        raise
    except NewerBundleError:
        # No attempt of this chunk: workers that read the bundle are to have all of them.
        _leave(claim, context)
        attempt.end("left")
    except ModelUnusableError as error:
        log.error("chunk %d at attempt %d: %s", claim.chunk, claim.attempt, error)
        _release(claim, context, error=error)
        attempt.end("failed")
    except Exception as error:
        if context.schema.look():
            _leave(claim, context)
            attempt.end("left")
        else:
            log.exception("chunk %d failed at attempt %d", claim.chunk, claim.attempt)
            _release(claim, context, error=error)
            attempt.end("failed")
    else:
        if attempt.classified is not None:
            _count_done(claim, context, attempt.classified)
    TALLY.add(CHUNKS, outcome=attempt.outcome)


def shadow_classified(claim: Claim, classified: Classified, context: WorkerContext) -> None:
    """Let challengers see a chunk that is done, where it is one of their share."""
    shadow_chunk(
        claim,
        classified.items,
        classified.texts,
        database=context.database,
        models=context.models,
        in_flight=context.in_flight,
    )


def _count_done(claim: Claim, context: WorkerContext, classified: Classified) -> None:
    context.stages.count(texts=len(classified.items))
    failed = classified.verdicts.failed
    TALLY.add(ROWS, len(classified.items) - failed, outcome="done")
    TALLY.add(ROWS, failed, outcome="failed")
    log.debug("chunk %d is done: %d texts", claim.chunk, len(classified.items))


def judge(items: Sequence[int], scores: Scores) -> Verdicts:
    """Verdicts from scores: fake from one half up; what is not a finite number is an error of that row alone."""
    p_fake: list[float] = scores.p_fake.tolist()
    # A familiarity that is not known is NaN, the one number that is not equal to itself.
    familiarity = [known if known == known else None for known in scores.familiarity.tolist()]
    errors = None
    if all(map(math.isfinite, p_fake)):
        labels: list[str | None] = [label_of(each) for each in p_fake]
    else:
        finite = [math.isfinite(each) for each in p_fake]
        labels = [label_of(each) if known else None for each, known in zip(p_fake, finite, strict=True)]
        errors = [None if known else NOT_FINITE for known in finite]
        familiarity = [each if known else None for each, known in zip(familiarity, finite, strict=True)]
    return Verdicts(
        items=items,
        labels=labels,
        p_fake=p_fake if errors is None else [each if math.isfinite(each) else None for each in p_fake],
        token_counts=scores.token_counts.tolist(),
        truncated=scores.truncated.tolist(),
        errors=errors,
        familiarity=familiarity,
    )


def load_model(models: SharedModels, number: int, *, sha256: str | None = None) -> Classifier:
    """A model, ready to classify. sha256: as for `SharedModels.get`.

    Raises ModelUnusableError where the model is to blame.
    Raises NewerBundleError where a newer newsgate has made it, DatabaseError, RuntimeUnavailableError where this
    machine cannot run any model, and what says as little about the bundle: MemoryError, OSError, SQLAlchemyError.
    """
    from newsgate.model.runtime_names import RuntimeUnavailableError

    try:
        return models.get(number, sha256=sha256)
    except (NoSuchModelError, DamagedModelError) as error:
        raise ModelUnusableError(f"model {number} cannot be used: {error}") from error
    except (DatabaseError, NewerBundleError, RuntimeUnavailableError, SQLAlchemyError, MemoryError, OSError):
        raise
    # What a bundle can do to Keras or ONNX Runtime has no one class.
    except Exception as error:
        raise ModelUnusableError(f"model {number} cannot be used: {error}") from error


def _claim(chunk: int | None, context: WorkerContext) -> Claim | None:
    claim = None
    lease_seconds = context.settings.lease_seconds
    newer = context.models.newer
    try:
        # Undone by a power cut, a claim is taken again, and no verdict has named it: the one that does syncs both.
        with context.stages.timed("claim"), context.database.write(synced=False) as connection:
            if chunk is None:
                claim = claim_next_chunk(
                    connection, worker=context.worker, lease_seconds=lease_seconds, but_models=newer
                )
            else:
                claim = claim_chunk(
                    connection,
                    chunk,
                    worker=context.worker,
                    lease_seconds=lease_seconds,
                    max_attempts=context.settings.max_attempts,
                    but_models=newer,
                )
    except DatabaseError:
        # Only the answer to its commit may be lost.
        if claim is not None:
            context.interrupted.add(claim)
        raise
    except SQLAlchemyError:
        if not context.schema.look():
            raise
        return None
    return claim


def _classify(claim: Claim, context: WorkerContext) -> Classified:
    classifier = load_model(context.models, claim.model, sha256=claim.model_sha256)
    with context.stages.timed("load"), context.database.read() as connection:
        items, texts = load_texts(connection, claim)
    return score(items, texts, classifier, context)


def score(items: list[int], texts: list[str], classifier: Classifier, context: WorkerContext) -> Classified:
    """What the classifier says about the texts of a chunk."""
    # NumPy loads where texts are classified, not in every process that imports this file.
    from newsgate.model.score_summary import summarise

    with context.stages.timed("classify"):
        scores = classifier.classify(texts)
        return Classified(items, texts, judge(items, scores), json.dumps(summarise(scores).as_json()))


def _leave(claim: Claim, context: WorkerContext) -> None:
    """Hand a chunk back, for workers of a newer newsgate: the attempt does not count."""
    try:
        with context.database.write() as connection:
            to_ring = hand_back(connection, claim)
    except (DatabaseError, SQLAlchemyError) as error:
        # Its lease runs out.
        log.warning("chunk %d could not be handed back: %s", claim.chunk, error)
        return
    context.bell.ring(to_ring)


def _release(claim: Claim, context: WorkerContext, *, error: Exception) -> None:
    told = str(error) if isinstance(error, NewsgateError) else f"{type(error).__name__}: {error}"
    reason = " ".join(told.split())[:1000]
    max_attempts = context.settings.max_attempts
    try:
        with context.database.write() as connection:
            # Halving would look for a guilty row, and here no row is.
            if isinstance(error, ModelUnusableError) and claim.attempt >= max_attempts:
                after = fail_chunk(connection, claim, error=reason)
            else:
                after = release_chunk(connection, claim, error=reason, max_attempts=max_attempts)
    except ChunkFencedError as fenced:
        log.warning("%s", fenced)
        return
    except DatabaseError:
        context.interrupted.add(claim)
        raise
    TALLY.add(ROWS, after.failed_rows, outcome="failed")
    context.bell.ring(after.to_ring)
