"""A linear model on n-grams of words and characters: quick, hard to beat on few texts, and a second opinion.

With thousands of n-grams a text it knows the label of every text it was fitted to, and so of what is made of such a
text. Cross-fitted, it is asked only about texts it has not seen, and its word weighs what it weighs on new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.model.tokenizer import normalise, without_addresses
from newsgate.training.corpus import CorpusError, LabelledTexts, part_evenly
from newsgate.training.optional_libraries import training_unavailable

# scikit-learn's C. At its default of 1 the n-grams of a text learn its label by heart; where labels are noisy, as most
# are that people give, it is then worse on new texts. Where they are clean, 1 would be a little better.
_INVERSE_PENALTY: Final = 0.2
_WORD_OR_MARK: Final = r"\w+|[^\w\s]"

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LinearModel:
    """A fitted pipeline."""

    pipeline: Any

    def logits(self, texts: Sequence[str]) -> Float32:
        """Return the signed distances from the boundary, positive for fake: float32 [texts], not calibrated."""
        return np.asarray(self.pipeline.decision_function(_readable(texts)), dtype=np.float32)


@dataclass(frozen=True)
class CrossFitted:
    """Models that are each fitted to all parts of the texts but one (stacking; Wolpert 1992, section 3).

    parts: of each fitted text the part it is in, int [fitted texts]; a part's number is that of the model without it.
    """

    models: tuple[LinearModel, ...]
    parts: npt.NDArray[np.int64]

    def logits(self, texts: Sequence[str], origins: Sequence[int] | None = None) -> Float32:
        """Return what the models say that do not know a text: float32 [texts], positive for fake.

        origins: of each text the fitted text that it is, or was made of; None for texts that are new to all the
        models, whose mean it is then.
        """
        if origins is None:
            return np.asarray(np.mean([model.logits(texts) for model in self.models], axis=0), dtype=np.float32)
        parts = self.parts[np.asarray(origins, dtype=np.int64)]
        logits = np.empty(len(texts), np.float32)
        for part, model in enumerate(self.models):
            rows = np.flatnonzero(parts == part)
            if len(rows):
                logits[rows] = model.logits([texts[row] for row in rows.tolist()])
        return logits


def cross_fit_linear(labelled: LabelledTexts, *, folds: int) -> CrossFitted:
    """Return linear models of `labelled`, in as many parts as `folds`, or fewer where a label has fewer texts.

    With one part, one model is fitted to all the texts and asked about them. Raises as `fit_linear` does.
    """
    parts = part_evenly(labelled, parts=folds)
    count = int(parts.max()) + 1
    if count == 1:
        return CrossFitted((fit_linear(labelled),), parts)
    return CrossFitted(tuple(fit_linear(labelled.pick(np.flatnonzero(parts != part))) for part in range(count)), parts)


def fit_linear(labelled: LabelledTexts) -> LinearModel:
    """Return LinearSVC on TF-IDF of word and mark 1-2-grams, and of character 2-5-grams inside words.

    Marks are words here: quotation marks, dashes and colons tell headlines and posts of one source from another's. The
    character n-grams see a word's parts, so that words no training text holds say something too (Bojanowski et al.
    2017, arXiv 1607.04606, make the same of embeddings), and they alone see capitals: what a word means does not depend
    on them, and word pairs are rare enough. Raises TrainingUnavailableError without scikit-learn, CorpusError where
    nothing occurs in two texts.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise training_unavailable(error, needs="scikit-learn") from error
    pipeline = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=_WORD_OR_MARK, ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False, min_df=2, sublinear_tf=True),
        ),
        # Its solver visits the texts in a random order, and would draw a seed from what NumPy drew before.
        LinearSVC(C=_INVERSE_PENALTY, random_state=0),
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
