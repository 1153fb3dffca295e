"""Labelled sentences that are easy to tell apart, and how a small network learns from them with a teacher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from newsgate.training.corpus import LabelledTexts
from newsgate.training.recipe import Recipe

SUBJECTS = ("ministers", "doctors", "teachers", "farmers", "pilots", "bakers", "singers", "lawyers")
FAKE_CLAIMS = ("secretly hide a miracle", "shockingly admit the hoax", "exposed by leaked aliens")
REAL_CLAIMS = ("publish the annual report", "announce a new budget", "open the town library")
PLACES = ("in london", "in delhi on monday", "", "near the old harbour after a long and quiet week")


def sentences(seed: int, *, rows: int) -> LabelledTexts:
    """Return sentences whose claim gives their label away."""
    random = np.random.default_rng(seed)

    def pairs() -> Iterator[tuple[str, str]]:
        for row in range(rows):
            label, claims = (("fake", FAKE_CLAIMS), ("real", REAL_CLAIMS))[row % 2]
            words = (random.choice(SUBJECTS), random.choice(claims), random.choice(PLACES), f"no {random.integers(50)}")
            yield " ".join(words), label

    return LabelledTexts.from_pairs(pairs())


TRAIN = sentences(1, rows=200)
VALIDATION = sentences(2, rows=60)
TAUGHT_RECIPE = Recipe(
    vocabulary_size=200,
    embedding_width=16,
    lstm_units=8,
    max_tokens=16,
    max_epochs=2,
    batch_rows=48,
    learning_rate=2e-2,
    dropout=0.1,
    word_dropout=0.1,
    teacher="linear",
    variants=2,
)
# For tests of what stands around a training: its one step, with nothing compiled to a graph (the fixture `eagerly`), is
# the least that a training can be.
ONE_STEP_RECIPE = replace(TAUGHT_RECIPE, max_tokens=8, max_epochs=1, batch_rows=4096)
