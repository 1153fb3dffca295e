"""How long things take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final

ROUNDS: Final = 5
_WARM_UP_TEXTS: Final = 2_000


class Stopwatch:
    """Measures a block. seconds: how long it took, once it has ended."""

    seconds: float = 0.0

    def __enter__(self) -> Stopwatch:
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._began


def texts_per_second(
    make_classifier: Callable[[], Callable[[Sequence[str]], Any]], *, warm_up: Sequence[str], texts: Sequence[str]
) -> float:
    """Return how many of these texts a classifier labels in a second, the median of some rounds.

    Each round has a classifier of its own that has seen some of the texts `warm_up`, but none of `texts`: a tokenizer
    remembers words, so texts it knew already would flatter it.
    """
    distinct = list(dict.fromkeys(texts))
    rates = []
    for _ in range(ROUNDS):
        classify = make_classifier()
        classify(warm_up[:_WARM_UP_TEXTS])
        with Stopwatch() as stopwatch:
            classify(distinct)
        rates.append(len(distinct) / stopwatch.seconds)
    return statistics.median(rates)
