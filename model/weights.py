"""The network's arrays, free of any framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.metadata import MOST_WIDE_SLOTS

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

# Sums over the longest text then stay whole numbers, in float32 for texts of usual lengths.
MOST_WIDE_NUMBER: Final = 1 << 15


@dataclass(frozen=True)
class LstmWeights:
    """One direction, in Keras' layout: the gates stand side by side as input, forget, cell, output.

    kernel: [embedding width, 4 * units]. recurrent_kernel: [units, 4 * units]. bias: [4 * units].
    """

    kernel: Float32
    recurrent_kernel: Float32
    bias: Float32

    @property
    def units(self) -> int:
        """The width of the hidden state."""
        return int(self.recurrent_kernel.shape[0])


@dataclass(frozen=True)
class WideWeights:
    """The wide part (`model.wide`), of each token and then of each slot of pairs.

    evidence, squares: [vocabulary + slots], whole numbers; a power of two of slots. scale: [1]. small: [vocabulary],
    the id of each piece in small letters, -1 for a case mark.
    """

    evidence: Float32
    squares: Float32
    scale: Float32
    small: Float32

    @property
    def bits(self) -> int:
        """The number of slots, as a power of two."""
        return (len(self.evidence) - len(self.small)).bit_length() - 1

    def arrays(self) -> dict[str, Float32]:
        """Return every array under the name that it has in a bundle."""
        return {f"wide_{each.name}": getattr(self, each.name) for each in fields(self)}

    def fault(self) -> str | None:
        """Return why these arrays are no wide part, else None."""
        slots = self.evidence.size - self.small.size
        flat = self.evidence.ndim == self.small.ndim == 1
        if not flat or self.evidence.shape != self.squares.shape or self.scale.shape != (1,):
            return "the arrays of its wide part have shapes that do not fit together"
        if not 1 < slots <= MOST_WIDE_SLOTS or slots & (slots - 1):
            return f"its wide part has {slots} slots, not a power of two up to {MOST_WIDE_SLOTS}"
        for name, array in self.arrays().items():
            if not np.isfinite(array).all():
                return f"{name} holds something that is not a number"
        numbers = {"wide_evidence": self.evidence, "wide_squares": self.squares, "wide_small": self.small}
        for name, array in numbers.items():
            if np.any(array != np.round(array)) or np.abs(array).max() > MOST_WIDE_NUMBER:
                return f"{name} holds something that is not a whole number up to {MOST_WIDE_NUMBER}"
        if self.small.min() < -1 or self.small.max() >= self.small.size:
            return "wide_small holds the number of no piece"
        return "wide_squares holds a negative number" if self.squares.min() < 0 else None


@dataclass(frozen=True)
class Weights:
    """The whole network.

    embedding: [vocabulary, embedding width]. output_kernel: [4 * units, 1], its rows in the order forward mean,
    backward mean, forward maximum, backward maximum. output_bias: [1]. wide: what is summed with the LSTM's logit; None
    in a network without it.
    """

    embedding: Float32
    forward: LstmWeights
    backward: LstmWeights
    output_kernel: Float32
    output_bias: Float32
    wide: WideWeights | None = None

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Float32]) -> Weights:
        """Return the network whose arrays have the names of `arrays`."""

        def lstm(direction: str) -> LstmWeights:
            return LstmWeights(
                kernel=arrays[f"{direction}_kernel"],
                recurrent_kernel=arrays[f"{direction}_recurrent_kernel"],
                bias=arrays[f"{direction}_bias"],
            )

        wide = None
        if "wide_evidence" in arrays:
            wide = WideWeights(**{each.name: arrays[f"wide_{each.name}"] for each in fields(WideWeights)})
        return cls(
            embedding=arrays["embedding"],
            forward=lstm("forward"),
            backward=lstm("backward"),
            output_kernel=arrays["output_kernel"],
            output_bias=arrays["output_bias"],
            wide=wide,
        )

    def arrays(self) -> dict[str, Float32]:
        """Return every array under the name that it has in a bundle."""
        return {
            "embedding": self.embedding,
            "forward_kernel": self.forward.kernel,
            "forward_recurrent_kernel": self.forward.recurrent_kernel,
            "forward_bias": self.forward.bias,
            "backward_kernel": self.backward.kernel,
            "backward_recurrent_kernel": self.backward.recurrent_kernel,
            "backward_bias": self.backward.bias,
            "output_kernel": self.output_kernel,
            "output_bias": self.output_bias,
            **({} if self.wide is None else self.wide.arrays()),
        }

    def fault(self) -> str | None:
        """Return why these arrays are no network, shapes that do not fit together or no finite numbers; else None.

        The embedding gives the width, the recurrent kernel forwards the units.
        """
        if self.embedding.ndim != 2 or self.forward.recurrent_kernel.ndim != 2:
            return "its embedding or its LSTM has not two dimensions"
        vocabulary, width = self.embedding.shape
        units = self.forward.units
        shapes = {
            "embedding": (vocabulary, width),
            "kernel": (width, 4 * units),
            "recurrent_kernel": (units, 4 * units),
            "bias": (4 * units,),
            "output_kernel": (4 * units, 1),
            "output_bias": (1,),
        }
        for name, array in replace(self, wide=None).arrays().items():
            shape = shapes[name.removeprefix("forward_").removeprefix("backward_")]
            if array.shape != shape:
                return f"{name} has the shape {array.shape}, not {shape}"
            if not np.isfinite(array).all():
                return f"{name} holds something that is not a number"
        if self.wide is None:
            return None
        if self.wide.small.shape != (vocabulary,):
            return f"wide_small has the shape {self.wide.small.shape}, not {(vocabulary,)}"
        return self.wide.fault()
