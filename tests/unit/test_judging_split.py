"""Labels parted into training and judging: no text, and no near-duplicate of one, is ever on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.tasks.retraining.retrain import too_few_judges
from newsgate.training.corpus import CorpusError
from newsgate.training.judging_split import (
    BOTH_SIDES,
    CANNOT_JUDGE,
    REPEATS_A_JUDGE,
    TEST_SET,
    CorpusSplit,
    Judgement,
    split_labels,
)
from newsgate.training.near_duplicates import near_duplicates

ALPHABET = (
    "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey"
)
WORDS = "garlic virus vaccine minister says cure found water cases today hospital mask"
# Two texts that always train, so that a split exists whatever else is labelled.
ANCHORS = (
    Judgement(-2, "an anchor that is fake beyond all doubt", "fake", judges=False),
    Judgement(-1, "one more such weight, real as iron is real", "real", judges=False),
)

# Windows into one list of words: those that start close by are near-duplicates, those further apart only by a chain.
windows = st.integers(0, 7).map(lambda start: " ".join(ALPHABET.split()[start : start + 16]))
loose = st.lists(st.sampled_from(WORDS.split()), min_size=3, max_size=9).map(" ".join)
kinds = st.sampled_from([(False, False), (True, False), (True, False), (True, True)])


@st.composite
def histories(draw: st.DrawFn) -> list[Judgement]:
    """Return labels of which many are about the same or nearly the same text."""
    judgements = list(ANCHORS)
    for number, text in enumerate(draw(st.lists(windows | loose, min_size=2, max_size=10)), start=1):
        judges, is_test = draw(kinds)
        text += draw(st.sampled_from(["", "", " 5 !"]))
        given_label = draw(st.sampled_from(["fake", "real"]))
        judgements.append(Judgement(number, text, given_label, judges=judges, is_test=is_test))
    return judgements


def taken_back(judgement: Judgement) -> Judgement:
    return replace(judgement, counts=False)


def label(number: int, text: str, given_label: str = "fake", *, chosen: str = "random") -> Judgement:
    return Judgement(number, text, given_label, judges=chosen in ("random", "test"), is_test=chosen == "test")


def judging_texts(split: CorpusSplit) -> set[str]:
    return set() if split.judging is None else set(split.judging.texts)


def many(rows: int, *, chosen: str, first: int = 1) -> list[Judgement]:
    """Return labels of texts that have nothing in common, half of them fake."""
    random = Random(f"{chosen} {first}")
    return [
        label(first + row, "".join(random.choices(ascii_lowercase, k=30)), ("fake", "real")[row % 2], chosen=chosen)
        for row in range(rows)
    ]


@settings(max_examples=100, deadline=None)
@given(histories(), st.sampled_from([0.2, 0.5]))
def test_no_text_ever_changes_sides_and_no_near_duplicate_is_across(
    history: Sequence[Judgement], judging_share: float
) -> None:
    trained: set[str] = set()
    judged: set[str] = set()
    # Every label after the anchors may be followed by a training.
    for judgement in history[len(ANCHORS) :]:
        split = split_labels(history, judging_share=judging_share, up_to=judgement.label_id)
        trained |= set(split.train.texts)
        judged |= judging_texts(split)
        assert not trained & judged
        assert not any(near_duplicates(one, other) for one in split.train.texts for other in judging_texts(split))


@settings(max_examples=50, deadline=None)
@given(histories())
def test_only_what_may_judge_judges_and_test_sets_never_train(history: Sequence[Judgement]) -> None:
    split = split_labels(history, judging_share=0.5)
    may_judge = {judgement.text for judgement in history if judgement.judges}
    of_test_sets = {judgement.text for judgement in history if judgement.is_test}
    assert judging_texts(split) <= may_judge
    assert not of_test_sets & set(split.train.texts)
    distinct = {judgement.text for judgement in history}
    assert split.counts["train"] + split.counts["judging"] + sum(split.left_out.values()) == len(distinct)


@settings(max_examples=30, deadline=None)
@given(histories())
def test_the_order_of_the_rows_makes_no_difference(history: list[Judgement]) -> None:
    assert split_labels(reversed(history)) == split_labels(history)


def test_a_share_of_the_random_ones_judges() -> None:
    split = split_labels(many(600, chosen="random"))
    assert split.counts["judging"] == pytest.approx(120, abs=30)
    assert split.counts["train"] == 600 - split.counts["judging"]
    assert split.left_out == {}


@pytest.mark.parametrize("chosen", ["uncertain", "import", "file", "direct"])
def test_what_was_picked_trains_and_never_judges(chosen: str) -> None:
    split = split_labels(many(60, chosen=chosen))
    assert (split.counts, split.left_out, split.judging) == ({"train": 60, "judging": 0}, {}, None)


def test_a_test_set_judges_whole() -> None:
    split = split_labels([*ANCHORS, *many(60, chosen="test")])
    assert split.judging is not None
    assert len(split.judging) == 60
    assert split.train.texts == tuple(anchor.text for anchor in ANCHORS)


TEST_TEXT = "garlic water cures the virus within a single day, doctors say"


def split_of(*more: Judgement) -> CorpusSplit:
    """Return the split of some labels beside ones that train and ones that judge."""
    return split_labels([*ANCHORS, *many(4, chosen="test"), *more])


def test_what_comes_near_a_judging_text_is_left_out() -> None:
    split = split_of(
        label(10, TEST_TEXT, chosen="test"),
        label(11, f"RT {TEST_TEXT}", chosen="uncertain"),
        label(12, f"{TEST_TEXT} https://t.co/x", chosen="random"),
    )
    assert TEST_TEXT in judging_texts(split)
    assert split.left_out == {CANNOT_JUDGE: 1, REPEATS_A_JUDGE: 1}


def test_a_test_set_that_repeats_training_texts_takes_them_out_of_training() -> None:
    split = split_of(label(10, TEST_TEXT, chosen="import"), label(11, f"RT {TEST_TEXT}", chosen="test"))
    assert split.counts == {"train": 2, "judging": 4}
    assert split.left_out == {BOTH_SIDES: 1, TEST_SET: 1}
    same = split_of(label(10, TEST_TEXT, chosen="import"), label(11, TEST_TEXT, chosen="test"))
    assert same.left_out == {TEST_SET: 1}


def test_clusters_of_both_sides_that_become_one_are_left_out_for_good() -> None:
    left, middle, right = (" ".join(ALPHABET.split()[start : start + 16]) for start in (0, 2, 4))
    assert near_duplicates(left, middle)
    assert near_duplicates(middle, right)
    assert not near_duplicates(left, right)
    both = (label(20, left, chosen="test"), label(21, right, chosen="direct"))
    assert split_of(*both).left_out == {}
    bridged = (*both, label(22, middle, chosen="random"))
    assert split_of(*bridged).left_out == {TEST_SET: 1, BOTH_SIDES: 2}
    assert split_of(*bridged, label(23, f"RT {right}", chosen="random")).left_out == {TEST_SET: 1, BOTH_SIDES: 3}


def test_the_latest_label_of_a_text_counts_and_judges_only_where_it_may() -> None:
    split = split_of(
        label(10, TEST_TEXT, "fake", chosen="test"),
        label(11, TEST_TEXT, "real", chosen="test"),
        label(12, TEST_TEXT, "fake", chosen="disagreement"),
        label(13, "a text that is only for training at first", "fake", chosen="direct"),
        label(14, "a text that is only for training at first", "real", chosen="suspect"),
    )
    assert split.judging is not None
    assert dict(zip(split.judging.texts, split.judging.labels, strict=True))[TEST_TEXT] == "real"
    assert (split.train.labels[-1], split.train_label_ids[-1]) == ("real", 14)


@settings(max_examples=100, deadline=None)
@given(histories(), st.data())
def test_no_text_changes_sides_where_labels_are_taken_back_and_given_again(
    history: list[Judgement], data: st.DataObject
) -> None:
    before = split_labels(history, judging_share=0.5)
    gone = data.draw(st.sets(st.integers(1, len(history) - len(ANCHORS))))
    kept = [taken_back(each) if each.label_id in gone else each for each in history]
    again = [
        label(100 + each.label_id, each.text, each.label, chosen=data.draw(st.sampled_from(["random", "direct"])))
        for each in history
        if each.label_id in gone
    ]
    after = split_labels([*kept, *again], judging_share=0.5)
    assert not set(before.train.texts) & judging_texts(after)
    assert not judging_texts(before) & set(after.train.texts)


def test_a_label_that_was_taken_back_neither_trains_nor_judges() -> None:
    judges = label(1, TEST_TEXT, "fake", chosen="test")
    trains = label(2, "a text that is only for training", "fake", chosen="direct")
    others = many(20, chosen="test", first=3)
    split = split_of(taken_back(judges), taken_back(trains), *others)
    assert TEST_TEXT not in judging_texts(split)
    assert trains.text not in split.train.texts
    assert split.left_out == {}
    # A model may have learned from what was taken back.
    drawn = [label(100 + number, each.text, "real", chosen="test") for number, each in enumerate((judges, trains))]
    again = split_of(taken_back(judges), taken_back(trains), *others, *drawn)
    assert TEST_TEXT in judging_texts(again)
    assert again.left_out == {TEST_SET: 1}


def test_the_bundle_is_told_what_it_was_trained_on() -> None:
    split = split_of()
    assert split.as_json() == {
        "label_id": 4,
        "fingerprint": split.fingerprint,
        "counts": {"train": 2, "judging": 4},
        "left_out": {},
        "judging_share": 0.2,
        "clustering": "char5-jaccard0.7-minhash40x4-seed1",
    }
    assert split_of(label(9, "one more text", chosen="direct")).fingerprint != split.fingerprint


def test_rows_can_be_set_aside_for_a_stated_reason() -> None:
    split = split_of(*many(10, chosen="direct", first=20))
    less = split.without([3, 5], reason="suspect")
    assert len(less.train) == len(less.train_label_ids) == len(less.train_clusters) == 10
    assert not {split.train.texts[3], split.train.texts[5]} & set(less.train.texts)
    assert (less.counts["train"], less.left_out) == (10, {"suspect": 2})
    assert less.fingerprint != split.fingerprint
    assert split.without([], reason="suspect") is split


@pytest.mark.parametrize(
    ("judgements", "reason"),
    [([], "no labels"), ([label(1, "a")], "no text is labelled real"), ([label(1, "a", chosen="test")], "no labelled")],
)
def test_labels_that_cannot_train_are_refused(judgements: Iterable[Judgement], reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        split_labels(judgements, judging_share=0.0)


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="judging_share is 1"):
        split_labels(ANCHORS, judging_share=1)
    with pytest.raises(ValueError, match="a label of a test set judges"):
        Judgement(1, "a", "fake", judges=False, is_test=True)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (40, "40 labelled texts may judge models, fewer than 200"),
        (220, "220 labelled texts may judge models, but all of"),
    ],
)
def test_why_nothing_can_be_decided_is_told_with_the_rows_that_there_are(rows: int, told: str) -> None:
    split = split_of(*(replace(each, label="fake") for each in many(rows, chosen="test")))
    assert split.judging is None
    why = too_few_judges(split)
    assert why is not None
    assert why["reason"].startswith(told)
    assert why["judging_rows"] == rows
