"""Labelled texts, and the one way they are parted for training."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from newsgate.foundation.errors import NewsgateError
from newsgate.model.labels import LABELS
from newsgate.model.tokenizer import split_words


class CorpusError(NewsgateError):
    """The labelled texts cannot be trained or evaluated on."""


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and their labels, `fake` or `real`, in step; both labels occur."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise CorpusError(f"there are {len(self.texts)} texts but {len(self.labels)} labels")
        if not self.texts:
            raise CorpusError("there are no labelled texts", remedy="Give a file with labelled rows")
        unknown = sorted(set(self.labels) - set(LABELS))
        if unknown:
            raise CorpusError(
                f"there are labels other than fake and real: {', '.join(map(repr, unknown[:5]))}",
                remedy="Write every label as fake or real",
            )
        missing = sorted(set(LABELS) - set(self.labels))
        if missing:
            raise CorpusError(
                f"no text is labelled {missing[0]}", remedy=f"Add texts of both labels; {missing[0]} ones are missing"
            )

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str]]) -> LabelledTexts:
        """Return the (text, label) pairs as one corpus."""
        rows = list(pairs)
        return cls(texts=tuple(text for text, _ in rows), labels=tuple(label for _, label in rows))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many texts have each label."""
        counted = Counter(self.labels)
        return {label: counted[label] for label in LABELS}

    def fingerprint(self) -> str:
        """Return a sha256 of the texts and labels, in hexadecimal; their order makes no difference."""
        rows = sorted(
            hashlib.sha256(label.encode() + b"\0" + text.encode(errors="surrogatepass")).digest()
            for text, label in zip(self.texts, self.labels, strict=True)
        )
        return hashlib.sha256(b"".join(rows)).hexdigest()

    def pick(self, rows: Iterable[int]) -> LabelledTexts:
        """Return the texts at `rows`, counted from 0."""
        return self.from_pairs((self.texts[row], self.labels[row]) for row in rows)

    def without_copies(self) -> LabelledTexts:
        """Return each text once, with its first label; texts that differ only in what the tokenizer drops are one."""
        first_rows: dict[bytes, int] = {}
        for row, text in enumerate(self.texts):
            first_rows.setdefault(words_hash(text), row)
        return self.pick(first_rows.values())


@dataclass(frozen=True)
class Split:
    """Two parts of one corpus that share no text: one fits the weights, one decides when to stop."""

    fitting: LabelledTexts
    held_back: LabelledTexts


def hold_back(corpus: LabelledTexts, *, share: float) -> Split:
    """Part `corpus` so that about `share` of each label's distinct texts is held back.

    Texts that differ only in what the tokenizer drops count as one and stay together, else a copy of a fitted text
    would flatter the held-back loss. The hash of a text decides its side, so a text tends to keep it as labels are
    added, and the same texts always part the same way.
    """
    held_back: set[int] = set()
    for label, texts in _distinct_texts(corpus).items():
        if len(texts) < 2:
            raise CorpusError(f"there are fewer than two different texts labelled {label}", remedy="Add labelled texts")
        for rows in texts[: min(math.ceil(share * len(texts)), len(texts) - 1)]:
            held_back.update(rows)

    everything = range(len(corpus))
    return Split(
        fitting=corpus.pick(row for row in everything if row not in held_back),
        held_back=corpus.pick(row for row in everything if row in held_back),
    )


def part_evenly(corpus: LabelledTexts, *, parts: int) -> npt.NDArray[np.int64]:
    """Return the part of each text, int [texts] from 0: as many parts as `parts`, with about as much of each label.

    Copies of a text are in one part. Where a label has fewer different texts than `parts`, there are as many parts as
    that: what is left without one of them has both labels, unless there is one part alone.
    """
    distinct = _distinct_texts(corpus)
    count = max(1, min(parts, *(len(texts) for texts in distinct.values())))
    part_of = np.zeros(len(corpus), np.int64)
    for texts in distinct.values():
        for place, rows in enumerate(texts):
            part_of[rows] = place % count
    return part_of


def _distinct_texts(corpus: LabelledTexts) -> dict[str, list[list[int]]]:
    """Return label -> the rows of each of its different texts, ordered by the texts' hashes."""
    rows_of_text: dict[bytes, list[int]] = {}
    for row, text in enumerate(corpus.texts):
        rows_of_text.setdefault(words_hash(text), []).append(row)
    by_label: dict[str, list[list[int]]] = {label: [] for label in LABELS}
    for _digest, rows in sorted(rows_of_text.items()):
        # A text labelled both ways belongs to its first label.
        by_label[corpus.labels[rows[0]]].append(rows)
    return by_label


def words_hash(text: str) -> bytes:
    """Return what texts have in common that differ only in what the tokenizer drops."""
    return hashlib.sha256(" ".join(split_words(text)).encode(errors="surrogatepass")).digest()
