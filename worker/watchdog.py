"""Ends the process when a chunk outlives its lease, or when its broker will not let it go.

Threads cannot be stopped from outside, and neither of Celery's in-process pools has time limits. A hung chunk has
lost its lease anyway, so the process is worth nothing more: it exits, and its supervisor starts another.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("newsgate.worker")

EXIT_HUNG = 75

# Longer than a log that anybody reads takes for some lines.
_SAY_SECONDS = 2.0


class InFlight:
    """The chunks this process works on, since when, and what it last had from the broker.

    on_first_claim: called once, when the process has something to work on for the first time.
    """

    def __init__(self, on_first_claim: Callable[[], None] = lambda: None) -> None:
        self._changed = threading.Condition()
        self._since: dict[object, float] = {}
        self._claiming: set[object] = set()
        self._alone: int | None = None
        self._last_from_broker = time.monotonic()
        self._on_first_claim: Callable[[], None] | None = on_first_claim

    @contextmanager
    def working_on(self) -> Iterator[object]:
        """Count a chunk as in flight for as long as the block lasts; wait first while another thread is `alone`.

        Yields what names it.
        """
        chunk = self.begin()
        try:
            yield chunk
        finally:
            self.end(chunk)

    def begin(self) -> object:
        """Count a chunk as in flight until `end`, in whichever thread that is; gives what names it.

        Waits first while another thread is `alone`.
        """
        thread, chunk = threading.get_ident(), object()
        with self._changed:
            self._changed.wait_for(lambda: self._alone in (None, thread))
            self._since[chunk] = time.monotonic()
        return chunk

    def end(self, chunk: object) -> None:
        """Count a chunk that was begun no longer."""
        with self._changed:
            del self._since[chunk]
            if chunk in self._claiming:
                self._claiming.discard(chunk)
                self._last_from_broker = time.monotonic()
            self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no chunk is in flight, and let only this thread begin any for as long as the block lasts."""
        key = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: self._alone is None)
            self._alone = key
            self._changed.wait_for(lambda: not self._since)
        try:
            yield
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()

    def claimed(self, chunk: object, *, from_broker: bool) -> None:
        """Note that a chunk was there to be worked on."""
        with self._changed:
            first, self._on_first_claim = self._on_first_claim, None
            if from_broker:
                # A message that brings no work is no sign that those of waiting chunks will come.
                self._claiming.add(chunk)
                self._last_from_broker = time.monotonic()
        if first is not None:
            first()

    def longest_seconds(self) -> float:
        """How long the oldest chunk in flight has been worked on."""
        with self._changed:
            return max((time.monotonic() - since for since in self._since.values()), default=0.0)

    def quiet_seconds(self) -> float:
        """How long the broker has brought nothing."""
        with self._changed:
            return time.monotonic() - self._last_from_broker


def watch(
    in_flight: InFlight, *, limit_seconds: float, stop: threading.Event, end: Callable[[int], None] = os._exit
) -> None:
    """Look twice a second, until `stop`; past the limit, say where it hangs and end the process with `EXIT_HUNG`."""
    while not stop.wait(0.5):
        if in_flight.longest_seconds() > limit_seconds:
            _say(_that_it_hangs, limit_seconds)
            end(EXIT_HUNG)


def _say(message: Callable[[float], None], seconds: float) -> None:
    """Log something last. A pipe that nobody reads holds up for ever whoever logs, so it is not waited for long."""
    saying = threading.Thread(target=message, args=(seconds,), daemon=True)
    saying.start()
    saying.join(_SAY_SECONDS)


def _that_it_hangs(limit_seconds: float) -> None:
    log.critical("a chunk took longer than its lease of %g s: the worker ends itself", limit_seconds)
    log.error("this is where its threads stood:\n%s", _where_threads_stand())


def _that_it_leaves(patience_seconds: float) -> None:
    log.warning("the broker did not let go within %g s: the worker leaves without", patience_seconds)


def _where_threads_stand() -> str:
    """The stack of each thread but this one, the innermost call last. It names lines of code, and no text of a row."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    others = {ident: frame for ident, frame in sys._current_frames().items() if ident != threading.get_ident()}
    return "\n".join(
        f"{names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame)).rstrip()}"
        for ident, frame in others.items()
    )


def leave(in_flight: InFlight, *, patience_seconds: float, end: Callable[[int], None] = os._exit) -> None:
    """End the process, as having done its work, once no chunk has been in flight for so long.

    For a worker that was told to stop: a consumer says goodbye to its broker, and waits for one that does not answer.
    """
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < patience_seconds:
        time.sleep(0.1)
        if in_flight.longest_seconds():
            idle_since = time.monotonic()
    with in_flight.alone():
        _say(_that_it_leaves, patience_seconds)
        end(0)
