"""NumPy's matrix products round every row alike: a text has one score, wherever its company leaves it to stand."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.numpy_runtime import BLOCK_ROWS, NumpyRuntime, rows_rounded_alike
from tests.networks import random_weights


@pytest.mark.parametrize("units", [16, 64, 100])
def test_a_text_has_the_same_logit_in_every_place(units: int) -> None:
    weights = random_weights(vocabulary=50, width=8, units=units, seed=1)
    ids = np.random.default_rng(2).integers(1, 50, 40).astype(np.int32)
    logits = NumpyRuntime(weights).padded_logits(np.tile(ids, (BLOCK_ROWS, 1)), np.full(BLOCK_ROWS, 40, np.int32))
    assert len(set(logits.tolist())) == 1
    alone = NumpyRuntime(weights).padded_logits(ids[np.newaxis], np.array([40], np.int32))
    assert alone[0] == logits[0]


def test_a_block_is_parted_into_whole_products() -> None:
    assert BLOCK_ROWS % rows_rounded_alike(64) == 0
