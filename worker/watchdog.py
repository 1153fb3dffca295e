"""Ends the process when a chunk outlives its lease.

Threads cannot be stopped from outside, and neither of Celery's in-process pools has time limits. A hung chunk has
lost its lease anyway, so the process is worth nothing more: it exits, and its supervisor starts another.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("newsgate.worker")

EXIT_HUNG = 75


class InFlight:
    """The chunks this process works on, since when, and when it last had one from the broker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}
        self._last_from_broker = time.monotonic()

    @contextmanager
    def working_on(self, chunk: int, *, from_broker: bool) -> Iterator[None]:
        """Count a chunk as in flight for as long as the block lasts."""
        key = threading.get_ident()
        with self._lock:
            self._since[key] = time.monotonic()
            if from_broker:
                self._last_from_broker = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._since[key]
                if from_broker:
                    self._last_from_broker = time.monotonic()

    def longest_seconds(self) -> float:
        """How long the oldest chunk in flight has been worked on."""
        with self._lock:
            return max((time.monotonic() - since for since in self._since.values()), default=0.0)

    def quiet_seconds(self) -> float:
        """How long the broker has brought nothing."""
        with self._lock:
            return time.monotonic() - self._last_from_broker


def watch(
    in_flight: InFlight, *, limit_seconds: float, stop: threading.Event, end: Callable[[int], None] = os._exit
) -> None:
    """Look twice a second, until `stop`; past the limit, end the process with `EXIT_HUNG`."""
    while not stop.wait(0.5):
        if in_flight.longest_seconds() > limit_seconds:
            log.critical("a chunk took longer than its lease of %g s: the worker ends itself", limit_seconds)
            end(EXIT_HUNG)
