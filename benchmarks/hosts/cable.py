"""What a cable does to the packets on it: it takes its time, loses some, and carries only so much a second."""

from __future__ import annotations

import random
from dataclasses import dataclass

# What waits before a narrow cable at most; a router drops what comes then (Linux's own queue is of a similar size).
_QUEUE_BYTES = 512 * 1024


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a cable is like, in each direction.

    delay_seconds: one way, so half of a round trip. loss: the share of the packets that are lost. bytes_a_second: 0 for
    no limit. is_cut: nothing gets through. cut_at_commit: it is cut as soon as a COMMIT has gone over it, so that the
    answer to that is lost.
    """

    delay_seconds: float = 0.0
    loss: float = 0.0
    bytes_a_second: float = 0.0
    is_cut: bool = False
    cut_at_commit: bool = False


class Cable:
    """One direction of the cable of one host. What is lost is drawn from `seed`."""

    def __init__(self, *, seed: int) -> None:
        self.quality = Quality()
        self._chance = random.Random(seed)
        self._free_at = 0.0

    def arrival(self, *, packet_bytes: int, now: float) -> float | None:
        """Return when a packet that is sent `now` arrives, in the same seconds; None where it never does."""
        quality = self.quality
        if quality.is_cut or (quality.loss and self._chance.random() < quality.loss):
            return None
        if not quality.bytes_a_second:
            return now + quality.delay_seconds
        starts = max(now, self._free_at)
        if (starts - now) * quality.bytes_a_second > _QUEUE_BYTES:
            return None
        self._free_at = starts + packet_bytes / quality.bytes_a_second
        return self._free_at + quality.delay_seconds
