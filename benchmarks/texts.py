"""Synthetic posts with the statistics that decide speed: length, word frequencies, tokens a word.

The words are made of the starter vocabulary's pieces, so that the tokenizer and the LSTM have the work a real post
gives them: frequent words are one token, rare ones several, and most texts hold a word or address of their own.
"""

from __future__ import annotations

import csv
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.text import CONTINUATION, RESERVED_PIECES

_MEDIAN_WORDS = 25
# A log-normal with this spread has its 95th percentile at 47 words.
_LOG_SPREAD = math.log(47 / _MEDIAN_WORDS) / 1.645
_LONGEST_WORDS = 120

_LEXICON_WORDS = 60_000
_ONE_PIECE_RANKS = 5_000
_ADDRESS_SHARE = 0.5
_TYPOGRAPHIC_SHARE = 0.25
_CAPITAL_SHARE = 0.15
_MARK_SHARE = 0.09
_MARKS = (",", ".", "!", "?", ":", "…")


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


def make_posts(lexicon: Lexicon, *, seed: int) -> Iterator[str]:
    """Yield posts without end, the same for the same seed."""
    generator = random.Random(seed)
    for number in itertools.count():
        length = round(generator.lognormvariate(math.log(_MEDIAN_WORDS), _LOG_SPREAD))
        words = generator.choices(
            lexicon.words, cum_weights=lexicon.cumulative_weights, k=min(max(length, 1), _LONGEST_WORDS)
        )
        words = [_dress(word, generator) for word in words]
        if generator.random() < _TYPOGRAPHIC_SHARE:
            words[0] = f"“{words[0]}”"
        if generator.random() < _ADDRESS_SHARE:
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
