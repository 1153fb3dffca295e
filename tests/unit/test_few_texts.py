"""Two or three texts decide nothing that they cannot know."""

from __future__ import annotations

import math

import numpy as np

from newsgate.model.familiarity import PAIR_SLOTS, Familiarity, LengthCurve
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.tokens import Tokens
from newsgate.model.two_samples import TwoSamples, compare_moments, moments_of
from newsgate.training.blending import fit_blend
from newsgate.training.corpus import LabelledTexts
from newsgate.training.teacher_weights import weigh_teachers
from newsgate.training.vocabulary import learn_tokenizer
from newsgate.training.wide import cross_fitted_logits
from newsgate.training.wide_reading import Reading, words_tell_more


def test_two_texts_with_nearly_the_same_logit_make_nobody_count_a_hundredfold() -> None:
    fitted = np.linspace(-1, 1, 18)
    labels = ["fake", "real"]
    blend = fit_blend(
        np.array([0.501, 0.5]),
        np.array([0.5, -0.5]),
        labels,
        cross_fitted=fitted,
        cross_labels=["real"] * 9 + ["fake"] * 9,
        deep_of_fitted=fitted,
    )
    assert blend.deep < 5
    logits = np.array([[0.501], [0.5]], np.float32)
    weights, _ = weigh_teachers(logits, labels, of_fitted=fitted[:, np.newaxis].astype(np.float32))
    assert weights[0] < 5


def test_of_a_label_with_one_text_the_wide_part_says_nothing_about_texts_it_has_not_seen() -> None:
    labelled = LabelledTexts.from_pairs([("a miracle cure", "fake"), *((f"the council {n}", "real") for n in range(9))])
    tokenizer = learn_tokenizer(labelled.texts, vocabulary_size=100)
    reading = Reading.of_all(PythonEncoder(tokenizer), tokenizer.pieces, bits=8, max_tokens=100)
    assert cross_fitted_logits(labelled, reading).tolist() == [0.0] * 10


def test_by_one_text_of_a_label_words_alone_are_not_chosen() -> None:
    by_all, by_words = np.array([0.5, *range(20)], np.float64), np.array([1.5, *range(20)], np.float64)
    assert not words_tell_more(by_all, by_words, ["fake"] + ["real"] * 20)


def test_samples_that_are_each_all_alike_and_share_nothing_are_apart() -> None:
    def alike(value: float) -> tuple[int, ...]:
        return moments_of(
            p_fake=np.full(30, value),
            familiarity=np.full(30, value),
            token_counts=np.full(30, 8),
            unknown_counts=np.zeros(30, np.int64),
        )

    assert compare_moments(alike(0.1), alike(0.9)) == TwoSamples(0.0, 1.0)
    assert compare_moments(alike(0.1), alike(0.1)) == TwoSamples(1.0, 0.5)


def test_less_like_the_training_than_two_texts_is_not_unfamiliar() -> None:
    known = Familiarity(
        np.zeros(2, np.int16), np.zeros(2, np.int16), np.zeros(PAIR_SLOTS, np.uint8),
        LengthCurve(0, 1, 1, math.log(2), 1), np.array([5.0, 6.0]),
    )  # fmt: skip
    encoder = PythonEncoder(learn_tokenizer(["a a a a a"], vocabulary_size=10))
    tokens: Tokens = encoder.encode(["?"], max_tokens=5)
    assert known.of(tokens).tolist() == [1 / 3]
