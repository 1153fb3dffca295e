"""Do probabilities mean what they say? Texts by their probability, beside how many of them are fake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE

BINS: Final = 10
# The normal quantile of 0.975: intervals that hold the true share 95 times of 100.
Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The texts whose `p_fake` is from `low` to below `high`, the last bin closed.

    rows: of them. fake: how many truly are. mean_p_fake: what the model says on average; None where there are none.
    """

    low: float
    high: float
    rows: int
    fake: int
    mean_p_fake: float | None

    @property
    def share_fake(self) -> float | None:
        """The observed share of fake texts, from 0 to 1; None where there are no texts."""
        return self.fake / self.rows if self.rows else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of fake; everything where there are no texts."""
        return wilson_interval(self.fake, self.rows)


def reliability_bins(
    p_fake: npt.NDArray[np.floating], labels: Sequence[str], *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Return `bins` equal bins of [0, 1], of finite probabilities [texts] of `fake` against the true labels.

    The reliability diagram of DeGroot and Fienberg 1983, on the probability of one label instead of the confidence.
    """
    p_fake = np.asarray(p_fake, np.float64)
    bin_of_text = np.minimum((p_fake * bins).astype(np.int64), bins - 1)
    rows = np.bincount(bin_of_text, minlength=bins)
    fake = np.bincount(bin_of_text, weights=np.asarray(labels) == FAKE, minlength=bins)
    sums = np.bincount(bin_of_text, weights=p_fake, minlength=bins)
    return tuple(
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            rows=int(rows[place]),
            fake=int(fake[place]),
            mean_p_fake=float(sums[place] / rows[place]) if rows[place] else None,
        )
        for place in range(bins)
    )


def wilson_interval(hits: int, rows: int, *, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of a share of `hits` in `rows`: Wilson 1927 (J. Am. Stat. Assoc. 22, 209-212).

    (h + z^2/2 -+ z sqrt(h (n - h) / n + z^2/4)) / (n + z^2), within [0, 1]; (0, 1) where there are no rows.
    """
    if not rows:
        return 0.0, 1.0
    centre = hits + z * z / 2
    reach = z * math.sqrt(hits * (rows - hits) / rows + z * z / 4)
    return max(0.0, (centre - reach) / (rows + z * z)), min(1.0, (centre + reach) / (rows + z * z))
