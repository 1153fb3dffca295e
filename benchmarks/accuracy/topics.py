"""Texts parted by topic: what a model meets that was trained before the topic came up."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from newsgate.model.labels import LABELS
from newsgate.training.corpus import LabelledTexts

TOPICS: Final = 10
# For a test on several: so many topics, of which each fold leaves a tenth out, no two the same.
MANY_TOPICS: Final = 50
FOLDS: Final = 5
# Topics are found among so many directions of the texts' TF-IDF vectors.
_DIRECTIONS: Final = 50
_MOST_WORDS: Final = 20_000
# A topic with fewer texts of a label cannot tell how often it is wrong.
_LEAST_OF_A_LABEL: Final = 10


def leave_topic_out(corpus: LabelledTexts) -> tuple[LabelledTexts, LabelledTexts]:
    """Return the texts of all topics but one, and those of that one: the topic that is nearest to a tenth of them."""
    topic_of = _topics(corpus, count=TOPICS)
    labels = np.asarray(corpus.labels)

    def badness(topic: int) -> tuple[bool, float]:
        mine = topic_of == topic
        rarest = min(int(np.sum(labels[mine] == label)) for label in LABELS)
        return rarest < _LEAST_OF_A_LABEL, abs(float(mine.mean()) - 1 / TOPICS)

    chosen = min(range(TOPICS), key=badness)
    return corpus.pick(np.flatnonzero(topic_of != chosen)), corpus.pick(np.flatnonzero(topic_of == chosen))


def leave_topics_out(corpus: LabelledTexts) -> list[tuple[LabelledTexts, LabelledTexts]]:
    """Return `FOLDS` times the texts of nine tenths of the topics, and those of the rest."""
    topic_of = _topics(corpus, count=MANY_TOPICS)
    order = np.random.default_rng(0).permutation(MANY_TOPICS)
    tenth = MANY_TOPICS // 10
    left_out = [np.isin(topic_of, order[fold * tenth : (fold + 1) * tenth]) for fold in range(FOLDS)]
    return [(corpus.pick(np.flatnonzero(~out)), corpus.pick(np.flatnonzero(out))) for out in left_out]


def _topics(corpus: LabelledTexts, *, count: int) -> npt.NDArray[np.int32]:
    """Return the topic of each text, int [texts]: clusters of the directions of their TF-IDF vectors."""
    words = TfidfVectorizer(min_df=2, sublinear_tf=True, stop_words="english", max_features=_MOST_WORDS)
    vectors = words.fit_transform(corpus.texts)
    # Threads add up in an order of their own: with as many as there are cores, each machine would have other topics.
    with threadpool_limits(limits=1):
        directions = TruncatedSVD(_DIRECTIONS, random_state=0).fit_transform(vectors)
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
        found: npt.NDArray[np.int32] = KMeans(count, n_init=2, random_state=0).fit_predict(directions)
    return found
