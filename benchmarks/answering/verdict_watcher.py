"""Sees a verdict as soon as it is committed: a process with a connection of its own that looks again and again.

A process, because a thread would hold up the program whose answer is waited for.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection as Pipe

from sqlalchemy import Connection, text

from benchmarks.shared.processes import BenchmarkError
from newsgate.db.session import Database

_LOOK_SECONDS = 0.001
_PATIENCE_SECONDS = 30.0


class Watcher:
    """The process that looks, as the one that asks sees it."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def begin(self) -> None:
        """Have it look for the next verdict; returns when it does."""
        self._pipe.send(None)
        self._receive("the watcher looks")

    def seen_at(self) -> float:
        """Wait for that verdict; gives the reading of time.monotonic() when it was seen. Raises BenchmarkError."""
        return self._receive("a verdict is there")

    def _receive(self, what: str) -> float:
        try:
            if not self._pipe.poll(_PATIENCE_SECONDS):
                raise BenchmarkError(f"waited {_PATIENCE_SECONDS:g} s in vain: {what}")
            return float(self._pipe.recv())
        except EOFError as error:
            raise BenchmarkError(f"the watcher ended while waiting: {what}") from error


@contextmanager
def watcher(url: str) -> Iterator[Watcher]:
    """Keep a watcher of the database at `url` for as long as the block lasts."""
    # Spawned: what is forked beside running threads may hang.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(url, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Watcher(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _watch(url: str, pipe: Pipe) -> None:
    # Ctrl-C reaches the whole foreground group, and the other process is to end this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # It ends when the other process has closed the pipe.
    with suppress(EOFError), Database(url).engine.connect() as connection:
        while True:
            pipe.recv()
            before = _newest(connection)
            pipe.send(time.monotonic())
            while _newest(connection) == before:
                time.sleep(_LOOK_SECONDS)
            # Linux has one monotonic clock for all processes.
            pipe.send(time.monotonic())


def _newest(connection: Connection) -> int | None:
    newest: int | None = connection.execute(text("select max(item_id) from verdicts")).scalar_one()
    # The next look is to see what was committed meanwhile.
    connection.rollback()
    return newest
