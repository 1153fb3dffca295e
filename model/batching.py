"""Rows of token ids to logits, in batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

import numpy as np

from model.numpy_runtime import BLOCK_ROWS
from model.runtime import Runtime
from model.text import PADDING_ID, Encoded
from model.weights import Float32, Int32

BATCH_ROWS: Final = BLOCK_ROWS


def run_batches(runtime: Runtime, encoded: Sequence[Encoded], *, pool: Executor | None = None) -> Float32:
    """Return the logits of P(fake), float32 [texts], in the order of `encoded`; with a `pool`, batches run in it."""

    def run(rows: list[int]) -> Float32:
        return runtime.logits(*pad([encoded[row].ids for row in rows]))

    batches = _rows_of_similar_length(encoded)
    results = map(run, batches) if pool is None else pool.map(run, batches)
    logits = np.empty(len(encoded), dtype=np.float32)
    for rows, result in zip(batches, results, strict=True):
        logits[rows] = result
    return logits


def pad(token_ids: Sequence[tuple[int, ...]]) -> tuple[Int32, Int32]:
    """Return ids int32 [batch, longest], padded on the right, and lengths int32 [batch]."""
    lengths = np.array([len(ids) for ids in token_ids], dtype=np.int32)
    padded = np.full((len(token_ids), int(lengths.max())), PADDING_ID, dtype=np.int32)
    for row, ids in enumerate(token_ids):
        padded[row, : len(ids)] = ids
    return padded, lengths


def _rows_of_similar_length(encoded: Sequence[Encoded]) -> list[list[int]]:
    # Longest first: the expensive batches start early, so threads finish together.
    by_length = sorted(range(len(encoded)), key=lambda row: -len(encoded[row].ids))
    return [by_length[start : start + BATCH_ROWS] for start in range(0, len(by_length), BATCH_ROWS)]
