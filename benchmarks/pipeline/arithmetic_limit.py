"""The arithmetic limit: how fast the texts could be scored if nothing but the LSTM's multiplications took time.

A token costs, in each of the two directions, one multiplication and one addition for every weight of the four gates,
whose inputs are the token's vector and the state before:

    2 directions x 2 flops x 4 gates x units x (width + units)

and a text costs 2 flops x 4 units more for the output layer, which reads the means and maxima of both directions. Here
`units` are those of one direction and `width` is the embedding's. The equations are those of Hochreiter and Schmidhuber
1997 with the forget gate of Gers et al. 2000. Activations, pooling, the embedding and the tokenizer count as nothing.
They count as they are written: a runtime that multiplies the input's share out beforehand, once for every piece of the
vocabulary, does units / (width + units) of them.

The machine's rate is that of float32 matrix products in NumPy, square and large, one thread on each core, all cores at
once; the best of some rounds, because whatever else the machine does can only lower it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.pipeline.side import Side, Work
from benchmarks.shared.processes import Cost, cores
from newsgate.model.bundle import Bundle, read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.starter import starter_bundle
from newsgate.model.weights import Float32

_DIRECTIONS = 2
_GATES = 4
_FLOPS_A_WEIGHT = 2
_POOLED = 4

# Large enough that a core does nothing else, small enough for its cache in the library's own blocks.
_MATRIX_ROWS = 1024
_PRODUCTS_A_ROUND = 4
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that decide what a text costs. units: of one direction. width: of the embedding."""

    units: int
    width: int

    @property
    def flops_a_token(self) -> int:
        """Multiplications and additions a token."""
        return _DIRECTIONS * _FLOPS_A_WEIGHT * _GATES * self.units * (self.width + self.units)

    @property
    def flops_a_text(self) -> int:
        """Multiplications and additions a text, whatever its length."""
        return _FLOPS_A_WEIGHT * _POOLED * self.units


@dataclass(frozen=True, slots=True)
class ArithmeticLimit:
    """What the multiplications of texts take at the machine's rate, as if it were a side."""

    bundle: Bundle

    def classify(self, work: Work) -> Cost:
        """Measure the machine's rate and return what the texts' multiplications take at it; nothing is classified."""
        tokens = sum(
            len(self.bundle.tokenizer.encode(text, max_tokens=self.bundle.metadata.max_tokens).ids)
            for text in work.texts
        )
        shape = _shape_of(self.bundle)
        flops = tokens * shape.flops_a_token + len(work.texts) * shape.flops_a_text
        seconds = flops / matrix_flops_per_second()
        return Cost(len(work.texts), seconds, seconds * cores())


@contextlib.contextmanager
def open_arithmetic_limit(_folder: Path, _warm_up: Work) -> Iterator[Side]:
    """The limit of the starter model."""
    yield ArithmeticLimit(read_bundle(starter_bundle()))


def matrix_flops_per_second() -> float:
    """Return the float32 operations a second of all cores together, in matrix products."""
    matrices = [np.random.default_rng(core).random((_MATRIX_ROWS, _MATRIX_ROWS), np.float32) for core in range(cores())]
    flops_a_round = cores() * _PRODUCTS_A_ROUND * 2 * _MATRIX_ROWS**3
    # The library would start threads of its own in each of these.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(cores()) as threads:
        return max(flops_a_round / _seconds_of_a_round(matrices, threads) for _ in range(_ROUNDS))


def _seconds_of_a_round(matrices: list[Float32], threads: ThreadPoolExecutor) -> float:
    started = time.perf_counter()
    list(threads.map(_multiply, matrices))
    return time.perf_counter() - started


def _multiply(matrix: Float32) -> None:
    product = np.empty_like(matrix)
    for _ in range(_PRODUCTS_A_ROUND):
        np.matmul(matrix, matrix, out=product)


def _shape_of(bundle: Bundle) -> Shape:
    weights = weights_of(bundle)
    return Shape(units=weights.forward.units, width=int(weights.embedding.shape[1]))
