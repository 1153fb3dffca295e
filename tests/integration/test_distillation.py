"""What teachers say: their answers in the cache, to whom they may be given, and what labels weigh beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from newsgate.training.corpus import CorpusError, LabelledTexts, hold_back
from newsgate.training.distillation import distilled_examples
from newsgate.training.linear_model import LinearModel, cross_fit_linear, fit_linear
from newsgate.training.progress import silent
from tests.claims import TAUGHT_RECIPE, TRAIN, VALIDATION

Float32 = npt.NDArray[np.float32]


def test_the_answers_of_teachers_are_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = hold_back(TRAIN, share=0.1)
    first = distilled_examples(split, recipe=TAUGHT_RECIPE, cache_folder=tmp_path, progress=silent)
    assert len(first.texts) == 3 * len(split.fitting)
    assert first.texts[: len(split.fitting)] == split.fitting.texts
    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", must_not_be_called)
    again = distilled_examples(split, recipe=replace(TAUGHT_RECIPE, seed=7), cache_folder=tmp_path, progress=silent)
    assert again.texts == first.texts
    np.testing.assert_array_equal(again.targets, first.targets)
    changed = ({"variants": 3}, {"held_back": 0.2}, {"transfer_words": 2_000}, {"linear_folds": 2})
    for other in (replace(TAUGHT_RECIPE, **setting) for setting in changed):
        with pytest.raises(AssertionError, match="asked again"):
            distilled_examples(
                hold_back(TRAIN, share=other.held_back), recipe=other, cache_folder=tmp_path, progress=silent
            )


def test_a_text_that_changed_gives_the_answers_another_name(tmp_path: Path) -> None:
    split = hold_back(TRAIN, share=0.1)
    texts = split.fitting.texts
    shouted = replace(split, fitting=LabelledTexts((texts[0].upper(), *texts[1:]), split.fitting.labels))
    others = {"fake": "real", "real": "fake"}
    relabelled = replace(
        split, fitting=LabelledTexts(texts, (others[split.fitting.labels[0]], *split.fitting.labels[1:]))
    )
    turned = replace(split, fitting=split.fitting.pick(reversed(range(len(texts)))))
    for number, each in enumerate([split, split, shouted, relabelled, turned]):
        distilled_examples(each, recipe=TAUGHT_RECIPE, cache_folder=tmp_path, progress=silent)
        assert len(list(tmp_path.iterdir())) == max(1, number)
    distilled_examples(split, unlabelled=VALIDATION.texts, recipe=TAUGHT_RECIPE, cache_folder=tmp_path, progress=silent)
    assert len(list(tmp_path.iterdir())) == 5


def test_teachers_give_labels_half_of_the_say_about_their_own_texts() -> None:
    split = hold_back(TRAIN, share=0.1)
    examples = distilled_examples(split, recipe=TAUGHT_RECIPE, cache_folder=None, progress=silent)
    own = examples.targets[: len(split.fitting)]
    fake = np.array([label == "fake" for label in split.fitting.labels])
    assert own[fake].min() >= 0.5 * 0.95
    assert own[~fake].max() <= 0.5 * 1.05
    assert ((examples.targets >= 0) & (examples.targets <= 1)).all()


@pytest.mark.parametrize("folds", [1, 3])
def test_teachers_alone_say_what_texts_without_a_label_are(folds: int) -> None:
    split = hold_back(TRAIN, share=0.1)
    recipe = replace(TAUGHT_RECIPE, linear_folds=folds)
    unlabelled = VALIDATION.texts * 100
    told = [
        distilled_examples(split, unlabelled=more, recipe=recipe, cache_folder=None, progress=silent)
        for more in ((), unlabelled)
    ]
    assert told[1].texts == told[0].texts + unlabelled
    np.testing.assert_allclose(told[1].targets[: len(told[0].targets)], told[0].targets, atol=1e-6)
    fake = np.array([label == "fake" for label in VALIDATION.labels * 100])
    assert float(np.mean((told[1].targets[len(told[0].targets) :] > 0.5) == fake)) > 0.95


def test_the_linear_teacher_is_the_same_whatever_was_drawn_before() -> None:
    def answers(seed: int) -> Float32:
        np.random.seed(seed)
        return fit_linear(TRAIN).logits(VALIDATION.texts)

    np.testing.assert_array_equal(answers(1), answers(2))


def test_a_cross_fitted_teacher_knows_no_label_of_what_it_is_asked_about_by_heart() -> None:
    random = np.random.default_rng(0)
    names = tuple(f"{first}{last}" for first in ("an", "be", "co", "du") for last in ("ra", "lo", "mi", "ne", "ty"))
    texts = tuple(" ".join(random.choice(names, size=8)) for _ in range(300))
    # Labels without a reason: whoever is right more often than by chance has seen them.
    noise = LabelledTexts(texts, tuple("fake" if coin else "real" for coin in random.random(300) < 0.5))
    fake = np.array([label == "fake" for label in noise.labels])
    shorter = tuple(text.rsplit(" ", 1)[0] for text in texts)

    def agreement(folds: int, asked: tuple[str, ...]) -> float:
        return float(np.mean((cross_fit_linear(noise, folds=folds).logits(asked, range(300)) > 0) == fake))

    assert agreement(1, texts) > 0.8
    assert agreement(1, shorter) > 0.8
    assert agreement(5, texts) < 0.65
    assert agreement(5, shorter) < 0.65


def test_texts_that_are_new_to_every_part_get_the_mean_of_its_models() -> None:
    crossed = cross_fit_linear(TRAIN, folds=3)
    each = [model.logits(VALIDATION.texts) for model in crossed.models]
    assert len(each) == 3
    np.testing.assert_allclose(crossed.logits(VALIDATION.texts), np.mean(each, axis=0), atol=1e-6)
    one = cross_fit_linear(TRAIN, folds=1)
    np.testing.assert_array_equal(one.logits(VALIDATION.texts), fit_linear(TRAIN).logits(VALIDATION.texts))


def test_a_variant_is_asked_about_as_the_text_it_was_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    split = hold_back(TRAIN, share=0.1)
    blank = replace(split, fitting=LabelledTexts((" ", *split.fitting.texts[1:]), split.fitting.labels))
    asked: list[tuple[str, int]] = []

    class Spy:
        def logits(self, texts: Sequence[str], origins: Sequence[int] | None = None) -> Float32:
            if origins is not None:
                asked.extend(zip(texts, origins, strict=True))
            return fit_linear(TRAIN).logits(texts)

    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", lambda _labelled, *, folds: Spy())
    examples = distilled_examples(blank, recipe=TAUGHT_RECIPE, cache_folder=None, progress=silent)
    rows = len(blank.fitting)
    assert [text for text, _ in asked] == list(examples.texts)
    assert [origin for _, origin in asked] == [*range(rows), *range(1, rows), *range(1, rows)]


def test_texts_that_have_nothing_in_common_are_refused_in_one_line() -> None:
    with pytest.raises(CorpusError, match="two of the texts have in common"):
        fit_linear(LabelledTexts(("alpha", "beta"), ("fake", "real")))


def must_not_be_called(_labelled: Sequence[str], **_settings: object) -> LinearModel:
    raise AssertionError("the teacher is asked again")
