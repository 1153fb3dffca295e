"""The recurrent layer while it is fitted: Keras' own weights, and all steps of a direction in one operation.

Keras runs a loop of small operations over the tokens, and its gradient is a second loop. TensorFlow's `BlockLSTM` does
a direction's loop, and the gradient's, within one operation: two thirds of the time on a processor.
"""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf
from keras import layers

# It limits no cell, and adds nothing to the forget gate's bias: Keras' bias begins at 1 itself.
_NO_LIMIT: Final = -1.0
_NOTHING_ADDED: Final = 0.0


class BlockBidirectional(layers.Bidirectional):  # type: ignore[misc]
    """A bidirectional LSTM over padded texts, whose directions are one operation each.

    float32 [batch, tokens, width], mask bool [batch, tokens] -> float32 [batch, tokens, 2 * units]. What it gives at
    padding means nothing, so what follows must not look there. Its weights are those of `keras.layers.Bidirectional`
    around `keras.layers.LSTM`, by number, order and first values.
    """

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        """Return both directions' outputs side by side."""
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)

        def turned(tokens: Any) -> Any:
            return tf.reverse_sequence(tokens, lengths, seq_axis=1, batch_axis=0)

        forward = _run(sequences, self.forward_layer.cell)
        backward = turned(_run(turned(sequences), self.backward_layer.cell))
        return tf.concat([forward, backward], axis=-1)


def runs_best_here() -> bool:
    """Whether there is only a processor: an accelerator has an operation of its own, which Keras takes by itself."""
    return not tf.config.list_physical_devices("GPU")


def _run(sequences: Any, cell: layers.LSTMCell) -> Any:
    """Return the outputs of one direction, float32 [batch, tokens, units].

    Not `BlockLSTMV2`: its weights have another order, and its gradient is taken as if they had not.
    """
    by_token = tf.transpose(sequences, (1, 0, 2))
    nothing = tf.zeros((tf.shape(by_token)[1], cell.units))
    no_peephole = tf.zeros((cell.units,))
    outputs = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(tf.shape(by_token)[0], tf.int64),
        x=by_token,
        cs_prev=nothing,
        h_prev=nothing,
        w=_in_block_order(tf.concat([cell.kernel, cell.recurrent_kernel], axis=0)),
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=_in_block_order(tf.convert_to_tensor(cell.bias)),
        forget_bias=_NOTHING_ADDED,
        cell_clip=_NO_LIMIT,
        use_peephole=False,
    )
    return tf.transpose(outputs.h, (1, 0, 2))


def _in_block_order(weights: Any) -> Any:
    """Return the gates' columns in the operation's order: input, candidate, forget, output."""
    input_gate, forget_gate, candidate, output_gate = tf.split(weights, 4, axis=-1)
    return tf.concat([input_gate, candidate, forget_gate, output_gate], axis=-1)
