"""How well a ranking of a text's tokens tells which of them the verdict rests on.

Comprehensiveness and sufficiency: DeYoung et al. 2020, ERASER, arXiv 1911.03429, section 4.3, each on the 20% of the
tokens that a ranking puts first, and beside them the mean of random choices of as many tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE_THRESHOLD
from newsgate.model.tokenizer import UNKNOWN_ID

Float64 = npt.NDArray[np.float64]
Ids = tuple[int, ...]
# Rows of token ids -> their probabilities of fake, float64 [rows].
Score = Callable[[Sequence[Ids]], Float64]

SHARE: Final = 0.2
RANDOM_DRAWS: Final = 20
LEAVING_OUT: Final = "leaving out"
RANDOM: Final = "random"
# With fewer tokens not one of them is a fifth of the text.
LEAST_TOKENS: Final = 5
_SEED: Final = 0


@dataclass(frozen=True)
class Faithful:
    """What one ranking's first tokens are worth.

    comprehensiveness: by how much the probability of the label falls when they are left out; more is better.
    sufficiency: by how much it falls when nothing else is left; less is better.
    rank_correlation: Spearman's, of a gate's measure with the size of the token's own effect, from -1 to 1; None where
    either says the same of every token, and for the two rankings that are no gates'.
    """

    ranking: str
    comprehensiveness: float
    sufficiency: float
    rank_correlation: float | None


@dataclass(frozen=True)
class Faithfulness:
    """Each ranking, and random choices last. tokens: how many each of them may name."""

    tokens: int
    rankings: tuple[Faithful, ...]


def measure_faithfulness(
    ids: Ids, *, p_fake: float, effects: Float64, gates: Mapping[str, Float64], score: Score
) -> Faithfulness | None:
    """Return how faithful the rankings by effect, by the measures `gates` and by chance are to the label of `p_fake`.

    effects: float64 [tokens], what each token adds to `p_fake`; first comes what speaks most for the label. gates:
    float64 [tokens] each; first comes the largest. None for a text of fewer than `LEAST_TOKENS` tokens.
    """
    if len(ids) < LEAST_TOKENS:
        return None
    named = math.ceil(SHARE * len(ids))
    for_label = effects if p_fake >= FAKE_THRESHOLD else -effects
    choices = [_first(measure, named) for measure in (for_label, *gates.values())]
    choices += _random_choices(len(ids), named)
    texts = [text for choice in choices for text in (without(ids, choice), only(ids, choice))]
    falls = _of_label(p_fake, p_fake) - _of_label(score(texts), p_fake)
    comprehensiveness, sufficiency = falls[0::2], falls[1::2]

    correlations = [None, *(spearman(measure, np.abs(effects)) for measure in gates.values())]
    rankings = [
        Faithful(name, float(comprehensiveness[row]), float(sufficiency[row]), correlations[row])
        for row, name in enumerate((LEAVING_OUT, *gates))
    ]
    drawn = slice(len(rankings), None)
    by_chance = Faithful(RANDOM, float(comprehensiveness[drawn].mean()), float(sufficiency[drawn].mean()), None)
    return Faithfulness(named, (*rankings, by_chance))


def without(ids: Ids, places: Collection[int]) -> Ids:
    """Return the tokens without those at `places`; as the tokenizer has it, no token at all is one unknown token."""
    return tuple(each for place, each in enumerate(ids) if place not in places) or (UNKNOWN_ID,)


def only(ids: Ids, places: Collection[int]) -> Ids:
    """Return the tokens at `places`, in the text's order."""
    return tuple(each for place, each in enumerate(ids) if place in places)


def spearman(one: Float64, other: Float64) -> float | None:
    """Return Spearman's rank correlation: Pearson's, of the ranks; None where either has one value only."""
    first, second = _ranks(one), _ranks(other)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Float64) -> Float64:
    """Return each value's rank, equal ones sharing the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Float64 = (last - (counts - 1) / 2)[places]
    return shared


def _of_label(p_fake: Float64 | float, verdict: float) -> Float64:
    """Return the probability of the label that the whole text got."""
    p = np.asarray(p_fake, dtype=np.float64)
    return p if verdict >= FAKE_THRESHOLD else 1.0 - p


def _first(measure: Float64, count: int) -> frozenset[int]:
    return frozenset(np.argsort(-measure, kind="stable")[:count].tolist())


def _random_choices(tokens: int, count: int) -> list[frozenset[int]]:
    random = np.random.default_rng(_SEED)
    return [frozenset(random.choice(tokens, count, replace=False).tolist()) for _ in range(RANDOM_DRAWS)]
