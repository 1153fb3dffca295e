"""The whole system on one machine: the private broker and supervised programs, for as long as someone needs them."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from newsgate.foundation.child_call import call_in_child
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.private_file import open_private
from newsgate.model.runtime_names import require_runtime
from newsgate.tasks.running.quick_look import is_ready
from newsgate.worker.embedded_redis import BrokerStartError, EmbeddedRedis
from newsgate.worker.home_folder import HomeFolderError, home_errors
from newsgate.worker.orphan_processes import end_left_behind
from newsgate.worker.settings import Settings, prepare_home
from newsgate.worker.supervisor import Supervisor

log = logging.getLogger("newsgate.supervisor")

# Less than a person waits for a prompt, more than the chunks in hand take.
_DRAIN_SECONDS = 30
_GIVEN_UP_AFTER_DEATHS = 4
# They are ending by themselves already, unless they are stuck.
_ORPHAN_SECONDS = 10.0
# While everything starts at once, the workers come first: nothing is due in the first second.
_TRAINERS_WAIT_SECONDS = 1.0


class AlreadyUpError(NewsgateError):
    """Another `newsgate up` or `newsgate classify` runs the system in this home folder."""


class WorkerFailedError(NewsgateError):
    """The worker dies as soon as it is started."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs, for people to see."""

    broker: str
    database: str
    workers: int


class LocalSystem:
    """Broker and workers, started together and stopped in order. Raises AlreadyUpError on entry where they run.

    worker_output: a file for the workers' log; None leaves it on the terminal. with_training: a trainer and the
    schedule too. with_web: the page too. stays_small: the database is looked after in a copy of this process, so that
    this one need not load what that takes; it must have no threads yet. environment: what the programs see beside this
    process's own, where its settings came from elsewhere.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        worker_output: Path | None,
        with_training: bool = False,
        with_web: bool = False,
        stays_small: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings
        self._lock_path = prepare_home(settings) / "up.lock"
        self._lock: IO[str] | None = None
        self._redis = EmbeddedRedis(settings) if settings.broker_is_private else None
        self._worker_output = worker_output
        self._stays_small = stays_small
        self._workers = [
            Supervisor(f"worker {number}", _command("worker"), output=worker_output, environment=environment)
            for number in range(1, settings.effective_up_workers + 1)
        ]
        self._trainers = [
            Supervisor(name, _command(name), environment=environment, begin_after_seconds=_TRAINERS_WAIT_SECONDS)
            for name in ("beat", "trainer")
            if with_training
        ]
        self._pages = [Supervisor("web", _command("web"), environment=environment)] if with_web else []

    def __enter__(self) -> LocalSystem:
        require_runtime(self._settings.runtime)
        with home_errors(self._settings):
            self._lock = _take_lock(self._lock_path)
        try:
            with home_errors(self._settings):
                left_behind = end_left_behind(self._settings, patience_seconds=_ORPHAN_SECONDS)
            for orphan in left_behind:
                log.warning("ended %s, which an earlier newsgate had left behind in this home folder", orphan)
            if not self._stays_small:
                self._prepare_database()
            elif not is_ready(self._settings):
                call_in_child(self._prepare_database)
            self._start_programs()
        except BaseException:
            self._stop()
            raise
        return self

    def _prepare_database(self) -> None:
        from newsgate.tasks.running.open_database import ensure_champion, open_database

        database = open_database(self._settings)
        ensure_champion(database)
        database.close()

    def _start_programs(self) -> None:
        # The broker answers long before a worker has loaded what it needs.
        if self._redis is not None:
            self._redis.begin()
        for worker in self._workers:
            worker.start()
        if self._redis is not None:
            self._redis.wait_until_it_answers()
        for program in (*self._trainers, *self._pages):
            program.start()

    def __exit__(self, *_: object) -> None:
        self._stop()

    def parts(self) -> Parts:
        """What runs now."""
        file = self._settings.home / "newsgate.db"
        return Parts(
            broker=str(self._settings.broker_socket) if self._redis else "NEWSGATE_BROKER_URL",
            database="NEWSGATE_DATABASE_URL" if self._settings.database_url else str(file),
            workers=len(self._workers),
        )

    def check(self) -> None:
        """Restart a broker that died and give up a trainer that cannot live.

        Raises WorkerFailedError where a worker cannot live.
        """
        if self._redis is not None and not self._redis.is_alive():
            self._restart(self._redis)
        if any(worker.early_deaths >= _GIVEN_UP_AFTER_DEATHS for worker in self._workers):
            raise WorkerFailedError(
                "the worker ends as soon as it starts",
                where=str(self._worker_output or "worker"),
                remedy="The last lines of its log say why; `newsgate worker` shows them",
            )

        for program in self._pages:
            if program.early_exits >= _GIVEN_UP_AFTER_DEATHS and not program.given_up:
                program.give_up()
                log.error(
                    "the page ends as soon as it starts and is not started again: texts are classified without it. Its "
                    "lines above say why; `newsgate web` shows them"
                )
        for program in self._trainers:
            if program.early_exits >= _GIVEN_UP_AFTER_DEATHS and not program.given_up:
                # Texts are still classified: that is no reason to end everything.
                program.give_up()
                log.error(
                    "the %s ends as soon as it starts, %d times by now, and is not started again: models are not "
                    "retrained until the next `newsgate up`. Its lines above say why; `newsgate %s` shows them",
                    program.name,
                    program.early_exits,
                    program.name,
                )

    def _restart(self, broker: EmbeddedRedis) -> None:
        try:
            broker.start()
        except (BrokerStartError, HomeFolderError) as error:
            # Tried again at the next look; meanwhile the sweeper does the work.
            log.warning("%s", error)

    def _stop(self) -> None:
        # The broker last: while the workers finish what they have in hand, they still talk to it.
        started = [program for program in (*self._pages, *self._trainers, *self._workers) if program.started]
        # All at once: told one after the other, those that wait would go on taking chunks.
        with ThreadPoolExecutor(max_workers=len(started) or 1) as pool:
            list(pool.map(lambda program: program.stop(patience_seconds=_DRAIN_SECONDS), started))
        if self._redis is not None:
            self._redis.stop()
        if self._lock is not None:
            self._lock.close()


def is_up(settings: Settings) -> bool:
    """Whether some process runs the system in this home folder."""
    path = settings.home / "up.lock"
    if not path.exists():
        return False
    with home_errors(settings), path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _take_lock(path: Path) -> IO[str]:
    # Held by the open file, so it goes with the process however that ends.
    lock = open_private(path, "a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise AlreadyUpError(
            f"newsgate is up already (process {owner})", where=str(path.parent), remedy="Use it, or stop it first"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _command(name: str) -> list[str]:
    # -P: our packages have generic names, and a folder `tasks` where the person happens to be is not one of them.
    return [sys.executable, "-P", "-m", "newsgate", name, "--with-parent", str(os.getpid())]
