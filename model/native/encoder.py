"""Texts to token ids in C: what `model.tokenizer.Tokenizer` gives, to the last token, many texts a call.

Python normalises, all texts of a kind at once, for its tables of Unicode are the ones that training used.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.native.library import Library, Vocabulary
from newsgate.model.tokenizer import (
    CAPITALISED_PIECE,
    CONTINUATION,
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
_WORD, _SPACE, _HAS_SMALL = 1, 2, 4
_TRUNCATED, _LEFT_TO_PYTHON = 1, 2
_SLOTS_A_PIECE: Final = 4
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
        """Return the first `max_tokens` tokens of each text."""
        readable = [unescape(text) for text in texts]
        is_ascii = np.fromiter(map(str.isascii, readable), np.bool_, len(readable))
        separable = np.fromiter((_SEPARATOR not in text for text in readable), np.bool_, len(readable))
        left = [np.flatnonzero(~separable)]
        parts: list[tuple[Rows, Tokens]] = []
        # Apart, for most texts are ASCII, and only the others need to be looked up in Unicode's tables.
        for rows in (np.flatnonzero(separable & is_ascii), np.flatnonzero(separable & ~is_ascii)):
            tokens, by_python = self._encode_joined([readable[row] for row in rows], most=max_tokens)
            parts.append((rows[~by_python], tokens.pick(np.flatnonzero(~by_python))))
            left.append(rows[by_python])
        rest = np.concatenate(left)
        if len(rest):
            encoded = self._tokenizer.encode_all([texts[row] for row in rest], max_tokens=max_tokens)
            parts.append((rest, Tokens.of(encoded)))
        return _in_order(parts, texts=len(texts))

    def _encode_joined(self, readable: Sequence[str], *, most: int) -> tuple[Tokens, npt.NDArray[np.bool_]]:
        """Return the tokens of the texts, and which of them have none because only Python can tell."""
        joined = _code_points(fold(_SEPARATOR.join(readable), keep_case=self._tokenizer.keeps_case))
        texts = len(readable)
        # A character is at most two tokens, a case mark and itself, and the last word may be written beyond the limit.
        ids = np.empty(2 * len(joined) + texts + MAX_WORD_CHARACTERS + 1, np.int32)
        starts, lengths, outcomes = np.empty(texts, np.int64), np.empty(texts, np.int32), np.empty(texts, np.uint8)
        written = self._functions.newsgate_encode(
            ctypes.addressof(self._vocabulary),
            joined.ctypes.data,
            len(joined),
            texts,
            most,
            *(array.ctypes.data for array in (ids, starts, lengths, outcomes)),
        )
        tokens = Tokens(ids=ids[:written], starts=starts, lengths=lengths, truncated=outcomes == _TRUNCATED)
        return tokens, outcomes == _LEFT_TO_PYTHON


def _in_order(parts: Sequence[tuple[Rows, Tokens]], *, texts: int) -> Tokens:
    """Return the tokens of all texts, where each part has those of the rows beside it."""
    starts, lengths, truncated = np.empty(texts, np.int64), np.empty(texts, np.int32), np.empty(texts, np.bool_)
    before = 0
    for rows, tokens in parts:
        starts[rows] = tokens.starts + before
        lengths[rows] = tokens.lengths
        truncated[rows] = tokens.truncated
        before += len(tokens.ids)
    ids = np.concatenate([tokens.ids for _, tokens in parts])
    return Tokens(ids=ids, starts=starts, lengths=lengths, truncated=truncated)


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
    for place, character in enumerate(every[:_CASED_CODE_POINTS]):
        if character.lower() != character:
            classes[place] |= _HAS_SMALL
    return classes
