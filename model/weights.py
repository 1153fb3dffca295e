"""The LSTM's arrays, free of any framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]


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
class Weights:
    """The whole network.

    embedding: [vocabulary, embedding width]. output_kernel: [4 * units, 1], its rows in the order forward mean,
    backward mean, forward maximum, backward maximum. output_bias: [1].
    """

    embedding: Float32
    forward: LstmWeights
    backward: LstmWeights
    output_kernel: Float32
    output_bias: Float32

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Float32]) -> Weights:
        """Return the network whose arrays have the names of `arrays`."""

        def lstm(direction: str) -> LstmWeights:
            return LstmWeights(
                kernel=arrays[f"{direction}_kernel"],
                recurrent_kernel=arrays[f"{direction}_recurrent_kernel"],
                bias=arrays[f"{direction}_bias"],
            )

        return cls(
            embedding=arrays["embedding"],
            forward=lstm("forward"),
            backward=lstm("backward"),
            output_kernel=arrays["output_kernel"],
            output_bias=arrays["output_bias"],
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
        for name, array in self.arrays().items():
            shape = shapes[name.removeprefix("forward_").removeprefix("backward_")]
            if array.shape != shape:
                return f"{name} has the shape {array.shape}, not {shape}"
            if not np.isfinite(array).all():
                return f"{name} holds something that is not a number"
        return None
