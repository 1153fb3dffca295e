"""Synthetic texts with the statistics that decide speed: length, word frequencies, tokens a word.

Posts are as long as those of the published set "constraint", headlines as a newspaper's, and articles longer than the
model reads. Their words are made of the starter vocabulary's pieces, so that the tokenizer and the LSTM have the work a
real text gives them: frequent words are one token, rare ones several, and many texts hold a word or address of their
own.
"""

from __future__ import annotations

import csv
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import CONTINUATION, RESERVED_PIECES

# The 95th percentile of a normal distribution lies this many standard deviations above its mean.
_DEVIATIONS_TO_95TH = 1.645

_LEXICON_WORDS = 60_000
_ONE_PIECE_RANKS = 5_000
_TYPOGRAPHIC_SHARE = 0.25
_CAPITAL_SHARE = 0.15
_MARK_SHARE = 0.09
_MARKS = (",", ".", "!", "?", ":", "…")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of text, its number of words log-normal. address_share: how many of them end with an address."""

    name: str
    median_words: int
    words_95th_percentile: int
    longest_words: int
    address_share: float

    def draw_words(self, generator: random.Random) -> int:
        """Return how many words the next text has."""
        spread = math.log(self.words_95th_percentile / self.median_words) / _DEVIATIONS_TO_95TH
        length = round(generator.lognormvariate(math.log(self.median_words), spread))
        return min(max(length, 1), self.longest_words)


POSTS = Kind("posts", median_words=25, words_95th_percentile=47, longest_words=120, address_share=0.5)
HEADLINES = Kind("headlines", median_words=9, words_95th_percentile=14, longest_words=30, address_share=0.0)
ARTICLES = Kind("articles", median_words=600, words_95th_percentile=1200, longest_words=3000, address_share=0.5)
KINDS = (POSTS, HEADLINES, ARTICLES)


@dataclass(frozen=True)
class Lexicon:
    """Words from the most frequent to the rarest, with Zipf's weights: the r-th occurs 1/r times as often."""

    words: tuple[str, ...]
    cumulative_weights: tuple[float, ...]


def make_lexicon(pieces: Sequence[str], *, seed: int = 0) -> Lexicon:
    """Return words that a tokenizer with these `pieces` knows."""
    generator = random.Random(seed)
    starts = [piece for piece in pieces if piece not in RESERVED_PIECES and piece.isalpha() and len(piece) > 1]
    endings = [piece.removeprefix(CONTINUATION) for piece in pieces if piece.startswith(CONTINUATION)]
    generator.shuffle(starts)
    frequent = starts[:_ONE_PIECE_RANKS]
    rare = (
        generator.choice(starts) + "".join(generator.choices(endings, k=generator.choice((1, 1, 2))))
        for _ in itertools.count()
    )
    words = tuple(itertools.islice(itertools.chain(frequent, rare), _LEXICON_WORDS))
    weights = itertools.accumulate(1 / rank for rank in range(1, len(words) + 1))
    return Lexicon(words, tuple(weights))


def make_posts(*, seed: int) -> Iterator[str]:
    """Yield posts without end that the starter model's tokenizer knows, the same for the same seed."""
    return make_texts(make_lexicon(read_bundle(starter_bundle()).tokenizer.pieces), POSTS, seed=seed)


def make_texts(lexicon: Lexicon, kind: Kind, *, seed: int) -> Iterator[str]:
    """Yield texts of a kind without end, the same for the same seed."""
    generator = random.Random(seed)
    for number in itertools.count():
        words = generator.choices(lexicon.words, cum_weights=lexicon.cumulative_weights, k=kind.draw_words(generator))
        words = [_dress(word, generator) for word in words]
        if generator.random() < _TYPOGRAPHIC_SHARE:
            words[0] = f"“{words[0]}”"
        if generator.random() < kind.address_share:
            words[-1] = f"https://example.org/{seed}-{number:x}"
        yield " ".join(words)


def write_posts(path: Path, posts: Iterator[str], *, rows: int) -> Path:
    """Write the next `rows` posts as a CSV file with the columns id and text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text"))
        writer.writerows(enumerate(itertools.islice(posts, rows), start=1))
    return path


def _dress(word: str, generator: random.Random) -> str:
    chance = generator.random()
    if chance < _CAPITAL_SHARE:
        return word.capitalize()
    if chance > 1 - _MARK_SHARE:
        return word + generator.choice(_MARKS)
    return word
