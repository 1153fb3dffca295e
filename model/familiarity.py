"""How much a text is like those a model learned from: a share of them, from its tokens alone.

The training texts give each token, and each pair of neighbouring tokens, a weight of evidence: the logarithm of how
much more frequent it is in them than in English at large (`training.familiarity` counts). A text's mean weight is then
compared with that of texts held back from the training. All sums are of integers and every step is of one text alone,
so a familiarity does not depend on what else is scored with it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.bundle import Bundle, BundleError
from newsgate.model.metadata import MOST_TOKENS
from newsgate.model.native.library import Library, native_library
from newsgate.model.token_pairs import Integers, pair_slots
from newsgate.model.tokenizer import UNKNOWN_ID
from newsgate.model.tokens import Tokens

# Weights are integers: so many of them are one unit of the natural logarithm.
WEIGHTS_A_NAT: Final = 16
PAIR_BITS: Final = 16
PAIR_SLOTS: Final = 1 << PAIR_BITS
MOST_HELD_BACK: Final = 1000
# As many tokens of no weight stand beside every text: a short one says little about itself.
PRIOR_TOKENS: Final = 2
# What an unusual length costs: deviations of the mean weight, for each deviation of the length beyond the first.
LENGTH_COST: Final = 0.3
# Below it a text counts as unfamiliar. Of texts like those of the training it is one in ten.
UNFAMILIAR: Final = 0.1
# Fewer do not show what one in ten is.
_FEW_HELD_BACK: Final = 10
# From so many texts on, more than half of them unfamiliar means that the batch is of another kind.
_LEAST_TEXTS: Final = 20

Int16 = npt.NDArray[np.int16]
Uint8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LengthCurve:
    """Which mean weights and lengths are usual.

    centre: the median mean weight, in nats. variance, variance_of_one: of the mean weight of a text of n tokens it is
    variance + variance_of_one / n. log_tokens, log_tokens_deviation: of the logarithm of n.
    """

    centre: float
    variance: float
    variance_of_one: float
    log_tokens: float
    log_tokens_deviation: float

    def __post_init__(self) -> None:
        values = (self.centre, self.variance, self.variance_of_one, self.log_tokens, self.log_tokens_deviation)
        if not all(np.isfinite(values)) or min(self.variance, self.variance_of_one, self.log_tokens_deviation) <= 0:
            raise ValueError("a curve of lengths has finite numbers, and positive variances")


@dataclass(frozen=True)
class Familiarity:
    """The weights of one vocabulary, and what they gave on texts held back from the training.

    tokens: int16 [pieces], the weight of each token. unseen: int16 [pieces], what a token adds where it never stood
    before the one that follows. pairs: uint8 [PAIR_SLOTS], what a pair adds that did, by its hash. held_back: float64,
    the deviations of at most `MOST_HELD_BACK` held-back texts, rising. compiled: whether the sums are made in C where
    that was built; they are the same.
    """

    tokens: Int16
    unseen: Int16
    pairs: Uint8
    curve: LengthCurve
    held_back: Float64
    compiled: bool = True

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.unseen) or len(self.pairs) != PAIR_SLOTS:
            raise ValueError("a record of familiarity has a weight for each piece and each slot")
        if not 1 <= len(self.held_back) <= MOST_HELD_BACK or not np.all(np.isfinite(self.held_back)):
            raise ValueError(f"a record of familiarity has 1 to {MOST_HELD_BACK} held-back texts")
        if np.any(np.diff(self.held_back) < 0):
            raise ValueError("the held-back texts of a record of familiarity do not rise")

    def of(self, tokens: Tokens) -> Float64:
        """Return the familiarity of each text, float64 [texts] from 0 to 1.

        It is the share of held-back texts that are no more like the training's than this one. Where these are few, the
        text counts as one of them (Vovk et al. 2005): to be the least like of three is no sign of another kind.
        """
        upto = np.searchsorted(self.held_back, self.deviations(tokens), side="right")
        held_back = len(self.held_back)
        found: Float64 = (upto + 1) / (held_back + 1) if held_back < _FEW_HELD_BACK else upto / held_back
        return found

    def deviations(self, tokens: Tokens) -> Float64:
        """Return how far each text's mean weight is from the usual one, in standard deviations: float64 [texts]."""
        centres, scales, costs = self._by_length
        lengths = tokens.lengths
        deviations: Float64 = self.sums(tokens) * scales[lengths] - centres[lengths] - costs[lengths]
        return deviations

    def sums(self, tokens: Tokens) -> npt.NDArray[np.int64]:
        """Return the sum of the weights of each text's tokens and pairs, int64 [texts]."""
        library = native_library() if self.compiled else None
        return self._numpy_sums(tokens) if library is None else self._native_sums(library, tokens)

    def _native_sums(self, library: Library, tokens: Tokens) -> npt.NDArray[np.int64]:
        # C reads where they point.
        if len(tokens.ids) and (tokens.ids.min() < 0 or tokens.ids.max() >= len(self.tokens)):
            raise ValueError(f"token ids are from 0 to {len(self.tokens) - 1}")
        weights = (
            np.ascontiguousarray(self.tokens, np.int16),
            np.ascontiguousarray(self.unseen, np.int16),
            np.ascontiguousarray(self.pairs, np.uint8),
        )
        sums = np.empty(len(tokens), np.int64)
        library.functions.newsgate_familiarity_sums(
            *(array.ctypes.data for array in weights),
            PAIR_BITS,
            *(array.ctypes.data for array in (tokens.ids, tokens.starts, tokens.lengths)),
            len(tokens),
            sums.ctypes.data,
        )
        return sums

    def _numpy_sums(self, tokens: Tokens) -> npt.NDArray[np.int64]:
        ids, starts = tokens.ids, tokens.starts
        weights = self._tokens_wide[ids]
        weights[1:] += self._unseen_wide[ids[:-1]] + self.pairs[pair_slots(ids[:-1], ids[1:], bits=PAIR_BITS)]
        before = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(weights, out=before[1:])
        # A text's first token has no pair: the one before it belongs to another text.
        found: npt.NDArray[np.int64] = before[starts + tokens.lengths] - before[starts + 1]
        return found + self._tokens_wide[ids[starts]]

    def as_json(self) -> dict[str, Any]:
        """Return this as JSON values that `from_json` reads."""
        return {
            "tokens": _packed(self.tokens.astype("<i2")),
            "unseen": _packed(self.unseen.astype("<i2")),
            "pairs": _packed(self.pairs),
            "curve": asdict(self.curve),
            "held_back": [round(float(each), 6) for each in self.held_back],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, pieces: int, compiled: bool = True) -> Familiarity:
        """Return the record in `document`, of so many pieces; ValueError, KeyError or TypeError where it is not one."""
        if len(document["held_back"]) > MOST_HELD_BACK:
            raise ValueError(f"a record of familiarity has more than {MOST_HELD_BACK} held-back texts")
        read = cls(
            tokens=np.frombuffer(base64.b64decode(document["tokens"], validate=True), "<i2").astype(np.int16),
            unseen=np.frombuffer(base64.b64decode(document["unseen"], validate=True), "<i2").astype(np.int16),
            pairs=np.frombuffer(base64.b64decode(document["pairs"], validate=True), np.uint8).copy(),
            curve=LengthCurve(**{name: float(value) for name, value in document["curve"].items()}),
            held_back=np.array([float(each) for each in document["held_back"]], np.float64),
            compiled=compiled,
        )
        if len(read.tokens) != pieces:
            raise ValueError(f"a record of familiarity is of {len(read.tokens)} pieces, not of {pieces}")
        # Records of before let it speak.
        unknown_speaks_for_nothing(read.tokens, read.unseen, read.pairs)
        return read

    @cached_property
    def _tokens_wide(self) -> npt.NDArray[np.int32]:
        return self.tokens.astype(np.int32)

    @cached_property
    def _unseen_wide(self) -> npt.NDArray[np.int32]:
        return self.unseen.astype(np.int32)

    @cached_property
    def _by_length(self) -> tuple[Float64, Float64, Float64]:
        """What a deviation needs of each length from 0 to MOST_TOKENS.

        Once and for all: vectors may round a logarithm in another way than single numbers, and a text's place among
        others would then show.
        """
        curve = self.curve
        lengths = np.maximum(np.arange(MOST_TOKENS + 1), 1).astype(np.float64)
        deviation = np.sqrt(curve.variance + curve.variance_of_one / lengths)
        unusual = np.abs(np.log(lengths) - curve.log_tokens) / curve.log_tokens_deviation
        scales = 1 / (WEIGHTS_A_NAT * (lengths + PRIOR_TOKENS) * deviation)
        return curve.centre / deviation, scales, LENGTH_COST * np.maximum(unusual - 1, 0)


