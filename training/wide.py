"""Fitting the wide part: a linear model on the tokens and pairs of tokens of the labelled texts, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.model.numpy_runtime import NumpyRuntime
from newsgate.model.text_encoder import open_encoder
from newsgate.model.tokenizer import Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Weights, WideWeights
from newsgate.model.wide import WidePart
from newsgate.model.wide_features import different, features_of
from newsgate.training.blending import Blend, fit_blend
from newsgate.training.corpus import LabelledTexts, Split, part_evenly
from newsgate.training.logistic_regression import FEW_TEXTS
from newsgate.training.optional_libraries import training_unavailable
from newsgate.training.recipe import Recipe
from newsgate.training.wide_reading import Int64, Reading, choose_reading

# scikit-learn's C.
_INVERSE_PENALTY: Final = 1.0
# What is in one text alone tells that text from the others, and nothing about new ones.
_LEAST_TEXTS: Final = 2
# Of the fitting texts, each judged by a wide part that was fitted to the others.
_PARTS: Final = 5
# The largest whole number of each kind: enough that rounding shows nowhere, few enough that sums stay exact.
_MOST_EVIDENCE: Final = 2047
_SQUARES_A_UNIT: Final = 64

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedWide:
    """A fitted wide part, and its intercept: what it says of a text of which it knows nothing.

    Each fit has an intercept of its own, so logits without it stand in different places.
    """

    weights: WideWeights
    intercept: float

    def logits(self, tokens: Tokens) -> Float64:
        """Return the logits with the intercept, float64 [texts]."""
        return WidePart(self.weights).logits(tokens) + self.intercept


def fit_wide(labelled: LabelledTexts, reading: Reading) -> FittedWide:
    """Return LinearSVC on the features that the texts hold (`model.wide_features`).

    Raises TrainingUnavailableError without scikit-learn.
    """
    try:
        from scipy.sparse import csr_matrix
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise training_unavailable(error, needs="scikit-learn") from error
    size = len(reading.small) + (1 << reading.bits)
    found = features_of(reading.tokens(labelled), small=reading.small, bits=reading.bits)
    texts, features = different(found, count=size)
    squares = _squares(np.bincount(features, minlength=size), texts=len(labelled))
    squares[: len(reading.small)][~reading.counted] = 0.0
    # What will be served: the rounded squares, not the ones before.
    idf = np.sqrt(squares / _SQUARES_A_UNIT)
    vectors = csr_matrix((idf[features], (texts, features)), shape=(len(labelled), size))
    norms = np.sqrt(np.bincount(texts, weights=squares[features], minlength=len(labelled)) / _SQUARES_A_UNIT)
    vectors.data /= np.maximum(norms, 1e-9)[texts]
    # Its solver visits the texts in a random order.
    model = LinearSVC(C=_INVERSE_PENALTY, random_state=0, fit_intercept=True)
    model.fit(vectors, np.asarray(labelled.labels) == FAKE)
    weights = _whole(model.coef_[0] * idf, squares, small=reading.small)
    return FittedWide(weights, float(model.intercept_[0]))


def add_wide(weights: Weights, split: Split, *, tokenizer: Tokenizer, recipe: Recipe) -> tuple[Weights, Weights]:
    """Return the LSTM's `weights` with a wide part fitted to the same texts, and both weighed on those held back.

    First as they were weighed, to be measured on the held-back texts; then with a wide part that is fitted to these as
    well, to be served. Where labels are few, a tenth more of them is worth a point or two.
    """
    # The tokens are the same whoever finds them, and C finds them sooner.
    encoder = open_encoder(tokenizer, compiled=True)
    fitting, different = split.fitting, split.held_back.without_copies()
    reading, cross_fitted = choose_reading(
        Reading.of_all(encoder, tokenizer.pieces, bits=recipe.wide_bits, max_tokens=recipe.max_tokens),
        tokenizer.pieces,
        fitting.labels,
        cross_fitted=partial(cross_fitted_logits, fitting),
    )
    wide = fit_wide(fitting, reading)
    held_back = encoder.encode(different.texts, max_tokens=recipe.max_tokens)
    deep = NumpyRuntime(weights)
    few = len(different) < FEW_TEXTS
    blend = fit_blend(
        deep.logits(held_back),
        wide.logits(held_back),
        different.labels,
        cross_fitted=cross_fitted,
        cross_labels=fitting.labels,
        deep_of_fitted=deep.logits(reading.tokens(fitting)) if few else None,
    )
    everything = LabelledTexts(fitting.texts + split.held_back.texts, fitting.labels + split.held_back.labels)
    return _blended(weights, wide, blend), _blended(weights, fit_wide(everything, reading), blend)


def _blended(weights: Weights, wide: FittedWide, blend: Blend) -> Weights:
    bias = np.float32(blend.bias + blend.wide * wide.intercept)
    return replace(
        weights,
        output_kernel=weights.output_kernel * np.float32(blend.deep),
        output_bias=weights.output_bias * np.float32(blend.deep) + bias,
        wide=replace(wide.weights, scale=wide.weights.scale * np.float32(blend.wide)),
    )


def cross_fitted_logits(labelled: LabelledTexts, reading: Reading) -> Float64:
    """Return what wide parts say of texts that they were not fitted to, float64 [texts]: 0 if a label has one text."""
    parts = part_evenly(labelled, parts=_PARTS)
    logits = np.zeros(len(labelled))
    if not parts.any():
        return logits
    for part in range(int(parts.max()) + 1):
        mine = np.flatnonzero(parts == part)
        wide = fit_wide(labelled.pick(np.flatnonzero(parts != part)), reading)
        logits[mine] = wide.logits(reading.tokens(labelled.pick(mine)))
    return logits


def _squares(texts_with: npt.NDArray[np.integer[Any]], *, texts: int) -> Float64:
    """Return the squared idf of each feature in whole numbers; 0 for what fewer than two texts have.

    idf = ln((1 + n) / (1 + n_f)) + 1, smoothed as scikit-learn's `TfidfTransformer` has it.
    """
    idf = np.log((1 + texts) / (1 + texts_with)) + 1
    return np.where(texts_with >= _LEAST_TEXTS, np.round(_SQUARES_A_UNIT * idf**2), 0.0)


def _whole(evidence: Float64, squares: Float64, *, small: Int64) -> WideWeights:
    """Return the weights times idf as whole numbers, and the scale that makes a logit of both sums."""
    unit = max(float(np.abs(evidence).max()), 1e-9) / _MOST_EVIDENCE
    return WideWeights(
        evidence=np.round(evidence / unit).astype(np.float32),
        squares=squares.astype(np.float32),
        scale=np.array([unit * np.sqrt(_SQUARES_A_UNIT)], np.float32),
        small=small.astype(np.float32),
    )
