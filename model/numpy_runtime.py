"""The network in NumPy, with everything folded that does not depend on the text before it: what runs everywhere.

The input's share of the four parts, W x + b, depends on a token alone. It is multiplied out for the whole vocabulary
when a bundle is loaded, so a step is a look-up, one product with the hidden state, and the equations of `model.gates`.
That leaves a third of the multiplications, and what remains runs in NumPy's vectorised loops, outside the interpreter's
lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.batching import in_rectangles
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32, LstmWeights, Weights

# Rows that a matrix product may have. One of 64, with 64 units, is too small for OpenBLAS to start threads of its own,
# which would contend with the other workers'.
_PRODUCT_ROWS: Final = (64, 8, 4, 1)
# Always so many rows are computed, the missing ones as zeros: a matrix product may round otherwise with another number
# of rows, and then a text's score would depend on its company. More of them at a time would not fit the cache.
BLOCK_ROWS: Final = 128
# Products that are looked at before it is believed that every row of one is rounded alike.
_PROBES: Final = 20

_Indices = npt.NDArray[np.intp]


class NumpyRuntime:
    """One network, ready to score; safe to share between threads."""

    def __init__(self, weights: Weights) -> None:
        self._forward = _Direction.folded(weights.embedding, weights.forward)
        self._backward = _Direction.folded(weights.embedding, weights.backward)
        self._output_kernel = weights.output_kernel
        self._output_bias = weights.output_bias

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]."""
        return in_rectangles(self.padded_logits, tokens, batch_rows=BLOCK_ROWS)

    def padded_logits(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits, float32 [batch], of `ids` [batch, tokens] padded to the right of `lengths`."""
        logits = np.empty(len(ids), np.float32)
        longest_first = np.argsort(-lengths, kind="stable")
        for start in range(0, len(ids), BLOCK_ROWS):
            rows = longest_first[start : start + BLOCK_ROWS]
            tokens = int(lengths[rows[0]])
            logits[rows] = self._block(ids[rows, :tokens], lengths[rows])
        return logits

    def _block(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits of at most BLOCK_ROWS rows, the longest first."""
        rows, tokens = ids.shape
        times = np.arange(tokens)
        # Rows that have a token at each time: always the first ones.
        active = np.count_nonzero(lengths[:, np.newaxis] > times, axis=0).tolist()
        # From each row's own last token, so that padding stands at the right here too.
        backwards = np.take_along_axis(ids, np.maximum(lengths[:, np.newaxis] - 1 - times, 0), axis=1)
        forward_sum, forward_maximum = self._forward.pool(_by_time(ids), active)
        backward_sum, backward_maximum = self._backward.pool(_by_time(backwards), active)
        counts = np.ones((BLOCK_ROWS, 1), np.float32)
        counts[:rows, 0] = lengths
        pooled = 0.5 * np.concatenate(
            [forward_sum / counts, backward_sum / counts, forward_maximum, backward_maximum], axis=1
        )
        return np.asarray((pooled @ self._output_kernel)[:rows, 0] + self._output_bias, np.float32)


@dataclass(frozen=True)
class _Direction:
    """One direction's weights, its parts in the order input, forget, output, candidate.

    by_token: [4, vocabulary, units], W x + b of every token. recurrent: [4, 1, units, units], to be multiplied with
    doubled hidden states. The three gates' are halved: sigma(z) = (1 + tanh(z / 2)) / 2, so that one tanh does for all
    four parts. What is halved here is doubled there, which changes no digit of a float. product_rows: how many rows of
    hidden states are multiplied at once.
    """

    by_token: Float32
    recurrent: Float32
    product_rows: int

    @classmethod
    def folded(cls, embedding: Float32, lstm: LstmWeights) -> _Direction:
        # In double precision: rounded once, where the network itself would round twice.
        by_token = embedding.astype(np.float64) @ lstm.kernel + lstm.bias
        return cls(
            by_token=_parts_first(by_token),
            recurrent=_parts_first(0.5 * lstm.recurrent_kernel)[:, np.newaxis],
            product_rows=rows_rounded_alike(len(lstm.recurrent_kernel)),
        )

    def pool(self, ids: _Indices, active: Sequence[int]) -> tuple[Float32, Float32]:
        """Return the sum and maximum of doubled hidden states over a row's own tokens, [BLOCK_ROWS, units] each.

        ids: [tokens, BLOCK_ROWS]. active: for each time, how many rows, the first ones, have a token then. What the
        others' states become does not matter, as they have none after it.
        """
        units = self.recurrent.shape[-1]
        parts = np.empty((4, BLOCK_ROWS, units), np.float32)
        inputs = np.empty_like(parts)
        taken_in = np.empty((BLOCK_ROWS, units), np.float32)
        hidden = np.zeros((BLOCK_ROWS, units), np.float32)
        cell = np.zeros((BLOCK_ROWS, units), np.float32)
        total = np.zeros((BLOCK_ROWS, units), np.float32)
        maximum = np.full((BLOCK_ROWS, units), -2.0, np.float32)  # 2 o * tanh(C) is never below
        gates = parts[:3]
        factors = hidden.reshape(-1, self.product_rows, units)
        products = parts.reshape(4, -1, self.product_rows, units)
        input_gate, forget_gate, output_gate, candidate = parts
        for time, rows in enumerate(active):
            # Clipped rather than checked: ids are a tokenizer's, and checking costs as much as looking up.
            np.take(self.by_token, ids[time], axis=1, out=inputs, mode="clip")
            np.matmul(factors, self.recurrent, out=products)
            np.add(parts, inputs, out=parts)
            np.tanh(parts, out=parts)
            # Twice the gates: halving the cell once is cheaper than halving all three.
            np.add(gates, 1.0, out=gates)
            # The cell keeps what the forget gate leaves of it, and takes in what the input gate lets through.
            np.multiply(cell, forget_gate, out=cell)
            np.multiply(input_gate, candidate, out=taken_in)
            np.add(cell, taken_in, out=cell)
            np.multiply(cell, 0.5, out=cell)
            # The output gate shows some of it, here twice as much.
            np.tanh(cell, out=hidden)
            np.multiply(hidden, output_gate, out=hidden)
            np.add(total[:rows], hidden[:rows], out=total[:rows])
            np.maximum(maximum[:rows], hidden[:rows], out=maximum[:rows])
        return total, maximum


@cache
def rows_rounded_alike(units: int) -> int:
    """Return how many rows a product with [units, units] may have so that each is rounded alike, wherever it stands.

    With AVX2 OpenBLAS computes twelve rows at a time, and adds up six of them in another order: a text's score would
    then depend on the place that its company leaves to it. A product of fewer rows takes longer, and has one order.
    """
    generator = np.random.default_rng(0)

    def are_alike(rows: int) -> bool:
        kernel = generator.standard_normal((4, 1, units, units)).astype(np.float32)
        row = generator.standard_normal(units).astype(np.float32)
        equal = np.tile(row, (BLOCK_ROWS // rows, rows, 1))
        found = np.matmul(equal, kernel).reshape(4, BLOCK_ROWS, units)
        return bool((found == found[:, :1]).all())

    return next((rows for rows in _PRODUCT_ROWS if all(are_alike(rows) for _ in range(_PROBES))), 1)


def _parts_first(array: npt.NDArray[np.floating]) -> Float32:
    """Return Keras' [rows, input|forget|candidate|output] as [input, forget, output, candidate], the gates halved."""
    input_gate, forget_gate, candidate, output_gate = np.split(array, 4, axis=1)
    stacked = np.stack([input_gate * 0.5, forget_gate * 0.5, output_gate * 0.5, candidate])
    # Contiguous: a product with a transposed array takes two thirds longer.
    return np.ascontiguousarray(stacked, np.float32)


def _by_time(ids: Int32) -> _Indices:
    """Return `ids` [rows, tokens] as [tokens, BLOCK_ROWS], the missing rows' ids 0."""
    by_time = np.zeros((ids.shape[1], BLOCK_ROWS), np.intp)
    by_time[:, : len(ids)] = ids.T
    return by_time
