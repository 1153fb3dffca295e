"""Texts to token ids in C: what `model.tokenizer.Tokenizer` gives, to the last token, many texts a call.

Python normalises, all texts of a kind at once, for its tables of Unicode are the ones that training used.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.native.library import Library, Vocabulary
from newsgate.model.tokenizer import (
    CAPITALISED_PIECE,
    CONTINUATION,
    JOINER,
    MAX_WORD_CHARACTERS,
    RESERVED_PIECES,
    UNKNOWN_ID,
    UPPER_CASE_PIECE,
    URL_PIECE,
    Tokenizer,
    fold,
    unescape,
)
from newsgate.model.tokens import Tokens

# Between texts. It takes part in no rule of Unicode, so that many texts are normalised as each of them would be.
_SEPARATOR: Final = "\0"
_CODE_POINTS: Final = 0x110000
# Beyond there is no letter of two sizes.
_CASED_CODE_POINTS: Final = 0x20000
_BLOCK_CODE_POINTS: Final = 0x40
_WORD, _SPACE, _HAS_SMALL, _SETTLED = 1, 2, 4, 8
_TRUNCATED, _LEFT_TO_PYTHON, _NOT_NORMALISED = 1, 2, 3
# An ellipsis is three points, and any other character two at most: a case mark and itself.
_TOKENS_A_CHARACTER: Final = 3
# Where characters are looked for that are their own normal form whatever stands beside them: beyond are ideograms and
# what is rare. Variation selectors are marks, but join nothing.
_SETTLED_RANGES: Final = (range(0x80, 0x1100), range(0x1200, 0x3100), range(0x1F000, 0x1FB00))
_VARIATION_SELECTORS: Final = range(0xFE00, 0xFE10)
_SLOTS_A_PIECE: Final = 4
# Nearly every text of so many characters has one token more than asked for; English has some five a token.
_CHARACTERS_A_TOKEN: Final = 7
_MORE_CHARACTERS: Final = 8
_KINDS: Final = re.compile(r"(\w+)|(\s+)")

Rows = npt.NDArray[np.intp]


class NativeEncoder:
    """One vocabulary, ready to encode; safe to share between threads."""

    def __init__(self, library: Library, tokenizer: Tokenizer) -> None:
        self._functions = library.functions
        self._tokenizer = tokenizer
        pieces = [piece.removeprefix(CONTINUATION) or piece for piece in tokenizer.pieces]
        continues = [piece != whole for piece, whole in zip(pieces, tokenizer.pieces, strict=True)]
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        slots = 1 << (_SLOTS_A_PIECE * len(pieces)).bit_length()
        ids = {piece: place for place, piece in enumerate(tokenizer.pieces)}
        # Kept for as long as C has their addresses.
        self._arrays = (
            _code_points("".join(pieces)),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.array(continues, np.uint8),
            np.zeros(slots, np.uint32),
            np.full(slots, -1, np.int32),
            _classes(),
        )
        characters, starts, continuing, hashes, slot_ids, classes = (array.ctypes.data for array in self._arrays)
        self._vocabulary = Vocabulary(
            characters=characters,
            starts=starts,
            continues=continuing,
            pieces=len(pieces),
            slot_hashes=hashes,
            slot_ids=slot_ids,
            slots=slots,
            longest=int(lengths.max()),
            classes=classes,
            keeps_case=tokenizer.keeps_case,
            unknown_id=UNKNOWN_ID,
            address_id=RESERVED_PIECES.index(URL_PIECE),
            capitalised_id=ids.get(CAPITALISED_PIECE, UNKNOWN_ID),
            upper_case_id=ids.get(UPPER_CASE_PIECE, UNKNOWN_ID),
        )
        self._functions.newsgate_fill_slots(ctypes.addressof(self._vocabulary))

    def encode(self, texts: Sequence[str], *, max_tokens: int) -> Tokens:
        """Return the first `max_tokens` tokens of each text, of a long one after reading no more than that takes."""
        most = _CHARACTERS_A_TOKEN * max_tokens
        beginnings = [text if len(text) <= most else _beginning(text, most) for text in texts]
        tokens = self._encode_each(beginnings, max_tokens=max_tokens)
        while too_short := [
            row for row in np.flatnonzero(~tokens.truncated).tolist() if len(beginnings[row]) < len(texts[row])
        ]:
            most *= _MORE_CHARACTERS
            longer = [_beginning(texts[row], most) for row in too_short]
            for row, beginning in zip(too_short, longer, strict=True):
                beginnings[row] = beginning
            tokens = _in_place_of(tokens, np.array(too_short), self._encode_each(longer, max_tokens=max_tokens))
        return tokens

    def _encode_each(self, texts: Sequence[str], *, max_tokens: int) -> Tokens:
        readable = [unescape(text) for text in texts]
        joined = _SEPARATOR.join(readable)
        inseparable = []
        if joined.count(_SEPARATOR) >= len(texts):
            inseparable = [row for row, text in enumerate(readable) if _SEPARATOR in text]
            for row in inseparable:
                readable[row] = ""
            joined = _SEPARATOR.join(readable)
        tokens, outcomes = self._encode_joined(joined, len(texts), most=max_tokens, folded=False)
        left = [np.array(inseparable, np.intp), np.flatnonzero(outcomes == _LEFT_TO_PYTHON)]
        # What is not normalised by looking at each character alone: all of these texts at once.
        rows = np.flatnonzero(outcomes == _NOT_NORMALISED)
        if len(rows):
            folded = fold(_SEPARATOR.join([readable[row] for row in rows]), keep_case=self._tokenizer.keeps_case)
            others, outcomes = self._encode_joined(folded, len(rows), most=max_tokens, folded=True)
            tokens = _in_place_of(tokens, rows, others)
            left.append(rows[outcomes == _LEFT_TO_PYTHON])
        by_python = np.concatenate(left)
        if len(by_python):
            encoded = self._tokenizer.encode_all([texts[row] for row in by_python], max_tokens=max_tokens)
            tokens = _in_place_of(tokens, by_python, Tokens.of(encoded))
        return tokens

    def _encode_joined(
        self, joined: str, texts: int, *, most: int, folded: bool
    ) -> tuple[Tokens, npt.NDArray[np.uint8]]:
        """Return the tokens of so many texts, and what became of each: those that are left have none."""
        characters = _code_points(joined)
        # The last word may be written beyond the limit.
        ids = np.empty(_TOKENS_A_CHARACTER * len(characters) + texts + MAX_WORD_CHARACTERS + 1, np.int32)
        starts, lengths, outcomes = np.empty(texts, np.int64), np.empty(texts, np.int32), np.empty(texts, np.uint8)
        written = self._functions.newsgate_encode(
            ctypes.addressof(self._vocabulary),
            characters.ctypes.data,
            len(characters),
            texts,
            most,
            folded,
            *(array.ctypes.data for array in (ids, starts, lengths, outcomes)),
        )
        if written < 0:
            raise MemoryError("no memory for the characters of a text")
        tokens = Tokens(ids=ids[:written], starts=starts, lengths=lengths, truncated=outcomes == _TRUNCATED)
        return tokens, outcomes


def _beginning(text: str, most: int) -> str:
    """Return the text up to the last space within its first `most` characters; all of it where there is none.

    Nothing that is normalised, and no word, reaches over a space: the beginning's tokens are the text's first ones.
    """
    end = len(text) if len(text) <= most else text.rfind(" ", 0, most)
    return text if end < 0 else text[:end]


def _in_place_of(tokens: Tokens, rows: Rows, others: Tokens) -> Tokens:
    """Return `tokens` with those of the texts at `rows` replaced by `others`, in their order."""
    starts, lengths, truncated = tokens.starts.copy(), tokens.lengths.copy(), tokens.truncated.copy()
    starts[rows] = others.starts + len(tokens.ids)
    lengths[rows] = others.lengths
    truncated[rows] = others.truncated
    return Tokens(ids=np.concatenate([tokens.ids, others.ids]), starts=starts, lengths=lengths, truncated=truncated)


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text`, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), "<u4").astype(np.uint32, copy=False)


@cache
def _classes() -> npt.NDArray[np.uint8]:
    """Return what the tokenizer has to know of each code point, as bits: uint8 [code points]."""
    every = np.arange(_CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", errors="surrogatepass")
    classes = np.zeros(_CODE_POINTS, np.uint8)
    for run in _KINDS.finditer(every):
        classes[run.start() : run.end()] = _WORD if run.lastindex == 1 else _SPACE
    for begin in range(0, _CASED_CODE_POINTS, _BLOCK_CODE_POINTS):
        block = every[begin : begin + _BLOCK_CODE_POINTS]
        # Most blocks have no capitals at all, and are looked at in one go.
        if block.lower() != block:
            for place, character in enumerate(block, begin):
                if character.lower() != character:
                    classes[place] |= _HAS_SMALL
    for places in _SETTLED_RANGES:
        for place in places:
            if _joins_nothing(chr(place)):
                classes[place] |= _SETTLED
    classes[_VARIATION_SELECTORS.start : _VARIATION_SELECTORS.stop] |= _SETTLED
    return classes


def _joins_nothing(character: str) -> bool:
    """Whether a character, no part of a Korean syllable, is its own normal form and no mark on the one before it."""
    # Marks alone join what is before them, though not all of them do.
    if unicodedata.category(character).startswith("M") or character == JOINER:
        return False
    return unicodedata.is_normalized("NFKC", character)
