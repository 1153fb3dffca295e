"""How many chunks are worth taking ahead: what the way of one takes beside what classifying takes.

Beside a database nearby a chunk that is taken ahead gains next to nothing. Far away, as many must be under way as are
classified while one is loaded, or the worker stands still.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Final

# Of the time that classifying a chunk takes: what loading the next one must take, or it is loaded afterwards.
_WORTH: Final = 0.1
# The shortest of so many loadings, or one that only waited for a core would be taken for a long way.
_REMEMBERED: Final = 8
# More than what a loading takes, for no two take the same.
_MARGIN: Final = 1.2
# Each is in memory, and has a connection while it is loaded. What has to wait for its worker is no more than this.
MOST_AHEAD: Final = 4
# Of a lease: when the last of them begins, it must be far from its end.
_OF_LEASE: Final = 0.5


class Pace:
    """Remembers how long the last chunks took; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading: deque[float] = deque(maxlen=_REMEMBERED)
        self._classifying: deque[float] = deque(maxlen=_REMEMBERED)

    def note_loading(self, seconds: float) -> None:
        """Remember how long it took to reserve a chunk and load its texts."""
        with self._lock:
            self._loading.append(seconds)

    def note_classifying(self, seconds: float) -> None:
        """Remember how long it took to classify a chunk."""
        with self._lock:
            self._classifying.append(seconds)

    def chunks_ahead(self, *, lease_seconds: float) -> int:
        """How many chunks are to be taken ahead; none before one was classified, and none where it does not pay."""
        with self._lock:
            if not self._loading or not self._classifying:
                return 0
            loading, classifying = min(self._loading), sorted(self._classifying)
        # The last chunk of a file may have few rows.
        longest, usual = classifying[-1], classifying[len(classifying) // 2]
        if loading <= _WORTH * longest:
            return 0
        under_way = MOST_AHEAD if loading >= MOST_AHEAD * usual else math.ceil(_MARGIN * loading / usual)
        held = MOST_AHEAD if longest * MOST_AHEAD <= _OF_LEASE * lease_seconds else _OF_LEASE * lease_seconds / longest
        return int(min(under_way, MOST_AHEAD, held))
