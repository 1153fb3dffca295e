"""Whether the next chunk is worth taking ahead: what its way takes beside what classifying takes.

Beside a database nearby a chunk that is taken ahead gains next to nothing, and at the end of a file it waits for a busy
worker while another has nothing to do.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

# Of the time that classifying a chunk takes: what loading the next one must take, or it is loaded afterwards.
_WORTH: Final = 0.1
# The shortest of so many loadings, or one that only waited for a core would be taken for a long way.
_REMEMBERED: Final = 8


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

    def pays(self) -> bool:
        """Whether the next chunk is to be taken ahead; not before one was classified."""
        with self._lock:
            if not self._loading or not self._classifying:
                return False
            # The last chunk of a file may have few rows.
            return min(self._loading) > _WORTH * max(self._classifying)
