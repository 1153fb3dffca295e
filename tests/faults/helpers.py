"""A world whose workers can be made to fail, and what its database says about it."""

from __future__ import annotations

import csv
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from newsgate.db.session import Database
from tests.faults.saboteur import FOLDER_VARIABLE
from tests.programs import World, spawned
from tests.services import wait_until
from tests.texts import posts

ROOT = Path(__file__).parents[2]
# What the promise "work resumes within the lease and this" leaves for a worker to be started in.
RESUME_SECONDS = 5.0


@dataclass(frozen=True)
class Site:
    """A world, the folder of its traps, and a connection to its database that stays open."""

    world: World
    traps: Path
    database: Database

    @property
    def lease_seconds(self) -> float:
        """How long an attempt may take here."""
        return float(self.world.extra["NEWSGATE_LEASE_SECONDS"])

    def set_trap(self, name: str, content: str = "") -> None:
        """Put a file into the folder of traps: see tests/faults/saboteur.py."""
        (self.traps / name).write_text(content)

    def remove_trap(self, name: str) -> None:
        """Take a trap away, sprung or not."""
        (self.traps / name).unlink(missing_ok=True)

    def sprung(self, name: str) -> int | None:
        """The process that sprang a trap, None while nobody has."""
        for found in self.traps.glob(f"sprung-{name}-*"):
            return int(found.name.rsplit("-", 1)[1])
        return None

    def wait_for_trap(self, name: str, *, seconds: float = 30) -> int:
        """Wait until a trap is sprung; gives the process that did it, and forgets the trap."""
        wait_until(lambda: self.sprung(name) is not None, what=f"{name} is sprung", seconds=seconds)
        process = self.sprung(name)
        assert process is not None
        (self.traps / f"sprung-{name}-{process}").unlink()
        return process

    @contextmanager
    def started(self, *arguments: str, log: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A sabotaged `newsgate` program beside the test, ended with it and everything it started."""
        output = self.log(log or arguments[0])
        with spawned(self.command(*arguments), environment=self.environment, log=output, cwd=ROOT) as process:
            yield process

    def command(self, *arguments: str) -> list[str]:
        """The command line of a sabotaged `newsgate` program, to be run in the repository's folder."""
        return [sys.executable, "-m", "tests.faults.saboteur", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """What sabotaged programs see."""
        return {**self.world.environment, FOLDER_VARIABLE: str(self.traps)}

    def beside(self, name: str) -> Site:
        """Another home folder, for a second `up` on the same database, broker and traps."""
        elsewhere = replace(self.world, home=self.world.home.parent / name)
        return replace(self, world=elsewhere).told(NEWSGATE_DATABASE_URL=self.world.database_url)

    def told(self, **settings: str) -> Site:
        """The same place with other settings for the programs that are run next."""
        return replace(self, world=replace(self.world, extra={**self.world.extra, **settings}))

    def log(self, name: str) -> Path:
        """Where a started program's output goes."""
        return self.world.home.parent / f"{name}.log"

    def wait_until_ready(self, log: str, *, workers: int = 1) -> None:
        """Wait until so many workers have said in this log that they are ready."""
        self.wait_for_words("ready:", log, times=workers)

    def wait_for_words(self, words: str, log: str, *, times: int = 1) -> None:
        """Wait until a program has said this in its log; fails with the end of the log."""
        try:
            wait_until(lambda: self.log(log).read_text().count(words) >= times, what=f"{words!r} in {log}.log")
        except AssertionError as error:
            raise AssertionError(f"{error}; it ends with\n{self.log(log).read_text()[-2000:]}") from None

    def enqueue(self, file: Path) -> int:
        """Enqueue a file; gives its batch."""
        batch: int = self.world.enqueue(file)["batch"]
        return batch

    def figure(self, query: str, **values: Any) -> Any:
        """The first column of a query's one row."""
        with self.database.read() as connection:
            return connection.execute(text(query), values).scalar_one()

    def done(self) -> int:
        """Rows that have their verdict, in all batches."""
        count: int = self.figure("select coalesce(sum(done + failed), 0) from runs")
        return count

    def running_chunks(self) -> int:
        """Chunks that some worker holds, or held when it died."""
        count: int = self.figure("select count(*) from chunks where state = 'running'")
        return count

    def held_chunks(self) -> set[int]:
        """Those chunks."""
        with self.database.read() as connection:
            return set(connection.execute(text("select id from chunks where state = 'running'")).scalars())

    def waiting(self) -> int:
        """Rows that have no verdict yet, in all batches."""
        count: int = self.figure("select coalesce(sum(total - done - failed), 0) from runs")
        return count

    def wait_for(self, batch: int, *, seconds: float = 60) -> None:
        """Wait until a batch's run is over."""
        over = "select count(*) from runs where batch_id = :batch and state in ('done', 'cancelled')"
        wait_until(
            lambda: self.figure(over, batch=batch) == 1,
            what=f"batch {batch} is finished",
            seconds=seconds,
            every_seconds=0.1,
        )

    def assert_whole(self, batch: int, *, rows: int, failed: int = 0) -> None:
        """Every row of the batch has one verdict, `failed` of them an error; and every invariant holds."""
        query = (
            'select count(*), count(distinct "row"), count(label), count(error), min("row"), max("row")'
            " from results where batch = :batch"
        )
        with self.database.read() as connection:
            found = tuple(connection.execute(text(query), {"batch": batch}).one())
        assert found == (rows, rows, rows - failed, failed, 2, rows + 1)
        assert self.running_chunks() == 0
        self.world.assert_sound()


def write_texts(path: Path, texts: Sequence[str]) -> Path:
    """A CSV file of these texts, with ids."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "text"))
        writer.writerows((f"post-{number}", each) for number, each in enumerate(texts))
    return path


def posts_with(poisons: dict[int, str], *, count: int, seed: int) -> list[str]:
    """Posts, some of them, by their place, with a deadly word."""
    return [f"{each} {poisons.get(place, '')}" for place, each in enumerate(posts(count, seed=seed))]


def has_ended(pid: int) -> bool:
    """Whether a process that may not be a child of this one is gone."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def meanwhile(act: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `act` in a thread while the block lasts; it ends soon after the event is set."""
    over = threading.Event()
    thread = threading.Thread(target=act, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Seconds that the block took, in a list that is filled at its end."""
    seconds: list[float] = []
    began = time.monotonic()
    yield seconds
    seconds.append(time.monotonic() - began)
