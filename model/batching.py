"""Rows of token ids to logits, in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np

from newsgate.model.tokenizer import PADDING_ID
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32


def in_parts(score: Callable[[Tokens], Float32], tokens: Tokens, *, pool: Executor, parts: int) -> Float32:
    """Return what `score` gives, float32 [texts], computed in `pool` in so many parts of equal work."""
    by_length = _longest_first(tokens)
    shares = [by_length[part::parts] for part in range(min(parts, len(tokens)))]
    logits = np.empty(len(tokens), np.float32)
    for rows, share in zip(shares, pool.map(score, map(tokens.pick, shares)), strict=True):
        logits[rows] = share
    return logits


def in_rectangles(run: Callable[[Int32, Int32], Float32], tokens: Tokens, *, batch_rows: int = 128) -> Float32:
    """Return the logits, float32 [texts], of a `run` from ids padded on the right and lengths to logits [batch]."""
    by_length = _longest_first(tokens)
    logits = np.empty(len(tokens), np.float32)
    for start in range(0, len(by_length), batch_rows):
        rows = by_length[start : start + batch_rows]
        logits[rows] = run(tokens.padded(rows), tokens.lengths[rows])
    return logits


def pad(token_ids: Sequence[tuple[int, ...]]) -> tuple[Int32, Int32]:
    """Return ids int32 [batch, longest], padded on the right, and lengths int32 [batch]."""
    lengths = np.array([len(ids) for ids in token_ids], dtype=np.int32)
    padded = np.full((len(token_ids), int(lengths.max())), PADDING_ID, dtype=np.int32)
    for row, ids in enumerate(token_ids):
        padded[row, : len(ids)] = ids
    return padded, lengths


def _longest_first(tokens: Tokens) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.argsort(-tokens.lengths, kind="stable")
