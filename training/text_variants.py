"""Texts nobody wrote, like those at hand: what a teacher labels for the LSTM to learn from.

A teacher has more to say than the labels only about other texts than those they are on (Tang et al. 2019, arXiv
1903.12136, section 3.2). Three ways make a text of others: two are joined where they share a word, one is cut to a
window, the halves of two are put together. In all, some words give way to neighbours in meaning, to any word, or to
none. Capitals stay where they were.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from newsgate.model.tokenizer import WORD, normalise
from newsgate.training.word_vectors import WordVectors

# A word or a mark, and whether a space follows it.
_WORD: Final = re.compile(rf"({WORD})(\s*)")
_ADDRESS: Final = ("http", "www.")
_ENDS_AND_BEGINS: Final = re.compile(r"\w\w")

# Beyond this a text is long enough to cut from, and its far end would be truncated anyway.
LONGEST_WORDS: Final = 300
_NEIGHBOURS: Final = 11
_NEIGHBOURS_AT_ONCE: Final = 1024
_SHORTEST_WITH_MEANING: Final = 3

_SPLICE, _WINDOW, _JOIN = 0.40, 0.20, 0.15  # the rest keep their words in order
_SPLICE_ATTEMPTS: Final = 8
_NEIGHBOUR_SHARES: Final = (0.0, 0.1, 0.2, 0.3)
_NOISE_SHARES: Final = (0.0, 0.0, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    space_follows: bool

    @property
    def small(self) -> str:
        return self.text.lower()

    def replaced_by(self, small: str) -> _Word:
        """Return another word, in this one's capitals."""
        if self.text.isupper() and len(self.text) > 1:
            return _Word(small.upper(), self.space_follows)
        return _Word(small.capitalize() if self.text[0].isupper() else small, self.space_follows)

    def would_swallow(self, other: _Word) -> bool:
        """Return whether both would be read as one word."""
        if self.space_follows:
            return False
        return self.small.startswith(_ADDRESS) or _ENDS_AND_BEGINS.fullmatch(self.text[-1] + other.text[0]) is not None


_Words = tuple[_Word, ...]


class VariantWriter:
    """Makes variants of `texts`; the same seed makes the same ones."""

    def __init__(self, texts: Sequence[str], *, vectors: WordVectors, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        split = [_split(text) for text in texts]
        # Of the texts that have words, in order: what the variants of a round begin with or are cut from.
        self.origins = tuple(place for place, words in enumerate(split) if words)
        self._texts = [split[place] for place in self.origins]
        self._places = _places_of_words(self._texts)
        self._neighbours = _neighbours(self._places, vectors=vectors)
        # As often as the power 3/4 of how often they stand in the texts, so that rare words occur too (Mikolov et al.
        # 2013, arXiv 1310.4546, section 2.2).
        self._any_word = [word for word, places in self._places.items() for _ in range(int(len(places) ** 0.75))]

    def variants(self, count: int) -> Iterator[str]:
        """Yield `count` variants of each text that has words: `count` rounds, each in the order of `origins`."""
        for _ in range(count):
            for words in self._texts:
                yield self._variant(words)

    def _variant(self, words: _Words) -> str:
        chance = self._random.random()
        if len(words) >= _SHORTEST_WITH_MEANING:
            if chance < _SPLICE:
                words = self._splice(words)
            elif chance < _SPLICE + _WINDOW:
                words = self._window(words)
            elif chance < _SPLICE + _WINDOW + _JOIN:
                words = self._join(words)
        return _write(self._disturb(words[:LONGEST_WORDS])) or _write(words[:LONGEST_WORDS])

    def _splice(self, words: _Words) -> _Words:
        """Begin with one text and, at a word that both have, go on with another."""
        for _ in range(_SPLICE_ATTEMPTS):
            place = self._random.randrange(len(words))
            others = self._places.get(words[place].small, [])
            if len(others) > 1:
                text, other_place = self._random.choice(others)
                return words[:place] + self._texts[text][other_place:]
        return words

    def _window(self, words: _Words) -> _Words:
        length = max(_SHORTEST_WITH_MEANING, int(len(words) * self._random.uniform(0.3, 0.9)))
        first = self._random.randrange(len(words) - length + 1)
        return words[first : first + length]

    def _join(self, words: _Words) -> _Words:
        other = self._random.choice(self._texts)
        return words[: self._random.randrange(1, len(words) + 1)] + other[self._random.randrange(len(other)) :]

    def _disturb(self, words: _Words) -> Iterator[_Word]:
        neighbour_share = self._random.choice(_NEIGHBOUR_SHARES)
        noise_share = self._random.choice(_NOISE_SHARES)
        for word in words:
            chance = self._random.random()
            if chance < neighbour_share and word.small in self._neighbours:
                yield word.replaced_by(self._random.choice(self._neighbours[word.small]))
            elif not neighbour_share <= chance < neighbour_share + noise_share:
                yield word
            elif self._any_word and self._random.random() < 0.5:
                yield word.replaced_by(self._random.choice(self._any_word))


def _split(text: str) -> _Words:
    return tuple(_Word(match[1], bool(match[2])) for match in _WORD.finditer(normalise(text, keep_case=True)))


def _write(words: Sequence[_Word] | Iterator[_Word]) -> str:
    text = ""
    before: _Word | None = None
    for word in words:
        # What stood between these two may be gone.
        if before is not None and before.would_swallow(word):
            text += " "
        text += word.text + " " * word.space_follows
        before = word
    return text.strip()


def _places_of_words(texts: Sequence[_Words]) -> dict[str, list[tuple[int, int]]]:
    """Return word, in small letters, -> its places as (text, word); first words are left out, nothing stands before."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for text, words in enumerate(texts):
        for place, word in enumerate(words[1:LONGEST_WORDS], start=1):
            if not word.small.startswith(_ADDRESS):
                places[word.small].append((text, place))
    return dict(places)


def _neighbours(words: Iterable[str], *, vectors: WordVectors) -> dict[str, list[str]]:
    """Return each word's nearest among `words` by the cosine of their vectors, for words that have one."""
    known = [
        word for word in words if word in vectors.places and word.isalpha() and len(word) >= _SHORTEST_WITH_MEANING
    ]
    if len(known) <= _NEIGHBOURS:
        return {}
    directions = vectors.vectors[[vectors.places[word] for word in known]]
    directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-6)
    nearest: dict[str, list[str]] = {}
    # In blocks: all pairs at once would be gigabytes for a large vocabulary.
    for first in range(0, len(known), _NEIGHBOURS_AT_ONCE):
        cosines = directions[first : first + _NEIGHBOURS_AT_ONCE] @ directions.T
        best = np.argpartition(-cosines, _NEIGHBOURS, axis=1)[:, : _NEIGHBOURS + 1]
        for word, row in zip(known[first : first + _NEIGHBOURS_AT_ONCE], best, strict=True):
            nearest[word] = [known[place] for place in row if known[place] != word]
    return nearest
