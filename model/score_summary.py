"""How the scores of many texts are distributed, small enough to store with every chunk and to add up later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from newsgate.model.classifier import Scores

HISTOGRAM_BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over some texts; sums of summaries are the summary of all their texts.

    histogram: texts by `p_fake`, in 20 equal bins of [0, 1], the last one closed; a text without a finite score is in
    none. tokens: what the model read of the texts. unknown: how many of those were outside its vocabulary. items:
    texts, the ones without a score too.
    """

    histogram: tuple[int, ...] = (0,) * HISTOGRAM_BINS
    tokens: int = 0
    unknown: int = 0
    items: int = 0

    def __post_init__(self) -> None:
        if len(self.histogram) != HISTOGRAM_BINS:
            raise ValueError(f"a histogram has {HISTOGRAM_BINS} bins, not {len(self.histogram)}")
        if min(self.histogram) < 0 or not 0 <= self.unknown <= self.tokens or sum(self.histogram) > self.items:
            raise ValueError("a summary's counts contradict each other")

    def __add__(self, other: Summary) -> Summary:
        """Return the summary of both parts' texts."""
        return Summary(
            histogram=tuple(mine + theirs for mine, theirs in zip(self.histogram, other.histogram, strict=True)),
            tokens=self.tokens + other.tokens,
            unknown=self.unknown + other.unknown,
            items=self.items + other.items,
        )

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values that `from_json` reads."""
        return {
            "histogram": list(self.histogram),
            "tokens": self.tokens,
            "unknown": self.unknown,
            "items": self.items,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Summary:
        """Return the summary in `document`; ValueError, KeyError or TypeError where it is not one."""
        return cls(
            histogram=tuple(int(count) for count in document["histogram"]),
            tokens=int(document["tokens"]),
            unknown=int(document["unknown"]),
            items=int(document["items"]),
        )


def summarise(scores: Scores) -> Summary:
    """Return how `scores` are distributed."""
    finite = scores.p_fake[np.isfinite(scores.p_fake)]
    counts, _ = np.histogram(finite, bins=HISTOGRAM_BINS, range=(0.0, 1.0))
    return Summary(
        histogram=tuple(int(count) for count in counts),
        tokens=int(np.sum(scores.token_counts, dtype=np.int64)),
        unknown=int(np.sum(scores.unknown_counts, dtype=np.int64)),
        items=len(scores),
    )
