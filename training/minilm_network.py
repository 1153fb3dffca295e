"""MiniLM as a Keras network: six transformer blocks over word pieces, and one logit on top.

The blocks are BERT's (Devlin et al. 2019, arXiv 1810.04805; Vaswani et al. 2017, arXiv 1706.03762): attention and two
dense layers, each added to what came in and normalised after. How wide and how many they are is read off the weights.
"""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from newsgate.training.minilm import Arrays, PretrainedUnavailableError

# Of all MiniLMs and BERTs: the other sizes are read off the weights.
HEAD_WIDTH: Final = 32
DROPOUT: Final = 0.1

_EPSILON: Final = 1e-12
_FAR_BELOW: Final = -1e4


class Block(layers.Layer):  # type: ignore[misc]
    """One transformer block: float32 [batch, tokens, width] -> the same shape."""

    def __init__(self, *, width: int, inner_width: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._width = width
        self._inner_width = inner_width
        self.query_key_value = layers.Dense(3 * width)
        self.attention_output = layers.Dense(width)
        self.attention_norm = layers.LayerNormalization(epsilon=_EPSILON)
        self.inner = layers.Dense(inner_width, activation=keras.activations.gelu)
        self.output_dense = layers.Dense(width)
        self.output_norm = layers.LayerNormalization(epsilon=_EPSILON)
        self.dropout = layers.Dropout(DROPOUT)

    def build(self, _input_shape: Any) -> None:
        """Make the weights."""
        tokens = (None, None, self._width)
        for layer in (self.query_key_value, self.attention_output, self.attention_norm, self.inner, self.output_norm):
            layer.build(tokens)
        self.output_dense.build((None, None, self._inner_width))

    def call(self, states: Any, attendable: Any, training: bool = False) -> Any:
        """Return the next states; `attendable` [batch, 1, 1, tokens] is 0 at tokens and far below it at padding."""
        attended = self.attention_output(self._attend(states, attendable))
        states = self.attention_norm(states + self.dropout(attended, training=training))
        thought = self.output_dense(self.inner(states))
        return self.output_norm(states + self.dropout(thought, training=training))

    def _attend(self, states: Any, attendable: Any) -> Any:
        """Return softmax(Q K^T / sqrt(d)) V of all heads side by side (Vaswani et al. 2017, equation 1)."""
        batch, tokens = ops.shape(states)[0], ops.shape(states)[1]
        by_head = ops.reshape(self.query_key_value(states), (batch, tokens, 3, -1, HEAD_WIDTH))
        query, key, value = ops.unstack(ops.transpose(by_head, (2, 0, 3, 1, 4)), num=3)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / np.float32(np.sqrt(HEAD_WIDTH))
        mixed = ops.matmul(ops.softmax(scores + attendable), value)
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (batch, tokens, self._width))


class MiniLm(keras.Model):  # type: ignore[misc]
    """int32 ids [batch, tokens], padded with 0 on the right -> float32 [batch, 1], the logit of P(fake).

    The input embedding stays as it was learned: most of the weights are there, and few texts would move few of them.
    """

    def __init__(self, arrays: Arrays) -> None:
        super().__init__(name="minilm")
        pieces, width = arrays["embeddings.word_embeddings.weight"].shape
        positions, _ = arrays["embeddings.position_embeddings.weight"].shape
        inner_width, _ = arrays["encoder.layer.0.intermediate.dense.weight"].shape
        blocks = sum(name.endswith(".intermediate.dense.weight") for name in arrays)
        self._width = width
        self.pieces = layers.Embedding(pieces, width, trainable=False)
        self.positions = layers.Embedding(positions, width, trainable=False)
        self.embedding_norm = layers.LayerNormalization(epsilon=_EPSILON)
        self.blocks = [Block(width=width, inner_width=inner_width, name=f"block_{index}") for index in range(blocks)]
        self.dropout = layers.Dropout(DROPOUT)
        self.logit = layers.Dense(1)
        self.build((None, None))
        _load(self, arrays)

    def build(self, _input_shape: Any) -> None:
        """Make the weights."""
        for layer in (self.pieces, self.positions):
            layer.build((None, None))
        for layer in (self.embedding_norm, *self.blocks):
            layer.build((None, None, self._width))
        self.logit.build((None, self._width))

    def call(self, ids: Any, training: bool = False) -> Any:
        """Return the logits of texts: the mean of the last states of their tokens decides."""
        return self.logit(self.dropout(self.embed(ids, training=training), training=training))

    def embed(self, ids: Any, training: bool = False) -> Any:
        """Return the mean of the last states of each text's tokens, float32 [batch, width]."""
        present = ops.cast(ops.not_equal(ids, 0), "float32")
        attendable = (1.0 - present[:, None, None, :]) * _FAR_BELOW
        states = self.pieces(ids) + self.positions(ops.arange(ops.shape(ids)[1]))[None]
        states = self.dropout(self.embedding_norm(states), training=training)
        for block in self.blocks:
            states = block(states, attendable, training=training)
        weights = present[:, :, None]
        return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


def build_minilm(arrays: Arrays) -> MiniLm:
    """Return the network of these weights; PretrainedUnavailableError where they are not those of such a network."""
    try:
        return MiniLm(arrays)
    except (KeyError, ValueError, IndexError) as error:
        raise PretrainedUnavailableError(
            f"the weights are not MiniLM's ({type(error).__name__}: {error})", remedy="Fetch its files again"
        ) from error


def _load(network: MiniLm, arrays: Arrays) -> None:
    """Put the weights of Hugging Face's BertModel in place; its dense kernels are [outputs, inputs]."""

    def norm(name: str) -> list[Any]:
        return [arrays[f"{name}.weight"], arrays[f"{name}.bias"]]

    def dense(*names: str) -> list[Any]:
        kernels = [arrays[f"{name}.weight"].T for name in names]
        return [np.concatenate(kernels, axis=1), np.concatenate([arrays[f"{name}.bias"] for name in names])]

    network.pieces.set_weights([arrays["embeddings.word_embeddings.weight"]])
    # Every token is of the first type: its vector may as well be part of the positions'.
    first_type = arrays["embeddings.token_type_embeddings.weight"][0]
    network.positions.set_weights([arrays["embeddings.position_embeddings.weight"] + first_type])
    network.embedding_norm.set_weights(norm("embeddings.LayerNorm"))
    for index, block in enumerate(network.blocks):
        at = f"encoder.layer.{index}"
        attention = f"{at}.attention.self"
        block.query_key_value.set_weights(dense(*(f"{attention}.{part}" for part in ("query", "key", "value"))))
        block.attention_output.set_weights(dense(f"{at}.attention.output.dense"))
        block.attention_norm.set_weights(norm(f"{at}.attention.output.LayerNorm"))
        block.inner.set_weights(dense(f"{at}.intermediate.dense"))
        block.output_dense.set_weights(dense(f"{at}.output.dense"))
        block.output_norm.set_weights(norm(f"{at}.output.LayerNorm"))
