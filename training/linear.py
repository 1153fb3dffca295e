"""A linear model on n-grams of words and characters: quick, hard to beat on few texts, and a second opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.labels import FAKE
from model.text import normalise, without_addresses
from training.corpus import CorpusError, LabelledTexts
from training.extra import training_unavailable


@dataclass(frozen=True)
class LinearModel:
    """A fitted pipeline."""

    pipeline: Any

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the signed distances from the boundary, positive for fake: float32 [texts], not calibrated."""
        return np.asarray(self.pipeline.decision_function(_readable(texts)), dtype=np.float32)


def fit_linear(labelled: LabelledTexts) -> LinearModel:
    """Return LinearSVC (C = 1) on TF-IDF of word 1-2-grams and of character 2-5-grams inside words.

    The character n-grams see a word's parts, so that words no training text holds say something too (Bojanowski et al.
    2017, arXiv 1607.04606, make the same of embeddings). Raises TrainingUnavailableError without scikit-learn,
    CorpusError where no word occurs in two texts.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise training_unavailable(error, needs="scikit-learn") from error
    pipeline = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), lowercase=False, min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False, min_df=2, sublinear_tf=True),
        ),
        # Its solver visits the texts in a random order, and would draw a seed from what NumPy drew before.
        LinearSVC(C=1.0, random_state=0),
    )
    try:
        pipeline.fit(_readable(labelled.texts), np.asarray(labelled.labels) == FAKE)
    except ValueError as error:
        raise CorpusError(
            f"a linear teacher finds nothing that two of the texts have in common ({error})",
            remedy="Give more labelled texts",
        ) from error
    return LinearModel(pipeline)


def _readable(texts: Sequence[str]) -> list[str]:
    # An address is random letters, of which character n-grams would learn much and know nothing.
    return [without_addresses(normalise(text, keep_case=True)) for text in texts]
