"""What a network loses in whole numbers: measured when a bundle is made, and told in it.

A network may serve in whole numbers if, of the texts that were looked at, at most one label in 2000 changes whose score
in float32 is 0.02 or more from one half. A label nearer to it is a toss-up in any arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

NEAR_HALF: Final = 0.02
TEXTS_A_FLIP: Final = 2_000


@dataclass(frozen=True)
class QuantisationLoss:
    """How whole numbers changed the scores of some texts.

    texts: how many were scored both ways. flips: labels that changed. far_flips: those of them whose float32 score is
    `NEAR_HALF` or more from one half. largest_change: of P(fake), from 0 to 1.
    """

    texts: int
    flips: int
    far_flips: int
    largest_change: float

    @property
    def is_acceptable(self) -> bool:
        """Whether a network that loses so much may serve in whole numbers."""
        return self.texts > 0 and self.far_flips * TEXTS_A_FLIP <= self.texts

    def as_json(self) -> dict[str, Any]:
        """Return what a bundle records of this, as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> QuantisationLoss:
        """Return what a bundle recorded; ValueError, KeyError or TypeError where it is not that."""
        counts = [document[name] for name in ("texts", "flips", "far_flips")]
        change = float(document["largest_change"])
        if any(type(count) is not int or count < 0 for count in counts) or not math.isfinite(change):
            raise ValueError("not what whole numbers changed")
        texts, flips, far_flips = counts
        return cls(texts=texts, flips=flips, far_flips=far_flips, largest_change=change)
