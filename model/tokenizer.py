"""Text to token ids: the same function in training and in serving, in pure Python.

A text is normalised, split into words by one regular expression, and each word is cut into the longest pieces the
vocabulary knows, from left to right (WordPiece; Wu et al. 2016, arXiv 1609.08144). Words repeat, so a bounded memo
from word to ids makes most of them one dictionary look-up.

Capitals tell much about where a text comes from. A vocabulary that has the two case marks holds frequent words as they
are written; any other word with capitals is its mark and the pieces of its small letters.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

PADDING_ID: Final = 0
UNKNOWN_ID: Final = 1
PADDING_PIECE: Final = "<pad>"
UNKNOWN_PIECE: Final = "<unk>"
URL_PIECE: Final = "<url>"
RESERVED_PIECES: Final = (PADDING_PIECE, UNKNOWN_PIECE, URL_PIECE)
CAPITALISED_PIECE: Final = "<cap>"
UPPER_CASE_PIECE: Final = "<upper>"
CASE_PIECES: Final = (CAPITALISED_PIECE, UPPER_CASE_PIECE)
CONTINUATION: Final = "##"

# Longer "words" are hashes, base64 or a missing space: one unknown token costs less than their pieces would.
MAX_WORD_CHARACTERS: Final = 40
MEMO_WORDS: Final = 100_000

# The second has the case marks. A program that knows the first alone must not read it: it would make everything small.
_TOKENIZER_FORMATS: Final = (1, 2)
# Spelt out: ignoring case makes the whole search half as slow again.
ADDRESS: Final = r"(?:[hH][tT][tT][pP][sS]?://\S*|[wW][wW][wW]\.\S+)"
WORD: Final = rf"{ADDRESS}|\w+|[^\w\s]"
_ADDRESSES: Final = re.compile(ADDRESS)
_HUGE_ENTITIES: Final = re.compile(r"&#[0-9]{1000,};?")
_WORDS: Final = re.compile(WORD)
# Normalising takes time quadratic in the length of a run of combining marks (80 000 of them: 15 s), so runs are broken
# as Unicode's Stream-Safe Text Format breaks them (UAX #15, section 13), by a joiner that is dropped afterwards.
# The two halfwidth katakana marks count as letters, but normalise to combining ones.
_MARKS: Final = re.compile(r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){30}")
# Found ten times as fast, by its first character: most texts have no run of any characters that are not ASCII.
_NO_ASCII: Final = re.compile(r"[^\x00-\x7f][^\x00-\x7f]{29}")
_NO_ASCII_RUN: Final = re.compile(r"[^\x00-\x7f]+")
# Their plain forms, which are the library's. Most texts that have any such character have one of these.
_COMMON: Final = (("\u2026", "..."), ("\u00a0", " "))
# In a text with more of them, run by run would be slower than the whole.
_CHARACTERS_A_RUN: Final = 16
JOINER: Final = "\u034f"
_QUOTES: Final = (("\u2019", "'"), ("\u2018", "'"), ("\u201c", '"'), ("\u201d", '"'))


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one text.

    ids: at least one token id, at most `max_tokens`.
    truncated: the text had more tokens than that.
    """

    ids: tuple[int, ...]
    truncated: bool


def normalise(text: str, *, keep_case: bool = False) -> str:
    """Return `text` without the differences that carry no meaning: HTML entities, width variants, quotes, case."""
    return fold(unescape(text), keep_case=keep_case)


