"""Working until no chunk waits: one chunk after the other, or, where the database is a server, hand over hand.

Hand over hand, a worker classifies one chunk while it commits the one before and, where the database is so far away
that it pays (`Pace`), reserves the next one and loads its texts. So it does not stand still while the database answers.
The longer the way is, the more chunks are loaded ahead at a time, and as many are committed at a time. What a reserved
chunk is says `db.reservations`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from newsgate.db.chunks import Claim
from newsgate.db.commit_at_once import commit_at_once
from newsgate.db.errors import DatabaseError
from newsgate.db.reservations import Reservation, begin, let_go, reserve_next
from newsgate.tasks.classifying.classify_chunk import (
    Classified,
    Outcome,
    WorkerContext,
    attempt_at,
    classify_chunk,
    load_model,
    score,
    shadow_classified,
)
from newsgate.tasks.classifying.pace import MOST_AHEAD
from newsgate.worker.log_format import about

log = logging.getLogger("newsgate.worker")

# How long classifying waits to hear that the attempt counts: longer than a database nearby takes to say so, and next to
# nothing beside classifying a chunk.
_BEGIN_SECONDS: Final = 0.002
# Each that is reserved has one, and each that is begun or committed two: to commit it waits for its beginning.
_THREADS: Final = MOST_AHEAD + 2 * (MOST_AHEAD + 1)


def classify_waiting(context: WorkerContext, stop: threading.Event) -> int:
    """Work on chunks until none waits, or `stop` is set; gives how many were begun. Raises DatabaseError."""
    begun = 0
    if context.database.is_sqlite:
        # It has no way to go, and one who writes at a time.
        while not stop.is_set() and classify_chunk(None, context, from_broker=True) != "nothing to do":
            begun += 1
        return begun
    with _HandOverHand(context) as hands:
        while not stop.is_set() and (reserved := hands.take()) is not None:
            hands.work_on(reserved, stop)
    return hands.begun


class _HandOverHand:
    """What one thread that classifies has in hand: for as long as the block lasts, and nothing afterwards.

    begun: how many chunks were, to be read after the block.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self.begun = 0
        self._counting = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ahead")
        # In the order in which they were asked for.
        self._ahead: list[Future[Reservation | None]] = []
        # Whether the last one that was asked for was not there.
        self._is_scarce = False
        self._committing: deque[Future[Outcome | None]] = deque()
        # Where the only attempt is the last one, no chunk may be in hand when another ends the process.
        self._one_at_a_time = context.settings.max_attempts == 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._pool:
            self._give_back()
            if kind is None:
                self._end_commits()

    def take(self) -> Reservation | None:
        """The next chunk, reserved; None where none waits, or the database is that of a newer newsgate."""
        while self._ahead:
            found = self._first_loaded().result()
            self._is_scarce = found is None
            if found is not None:
                return found
        # One may have come since the question was asked, or was left to others.
        return self._reserve()

    def _first_loaded(self) -> Future[Reservation | None]:
        # Of those that are there, the one that was asked for first; and none waits for one whose packets were lost.
        wait(self._ahead, return_when=FIRST_COMPLETED)
        first = next(each for each in self._ahead if each.done())
        self._ahead.remove(first)
        return first

    def work_on(self, reserved: Reservation, stop: threading.Event) -> None:
        """Classify a chunk and begin to commit it; meanwhile reserve the next ones, unless `stop` is set."""
        if not reserved.is_whole:
            self._work_step_by_step(reserved)
            return
        in_flight = self._context.in_flight
        working = in_flight.begin()
        in_flight.claimed(working, from_broker=True)
        try:
            beginning = self._pool.submit(self._begin, reserved)
            ahead = self._context.pace.chunks_ahead(lease_seconds=self._context.settings.lease_seconds)
            if not stop.is_set():
                self._reserve_ahead(ahead)
            wait([beginning], timeout=None if self._one_at_a_time else _BEGIN_SECONDS)
            classified = self._classify(reserved, beginning)
        except BaseException:
            in_flight.end(working)
            raise
        if classified is None:
            in_flight.end(working)
            return
        try:
            # Nearby, none while another is committed: a database that is slow is not asked for more at a time.
            self._end_commits(but=max(ahead, 1) - 1)
        finally:
            self._committing.append(self._pool.submit(self._commit, beginning, classified, working))
        if self._one_at_a_time or reserved.has_shadows:
            done = self._end_commits() == "done"
            if done and reserved.has_shadows:
                self._shadow(beginning, classified)

    def _work_step_by_step(self, reserved: Reservation) -> None:
        # A purge came in between, or rows were deleted by hand: read again, in a transaction after the claim.
        self._let_go(reserved)
        if classify_chunk(reserved.chunk, self._context, from_broker=True) != "nothing to do":
            self._count_begun()

    def _reserve_ahead(self, chunks: int) -> None:
        """Have so many in hand beside the one that is classified, as far as others need not go without for it."""
        while len(self._ahead) < (min(chunks, 1) if self._is_scarce else chunks):
            self._ahead.append(self._pool.submit(self._reserve, in_hand=len(self._ahead) + 1))

    def _reserve(self, *, in_hand: int = 0) -> Reservation | None:
        context, began = self._context, time.monotonic()
        if context.schema.is_newer:
            return None
        try:
            with context.stages.timed("load"), context.database.at_once() as connection:
                lease_seconds = context.settings.lease_seconds
                reserved = reserve_next(
                    connection,
                    worker=context.worker,
                    lease_seconds=lease_seconds,
                    but_models=context.models.newer,
                    in_hand=in_hand,
                    threads=context.settings.worker_threads,
                )
        except DatabaseError:
            context.interrupted.add_untold(context.worker)
            raise
        except SQLAlchemyError:
            if not context.schema.look():
                raise
            return None
        if reserved is not None:
            context.pace.note_loading(time.monotonic() - began)
        return reserved

    def _begin(self, reserved: Reservation) -> Claim | None:
        context = self._context
        try:
            with context.stages.timed("claim"), context.database.at_once() as connection:
                claim = begin(connection, reserved, lease_seconds=context.settings.lease_seconds)
        except DatabaseError:
            context.interrupted.add_reserved(reserved)
            raise
        except SQLAlchemyError:
            if not context.schema.look():
                raise
            return None
        if claim is None:
            log.debug("chunk %d is not to be worked on any more", reserved.chunk)
            self._let_go(reserved)
        else:
            self._count_begun()
        return claim

    def _count_begun(self) -> None:
        with self._counting:
            self.begun += 1

    def _classify(self, reserved: Reservation, beginning: Future[Claim | None]) -> Classified | None:
        """The verdicts of a chunk; None where it is not to be worked on, or failed."""
        context = self._context
        with about(batch=reserved.batch, run=reserved.run, chunk=reserved.chunk, attempt=reserved.attempt + 1):
            try:
                if beginning.done() and beginning.result() is None:
                    return None
                classifier = load_model(context.models, reserved.model, sha256=reserved.model_sha256)
                began = time.monotonic()
                classified = score(reserved.items, reserved.texts, classifier, context)
                context.pace.note_classifying(time.monotonic() - began)
                return classified
            except Exception as error:
                log.debug("chunk %d was not classified", reserved.chunk, exc_info=True)
                self._end_badly(beginning, error)
                return None

    def _end_badly(self, beginning: Future[Claim | None], error: Exception) -> None:
        claim = beginning.result()
        if claim is not None:
            with attempt_at(claim, self._context):
                raise error

    def _commit(self, beginning: Future[Claim | None], classified: Classified, working: object) -> Outcome | None:
        context = self._context
        try:
            claim = beginning.result()
            if claim is None:
                return None
            with about(batch=claim.batch, run=claim.run, chunk=claim.chunk, attempt=claim.attempt):
                with attempt_at(claim, context) as attempt:
                    attempt.classified = classified
                    with context.stages.timed("commit"), context.database.at_once() as connection:
                        commit_at_once(connection, claim, classified.verdicts, summary=classified.summary)
                return attempt.outcome
        finally:
            context.in_flight.end(working)

    def _end_commits(self, *, but: int = 0) -> Outcome | None:
        """Wait until no more than `but` are under way; gives what came of the last that ended. Raises DatabaseError."""
        outcome = None
        while len(self._committing) > but or (self._committing and self._committing[0].done()):
            outcome = self._committing.popleft().result()
        return outcome

    def _give_back(self) -> None:
        ahead, self._ahead = self._ahead, []
        found = [each.result() for each in ahead if each.exception() is None]
        # Each by itself, or one that fails would keep the others.
        given = [self._pool.submit(self._let_go, reserved) for reserved in found if reserved is not None]
        wait(given)
        for each in given:
            each.result()

    def _let_go(self, reserved: Reservation) -> None:
        context = self._context
        try:
            with context.database.write(synced=False) as connection:
                to_ring = let_go(connection, reserved)
        except DatabaseError:
            context.interrupted.add_reserved(reserved)
            raise
        except SQLAlchemyError:
            # Its lease runs out, and newer workers have it.
            if not context.schema.look():
                raise
            return
        context.bell.ring(to_ring)

    def _shadow(self, beginning: Future[Claim | None], classified: Classified) -> None:
        claim = beginning.result()
        if claim is not None:
            shadow_classified(claim, classified, self._context)