def unknown_speaks_for_nothing(tokens: npt.NDArray[Any], unseen: npt.NDArray[Any], pairs: Uint8) -> None:
    """Take from the unknown token, in place, whatever would call a text familiar; arrays as of `Familiarity`.

    It is what the training texts do not have. They hold a few, for their rarest characters, and English at large
    holds fewer. But a text in another script is nothing else, and would be more like the training texts than these are.
    """
    if len(tokens) <= UNKNOWN_ID:
        return
    unknown = np.array([UNKNOWN_ID])
    tokens[UNKNOWN_ID] = min(tokens[UNKNOWN_ID], 0)
    unseen[UNKNOWN_ID] = 0
    # Another pair may be in their slot, and such a text has that one again and again.
    pairs[pair_slots(unknown, unknown, bits=PAIR_BITS)] = 0


def familiarity_of(bundle: Bundle, *, compiled: bool = True) -> Familiarity | None:
    """Return what a bundle knows of familiar texts; None where nobody recorded it. Raises BundleError.

    compiled: whether it is summed in C where that was built.
    """
    if bundle.familiarity is None:
        return None
    try:
        return Familiarity.from_json(bundle.familiarity, pieces=len(bundle.tokenizer), compiled=compiled)
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"not a newsgate model bundle: its record of familiarity cannot be read ({error})",
            remedy="Fetch the file again, or train the model again",
        ) from error


def is_other_kind(*, texts: int, unfamiliar: int) -> bool:
    """Whether so many unfamiliar texts say that a model has not learned from texts like these."""
    return texts >= _LEAST_TEXTS and 2 * unfamiliar > texts


def _packed(array: Integers) -> str:
    return base64.b64encode(array.tobytes()).decode()