def unescape(text: str) -> str:
    """Return `text` with the characters that its HTML entities stand for."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:
        # Python makes no number of thousands of digits; no character has one of more than seven.
        return html.unescape(_HUGE_ENTITIES.sub("\ufffd", text))


def fold(text: str, *, keep_case: bool) -> str:
    """Return `text` without width variants, typographic quotes and, unless it is kept, case."""
    if not text.isascii():
        if _NO_ASCII.search(text):
            text = _MARKS.sub(rf"\g<0>{JOINER}", text)
        text = _normal_form(text).replace(JOINER, "")
        for typographic, plain in _QUOTES:
            text = text.replace(typographic, plain)
    return text if keep_case else text.lower()


def _normal_form(text: str) -> str:
    """Return `unicodedata.normalize("NFKC", text)`, sooner where most of it is ASCII.

    One ellipsis, and the library takes all the text apart. But ASCII stays as it is, and joins only marks behind it: so
    each run of other characters is normalised by itself, with the character before.
    """
    for common, plain in _COMMON:
        text = text.replace(common, plain)
    if unicodedata.is_normalized("NFKC", text):
        return text
    most = len(text) // _CHARACTERS_A_RUN
    runs = list(islice(_NO_ASCII_RUN.finditer(text), most + 1))
    if len(runs) > most:
        return unicodedata.normalize("NFKC", text)
    parts, done = [], 0
    for run in runs:
        start = max(run.start() - 1, done)
        parts += [text[done:start], unicodedata.normalize("NFKC", text[start : run.end()])]
        done = run.end()
    return "".join([*parts, text[done:]])


def split_words(text: str, *, limit: int | None = None, keep_case: bool = False) -> list[str]:
    """Return the words and single marks of `text`, an address as `<url>`; no more than `limit` of them."""
    normalised = normalise(text, keep_case=keep_case)
    # `findall` is twice as fast as `finditer`, but reads the whole text. No word is shorter than a character, so a
    # text of at most `limit` characters has nothing to cut; eight times that is still cheap to read to its end.
    if limit is None or len(normalised) <= 8 * limit:
        words = _WORDS.findall(normalised)[:limit]
    else:
        words = [match.group() for match in islice(_WORDS.finditer(normalised), limit)]
    if "://" not in normalised and "www." not in normalised.lower():
        return words
    return [URL_PIECE if _is_address(word) else word for word in words]


def without_addresses(text: str) -> str:
    """Return `text` with the word "url" in place of every address: the rest of one is random letters."""
    return _ADDRESSES.sub(" url ", text)


def longest_pieces(
    word: str, ids: Mapping[str, int], *, longest: int, continues: bool = False
) -> tuple[int, ...] | None:
    """Return the ids of the longest known pieces of `word` from left to right; None where they do not spell it.

    longest: characters of the longest piece. continues: the word is the rest of another one.
    """
    found: list[int] = []
    start = 0
    while start < len(word):
        prefix = CONTINUATION if start or continues else ""
        for end in range(min(len(word), start + longest), start, -1):
            piece_id = ids.get(prefix + word[start:end])
            if piece_id is not None:
                found.append(piece_id)
                start = end
                break
        else:
            return None
    return tuple(found)


def _is_address(word: str) -> bool:
    # A word of the regular expression holds one of these marks only where it is an address.
    return len(word) > 4 and (":" in word or "." in word)


class Tokenizer:
    """Cuts texts into the pieces of one vocabulary; safe to share between threads.

    pieces: the vocabulary; a piece's place is its id, the first are `RESERVED_PIECES`, then `CASE_PIECES` where it
        tells capitals apart. A piece that continues a word begins with `##`.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        if tuple(pieces[: len(RESERVED_PIECES)]) != RESERVED_PIECES:
            raise ValueError(f"a vocabulary begins with {', '.join(RESERVED_PIECES)}")
        if len(set(pieces)) != len(pieces):
            raise ValueError("a vocabulary has each piece once")
        self.pieces = tuple(pieces)
        self.keeps_case = self.pieces[len(RESERVED_PIECES) :][: len(CASE_PIECES)] == CASE_PIECES
        self._ids = {piece: index for index, piece in enumerate(self.pieces)}
        self._longest = max(len(piece) for piece in self.pieces)
        self._memo: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str, *, max_tokens: int) -> Encoded:
        """Return the first `max_tokens` token ids of `text`; a text without words is one unknown token."""
        ids: list[int] = []
        # Every word is at least one token: one word beyond the limit is enough to know that the text was cut.
        for word in self.words(text, limit=max_tokens + 1):
            ids += self._memo.get(word) or self._remember(word)
            if len(ids) > max_tokens:
                return Encoded(tuple(ids[:max_tokens]), truncated=True)
        return Encoded(tuple(ids) or (UNKNOWN_ID,), truncated=False)

    def words(self, text: str, *, limit: int | None = None) -> list[str]:
        """Return what `text` is cut into before its words are cut into pieces."""
        return split_words(text, limit=limit, keep_case=self.keeps_case)

    def encode_all(self, texts: Iterable[str], *, max_tokens: int) -> list[Encoded]:
        """Return `encode` of each text, in order."""
        return [self.encode(text, max_tokens=max_tokens) for text in texts]

    def to_json(self) -> str:
        """Return this tokenizer as JSON that `from_json` reads."""
        document = {"format": _TOKENIZER_FORMATS[self.keeps_case], "pieces": self.pieces}
        return json.dumps(document, ensure_ascii=False, indent=0)

    @classmethod
    def from_json(cls, document: str) -> Tokenizer:
        """Return the tokenizer that `to_json` wrote; anything else is a ValueError."""
        value = json.loads(document)
        if not isinstance(value, dict) or value.get("format") not in _TOKENIZER_FORMATS:
            raise ValueError(f"not a tokenizer of format {' or '.join(map(str, _TOKENIZER_FORMATS))}")
        pieces = value.get("pieces")
        if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
            raise ValueError("a tokenizer's pieces are a list of strings")
        tokenizer = cls(pieces)
        if value["format"] != _TOKENIZER_FORMATS[tokenizer.keeps_case]:
            raise ValueError("a tokenizer has case marks if it is of the second format, and only then")
        return tokenizer

    def _remember(self, word: str) -> tuple[int, ...]:
        # Emptying is crude, but keeps the hot path one `get` and needs no lock: a lost entry is only computed again.
        if len(self._memo) >= MEMO_WORDS:
            self._memo.clear()
        ids = self._cut(word)
        if len(word) <= MAX_WORD_CHARACTERS:
            self._memo[word] = ids
        return ids

    def _cut(self, word: str) -> tuple[int, ...]:
        """Return the ids of the longest known pieces from left to right, or one unknown id."""
        if len(word) > MAX_WORD_CHARACTERS:
            return (UNKNOWN_ID,)
        whole = self._ids.get(word)
        if whole is not None:
            return (whole,)
        small = word.lower()
        if self.keeps_case and small != word:
            mark = UPPER_CASE_PIECE if len(word) > 1 and word.isupper() else CAPITALISED_PIECE
            return (self._ids[mark], *self._cut_small(small))
        return self._cut_small(word)

    def _cut_small(self, word: str) -> tuple[int, ...]:
        return longest_pieces(word, self._ids, longest=self._longest) or (UNKNOWN_ID,)
