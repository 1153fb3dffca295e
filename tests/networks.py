"""Weights for the tests: those of no trained network, of any size."""

from __future__ import annotations

import numpy as np

from newsgate.model.weights import Float32, LstmWeights, Weights


def random_weights(*, vocabulary: int, width: int, units: int, seed: int) -> Weights:
    random = np.random.default_rng(seed)

    def array(*shape: int) -> Float32:
        return random.normal(size=shape).astype(np.float32)

    def lstm() -> LstmWeights:
        return LstmWeights(array(width, 4 * units), array(units, 4 * units), array(4 * units))

    return Weights(array(vocabulary, width), lstm(), lstm(), array(4 * units, 1), array(1))


def assert_equal(one: Weights, other: Weights) -> None:
    for (name, left), right in zip(one.arrays().items(), other.arrays().values(), strict=True):
        assert right.dtype == np.float32, name
        np.testing.assert_array_equal(left, right)
