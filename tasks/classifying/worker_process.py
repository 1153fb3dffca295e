"""The classifying worker: one process, one copy of each model, a Celery consumer, a sweeper and a watchdog."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from newsgate.db.errors import DatabaseError
from newsgate.db.model_registry import read_bundle_bytes
from newsgate.db.session import Database
from newsgate.model.bundle import NewerBundleError
from newsgate.model.runtime_names import require_runtime
from newsgate.tasks.classifying.classify_chunk import ModelUnusableError, WorkerContext, load_model
from newsgate.tasks.classifying.classify_waiting import classify_waiting
from newsgate.tasks.classifying.progress import Progress
from newsgate.tasks.classifying.sweeper import keep_sweeping
from newsgate.tasks.metrics.server import serving_metrics
from newsgate.tasks.notifying.notifier import keep_notifying
from newsgate.tasks.running.heartbeat import Heartbeat
from newsgate.tasks.running.open_database import ensure_champion, wait_for_database
from newsgate.tasks.running.process import begin_program
from newsgate.tasks.running.schema_watch import SchemaWatch
from newsgate.worker.celery import make_app
from newsgate.worker.consumer import consume
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.health import HealthFile
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK
from newsgate.worker.queue_sieve import QueueSieve
from newsgate.worker.settings import Settings
from newsgate.worker.shared_models import SharedModels
from newsgate.worker.stage_times import keep_telling, tell
from newsgate.worker.stop_signals import on_stop_signals
from newsgate.worker.supervisor import tell_supervisor
from newsgate.worker.watchdog import InFlight, leave, watch

log = logging.getLogger("newsgate.worker")

# More than a broker that answers needs: a read of the queue that is under way lasts up to a second.
_LEAVE_SECONDS = 1.5
_TELL_SECONDS = 60


def work(settings: Settings, *, parent: int | None = None) -> None:
    """Run a worker until it is told to stop (SIGTERM, SIGINT), then finish the chunks in hand.

    parent: the process that started this one, where it must not outlive it. It has seen the database, so one that does
    not answer now is waited for: a worker that ended would only be started again.
    """
    stop = threading.Event()
    begin_program(settings, name="worker", parent=parent)
    require_runtime(settings.runtime)
    database = wait_for_database(settings, part="worker", however_long=parent is not None)
    champion = ensure_champion(database)
    context = make_worker_context(
        settings,
        database,
        on_first_claim=tell_supervisor if parent is not None else lambda: None,
        # As if told to stop. Started again, it waits for a database that it understands.
        on_newer_schema=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    _load_champion(context, champion)
    progress = Progress(settings, database, left=lambda: context.models.newer)
    sweeper, *others = _threads(settings, database, context, stop)
    # Celery takes SIGTERM over when it is ready; until then the sweeper may have a chunk in hand already.
    on_stop_signals(_leave_early)

    def wind_up() -> None:
        stop.set()
        leave(context.in_flight, patience_seconds=_LEAVE_SECONDS)

    def begin_to_stop() -> None:
        # A thread, for it is told in a signal handler, where waiting for a lock could be for ever.
        threading.Thread(target=wind_up, daemon=True).start()

    try:
        with (
            serving_metrics(settings, database, part="worker", stages=context.stages),
            Heartbeat(database, name=context.worker, kind="worker"),
            HealthFile(settings, part="worker", look=progress.look),
            _running(sweeper, *others, stop=stop, patience_seconds=settings.lease_seconds),
        ):
            _consume(settings, context, stop, on_stop=begin_to_stop)
    finally:
        tell(context.stages)
        context.bell.close()
        database.close()


def _leave_early(*_: object) -> None:
    # Once: told again, it would leave what it finishes.
    on_stop_signals(lambda *_: None)
    sys.exit(0)


@contextmanager
def _running(
    sweeper: threading.Thread, *others: threading.Thread, stop: threading.Event, patience_seconds: float
) -> Iterator[None]:
    """Have these threads at work for as long as the block lasts; then the sweeper finishes what it has in hand.

    That holds wherever a signal breaks in, also while they are started.
    """
    try:
        for thread in (sweeper, *others):
            thread.start()
        yield
    finally:
        stop.set()
        if sweeper.is_alive():
            sweeper.join(patience_seconds)


def _load_champion(context: WorkerContext, champion: int) -> None:
    # Before any work is accepted: the first chunk must not wait for the model, nor a bad model cost an attempt.
    try:
        load_model(context.models, champion)
    except NewerBundleError:
        # Its rows are left to newer workers, and the log has a line for it.
        pass
    except ModelUnusableError as error:
        # Its rows fail with this reason; those of other models are classified.
        log.error("%s", error)


def _threads(
    settings: Settings, database: Database, context: WorkerContext, stop: threading.Event
) -> list[threading.Thread]:
    """What runs beside the consumer, the sweeper first."""
    return [
        threading.Thread(target=keep_sweeping, args=(context, stop), name="sweeper", daemon=True),
        threading.Thread(
            target=watch,
            args=(context.in_flight,),
            # To the very end: a chunk that hangs while the worker stops would keep it from ending.
            kwargs={"limit_seconds": settings.lease_seconds, "stop": threading.Event()},
            name="watchdog",
            daemon=True,
        ),
        threading.Thread(target=keep_notifying, args=(database, settings, stop), name="notifier", daemon=True),
        threading.Thread(
            target=keep_telling,
            args=(context.stages, stop),
            kwargs={"every_seconds": _TELL_SECONDS},
            name="stage times",
            daemon=True,
        ),
    ]


def make_worker_context(
    settings: Settings,
    database: Database,
    *,
    on_first_claim: Callable[[], None] = lambda: None,
    on_newer_schema: Callable[[], None] = lambda: None,
) -> WorkerContext:
    """The parts that classifying needs, none of them loaded yet."""

    def read_bundle(number: int) -> bytes:
        with database.read() as connection:
            return read_bundle_bytes(connection, number)

    return WorkerContext(
        settings=settings,
        database=database,
        models=SharedModels(read_bundle, runtime=settings.runtime, keep=settings.models_in_memory),
        bell=Doorbell(settings),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        schema=SchemaWatch(database, part="worker", on_newer=on_newer_schema),
        in_flight=InFlight(on_first_claim),
    )


def _consume(settings: Settings, context: WorkerContext, stop: threading.Event, *, on_stop: Callable[[], None]) -> None:
    app = make_app(settings)
    sieve = QueueSieve(context.still_waiting)

    @app.task(name=CLASSIFY_TASK, ignore_result=True)
    def classify(chunk: int | None = None) -> None:
        # It rings for this chunk, and the database says whose turn it is.
        try:
            sieve.note(useful=classify_waiting(context, stop) > 0)
        except DatabaseError as error:
            # The sweeper hands the attempt back when the database answers; failing that, its lease runs out.
            log.warning("after a ring for chunk %s: %s", chunk, error)

    log.info(
        "ready: chunks at a time %d, runtime %s, database %s",
        settings.worker_threads,
        settings.runtime,
        context.database.display_url,
    )
    # A thread rather than this one, which goes on talking to the broker. For more cores there are more workers: they
    # share no lock, and no fate.
    consume(
        app,
        settings,
        queue=CLASSIFY_QUEUE,
        name=context.worker,
        threads=settings.worker_threads,
        sieve=sieve,
        on_stop=on_stop,
    )
