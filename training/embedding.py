"""The embedding while it is trained: word vectors, seen through a learned map, and a correction a piece."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from newsgate.model.tokenizer import PADDING_ID
from newsgate.model.weights import Float32

# About the size of what an LSTM's inputs settle at; word vectors come with numbers about 1.
_FIRST_SCALE: Final = 0.3


class AnchoredEmbedding(layers.Layer):  # type: ignore[misc]
    """x = E[id] P + D[id]: int ids [batch, tokens] -> float32 [batch, tokens, width].

    E, the word vectors [pieces, vector width], stay as they are. P [vector width, width] is learned, and so moves words
    that no training text holds along with those that resemble them. D [pieces, width] begins at zero and takes up what
    a word means here and nowhere else. `folded` gives the one table that serves.
    """

    def __init__(self, vectors: Float32, *, width: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.supports_masking = True
        self._first_vectors = vectors
        self._width = width

    def build(self, _input_shape: Any) -> None:
        """Make E, P and D; P begins as the word vectors' own first components."""
        pieces, vector_width = self._first_vectors.shape
        identity = _FIRST_SCALE * np.eye(vector_width, self._width, dtype=np.float32)
        self.vectors = self.add_weight(shape=(pieces, vector_width), name="vectors", trainable=False)
        self.vectors.assign(self._first_vectors)
        self.projection = self.add_weight(shape=(vector_width, self._width), name="projection")
        self.projection.assign(identity)
        self.correction = self.add_weight(shape=(pieces, self._width), initializer="zeros", name="correction")

    def call(self, ids: Any) -> Any:
        """Return the embedded tokens."""
        known = ops.matmul(ops.take(self.vectors, ids, axis=0), self.projection)
        return known + ops.take(self.correction, ids, axis=0)

    def compute_mask(self, ids: Any, _mask: Any = None) -> Any:
        """Padding is masked."""
        return ops.not_equal(ids, PADDING_ID)

    def folded(self) -> Float32:
        """Return E P + D: float32 [pieces, width]."""
        table = ops.matmul(self.vectors, self.projection) + self.correction
        return np.asarray(keras.ops.convert_to_numpy(table), dtype=np.float32)
