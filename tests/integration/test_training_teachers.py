"""Training with teachers, the whole way: the network learns, and its bundle says by whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsgate.model.bundle import read_bundle
from newsgate.training.progress import Progress
from newsgate.training.train import train_bundle
from tests.claims import ONE_STEP_RECIPE, TAUGHT_RECIPE, TRAIN, VALIDATION


def test_a_network_taught_by_the_linear_model_learns_and_the_bundle_says_by_whom(tmp_path: Path) -> None:
    seen: list[Progress] = []
    bundle = train_bundle(
        TRAIN, validation=VALIDATION, recipe=TAUGHT_RECIPE, progress=seen.append, cache_folder=tmp_path / "cache"
    )
    assert bundle.validation is not None
    assert bundle.validation.accuracy > 0.9
    recipe = read_bundle(bundle.data).metadata.recipe
    assert (recipe["teacher"], recipe["variants"], recipe["word_vectors"]) == ("linear", 2, True)
    assert list(dict.fromkeys(each.stage for each in seen))[:3] == ["vocabulary", "transfer", "fit"]
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".npz"]


@pytest.mark.usefixtures("eagerly")
def test_texts_without_a_label_bring_words_and_no_known_text_is_among_them() -> None:
    new = [f"{text} in quarantine" for text in VALIDATION.texts]
    bundle = train_bundle(
        TRAIN,
        validation=VALIDATION,
        unlabelled=[*TRAIN.texts, *(text.upper() for text in VALIDATION.texts), *new, *new],
        recipe=ONE_STEP_RECIPE,
    )
    assert bundle.metadata.recipe["unlabelled_texts"] == len(set(new))
    assert sum(bundle.metadata.training_data.rows.values()) == len(TRAIN)
    assert "quarantine" in read_bundle(bundle.data).tokenizer.pieces
    without = train_bundle(TRAIN, recipe=replace(ONE_STEP_RECIPE, teacher="none", variants=0), unlabelled=new)
    assert without.metadata.recipe["unlabelled_texts"] == 0


def test_a_network_taught_by_a_cross_fitted_teacher_learns() -> None:
    bundle = train_bundle(TRAIN, validation=VALIDATION, recipe=replace(TAUGHT_RECIPE, linear_folds=3))
    assert bundle.validation is not None
    assert bundle.validation.accuracy > 0.9
    assert bundle.metadata.recipe["linear_folds"] == 3
