"""The network in C with its recurrent product in whole numbers of one byte: the fastest of the runtimes.

A hidden state h, between -1 and 1, is round(127 h); a weight w of a gate of a unit is round(w / s), with s so that the
largest of that gate and unit is 63. Scales are fixed when a bundle is opened and never depend on a text, so neither
does a score on its company (Jacob et al. 2018, arXiv 1712.05877, section 2.1, with zero points of 0). What a token adds
to the gates is multiplied out beforehand, in half precision. All the rest is float32.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.native.library import AMX, WIDTHS, Library, aligned
from newsgate.model.native.runtime import (
    Float64,
    NativeRuntime,
    by_width,
    packed_output,
    padded_units,
    shares_of_tokens,
    with_zeros,
)
from newsgate.model.weights import Float32, LstmWeights, Weights

# Seven bits and a sign: two products with a byte then fit into sixteen bits, which is what AVX2 adds them up in.
_MOST_WEIGHT: Final = 63
_MOST_STATE: Final = 127
# What is added to a state to make it a byte without a sign.
_ZERO_BYTE: Final = 128
# Products that one instruction adds up.
_BYTES_A_SUM: Final = 4
_AMX_UNITS: Final = 64


class Int8Runtime(NativeRuntime):
    """As `NativeRuntime`, with one of the library's variants in whole numbers."""

    def _chosen(self, library: Library, weights: Weights) -> int:
        return int8_variants(library, weights)[0]

    def _packed(self, weights: Weights, lstm: LstmWeights, *, output_rows: Float32) -> dict[str, npt.NDArray[Any]]:
        width = WIDTHS[self.variant]
        quantised, scales = _quantised(lstm.recurrent_kernel)
        # With the factors of the gates in the scales, the weights have none.
        whole = with_zeros(by_width(quantised, width, factors=np.ones(4)), axis=0)
        scales = by_width((scales / _MOST_STATE)[np.newaxis], width)
        too_much = _ZERO_BYTE * scales * whole.sum(axis=0)
        units = len(whole)
        # [from / 4, 4, units / width, 4 gates, width] as [units / width, from / 4, 4 gates, width, 4].
        by_fours = whole.reshape(units // _BYTES_A_SUM, _BYTES_A_SUM, units // width, 4, width).transpose(2, 0, 3, 4, 1)
        # A share that is too large for half precision becomes infinite, and then it is not served so.
        with np.errstate(over="ignore"):
            halves = aligned(by_width(shares_of_tokens(weights, lstm), width) - too_much, np.float16)
        return {
            "by_token_halves": halves,
            "recurrent_bytes": aligned(by_fours, np.int8),
            "scales": aligned(scales, np.float32),
            **packed_output(output_rows),
        }


def int8_variants(library: Library, weights: Weights) -> list[int]:
    """Return the numbers of the variants that can run this network here, the fastest first."""
    units = padded_units(weights.forward.units)
    return [variant for variant in library.int8_variants if variant != AMX or units == _AMX_UNITS]


def _quantised(recurrent_kernel: npt.NDArray[np.floating]) -> tuple[Float64, Float64]:
    """Return whole numbers [units, 4 * units] and the scale of each column, [4 * units], that makes weights of them."""
    kernel = recurrent_kernel.astype(np.float64)
    scales = np.maximum(np.abs(kernel).max(axis=0), 1e-30) / _MOST_WEIGHT
    return np.round(kernel / scales), scales
