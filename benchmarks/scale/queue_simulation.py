"""newsgate as queues: files become chunks, threads take them in order, a database does one thing at a time.

A simulation of discrete events, for `benchmarks.scale.simulate`. Everything random lies in what it is given: how long
each step of each chunk takes, when files come, when workers die. The same input gives the same output.

Each file has an `enqueue` of its own, which reads a chunk, has the database store it, and reads the next. A stored
chunk waits in one queue for all threads. A thread keeps its chunk until the database has committed the verdicts, so it
also waits for the database, which serves stores and commits first come, first served. When a worker dies, its chunks
come back at the head of the queue as their leases run out.

Left out: the watchdog, attempts that fail without a death, messages that get lost, and that a worker which takes over
a chunk of a dead one lets its other threads wait meanwhile.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chunk:
    """How long each step of a chunk takes, in seconds, when nothing has to be waited for."""

    read_seconds: float
    store_seconds: float
    work_seconds: float
    commit_seconds: float


@dataclass(frozen=True, slots=True)
class Batch:
    """A file: when its `enqueue` begins, and its chunks in their order; at least one."""

    arrives_seconds: float
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class WorkerPool:
    """What serves: workers with threads each. lease_seconds: after this the chunk of a dead worker is free again."""

    workers: int
    threads: int
    lease_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a worker, and how long its successor takes to be ready. A worker that is down cannot die."""

    at_seconds: float
    worker: int
    down_seconds: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A chunk in the hands of a thread.

    batch, chunk: positions in the input. queued_seconds: since when it could be taken. completed: whether it ended
    with its verdicts committed; otherwise with the death of its worker.
    """

    batch: int
    chunk: int
    thread: int
    queued_seconds: float
    began_seconds: float
    ended_seconds: float
    completed: bool


def simulate(batches: Sequence[Batch], pool: WorkerPool, *, deaths: Iterable[Death] = ()) -> list[Attempt]:
    """Return every attempt, in the order in which they ended, when all chunks have their verdicts."""
    return _Simulation(batches, pool, deaths).run()


def sojourns(batches: Sequence[Batch], attempts: Iterable[Attempt]) -> Float64:
    """Return the seconds from the begin of each batch's `enqueue` to its last verdict, [batches]."""
    ends: Float64 = np.full(len(batches), -math.inf)
    for attempt in attempts:
        if attempt.completed:
            ends[attempt.batch] = max(ends[attempt.batch], attempt.ended_seconds)
    starts: Float64 = np.array([batch.arrives_seconds for batch in batches])
    return ends - starts


def sojourns_alone(batches: Iterable[Batch], pool: WorkerPool) -> Float64:
    """Return what `sojourns` would be if each batch had the whole pool to itself, [batches]."""
    lone = ([replace(batch, arrives_seconds=0.0)] for batch in batches)
    return np.array([sojourns(one, simulate(one, pool))[0] for one in lone])


@dataclass(slots=True)
class _Held:
    """A chunk and, once a thread has it, since when. lost: the thread's worker died."""

    batch: int
    chunk: int
    queued_seconds: float
    thread: int = -1
    began_seconds: float = 0.0
    lost: bool = False


class _Simulation:
    """The state between two events; every method below `run` is one kind of event, or a step of one."""

    def __init__(self, batches: Sequence[Batch], pool: WorkerPool, deaths: Iterable[Death]) -> None:
        self._batches = batches
        self._pool = pool
        self._now = 0.0
        # The number keeps events of the same moment in the order in which they were planned.
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = count()
        self._waiting: deque[_Held] = deque()
        self._idle = list(range(pool.workers * pool.threads))
        self._held: dict[int, _Held] = {}
        self._down: set[int] = set()
        self._database_free_at = 0.0
        self._attempts: list[Attempt] = []
        for number, batch in enumerate(batches):
            self._plan(batch.arrives_seconds, self._read, number, 0)
        for death in deaths:
            self._plan(death.at_seconds, self._die, death)

    def run(self) -> list[Attempt]:
        """Let everything happen."""
        while self._events:
            self._now, _, action, arguments = heapq.heappop(self._events)
            action(*arguments)
        return self._attempts

    def _plan(self, at_seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._events, (at_seconds, next(self._number), action, arguments))

    def _ask_database(self, seconds: float, then: Callable[..., None], *arguments: Any) -> None:
        # First come, first served, by one server: when it will be done is known at once.
        self._database_free_at = max(self._now, self._database_free_at) + seconds
        self._plan(self._database_free_at, then, *arguments)

    def _read(self, batch: int, chunk: int) -> None:
        self._plan(self._now + self._batches[batch].chunks[chunk].read_seconds, self._store, batch, chunk)

    def _store(self, batch: int, chunk: int) -> None:
        self._ask_database(self._batches[batch].chunks[chunk].store_seconds, self._queue, batch, chunk)

    def _queue(self, batch: int, chunk: int) -> None:
        self._waiting.append(_Held(batch, chunk, self._now))
        self._hand_out()
        if chunk + 1 < len(self._batches[batch].chunks):
            self._read(batch, chunk + 1)

    def _hand_out(self) -> None:
        while self._waiting and self._idle:
            held = self._waiting.popleft()
            held.thread, held.began_seconds = heapq.heappop(self._idle), self._now
            self._held[held.thread] = held
            self._plan(self._now + self._batches[held.batch].chunks[held.chunk].work_seconds, self._commit, held)

    def _commit(self, held: _Held) -> None:
        if not held.lost:
            self._ask_database(self._batches[held.batch].chunks[held.chunk].commit_seconds, self._complete, held)

    def _complete(self, held: _Held) -> None:
        # A commit whose worker died meanwhile has cost the database its time, and is rolled back.
        if not held.lost:
            self._end(held, completed=True)
            heapq.heappush(self._idle, held.thread)
            self._hand_out()

    def _end(self, held: _Held, *, completed: bool) -> None:
        del self._held[held.thread]
        self._attempts.append(
            Attempt(
                batch=held.batch,
                chunk=held.chunk,
                thread=held.thread,
                queued_seconds=held.queued_seconds,
                began_seconds=held.began_seconds,
                ended_seconds=self._now,
                completed=completed,
            )
        )

    def _die(self, death: Death) -> None:
        if death.worker in self._down:
            return
        self._down.add(death.worker)
        threads = self._threads_of(death.worker)
        self._idle = [thread for thread in self._idle if thread not in threads]
        heapq.heapify(self._idle)
        for held in [self._held[thread] for thread in threads if thread in self._held]:
            held.lost = True
            self._end(held, completed=False)
            lease_ends = held.began_seconds + self._pool.lease_seconds
            self._plan(max(self._now, lease_ends), self._take_back, held.batch, held.chunk)
        self._plan(self._now + death.down_seconds, self._come_back, death.worker)

    def _take_back(self, batch: int, chunk: int) -> None:
        self._waiting.appendleft(_Held(batch, chunk, self._now))
        self._hand_out()

    def _come_back(self, worker: int) -> None:
        self._down.remove(worker)
        for thread in self._threads_of(worker):
            heapq.heappush(self._idle, thread)
        self._hand_out()

    def _threads_of(self, worker: int) -> range:
        return range(worker * self._pool.threads, (worker + 1) * self._pool.threads)
