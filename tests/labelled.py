"""Labelled texts written for the tests: their words hint at the label, and none alone gives it away."""

from __future__ import annotations

import random

_SYLLABLES = (
    "ba",
    "ko",
    "ri",
    "mu",
    "te",
    "lan",
    "sor",
    "pi",
    "du",
    "gel",
    "fa",
    "nim",
    "vo",
    "zet",
    "hu",
    "cra",
    "jo",
)
_OWN_SHARE, _OTHERS_SHARE = 0.22, 0.08


def labelled_posts(count: int, *, seed: int) -> list[tuple[str, str]]:
    """`count` (text, label) pairs of 16 words, half of them fake; no two are near-duplicates."""
    generator = random.Random(seed)
    return [(_post(label, generator), label) for label in ("fake", "real") * (count // 2)]


def _words(count: int, *, seed: int) -> list[str]:
    generator = random.Random(seed)
    return ["".join(generator.choices(_SYLLABLES, k=generator.choice((2, 3)))) for _ in range(count)]


_COMMON = _words(400, seed=1)
_TYPICAL = {"fake": _words(40, seed=2), "real": _words(40, seed=3)}


def _post(label: str, generator: random.Random) -> str:
    other = "real" if label == "fake" else "fake"
    pools = [_TYPICAL[label], _TYPICAL[other], _COMMON]
    weights = [_OWN_SHARE, _OTHERS_SHARE, 1 - _OWN_SHARE - _OTHERS_SHARE]
    return " ".join(generator.choice(pool) for pool in generator.choices(pools, weights, k=16))
