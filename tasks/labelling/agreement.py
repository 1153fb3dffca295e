"""How far people agree about the texts that more than one of them judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# With fewer texts Cohen's kappa says more about chance than about people.
KAPPA_MIN_TEXTS = 20


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two people said the same about a text.

    kappa: Cohen's, which leaves out what chance alone would give; None for too few texts, or where everybody always
    says the same one thing.
    """

    texts: int
    same: int
    kappa: float | None


def measure_agreement(pairs: Mapping[tuple[str, str], int]) -> Agreement:
    """From counts of (first person says, second person says) to how far they agree."""
    texts = sum(pairs.values())
    same = sum(count for (first, second), count in pairs.items() if first == second)
    if texts < KAPPA_MIN_TEXTS:
        return Agreement(texts, same, None)
    first_fake = sum(count for (first, _), count in pairs.items() if first == "fake") / texts
    second_fake = sum(count for (_, second), count in pairs.items() if second == "fake") / texts
    by_chance = first_fake * second_fake + (1 - first_fake) * (1 - second_fake)
    kappa = None if by_chance == 1 else (same / texts - by_chance) / (1 - by_chance)
    return Agreement(texts, same, kappa)
