"""Suspect labels: wrong ones are found, right ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.training.corpus import LabelledTexts
from newsgate.training.judging_split import Judgement, split_labels
from newsgate.training.suspect_labels import find_suspects

FAKE_WORDS = "miracle hoax secret aliens exposed shocking cure banned leaked plot"
REAL_WORDS = "report council budget opened minutes annual library statement figures court"
NEUTRAL = "the of on monday city people said new many about region week year some after"
ROWS = 600
FLIPPED = 30
RARE = 20


def corpus(*, flipped: int = FLIPPED) -> tuple[LabelledTexts, set[int]]:
    """Return texts whose words mostly give the label away, and which rows have the wrong one."""
    random = np.random.default_rng(3)
    pairs = []
    for row in range(ROWS):
        own, others = (FAKE_WORDS, REAL_WORDS) if row % 2 else (REAL_WORDS, FAKE_WORDS)
        words = [*random.choice(own.split(), 4), random.choice(others.split()), *random.choice(NEUTRAL.split(), 6)]
        pairs.append((" ".join(random.permutation(words)), "fake" if row % 2 else "real"))
    wrong = {int(row) for row in random.choice(ROWS, flipped, replace=False)}
    turned = {"fake": "real", "real": "fake"}
    return (
        LabelledTexts.from_pairs(
            (text, turned[label] if row in wrong else label) for row, (text, label) in enumerate(pairs)
        ),
        wrong,
    )


def rare_fakes() -> LabelledTexts:
    """Return few texts labelled fake among many real ones; the words hint at the label and no more."""
    random = np.random.default_rng(4)
    vocabulary = [f"word{number}" for number in range(200)]
    pairs = []
    for row in range(ROWS):
        label = "fake" if row < RARE else "real"
        hints = random.choice((FAKE_WORDS if label == "fake" else REAL_WORDS).split(), 1)
        pairs.append((" ".join([*hints, *random.choice(vocabulary, 12)]), label))
    return LabelledTexts.from_pairs(pairs)


def test_most_flipped_labels_are_found_and_few_others() -> None:
    train, wrong = corpus()
    found = find_suspects(train, max_share=0.1)
    assert len(wrong & set(found)) >= 0.9 * FLIPPED
    assert len(set(found) - wrong) <= 0.1 * FLIPPED
    assert found == find_suspects(train, max_share=0.1)


def test_labels_that_are_right_are_mostly_left_alone() -> None:
    train, _ = corpus(flipped=0)
    assert len(find_suspects(train)) <= 0.01 * ROWS


def test_at_most_a_share_is_suspect_and_the_largest_contradictions_come_first() -> None:
    train, wrong = corpus()
    found, more = find_suspects(train, max_share=0.02), find_suspects(train, max_share=0.1)
    assert set(found) <= wrong
    for label, rows in train.counts.items():
        mine = [row for row in more if train.labels[row] == label]
        assert [row for row in found if train.labels[row] == label] == mine[: int(0.02 * rows)]
    assert list(found) == [row for row in more if row in found]
    assert find_suspects(train, max_share=0.0) == ()


def test_a_rare_label_is_not_suspect_for_being_rare() -> None:
    # No text of it is likelier fake than real; some are likelier fake than the fakes are on the whole.
    train = rare_fakes()
    found = find_suspects(train, max_share=0.99)
    assert sum(train.labels[row] == "fake" for row in found) < RARE - 2


def test_no_label_vanishes() -> None:
    train = rare_fakes()
    suspects = find_suspects(train)
    assert [train.labels[row] for row in suspects].count("fake") <= 0.05 * RARE
    split = split_labels(
        Judgement(row + 1, text, label, judges=False)
        for row, (text, label) in enumerate(zip(train.texts, train.labels, strict=True))
    )
    assert split.without(find_suspects(split.train), reason="suspect").train.counts["fake"] >= 0.95 * RARE


def test_what_somebody_confirmed_is_no_suspect_again() -> None:
    train, _ = corpus()
    first = find_suspects(train)
    assert not set(first[:5]) & set(find_suspects(train, never=first[:5]))


def test_copies_with_the_same_wrong_label_do_not_vouch_for_each_other() -> None:
    train, _ = corpus(flipped=0)
    wrong = " ".join([FAKE_WORDS, "the week"])
    rows = [*zip(train.texts, train.labels, strict=True), *[(wrong, "real")] * 12]
    clusters = [*range(ROWS), *[ROWS] * 12]
    copies = set(range(ROWS, ROWS + 12))
    with_copies = LabelledTexts.from_pairs(rows)
    assert copies <= set(find_suspects(with_copies, clusters=clusters))


def test_too_few_texts_give_no_suspects() -> None:
    few = LabelledTexts.from_pairs([("a b", "fake"), ("c d", "real")] * 3)
    assert find_suspects(few, clusters=[0, 1] * 3) == ()


def test_a_share_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match="max_share is 2"):
        find_suspects(corpus()[0], max_share=2)
