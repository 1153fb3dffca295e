"""Where a worker's time goes: seconds by the clock, for each step of a chunk, told in the log and set back.

It costs a chunk some microseconds, so it is always on.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

log = logging.getLogger("newsgate.worker")

# The steps of `tasks.classifying.classify_chunk`, in their order.
STAGES = ("claim", "load", "classify", "commit")


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """What the chunks of some time took. seconds: for each stage, of all of them together."""

    chunks: int
    texts: int
    elapsed_seconds: float
    seconds: dict[str, float]

    def __str__(self) -> str:
        each = ", ".join(f"{stage} {1e6 * self.seconds[stage] / max(1, self.texts):.1f}" for stage in STAGES)
        done = f"{self.chunks} chunks with {self.texts} texts in {self.elapsed_seconds:.0f} s"
        return f"{done}; microseconds a text: {each}"


@dataclass(slots=True)
class Stages:
    """Adds up; safe to share between threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _since: float = field(default_factory=time.monotonic)
    _chunks: int = 0
    _texts: int = 0
    _seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    _before: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextlib.contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count what the block takes to one of STAGES, also where it raises."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            with self._lock:
                self._seconds[stage] += took

    def count(self, *, texts: int) -> None:
        """Count one chunk with so many texts, when it is committed."""
        with self._lock:
            self._chunks += 1
            self._texts += texts

    def take(self) -> StageSeconds:
        """Return what was added up since the last time, and begin anew."""
        with self._lock:
            now = time.monotonic()
            taken = StageSeconds(self._chunks, self._texts, now - self._since, dict(self._seconds))
            self._since, self._chunks, self._texts = now, 0, 0
            self._before = self._added_up()
            self._seconds.update(dict.fromkeys(STAGES, 0.0))
            return taken

    def so_far(self) -> dict[str, float]:
        """Return the seconds in each stage since this process began; nothing is set back."""
        with self._lock:
            return self._added_up()

    def _added_up(self) -> dict[str, float]:
        return {stage: self._before[stage] + self._seconds[stage] for stage in STAGES}


def keep_telling(stages: Stages, stop: threading.Event, *, every_seconds: float) -> None:
    """Tell now and then what the chunks took, until `stop` is set."""
    while not stop.wait(every_seconds):
        tell(stages)


def tell(stages: Stages) -> None:
    """Log what the chunks since the last time took; nothing where there were none."""
    taken = stages.take()
    if taken.chunks:
        log.info("%s", taken)
