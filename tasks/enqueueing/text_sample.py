"""Some texts of a file, from all over it, however long it is."""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.db.batches import AcceptedRow
from newsgate.model.languages import MOST_CHARS, MOST_TEXTS, spread

_TEXTS_A_BLOCK = 100


class TextSample:
    """Collects the beginnings of at most `MOST_TEXTS` texts; `texts` are in the order of the file."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._blocks = 0
        self._of_a_block = _TEXTS_A_BLOCK
        self._every = 1

    def add(self, rows: Sequence[AcceptedRow]) -> None:
        """See the next rows of the file."""
        if self._blocks % self._every == 0:
            self.texts += [each.text[:MOST_CHARS] for each in spread(rows, most=self._of_a_block)]
        self._blocks += 1
        if len(self.texts) > MOST_TEXTS:
            # What is read from now on counts no more than what was read before.
            self.texts = self.texts[::2]
            if self._of_a_block > 1:
                self._of_a_block //= 2
            else:
                self._every *= 2
