"""Batches of texts of similar length, for fitting with Keras."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from newsgate.model.batching import pad
from newsgate.model.tokenizer import PADDING_ID, UNKNOWN_ID
from newsgate.model.weights import Int32


class LengthBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Parts encoded texts so that little of a batch is padding; with a seed, anew every epoch.

    token_ids: of each text. targets: float32 [texts]. shuffle_seed: None leaves the order alone. unknown_share: of the
    tokens, drawn anew each time, are made unknown: the model learns what an unseen word is, and leans on no single one.
    """

    def __init__(
        self,
        token_ids: Sequence[tuple[int, ...]],
        targets: npt.NDArray[np.float32],
        *,
        batch_rows: int,
        shuffle_seed: int | None = None,
        unknown_share: float = 0.0,
    ) -> None:
        super().__init__()
        self._token_ids = token_ids
        self._targets = targets[:, np.newaxis]
        self._batch_rows = batch_rows
        self._shuffles = shuffle_seed is not None
        self._random = np.random.default_rng(shuffle_seed)
        self._unknown_share = unknown_share
        self._batches = self._part()

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Int32, npt.NDArray[np.float32]]:
        rows = self._batches[index]
        ids, _lengths = pad([self._token_ids[row] for row in rows])
        return self._forget_words(ids), self._targets[rows]

    def on_epoch_end(self) -> None:
        """Part the texts anew."""
        if self._shuffles:
            self._batches = self._part()

    def _part(self) -> list[npt.NDArray[np.int64]]:
        lengths = np.array([len(ids) for ids in self._token_ids], dtype=np.float64)
        if self._shuffles:
            # Lengths blurred by a fifth: enough that batches differ from epoch to epoch.
            lengths *= self._random.uniform(0.8, 1.2, size=len(lengths))
        order = np.argsort(lengths, kind="stable")
        batches = [order[start : start + self._batch_rows] for start in range(0, len(order), self._batch_rows)]
        if self._shuffles:
            self._random.shuffle(batches)
        return batches

    def _forget_words(self, ids: Int32) -> Int32:
        forgotten = (self._random.random(ids.shape) < self._unknown_share) & (ids != PADDING_ID)
        return np.where(forgotten, np.int32(UNKNOWN_ID), ids)
