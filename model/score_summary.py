"""How the scores of many texts are distributed, small enough to store with every chunk and to add up later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from newsgate.model.classifier import Scores
from newsgate.model.familiarity import UNFAMILIAR
from newsgate.model.two_samples import check_moments, moments_of

HISTOGRAM_BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over some texts; sums of summaries are the summary of all their texts.

    histogram: texts by `p_fake`, in 20 equal bins of [0, 1], the last one closed; a text without a finite score is in
    none. tokens: what the model read of the texts. unknown: how many of those were outside its vocabulary. items:
    texts, the ones without a score too. familiarity: texts by their familiarity, in as many bins; empty where no text
    has one. moments: of the texts that have a score and a familiarity (`model.two_samples`); empty where none has.
    """

    histogram: tuple[int, ...] = (0,) * HISTOGRAM_BINS
    tokens: int = 0
    unknown: int = 0
    items: int = 0
    familiarity: tuple[int, ...] = ()
    moments: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.histogram) != HISTOGRAM_BINS:
            raise ValueError(f"a histogram has {HISTOGRAM_BINS} bins, not {len(self.histogram)}")
        if min(self.histogram) < 0 or not 0 <= self.unknown <= self.tokens or sum(self.histogram) > self.items:
            raise ValueError("a summary's counts contradict each other")
        if self.familiarity and len(self.familiarity) != HISTOGRAM_BINS:
            raise ValueError(f"a histogram has {HISTOGRAM_BINS} bins, not {len(self.familiarity)}")
        if self.familiarity and (min(self.familiarity) < 0 or sum(self.familiarity) > self.items):
            raise ValueError("a summary's counts contradict each other")
        check_moments(self.moments)

    @property
    def unfamiliar(self) -> int:
        """How many texts are less familiar than `UNFAMILIAR`, which is an edge between bins."""
        return sum(self.familiarity[: round(UNFAMILIAR * HISTOGRAM_BINS)])

    def __add__(self, other: Summary) -> Summary:
        """Return the summary of both parts' texts."""
        return Summary(
            histogram=tuple(mine + theirs for mine, theirs in zip(self.histogram, other.histogram, strict=True)),
            tokens=self.tokens + other.tokens,
            unknown=self.unknown + other.unknown,
            items=self.items + other.items,
            familiarity=_added(self.familiarity, other.familiarity),
            moments=_added(self.moments, other.moments),
        )

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values that `from_json` reads."""
        document: dict[str, Any] = {
            "histogram": list(self.histogram),
            "tokens": self.tokens,
            "unknown": self.unknown,
            "items": self.items,
        }
        for name in ("familiarity", "moments"):
            if counts := getattr(self, name):
                document[name] = list(counts)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Summary:
        """Return the summary in `document`; ValueError, KeyError or TypeError where it is not one."""
        return cls(
            histogram=tuple(int(count) for count in document["histogram"]),
            tokens=int(document["tokens"]),
            unknown=int(document["unknown"]),
            items=int(document["items"]),
            familiarity=tuple(int(count) for count in document.get("familiarity", ())),
            moments=tuple(int(count) for count in document.get("moments", ())),
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
        familiarity=_familiarity_bins(scores),
        moments=moments_of(
            p_fake=scores.p_fake,
            familiarity=scores.familiarity,
            token_counts=scores.token_counts,
            unknown_counts=scores.unknown_counts,
        ),
    )


def _familiarity_bins(scores: Scores) -> tuple[int, ...]:
    known = scores.familiarity[np.isfinite(scores.familiarity)]
    if not len(known):
        return ()
    counts, _ = np.histogram(known, bins=HISTOGRAM_BINS, range=(0.0, 1.0))
    return tuple(int(count) for count in counts)


def _added(mine: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, ...]:
    if not mine or not theirs:
        return mine or theirs
    return tuple(a + b for a, b in zip(mine, theirs, strict=True))
