"""Labels that are probably wrong: the ones that models which never saw them confidently contradict."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.labels import FAKE
from newsgate.model.tokenizer import split_words
from newsgate.training.corpus import LabelledTexts
from newsgate.training.optional_libraries import training_unavailable

MAX_SHARE: Final = 0.05
FOLDS: Final = 5


def find_suspects(
    train: LabelledTexts,
    *,
    clusters: Sequence[int] | None = None,
    never: Collection[int] = (),
    max_share: float = MAX_SHARE,
    folds: int = FOLDS,
    seed: int = 0,
) -> tuple[int, ...]:
    """Return the rows of `train`, from 0, whose labels a person should look at again, the likeliest errors first.

    Confident learning, pruning by noise rate (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating
    Uncertainty in Dataset Labels", arXiv 1911.00068, sections 3.1 and 3.2): a text confidently belongs to the label
    whose out-of-sample probability reaches its mean among the texts so labelled, or where both do, to the likelier one.
    The share of the texts labelled a that confidently belong to b says how many labels a are wrong; those that the
    probabilities contradict most are the suspects. A rare label's probabilities are low, and so is their mean: a text
    may well belong to it below one half. The probabilities are a linear model's on TF-IDF word pairs, cross-validated
    in `folds`.

    clusters: near-duplicates (`CorpusSplit.train_clusters`), kept in one fold, else a copy with the same wrong label
    would vouch for it. never: rows that are no suspects, since somebody has confirmed them. max_share: of each label's
    rows that may be suspects at most, so that no label vanishes; the largest contradictions are kept. The same rows in
    the same order give the same suspects; fewer than `folds` texts of a label give none. Raises
    TrainingUnavailableError without scikit-learn.
    """
    if not 0 <= max_share <= 1:
        raise ValueError(f"max_share is {max_share}, not a share between 0 and 1")
    is_fake = np.asarray(train.labels) == FAKE
    groups = np.arange(len(train)) if clusters is None else np.asarray(clusters)
    if min(len(np.unique(groups[is_fake])), len(np.unique(groups[~is_fake]))) < folds:
        return ()
    p_fake = _cross_validated(train, is_fake=is_fake, groups=groups, folds=folds, seed=seed)
    # What p_fake says against the given label: the probability of the other one minus that of its own.
    contradiction = np.where(is_fake, 1.0 - 2.0 * p_fake, 2.0 * p_fake - 1.0)
    contradiction[list(never)] = -1.0
    wrong = _count_wrong(p_fake, is_fake=is_fake)
    suspects: list[int] = []
    for labelled, count in zip((is_fake, ~is_fake), wrong, strict=True):
        rows = np.flatnonzero(labelled & (contradiction > 0))
        most = min(count, int(max_share * np.count_nonzero(labelled)))
        suspects += rows[np.argsort(-contradiction[rows], kind="stable")][:most].tolist()
    return tuple(sorted(suspects, key=lambda row: (-contradiction[row], row)))


def _count_wrong(p_fake: npt.NDArray[np.float64], *, is_fake: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many labels `fake` and how many labels `real` are wrong, by the confident joint's off-diagonal."""
    reaches_fake = p_fake >= np.mean(p_fake[is_fake])
    reaches_real = 1.0 - p_fake >= np.mean(1.0 - p_fake[~is_fake])
    # Equation 1: of the labels whose mean a text reaches, the likeliest.
    confidently_fake = reaches_fake & (~reaches_real | (p_fake > 0.5))
    confidently_real = reaches_real & ~confidently_fake

    def wrong(labelled: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> int:
        against = int(np.sum(labelled & other))
        confident = against + int(np.sum(labelled & own))
        return round(against / confident * int(np.sum(labelled))) if confident else 0

    return wrong(is_fake, confidently_fake, confidently_real), wrong(~is_fake, confidently_real, confidently_fake)


def _cross_validated(
    train: LabelledTexts, *, is_fake: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64], folds: int, seed: int
) -> npt.NDArray[np.float64]:
    """Return the probability of fake [texts] by models that saw neither the text nor a near-duplicate."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedGroupKFold
        from sklearn.pipeline import make_pipeline
    except ImportError as error:
        raise training_unavailable(error, needs="scikit-learn") from error
    texts = np.asarray(train.texts, dtype=object)
    p_fake = np.full(len(train), 0.5)
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fitting, rest in parts.split(texts, is_fake, groups):
        if len(np.unique(is_fake[fitting])) < 2:
            continue
        words = TfidfVectorizer(
            tokenizer=split_words, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True
        )
        model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=1_000))
        model.fit(texts[fitting], is_fake[fitting])
        p_fake[rest] = model.predict_proba(texts[rest])[:, 1]
    return p_fake
