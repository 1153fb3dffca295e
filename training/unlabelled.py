"""Texts that nobody has labelled: which of those at hand the teachers label for the network to learn from.

They are what variants of labelled texts only resemble: texts like those that will come. And people have many more of
them than labels (Mukherjee and Awadallah 2019, arXiv 1910.01769, find that they matter most).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from newsgate.training.corpus import words_hash
from newsgate.training.near_duplicates import NearDuplicates
from newsgate.training.text_variants import LONGEST_WORDS


def choose_unlabelled(
    texts: Iterable[str],
    *,
    most_words: int,
    apart_from: Iterable[str] = (),
    nearly_apart_from: Iterable[str] = (),
    reserved: Callable[[str], bool] = lambda _text: False,
) -> tuple[str, ...]:
    """Return the first of `texts` that have at most `most_words` words together, each once.

    Texts count as one where they differ only in what the tokenizer drops. None of them is one of `apart_from` in that
    sense, and none a near-duplicate (`training.near_duplicates`) of one of `nearly_apart_from`: texts that judge
    models, for example. Nor does `reserved` hold of any of them, or of what it nearly repeats among the texts that were
    read: texts that may judge models later. Of a text, `LONGEST_WORDS` words count at most. No more of `texts` is read
    than is needed. Raises TrainingUnavailableError where there is something to be nearly apart from and datasketch is
    not installed.
    """
    if most_words == 0:
        # Neither an index of what judges nor a row of a database is needed to choose nothing.
        return ()
    judges = _Judges()
    for text in nearly_apart_from:
        judges.add(text)
    seen = {words_hash(text) for text in apart_from}
    chosen: list[str] = []
    words = 0
    for text in texts:
        if words >= most_words:
            break
        if reserved(text):
            judges.add(text)
            continue
        key = words_hash(text)
        if key in seen or judges.are_near(text):
            continue
        seen.add(key)
        words += min(len(text.split()), LONGEST_WORDS)
        if words <= most_words:
            chosen.append(text)
    # Asked again, for a reserved text may have come after what nearly repeats it.
    return tuple(text for text in chosen if not judges.are_near(text))


class _Judges:
    """Texts that judge models, now or later. Without any of them datasketch is not needed."""

    def __init__(self) -> None:
        self._index: NearDuplicates | None = None

    def add(self, text: str) -> None:
        self._index = self._index or NearDuplicates()
        self._index.add(text)

    def are_near(self, text: str) -> bool:
        return self._index is not None and bool(self._index.find(text))
