"""Labelled texts: what is refused, how they are parted, what names them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.model.labels import label_of
from newsgate.model.metadata import MOST_TOKENS
from newsgate.tasks.running.retraining_recipe import recipe_of
from newsgate.training.corpus import CorpusError, LabelledTexts, hold_back, part_evenly
from newsgate.training.recipe import Recipe
from newsgate.worker.settings import load_settings


def corpus_of(rows: int = 40) -> LabelledTexts:
    return LabelledTexts.from_pairs((f"text number {row}", "fake" if row % 4 else "real") for row in range(rows))


@pytest.mark.parametrize(
    ("texts", "labels", "reason"),
    [
        ((), (), "no labelled texts"),
        (("a",), ("fake",), "no text is labelled real"),
        (("a", "b"), ("fake", "FAKE"), "other than fake and real: 'FAKE'"),
        (("a", "b"), ("fake",), "2 texts but 1 labels"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_refused(texts: tuple[str, ...], labels: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        LabelledTexts(texts=texts, labels=labels)


def test_counts() -> None:
    assert corpus_of().counts == {"fake": 30, "real": 10}


def test_fingerprint_ignores_order_and_nothing_else() -> None:
    corpus = corpus_of()
    backwards = corpus.pick(reversed(range(len(corpus))))
    assert backwards.fingerprint() == corpus.fingerprint()
    assert corpus.pick(range(39)).fingerprint() != corpus.fingerprint()
    relabelled = LabelledTexts(texts=corpus.texts, labels=("fake", *corpus.labels[1:]))
    assert relabelled.fingerprint() != corpus.fingerprint()


def test_a_share_of_each_label_is_held_back() -> None:
    split = hold_back(corpus_of(), share=0.1)
    assert split.held_back.counts == {"fake": 3, "real": 1}
    assert len(split.fitting) == 36


def test_the_order_of_the_texts_does_not_move_the_split() -> None:
    corpus = corpus_of()
    backwards = corpus.pick(reversed(range(len(corpus))))
    assert set(hold_back(corpus, share=0.2).held_back.texts) == set(hold_back(backwards, share=0.2).held_back.texts)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["fake", "real"])), max_size=30))
def test_copies_never_straddle_the_split(extra: list[tuple[str, str]]) -> None:
    pairs = [("w", "fake"), ("x", "fake"), ("y", "real"), ("z", "real"), *extra]
    copies = [(f" {text.upper()}\n", label) for text, label in pairs]
    split = hold_back(LabelledTexts.from_pairs([*pairs, *copies]), share=0.3)
    fitting = {text.strip().lower() for text in split.fitting.texts}
    held_back = {text.strip().lower() for text in split.held_back.texts}
    assert not fitting & held_back
    assert len(split.fitting) + len(split.held_back) == 2 * len(pairs)


def test_each_text_once_has_its_first_label_and_stays_in_its_place() -> None:
    corpus = LabelledTexts.from_pairs([("b", "real"), ("a", "fake"), (" B\n", "fake"), ("a", "fake"), ("c", "real")])
    assert corpus.without_copies() == LabelledTexts.from_pairs([("b", "real"), ("a", "fake"), ("c", "real")])
    assert corpus_of().without_copies() == corpus_of()


def test_one_distinct_text_of_a_label_cannot_be_parted() -> None:
    corpus = LabelledTexts.from_pairs([("a", "fake"), ("A ", "fake"), ("b", "real"), ("c", "real")])
    with pytest.raises(CorpusError, match="fewer than two different texts labelled fake"):
        hold_back(corpus, share=0.1)


def test_parts_have_about_as_much_of_each_label() -> None:
    corpus = corpus_of()
    parts = part_evenly(corpus, parts=5)
    counts = [corpus.pick(row for row in range(40) if parts[row] == part).counts for part in range(5)]
    assert counts == [{"fake": 6, "real": 2}] * 5


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["fake", "real"])), max_size=30),
    st.integers(1, 7),
)
def test_copies_share_a_part_and_both_labels_are_left_without_any(extra: list[tuple[str, str]], asked: int) -> None:
    pairs = [("x", "fake"), ("y", "real"), *extra]
    corpus = LabelledTexts.from_pairs([*pairs, *((f" {text.upper()}\n", label) for text, label in pairs)])
    parts = part_evenly(corpus, parts=asked)
    assert {text.strip().lower() for text in corpus.texts} == {text for text, _ in pairs}
    for text in {text for text, _ in pairs}:
        assert len({part for each, part in zip(corpus.texts, parts, strict=True) if each.strip().lower() == text}) == 1
    assert parts.max() < asked
    if parts.max() > 0:
        for part in range(parts.max() + 1):
            corpus.pick(row for row in range(len(corpus)) if parts[row] != part)


@pytest.mark.parametrize(
    "setting",
    [
        {"vocabulary_size": 0},
        {"dropout": 1.0},
        {"dropout": True},
        {"held_back": -0.1},
        {"held_back": 0},
        {"held_back": "a tenth"},
        {"learning_rate": -1},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"linear_folds": 0},
        {"transfer_words": 0},
        {"max_epochs": 2.5},
        {"max_epochs": True},
        {"max_tokens": MOST_TOKENS + 1},
        {"batch_rows": 64.0},
        {"lstm_units": 1.5},
        {"patience": -3},
        {"seed": -1},
        {"seed": 2**32},
        {"seed": "x"},
        {"variants": -1},
        {"word_vectors": "no"},
        {"teacher": ["linear"]},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(ValueError, match=f"^{name} is .*, not "):
        Recipe(**setting)


def test_the_ends_of_what_a_recipe_may_say() -> None:
    Recipe(max_tokens=MOST_TOKENS, patience=0, dropout=0, word_dropout=0, label_smoothing=0.0, seed=2**32 - 1)
    Recipe(max_tokens=1, held_back=1e-9, learning_rate=1, seed=0, word_vectors=False)


@pytest.mark.parametrize("seed", ["-1", "4294967296", "x"])
def test_a_seed_that_no_training_takes_is_wrong_usage(seed: str) -> None:
    done = CliRunner().invoke(newsgate, ["train", "labelled.csv", "--seed", seed])
    assert done.exit_code == 2
    assert "--seed" in done.stderr


def test_a_scheduled_recipe_that_cannot_be_followed_is_told_beforehand() -> None:
    with pytest.raises(WrongUsageError, match="max_tokens is 20000, not a whole number from 1 to 16384"):
        recipe_of(load_settings(retrain_recipe='{"max_tokens": 20000}'))


def test_every_setting_of_a_recipe_is_checked() -> None:
    for each in fields(Recipe):
        with pytest.raises(ValueError, match=f"^{each.name} is None, not "):
            Recipe(**{each.name: None})  # type: ignore[arg-type]


def test_a_label_needs_a_number() -> None:
    assert (label_of(0.5), label_of(0.4999)) == ("fake", "real")
    with pytest.raises(ValueError, match="not a number"):
        label_of(float("nan"))
