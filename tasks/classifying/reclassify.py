"""Reclassify: another run of a batch, by another model; and requeue: the same run, for the rows it failed at.

Like enqueue, both put chunks into the database and ring for them; what is killed on the way goes on when run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from newsgate.db.batch_status import BatchStatus, batch_status, kept_batch_status
from newsgate.db.batches import queued_chunks
from newsgate.db.errors import DatabaseError, NoSuchRunError
from newsgate.db.flips import Flip, FlipCounts, count_flips, models_of, surest_flips
from newsgate.db.model_registry import choose_model
from newsgate.db.runs import Requeued, extend_run, open_run, requeue, resume_run, run_position
from newsgate.db.session import Database
from newsgate.db.steering import set_priority, unpause_run
from newsgate.tasks.classifying.steer_batch import check_priority
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Reclassified:
    """A run of a batch that stood there already.

    begun: by this call; else an earlier call made it and this one went on. status: as it was when all chunks were made.
    """

    status: BatchStatus
    begun: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlipReport:
    """What changed between the verdicts of two models on one batch."""

    batch: int
    before: int
    after: int
    counts: FlipCounts
    surest: tuple[Flip, ...]


def reclassify(
    batch: int,
    *,
    model: int | None,
    priority: int | None = None,
    settings: Settings,
    database: Database,
    progress: Callable[[int, int], None] = lambda _rows, _items: None,
) -> Reclassified:
    """Have a batch classified by a model (None: the champion), beside the verdicts it has.

    priority: its share of the turns, 1 to 100; None leaves that of a run that was begun before, else 10.
    progress: told how many rows are in chunks so far, and of how many.
    A run that was begun before goes on: its missing chunks are made, its cancelled ones wait again, a pause
    ends, and all that wait are rung for.
    Raises NoSuchBatchError, BatchPurgedError, NoSuchModelError, BatchNotLoadedError, and WrongUsageError for a priority
    that none can have.
    """
    if priority is not None:
        check_priority(priority)
    champion = ensure_champion(database)
    with database.write() as connection:
        run, begun = open_run(connection, batch, model=choose_model(connection, model or champion))
        resume_run(connection, run)
        # Once a later run was begun, nothing else can let this one go on.
        unpause_run(connection, run)
        if priority is not None:
            set_priority(connection, run, priority)
    bell = Doorbell(settings)
    try:
        _make_chunks(run, settings=settings, database=database, bell=bell, tell=progress)
        with database.read() as connection:
            status = batch_status(connection, batch, model=run_position(connection, run).model)
            waiting = [] if begun else queued_chunks(connection, run)
        bell.ring(waiting)
    finally:
        bell.close()
    return Reclassified(status, begun, bell.warnings())


def requeue_batch(batch: int, *, settings: Settings, database: Database) -> tuple[BatchStatus, Requeued]:
    """Have the failed rows and cancelled chunks of a batch's latest run tried again.

    Raises NoSuchBatchError, BatchPurgedError, RunNotLoadedError.
    """
    with database.write() as connection:
        run = batch_status(connection, batch).run
        again = requeue(connection, run, chunk_rows=settings.chunk_rows, chunk_chars=settings.chunk_chars)
        status = batch_status(connection, batch)
    bell = Doorbell(settings)
    try:
        bell.ring(again.chunks)
    finally:
        bell.close()
    return status, again


def report_flips(database: Database, batch: int, *, models: tuple[int, int] | None, limit: int) -> FlipReport:
    """What changed between two models on a batch; None compares its latest run with the one before it.

    Raises NoSuchBatchError, NoSuchRunError, DatabaseError.
    """
    with database.read() as connection:
        before, after = models or _latest_two(batch, known=models_of(connection, batch))
        for model in (before, after):
            status = kept_batch_status(connection, batch, model=model)
            if status.state != "done":
                raise DatabaseError(
                    f"batch {batch} is {status.state} for model {model}: "
                    f"{status.done + status.failed} of {status.total} rows have a verdict so far",
                    remedy=f"`newsgate reclassify {batch} --model {model} --wait` waits for the rest",
                )
        return FlipReport(
            batch=batch,
            before=before,
            after=after,
            counts=count_flips(connection, batch, before=before, after=after),
            surest=tuple(surest_flips(connection, batch, before=before, after=after, limit=limit)),
        )


def previous_model(database: Database, batch: int, *, model: int) -> int | None:
    """The model of the run before this model's; for the first run that of the latest other; None where it is alone."""
    with database.read() as connection:
        known = models_of(connection, batch)
    if model not in known:
        raise NoSuchRunError(batch, model)
    others = known[: known.index(model)] or [other for other in known if other != model]
    return others[-1] if others else None


def _latest_two(batch: int, *, known: list[int]) -> tuple[int, int]:
    if len(known) < 2:
        raise DatabaseError(
            f"batch {batch} was classified by one model only",
            remedy=f"`newsgate reclassify {batch} --model N` has another one classify it",
        )
    return known[-2], known[-1]


def _make_chunks(
    run: int, *, settings: Settings, database: Database, bell: Doorbell, tell: Callable[[int, int], None]
) -> None:
    with database.read() as connection:
        position = run_position(connection, run)
    while position.unfinished:
        with database.write() as connection:
            step = extend_run(connection, position, chunk_rows=settings.chunk_rows, chunk_chars=settings.chunk_chars)
        if step.chunk is not None:
            bell.ring([step.chunk])
        position = step.position
        tell(position.total, position.items)
