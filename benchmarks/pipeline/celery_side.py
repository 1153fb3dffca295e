"""The Celery peers' processes: a Redis over TCP and a worker with a prefork pool of one process a core."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benchmarks.pipeline.peer_database import open_peer_database, stored_verdicts
from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.home import program
from benchmarks.shared.processes import (
    Cost,
    RunningProgram,
    clean_environment,
    cores,
    cpu_seconds_here,
    cpu_seconds_of,
    running,
)
from tests.services import RedisServer

_LOADING_SECONDS = 240
_SECONDS_A_ROW = 5
_WARM_UP_ROWS = 12


@dataclass(frozen=True, slots=True)
class CeleryPeer:
    """A running worker. task: what is sent to it, once a row."""

    task: Any
    database: Engine
    worker: RunningProgram
    redis: subprocess.Popen[bytes]

    def classify(self, work: Work) -> Cost:
        """Classify the texts, from the first `delay` to the last row stored."""
        wanted = stored_verdicts(self.database) + len(work.texts)
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        for text in work.texts:
            self.task.delay(text)
        self.worker.wait_until(
            lambda: stored_verdicts(self.database) >= wanted,
            what=f"the peer stores {wanted} rows",
            seconds=_LOADING_SECONDS + _SECONDS_A_ROW * len(work.texts),
        )
        return Cost(len(work.texts), time.monotonic() - started, self._cpu_seconds() - cpu_before)

    def _cpu_seconds(self) -> float:
        return cpu_seconds_of(self.worker.process, self.redis) + cpu_seconds_here()


@contextlib.contextmanager
def open_celery_rows(folder: Path, warm_up: Work) -> Iterator[Side]:
    """One task a row."""
    with _celery_peer(folder, module="benchmarks.pipeline.celery_rows") as peer:
        peer.classify(Work(warm_up.file, warm_up.texts[:_WARM_UP_ROWS]))
        yield peer


@contextlib.contextmanager
def open_celery_batches(folder: Path, warm_up: Work) -> Iterator[Side]:
    """One call for many messages."""
    with _celery_peer(folder, module="benchmarks.pipeline.celery_batches_app") as peer:
        peer.classify(warm_up)
        yield peer


@contextlib.contextmanager
def _celery_peer(folder: Path, *, module: str) -> Iterator[CeleryPeer]:
    # Not before it is wanted: what it imports need not be installed.
    application = importlib.import_module(module)
    database_url = f"sqlite:///{folder / 'peer.db'}"
    database = open_peer_database(database_url)
    redis = RedisServer(folder / "redis")
    ready = folder / "ready"
    ready.mkdir()
    command = [program("celery"), "-A", module, "worker", "--pool", "prefork", "--concurrency", str(cores())]
    try:
        redis.start()
        assert redis.process is not None
        application.app.conf.update(broker_url=redis.url)
        with running(
            [*command, "--loglevel", "warning"],
            environment=clean_environment(
                CELERY_BROKER_URL=redis.url, PEER_DATABASE_URL=database_url, PEER_READY_FOLDER=str(ready)
            ),
            folder=folder,
            log=folder / "peer.log",
        ) as worker:
            worker.wait_until(
                lambda: len(list(ready.iterdir())) >= cores(),
                what="every child of the pool has its model",
                seconds=_LOADING_SECONDS,
            )
            yield CeleryPeer(application.classify, database, worker, redis.process)
    finally:
        application.app.close()
        redis.stop()
        database.dispose()
