"""The Keras LSTM: token ids in, the logit of P(fake) out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from newsgate.model.gpu_memory import grow_gpu_memory
from newsgate.model.weights import Float32, LstmWeights, Weights

# Here, for whoever computes with TensorFlow imports this first; once something was computed it is too late.
grow_gpu_memory(tf.config)

EMBEDDING: Final = "embedding"
RECURRENT: Final = "recurrent"
OUTPUT: Final = "logit"

# Below every LSTM output, which lies in (-1, 1), and harmless in float16 should a policy ask for it.
_BELOW_EVERY_OUTPUT: Final = -1e4


@keras.saving.register_keras_serializable(package="newsgate")
class MaskedMeanMaxPooling(layers.Layer):  # type: ignore[misc]
    """Mean and maximum over the tokens that are there, side by side.

    float [batch, tokens, width] -> float [batch, 2 * width]. Keras' own pooling cannot serve: its maximum sees the
    zeros that an LSTM gives for padding, so the result would depend on how far a batch was padded.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.supports_masking = True

    def call(self, outputs: Any, mask: Any = None) -> Any:
        """Pool `outputs`; `mask` (bool [batch, tokens]) is true at tokens and false at padding."""
        if mask is None:
            return ops.concatenate([ops.mean(outputs, axis=1), ops.max(outputs, axis=1)], axis=-1)
        present = ops.expand_dims(mask, -1)
        weights = ops.cast(present, outputs.dtype)
        mean = ops.sum(outputs * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)
        maximum = ops.max(ops.where(present, outputs, _BELOW_EVERY_OUTPUT), axis=1)
        return ops.concatenate([mean, maximum], axis=-1)

    def compute_mask(self, _inputs: Any, _mask: Any = None) -> None:
        """Pooling leaves no tokens to mask."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return [batch, 2 * width] for [batch, tokens, width]."""
        batch, _tokens, width = input_shape
        return (batch, None if width is None else 2 * width)


def build_network(
    *,
    vocabulary_size: int,
    embedding_width: int,
    lstm_units: int,
    dropout: float,
    embedding: layers.Layer | None = None,
    bidirectional: type[layers.Bidirectional] = layers.Bidirectional,
) -> keras.Model:
    """Return an untrained network: int32 ids [batch, tokens], padded with 0 on the right -> float32 [batch, 1].

    embedding, bidirectional: take the places of the plain table and of Keras' own layer while training; the one masks
    padding as that does, the other has the same weights.
    """
    ids = keras.Input(shape=(None,), dtype="int32", name="ids")
    embed = embedding or layers.Embedding(vocabulary_size, embedding_width, mask_zero=True, name=EMBEDDING)
    hidden = embed(ids)
    hidden = layers.SpatialDropout1D(dropout / 2, name="embedding_dropout")(hidden)
    hidden = bidirectional(layers.LSTM(lstm_units, return_sequences=True), name=RECURRENT)(hidden)
    hidden = MaskedMeanMaxPooling(name="pooling")(hidden)
    hidden = layers.Dropout(dropout, name="dropout")(hidden)
    return keras.Model(ids, layers.Dense(1, name=OUTPUT)(hidden), name="newsgate")


def extract_weights(network: keras.Model) -> Weights:
    """Return the arrays of a network made by `build_network`, in Keras' layout."""
    recurrent = network.get_layer(RECURRENT)
    kernel, bias = network.get_layer(OUTPUT).get_weights()
    (embedding,) = network.get_layer(EMBEDDING).get_weights()
    return Weights(
        embedding=embedding,
        forward=LstmWeights(*recurrent.forward_layer.get_weights()),
        backward=LstmWeights(*recurrent.backward_layer.get_weights()),
        output_kernel=kernel,
        output_bias=bias,
    )


def set_output(network: keras.Model, weights: Weights) -> None:
    """Give a network made by `build_network` the output layer of `weights`."""
    network.get_layer(OUTPUT).set_weights([weights.output_kernel, weights.output_bias])


def network_to_bytes(network: keras.Model) -> bytes:
    """Return `network` as a `.keras` file without the optimizer's state, which would triple it."""
    # `clone_model` compiles the clone when the original is compiled, and so copies an optimizer too.
    bare = keras.Model.from_config(network.get_config())
    bare.set_weights(network.get_weights())
    with tempfile.TemporaryDirectory(prefix="newsgate-") as folder:
        path = Path(folder, "model.keras")
        bare.save(path)
        return path.read_bytes()


def network_from_bytes(data: bytes) -> keras.Model:
    """Return the network of a `.keras` file; safe mode refuses code hidden in it."""
    with tempfile.TemporaryDirectory(prefix="newsgate-") as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(data)
        return keras.models.load_model(path, compile=False, safe_mode=True)


def compile_predictor(network: keras.Model) -> Callable[[np.ndarray[Any, np.dtype[np.int32]]], Float32]:
    """Return a function from int32 ids [batch, tokens] to float32 logits [batch], traced once for every shape."""

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])  # type: ignore[untyped-decorator,unused-ignore]
    def predict(ids: Any) -> Any:
        return tf.squeeze(network(ids, training=False), axis=-1)

    def logits(ids: np.ndarray[Any, np.dtype[np.int32]]) -> Float32:
        return np.asarray(predict(tf.constant(ids)).numpy(), dtype=np.float32)

    return logits
