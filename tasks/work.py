"""The classifying worker: one process, one copy of each model, a Celery consumer, a sweeper and a watchdog."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from typing import Any

from celery.exceptions import SecurityWarning

from db.errors import DatabaseError
from db.models import read_bundle_bytes
from db.session import Database
from tasks.classify import Workshop, classify_chunk
from tasks.opening import ensure_champion, open_database
from tasks.sweep import keep_sweeping
from worker.celery import CLASSIFY_TASK, make_app
from worker.doorbell import Doorbell
from worker.settings import Settings
from worker.shared_models import SharedModels
from worker.watchdog import watch

log = logging.getLogger("newsgate.worker")


def work(settings: Settings, *, with_parent: bool = False) -> None:
    """Run a worker until it is told to stop (SIGTERM, SIGINT), then finish the chunks in hand.

    with_parent: also stop when the process that started this one is gone.
    """
    set_up_logging(settings)
    database = open_database(settings)
    champion = ensure_champion(database)
    workshop = make_workshop(settings, database)
    # Before any work is accepted: the first chunk must not wait for the model, nor a bad model cost an attempt.
    workshop.models.get(champion)
    stop = threading.Event()
    threads = [
        threading.Thread(target=keep_sweeping, args=(workshop, stop), name="sweeper", daemon=True),
        threading.Thread(
            target=watch,
            args=(workshop.in_flight,),
            kwargs={"limit_seconds": settings.lease_seconds, "stop": stop},
            name="watchdog",
            daemon=True,
        ),
    ]
    if with_parent:
        threads.append(threading.Thread(target=_follow_parent, args=(os.getppid(), stop), daemon=True))
    for thread in threads:
        thread.start()
    try:
        _consume(settings, workshop)
    finally:
        stop.set()
        threads[0].join(settings.lease_seconds)
        workshop.bell.close()
        database.close()


def make_workshop(settings: Settings, database: Database) -> Workshop:
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


def _consume(settings: Settings, workshop: Workshop) -> None:
    app = make_app(settings)

    @app.task(name=CLASSIFY_TASK, ignore_result=True)
    def classify(chunk: Any) -> None:
        if not isinstance(chunk, int):
            log.warning("discarded a message that names no chunk: %.100r", chunk)
            return
        try:
            classify_chunk(chunk, workshop, from_broker=True)
        except DatabaseError as error:
            # The chunk stays with the database, whose lease and sweeper bring it back.
            log.warning("chunk %d: %s", chunk, error)

    log.info(
        "ready: %d threads, runtime %s, database %s", settings.threads, settings.runtime, workshop.database.display_url
    )
    # Threads rather than processes: one copy of the model serves them all, ONNX Runtime computes outside the
    # interpreter's lock, and nothing is forked after a model was loaded. benchmarks/pools.py has the figures.
    consumer = app.Worker(
        pool="threads",
        concurrency=settings.threads,
        hostname=f"newsgate@{workshop.worker}",
        loglevel=settings.log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    consumer.start()
    if consumer.exitcode:
        raise SystemExit(consumer.exitcode)


def _follow_parent(parent: int, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        if os.getppid() != parent:
            log.warning("the process that started this worker is gone: stopping")
            os.kill(os.getpid(), signal.SIGTERM)
            return
