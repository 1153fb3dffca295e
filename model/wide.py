"""The wide part of the network: a linear model on the tokens and the pairs of tokens that a text holds.

Wide beside deep (Cheng et al. 2016, arXiv 1606.07792): the LSTM knows what words mean in their order, and forgets rare
ones; this part knows nothing but which of them there are. Its logit is added to the LSTM's. With F the different
features of a text (`model.wide_features`), w the weight of each and idf how rare it is among the training texts, it is

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
from newsgate.model.tokenizer import Encoded
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, WideWeights
from newsgate.model.wide_features import different, features_of

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
        self._small = weights.small.astype(np.int64)
        self._bits = weights.bits
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
        tokens = Tokens.of([Encoded(ids, truncated=False)])
        found = features_of(tokens, small=self._small, bits=self._bits)
        _, which, times = np.unique(found.numbers, return_inverse=True, return_counts=True)
        each = self._scale * self._evidence[found.numbers] / times[which] / _SIDES
        squares = np.sum(self._squares[found.numbers] / times[which])
        shares = np.bincount(found.firsts, weights=each, minlength=len(ids))
        shares += np.bincount(found.seconds, weights=each, minlength=len(ids))
        whole: Float64 = shares / np.sqrt(max(1.0, float(squares)))
        return whole

    def _numpy_sums(self, tokens: Tokens) -> Sums:
        found = features_of(tokens, small=self._small, bits=self._bits)
        owners, numbers = different(found, count=len(self._evidence))
        evidence, squares = (
            # Exact: float64 holds every whole number up to 2^53.
            np.bincount(owners, weights=each[numbers], minlength=len(tokens)).astype(np.int64)
            for each in (self._evidence, self._squares)
        )
        return evidence, squares

    def _native_sums_by(self, library: Library) -> Callable[[Tokens], Sums]:
        # C reads where they point.
        arrays = [each.astype(np.int32) for each in (self._evidence, self._squares, self._small)]
        pieces = len(self._small)

        def sums(tokens: Tokens) -> Sums:
            if len(tokens) and (tokens.ids.min() < 0 or tokens.ids.max() >= pieces):
                raise ValueError(f"token ids are from 0 to {pieces - 1}")
            found = np.zeros((_SIDES, len(tokens)), np.int64)
            failed = library.functions.newsgate_wide_sums(
                *(array.ctypes.data for array in arrays),
                pieces,
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
