"""The benchmark that leaves topics out: its folds share no text, and its table has means of sets, not of tests."""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.left_out_topics import Measured, table
from benchmarks.accuracy.topics import FOLDS, leave_topics_out
from newsgate.training.corpus import LabelledTexts


def corpus() -> LabelledTexts:
    """Texts of sixty subjects, each with words of its own, both labels in all of them."""
    random = np.random.default_rng(0)
    rows = []
    for subject in range(60):
        words = [f"w{subject}x{number}" for number in range(6)]
        rows += [(" ".join(random.choice(words, 5)), label) for label in ("fake", "real") * 3]
    return LabelledTexts.from_pairs(rows)


def test_no_text_is_left_out_twice_and_none_is_lost() -> None:
    whole = corpus()
    folds = leave_topics_out(whole)
    assert len(folds) == FOLDS
    for train, test in folds:
        assert sorted(train.texts + test.texts) == sorted(whole.texts)
    tested = [set(test.texts) for _, test in folds]
    assert all(one.isdisjoint(other) for place, one in enumerate(tested) for other in tested[:place])


def test_a_topic_is_on_one_side() -> None:
    for train, test in leave_topics_out(corpus()):
        subjects = [{text.split()[0].split("x")[0] for text in side.texts} for side in (train, test)]
        # Fewer clusters than subjects: some hold two, none is cut apart often.
        assert len(subjects[0] & subjects[1]) <= 3


def measured(name: str, fold: int, newsgate: float, svc: float, *, recipe: str = "plain") -> Measured:
    return Measured(
        set=name,
        fold=fold,
        seed=0,
        settings_sha256="",
        texts_sha256="",
        train_rows=10,
        test_rows=5,
        newsgate=newsgate,
        svc=svc,
        training_seconds=1.0,
        recipe=recipe,
        made={"date": "2026-11-29", "commit": "abc", "processor": "any"},
    )


def test_a_set_with_more_tests_counts_no_more_than_another() -> None:
    found = [measured("onion", 0, 0.9, 0.8), measured("onion", 1, 0.9, 0.7), measured("ott", 0, 0.8, 0.9)]
    told = table(found)
    assert "| onion | 2 | 90.0 | 75.0 | +15.0 | +10.0 | +20.0 |" in told
    assert "| ott | 1 | 80.0 | 90.0 | -10.0 | -10.0 | -10.0 |" in told
    assert "over the 2 sets: +2.5 points." in told
    assert told.endswith("2026-11-29, commit abc; any.")
    assert table([]) == "Not measured yet."


def test_a_recipe_has_a_table_of_its_own() -> None:
    told = table([measured("ott", 0, 0.8, 0.9), measured("ott", 0, 0.95, 0.9, recipe="best")])
    plain, best = told.split("newsgate, best")
    assert "-10.0" in plain
    assert "+5.0" in best
    assert "-10.0" not in best
