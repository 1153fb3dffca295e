"""The LSTM's arrays, free of any framework."""

from __future__ import annotations

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
