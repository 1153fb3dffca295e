"""The wide part of the network: a linear model on the tokens and the pairs of tokens that a text holds.

Wide beside deep (Cheng et al. 2016, arXiv 1606.07792): the LSTM knows what words mean in their order, and forgets rare
ones; this part knows nothing but which of them there are. Its logit is added to the LSTM's. With F the different tokens
and slots of pairs of a text, w the weight of each and idf how rare it is among the training texts, it is

    scale * sum over F of (w * idf) / sqrt(sum over F of idf^2)

which is a linear model on TF-IDF vectors of length one, where a text has a word or has it not (Manning, Raghavan and
Schütze 2008, section 6.4). Both sums are of whole numbers, so a text's share is the same to the last bit whatever is
scored beside it, and in every runtime but ONNX, whose numbers are shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from newsgate.model.native.library import Library, native_library
from newsgate.model.token_pairs import pair_slots
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, WideWeights

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
# Both sums of each text, int64 [texts] each: of the evidence and of the squares.
Sums = tuple[Int64, Int64]
_SIDES: Final = 2


class Deep(Protocol):
    """Whatever gives the LSTM's logits."""

    def logits(self, tokens: Tokens) -> Float32:
        """Return float32 [texts]."""
        ...


class WidePart:
    """One network's wide part, ready to score; safe to share between threads.

    compiled: whether the sums are made in C where that was built.
    """

    def __init__(self, weights: WideWeights, *, compiled: bool = True) -> None:
        self._evidence = weights.evidence.astype(np.int64)
        self._squares = weights.squares.astype(np.int64)
        self._bits = weights.bits
        self._pieces = weights.pieces
        self._scale = float(weights.scale[0])
        library = native_library() if compiled else None
        self._sums: Callable[[Tokens], Sums] = self._numpy_sums if library is None else self._native_sums_by(library)

    def logits(self, tokens: Tokens) -> Float64:
        """Return what this part adds to each text's logit, float64 [texts]; 0 for a text of which it knows nothing."""
        evidence, squares = self._sums(tokens)
        logits: Float64 = self._scale * evidence / np.sqrt(np.maximum(squares, 1))
        return logits

    def shares(self, ids: tuple[int, ...]) -> Float64:
        """Return what each token of one text adds to `logits`, float64 [tokens]; they sum up to it.

        What a text holds several times is shared out among its places, and a pair between its two tokens.
        """
        places = np.asarray(ids, np.int64)
        pairs = self._pieces + pair_slots(places[:-1], places[1:], bits=self._bits).astype(np.int64)
        features = np.concatenate([places, pairs])
        _, which, times = np.unique(features, return_inverse=True, return_counts=True)
        each = self._evidence[features] / times[which]
        norm = np.sqrt(max(1.0, float(np.sum(self._squares[features] / times[which]))))
        shares = each[: len(places)].astype(np.float64)
        of_pairs = each[len(places) :] / _SIDES
        shares[:-1] += of_pairs
        shares[1:] += of_pairs
        found: Float64 = self._scale * shares / norm
        return found

    def _numpy_sums(self, tokens: Tokens) -> Sums:
        texts = len(tokens)
        owners = np.repeat(np.arange(texts), tokens.lengths)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(tokens.lengths) - tokens.lengths, tokens.lengths)
        ids = tokens.ids[tokens.starts[owners] + within].astype(np.int64)
        neighbours = owners[1:] == owners[:-1]
        pairs = self._pieces + pair_slots(ids[:-1], ids[1:], bits=self._bits).astype(np.int64)[neighbours]
        features = len(self._evidence)
        keys = np.unique(np.concatenate([owners * features + ids, owners[1:][neighbours] * features + pairs]))
        owners, found = keys // features, keys % features
        return (
            _summed(owners, self._evidence[found], texts=texts),
            _summed(owners, self._squares[found], texts=texts),
        )

    def _native_sums_by(self, library: Library) -> Callable[[Tokens], Sums]:
        # C reads where they point.
        evidence, squares = self._evidence.astype(np.int32), self._squares.astype(np.int32)

        def sums(tokens: Tokens) -> Sums:
            if len(tokens) and (tokens.ids.min() < 0 or tokens.ids.max() >= self._pieces):
                raise ValueError(f"token ids are from 0 to {self._pieces - 1}")
            found = np.zeros((_SIDES, len(tokens)), np.int64)
            failed = library.functions.newsgate_wide_sums(
                *(array.ctypes.data for array in (evidence, squares)),
                self._pieces,
                self._bits,
                *(array.ctypes.data for array in (tokens.ids, tokens.starts, tokens.lengths)),
                len(tokens),
                *(array.ctypes.data for array in found),
            )
            if failed:
                raise MemoryError("no memory for the slots of the wide part")
            return found[0], found[1]

        return sums


class WideAndDeep:
    """The LSTM's runtime and the wide part, summed."""

    def __init__(self, deep: Deep, wide: WidePart) -> None:
        self._deep = deep
        self._wide = wide

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]."""
        return (self._deep.logits(tokens) + self._wide.logits(tokens)).astype(np.float32)


def _summed(owners: Int64, values: Int64, *, texts: int) -> Int64:
    # Exact: float64 holds every whole number up to 2^53.
    return np.bincount(owners, weights=values, minlength=texts).astype(np.int64)
