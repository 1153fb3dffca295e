"""The processor time of programs whose own children come and go."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from benchmarks.shared.processes import cpu_seconds, tree_of

_LOOK_SECONDS = 0.1


def tree_cpu_seconds(pid: int) -> float:
    """The processor time of a process and its descendants so far, those included that ended and were waited for."""
    return sum(cpu_seconds(member, with_ended=True) for member in tree_of(pid))


class CpuSamples:
    """Looks at a process and its descendants again and again while the block lasts.

    Descendants that nobody waits for leave no trace of the time they used; what they had used when last seen counts.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._looks: list[tuple[float, dict[int, float]]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> CpuSamples:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def seconds_since(self, moment: float) -> float:
        """The processor time used since `moment`, of `time.monotonic()`, until the last look."""
        used_before: dict[int, float] = {}
        last_seen: dict[int, float] = {}
        for looked, used in self._looks:
            last_seen.update(used)
            if looked <= moment:
                used_before.update(used)
        return sum(seconds - used_before.get(pid, 0.0) for pid, seconds in last_seen.items())

    def _look_on(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        used = {member.pid: cpu_seconds(member) for member in tree_of(self._pid)}
        self._looks.append((time.monotonic(), used))
