"""The network in C, in float32."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.native.library import WIDTHS, Direction, Library, Network, aligned
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, LstmWeights, Weights

# sigma(z) = 1 / (1 + 2^(-z / ln 2)), tanh(z) = (1 - 2^(-2z / ln 2)) / (1 + 2^(-2z / ln 2)): the C code takes powers of
# two, and has the factors in the weights. Input, forget, candidate, output, as Keras has them.
EXPONENT_FACTORS: Final = np.array([-1.0, -1.0, -2.0, -1.0]) / math.log(2.0)
# So that units divide by every variant's width.
_WIDEST: Final = max(WIDTHS)

Float64 = npt.NDArray[np.float64]


class NativeRuntime:
    """One network, ready to score; safe to share between threads.

    variant: of the library's code in float32; the fastest this processor can run where none is named.
    """

    def __init__(self, library: Library, weights: Weights, *, variant: int | None = None) -> None:
        self.variant = self._chosen(library, weights) if variant is None else variant
        self._functions = library.functions
        self._vocabulary_size = len(weights.embedding)
        # Kept for as long as C has their addresses.
        self._arrays = [
            self._packed(weights, lstm, output_rows=rows)
            for lstm, rows in zip((weights.forward, weights.backward), _output_rows(weights), strict=True)
        ]
        directions = [
            Direction(**{name: array.ctypes.data for name, array in arrays.items()}) for arrays in self._arrays
        ]
        self._network = Network(
            directions=(Direction * 2)(*directions),
            output_bias=float(weights.output_bias[0]),
            units=padded_units(weights.forward.units),
            variant=self.variant,
        )

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]."""
        if len(tokens) == 0:
            return np.empty(0, np.float32)
        # C reads where they point.
        if tokens.ids.min() < 0 or tokens.ids.max() >= self._vocabulary_size:
            raise ValueError(f"token ids are from 0 to {self._vocabulary_size - 1}")
        logits = np.empty(len(tokens), np.float64)
        longest_first = np.argsort(-tokens.lengths, kind="stable")
        failed = self._functions.newsgate_lstm_logits(
            ctypes.addressof(self._network),
            tokens.ids.ctypes.data,
            tokens.starts.ctypes.data,
            tokens.lengths.ctypes.data,
            longest_first.ctypes.data,
            len(tokens),
            logits.ctypes.data,
        )
        if failed:
            raise MemoryError("no memory for the states of the LSTM")
        return logits.astype(np.float32)

    def _chosen(self, library: Library, _weights: Weights) -> int:
        return library.variants[0]

    def _packed(self, weights: Weights, lstm: LstmWeights, *, output_rows: Float32) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of `struct direction`, by name. output_rows: [2, units], those of mean and maximum."""
        width = WIDTHS[self.variant]
        recurrent = with_zeros(by_width(lstm.recurrent_kernel, width), axis=0)
        return {
            "by_token": aligned(by_width(shares_of_tokens(weights, lstm), width), np.float32),
            # A product reads the weights from each unit in turn to the units of a vector.
            "recurrent": aligned(recurrent.swapaxes(0, 1), np.float32),
            **packed_output(output_rows),
        }


def shares_of_tokens(weights: Weights, lstm: LstmWeights) -> Float64:
    """Return what each token adds to the gates, float64 [vocabulary, 4 * units]."""
    # In double precision: rounded once, where the network itself would round twice.
    return np.asarray(weights.embedding.astype(np.float64) @ lstm.kernel + lstm.bias)


def packed_output(output_rows: Float32) -> dict[str, npt.NDArray[Any]]:
    """Return the output layer's share of one direction as C has it."""
    mean_kernel, maximum_kernel = (aligned(with_zeros(row), np.float32) for row in output_rows)
    return {"mean_kernel": mean_kernel, "maximum_kernel": maximum_kernel}


def by_width(array: npt.NDArray[np.floating], width: int, *, factors: Float64 = EXPONENT_FACTORS) -> Float64:
    """Return Keras' [rows, 4 * units] as [rows, units / width, 4, width], scaled for powers of two."""
    rows, columns = array.shape
    parts = array.reshape(rows, 4, columns // 4) * factors[:, np.newaxis]
    padded = with_zeros(parts)
    return padded.reshape(rows, 4, padded.shape[2] // width, width).swapaxes(1, 2)


def with_zeros(array: npt.NDArray[np.floating], *, axis: int = -1) -> Float64:
    """Return `array` with as many units as C works on: those added have no weight, and their state stays zero."""
    units = array.shape[axis]
    if units == padded_units(units):
        return np.asarray(array, np.float64)
    added = [(0, 0)] * array.ndim
    added[axis] = (0, padded_units(units) - units)
    return np.pad(array.astype(np.float64), added)


def padded_units(units: int) -> int:
    """Return how many units C works on: so many that they divide by every variant's width."""
    return -(-units // _WIDEST) * _WIDEST


def _output_rows(weights: Weights) -> npt.NDArray[np.float32]:
    """Return the output kernel as [direction, mean|maximum, units]."""
    return weights.output_kernel.reshape(2, 2, weights.forward.units).swapaxes(0, 1)
