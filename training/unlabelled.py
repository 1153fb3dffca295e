"""Texts that nobody has labelled: which of those at hand the teachers label for the network to learn from.

They are what variants of labelled texts only resemble: texts like those that will come. And people have many more of
them than labels (Mukherjee and Awadallah 2019, arXiv 1910.01769, find that they matter most).
"""

from __future__ import annotations

from collections.abc import Iterable

from training.clusters import NearDuplicates
from training.corpus import words_hash
from training.transfer import LONGEST_WORDS


def choose_unlabelled(
    texts: Iterable[str], *, most_words: int, apart_from: Iterable[str] = (), nearly_apart_from: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the first of `texts` that have at most `most_words` words together, each once.

    Texts count as one where they differ only in what the tokenizer drops. None of them is one of `apart_from` in that
    sense, and none a near-duplicate (`training.clusters`) of one of `nearly_apart_from`: texts that judge models, for
    example. Of a text, `LONGEST_WORDS` words count at most. No more of `texts` is read than is needed. Raises
    TrainingUnavailableError where there is something to be nearly apart from and datasketch is not installed.
    """
    if most_words == 0:
        # Neither an index of what judges nor a row of a database is needed to choose nothing.
        return ()
    judges = _index(nearly_apart_from)
    seen = {words_hash(text) for text in apart_from}
    chosen: list[str] = []
    words = 0
    for text in texts:
        if words >= most_words:
            break
        key = words_hash(text)
        if key in seen or (judges is not None and judges.find(text)):
            continue
        seen.add(key)
        words += min(len(text.split()), LONGEST_WORDS)
        if words <= most_words:
            chosen.append(text)
    return tuple(chosen)


def _index(texts: Iterable[str]) -> NearDuplicates | None:
    index: NearDuplicates | None = None
    for text in texts:
        index = index or NearDuplicates()
        index.add(text)
    return index
