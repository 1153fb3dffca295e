"""The classifying worker: one process, one copy of each model, a Celery consumer, a sweeper and a watchdog."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery.exceptions import SecurityWarning

from newsgate.db.errors import DatabaseError
from newsgate.db.models import read_bundle_bytes
from newsgate.db.session import Database
from newsgate.tasks.classifying.classify import ModelUnusableError, Workshop, classify_chunk, load_model
from newsgate.tasks.classifying.sweep import keep_sweeping
from newsgate.tasks.running.opening import ensure_champion, open_database, wait_for_database
from newsgate.worker.celery import CLASSIFY_QUEUE, CLASSIFY_TASK, consume, make_app
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings
from newsgate.worker.shared_models import SharedModels
from newsgate.worker.stages import keep_telling, tell
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
    set_up_logging(settings)
    stop = threading.Event()
    follow_parent(parent, stop)
    database = open_database(settings) if parent is None else wait_for_database(settings)
    champion = ensure_champion(database)
    workshop = make_workshop(settings, database, on_first_claim=tell_supervisor if parent is not None else lambda: None)
    # Before any work is accepted: the first chunk must not wait for the model, nor a bad model cost an attempt.
    try:
        load_model(workshop.models, champion)
    except ModelUnusableError as error:
        # Its rows fail with this reason; those of other models are classified.
        log.error("%s", error)
    threads = [
        threading.Thread(target=keep_sweeping, args=(workshop, stop), name="sweeper", daemon=True),
        threading.Thread(
            target=watch,
            args=(workshop.in_flight,),
            # To the very end: a chunk that hangs while the worker stops would keep it from ending.
            kwargs={"limit_seconds": settings.lease_seconds, "stop": threading.Event()},
            name="watchdog",
            daemon=True,
        ),
        threading.Thread(
            target=keep_telling,
            args=(workshop.stages, stop),
            kwargs={"every_seconds": _TELL_SECONDS},
            name="teller",
            daemon=True,
        ),
    ]
    # Celery takes SIGTERM over when it is ready; until then the sweeper may have a chunk in hand already.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for thread in threads:
        thread.start()

    def wind_up() -> None:
        stop.set()
        leave(workshop.in_flight, patience_seconds=_LEAVE_SECONDS)

    try:
        # A thread, for it is told in a signal handler, where waiting for a lock could be for ever.
        _consume(settings, workshop, on_stop=lambda: threading.Thread(target=wind_up, daemon=True).start())
    finally:
        stop.set()
        threads[0].join(settings.lease_seconds)
        tell(workshop.stages)
        workshop.bell.close()
        database.close()


def make_workshop(
    settings: Settings, database: Database, *, on_first_claim: Callable[[], None] = lambda: None
) -> Workshop:
    """The parts that classifying needs, none of them loaded yet."""

    def read_bundle(number: int) -> bytes:
        with database.read() as connection:
            return read_bundle_bytes(connection, number)

    return Workshop(
        settings=settings,
        database=database,
        models=SharedModels(read_bundle, runtime=settings.runtime, keep=settings.models_in_memory),
        bell=Doorbell(settings),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        in_flight=InFlight(on_first_claim),
    )


def set_up_logging(settings: Settings) -> None:
    """One line an event, on standard error."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    # It says so at length, at every start, and again in every restarted worker.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    if os.geteuid() == 0:
        log.warning("running as root; a user of its own is safer")
    # A line from Celery for every chunk or connection says nothing that the database does not.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.worker.consumer.connection"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _consume(settings: Settings, workshop: Workshop, *, on_stop: Callable[[], None]) -> None:
    # With NumPy, which a worker needs in any case.
    from newsgate.model.runtime import resolved

    app = make_app(settings)

    @app.task(name=CLASSIFY_TASK, ignore_result=True)
    def classify(chunk: Any) -> None:
        if not isinstance(chunk, int):
            log.warning("discarded a message that names no chunk: %.100r", chunk)
            return
        try:
            classify_chunk(chunk, workshop, from_broker=True)
        except DatabaseError as error:
            # The sweeper hands the attempt back when the database answers; failing that, its lease runs out.
            log.warning("chunk %d: %s", chunk, error)

    log.info(
        "ready: chunks at a time %d, runtime %s, database %s",
        settings.worker_threads,
        resolved(settings.runtime),
        workshop.database.display_url,
    )
    # A thread rather than this one, which goes on talking to the broker. For more cores there are more workers: they
    # share no lock, and no fate.
    consume(
        app,
        queue=CLASSIFY_QUEUE,
        name=workshop.worker,
        threads=settings.worker_threads,
        log_level=settings.log_level,
        on_stop=on_stop,
    )


def follow_parent(parent: int | None, stop: threading.Event) -> None:
    """From now until `stop`, end this process, as SIGTERM does, once `parent` is gone; None: it follows nobody.

    parent: told by the one that started this process. Who only looks later may find that it is orphaned already.
    """

    def follow() -> None:
        while not stop.wait(0.5):
            if os.getppid() != parent:
                log.warning("the process that started this one is gone: stopping")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    if parent is not None:
        threading.Thread(target=follow, name="follow-parent", daemon=True).start()
