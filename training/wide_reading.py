"""What the wide part reads of texts: all there is, or words alone, whichever tells more about texts it has not seen.

Capitals, marks and parts of words tell who wrote a text, where it comes from and how its rare words are built. Where
texts of one label are about the same few events, the words tell more, and all the rest only stands beside them in a
text's length: a bag of words is then better. Each reading is judged by wide parts that were fitted without the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.model.text_encoder import Encoder
from newsgate.model.tokenizer import CASE_PIECES, CONTINUATION
from newsgate.model.tokens import Tokens
from newsgate.model.wide_features import NO_PIECE
from newsgate.training.corpus import LabelledTexts

Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_LETTER_OR_DIGIT: Final = re.compile(r"\w")
_LEAST_CHARACTERS: Final = 2
# By so many standard errors words alone have to be better.
_ERRORS: Final = 1.0
# Of fewer texts the standard error says nothing; of one text it is 0.
_LEAST_OF_A_LABEL: Final = 5


@dataclass(frozen=True)
class Reading:
    """How texts are read. small: of `small_letters`, or `NO_PIECE` for what stands between no two neighbours.

    counted: bool [pieces], which tokens are features of their own. bits: pairs of tokens have 2 ** `bits` slots.
    """

    encoder: Encoder
    small: Int64
    counted: Bool
    bits: int
    max_tokens: int

    @classmethod
    def of_all(cls, encoder: Encoder, pieces: Sequence[str], *, bits: int, max_tokens: int) -> Reading:
        """Return the reading of all there is."""
        return cls(encoder, small_letters(pieces), np.ones(len(pieces), np.bool_), bits=bits, max_tokens=max_tokens)

    def of_words(self, pieces: Sequence[str]) -> Reading:
        """Return the reading of words alone, in small letters and of two characters or more, and of their pairs."""
        is_word = np.array([_is_word(piece) for piece in pieces], np.bool_)
        is_part = np.array([piece.startswith(CONTINUATION) for piece in pieces], np.bool_)
        is_small = self.small == np.arange(len(self.small))
        return replace(self, small=np.where(is_word, self.small, NO_PIECE), counted=is_word & is_small & ~is_part)

    def tokens(self, labelled: LabelledTexts) -> Tokens:
        """Return the tokens of the texts."""
        return self.encoder.encode(labelled.texts, max_tokens=self.max_tokens)


def choose_reading(
    all_there_is: Reading,
    pieces: Sequence[str],
    labels: Sequence[str],
    *,
    cross_fitted: Callable[[Reading], Float64],
) -> tuple[Reading, Float64]:
    """Return the reading that tells more, and what wide parts that read so say: float64 [texts].

    cross_fitted: the logits that wide parts of a reading give texts they were not fitted to, which have the `labels`.
    Words alone are chosen where they are better beyond what is chance.
    """
    words = all_there_is.of_words(pieces)
    by_all, by_words = cross_fitted(all_there_is), cross_fitted(words)
    if words_tell_more(by_all, by_words, labels):
        return words, by_words
    return all_there_is, by_all


def words_tell_more(by_all: Float64, by_words: Float64, labels: Sequence[str]) -> bool:
    """Whether the area under the ROC curve is larger by words, by more than its standard error.

    That is the error of the difference of two areas on the same texts (DeLong et al. 1988, Biometrics 44).
    """
    are_fake = np.array([label == FAKE for label in labels], np.bool_)
    if min(np.sum(are_fake), np.sum(~are_fake)) < _LEAST_OF_A_LABEL:
        return False
    gain = placements(by_words, are_fake) - placements(by_all, are_fake)
    fake, real = gain[are_fake], gain[~are_fake]
    error = np.sqrt(np.var(fake) / len(fake) + np.var(real) / len(real))
    return bool(np.mean(fake) > _ERRORS * error)


def small_letters(pieces: Sequence[str]) -> Int64:
    """Return the id of each piece in small letters, int64 [pieces]: its own where the vocabulary has no such piece."""
    places = {piece: place for place, piece in enumerate(pieces)}

    def folded(piece: str) -> int:
        return NO_PIECE if piece in CASE_PIECES else places.get(piece.lower(), places[piece])

    small = [folded(piece) for piece in pieces]
    return np.array(small, np.int64)


def _is_word(piece: str) -> bool:
    characters = piece.removeprefix(CONTINUATION)
    return len(characters) >= _LEAST_CHARACTERS and _LETTER_OR_DIGIT.search(characters) is not None


def placements(logits: Float64, are_fake: Bool) -> Float64:
    """Return for each text the share of texts of the other label that stand on the right side of it, float64 [texts].

    Ties count half. The mean over the texts of either label is the area under the ROC curve.
    """
    shares = np.empty(len(logits))
    for mine, sign in ((are_fake, 1), (~are_fake, -1)):
        others = np.sort(sign * logits[~mine])
        own = sign * logits[mine]
        upto = np.searchsorted(others, own, side="left") + np.searchsorted(others, own, side="right")
        shares[mine] = upto / 2 / len(others)
    return shares
