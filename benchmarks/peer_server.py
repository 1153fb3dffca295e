"""The peer's processes: a Redis over TCP and a Celery worker with a prefork pool of two."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, func, select

from benchmarks import peer
from benchmarks.processes import Cost, clean_environment, cpu_seconds_here, cpu_seconds_of, program, running, wait_until
from tests.services import RedisServer

POOL_PROCESSES = 2
_LOADING_SECONDS = 240
_DOWN_SECONDS = 20
_SECONDS_A_ROW = 5
_WARM_UP_ROWS = 12


@dataclass(frozen=True, slots=True)
class PeerServer:
    """A running peer."""

    database: Engine
    worker: subprocess.Popen[bytes]
    redis: subprocess.Popen[bytes]
    log: Path

    def classify(self, texts: Sequence[str]) -> Cost:
        """Classify `texts`, from the first `delay` to the last row stored."""
        wanted = self._stored() + len(texts)
        started, cpu_before = time.monotonic(), self._cpu_seconds()
        for text in texts:
            peer.classify.delay(text)
        self._wait(wanted, seconds=_LOADING_SECONDS + _SECONDS_A_ROW * len(texts))
        return Cost(len(texts), time.monotonic() - started, self._cpu_seconds() - cpu_before)

    def warm_up(self, texts: Iterator[str]) -> None:
        """Classify until every child of the pool has."""
        while self._processes_seen() < POOL_PROCESSES:
            self.classify([next(texts) for _ in range(_WARM_UP_ROWS)])

    def _wait(self, wanted: int, *, seconds: float) -> None:
        wait_until(
            lambda: self._stored() >= wanted,
            what=f"the peer stores {wanted} rows",
            seconds=seconds,
            process=self.worker,
            log=self.log,
        )

    def _cpu_seconds(self) -> float:
        return cpu_seconds_of(self.worker, self.redis) + cpu_seconds_here()

    def _stored(self) -> int:
        with self.database.connect() as connection:
            return connection.execute(select(func.count()).select_from(peer.PeerVerdict)).scalar_one()

    def _processes_seen(self) -> int:
        with self.database.connect() as connection:
            return connection.execute(select(func.count(peer.PeerVerdict.process.distinct()))).scalar_one()


@contextlib.contextmanager
def peer_server(folder: Path) -> Iterator[PeerServer]:
    """Keep the peer running for as long as the block lasts."""
    database_url = f"sqlite:///{folder / 'peer.db'}"
    log = folder / "peer.log"
    database = peer.open_peer_database(database_url)
    redis = RedisServer(folder / "peer-redis")
    command = [program("celery"), "-A", "benchmarks.peer", "worker", "--pool", "prefork"]
    try:
        redis.start()
        assert redis.process is not None
        peer.app.conf.update(broker_url=redis.url)
        with running(
            [*command, "--concurrency", str(POOL_PROCESSES), "--loglevel", "warning"],
            environment=clean_environment(CELERY_BROKER_URL=redis.url, PEER_DATABASE_URL=database_url),
            folder=folder,
            log=log,
            patience_seconds=_DOWN_SECONDS,
        ) as worker:
            yield PeerServer(database, worker, redis.process, log)
    finally:
        peer.app.close()
        redis.stop()
        database.dispose()
