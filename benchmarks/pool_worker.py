"""A classifying worker with a chosen Celery pool: the product's parts, and only the pool another.

Run as `python -m benchmarks.pool_worker POOL THREADS`, with newsgate's settings in the environment.
"""

from __future__ import annotations

import sys

from tasks.classify import classify_chunk
from tasks.opening import ensure_champion, open_database
from tasks.work import make_workshop, set_up_logging
from worker.celery import CLASSIFY_TASK, make_app
from worker.settings import load_settings


def work(*, pool: str, threads: int) -> None:
    """Run the worker until SIGTERM, without the sweeper and the watchdog, which have nothing to do here."""
    settings = load_settings()
    set_up_logging(settings)
    database = open_database(settings)
    workshop = make_workshop(settings, database)
    workshop.models.get(ensure_champion(database))
    app = make_app(settings)

    @app.task(name=CLASSIFY_TASK, ignore_result=True)
    def classify(chunk: int) -> None:
        classify_chunk(chunk, workshop, from_broker=True)

    app.Worker(
        pool=pool,
        concurrency=threads,
        loglevel=settings.log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()


if __name__ == "__main__":
    work(pool=sys.argv[1], threads=int(sys.argv[2]))
