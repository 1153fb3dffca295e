"""What the wide part reads: all there is, or words alone where these tell more beyond chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.tokenizer import CASE_PIECES, RESERVED_PIECES, Tokenizer
from newsgate.model.wide_features import NO_PIECE
from newsgate.training.corpus import LabelledTexts
from newsgate.training.wide import fit_wide
from newsgate.training.wide_reading import Reading, choose_reading, placements, small_letters, words_tell_more

PIECES = (*RESERVED_PIECES, *CASE_PIECES, "news", "News", "US", "##é", "!", "a", "##ed", "2021")
LABELS = ["fake", "real"] * 100


def reading() -> Reading:
    return Reading.of_all(PythonEncoder(Tokenizer(PIECES)), PIECES, bits=8, max_tokens=16)


def opinions(*, worth: float, seed: int) -> npt.NDArray[np.float64]:
    actual = np.where(np.array(LABELS) == "fake", 1.0, -1.0)
    return np.asarray(worth * actual + np.random.default_rng(seed).normal(size=len(LABELS)))


def test_small_letters_are_those_of_pieces_that_there_are() -> None:
    assert small_letters(PIECES[:9]).tolist() == [0, 1, 2, NO_PIECE, NO_PIECE, 5, 5, 7, 8]


def test_words_alone_are_neither_marks_nor_single_characters_nor_capitals_nor_parts() -> None:
    words = reading().of_words(PIECES)
    counted = [piece for piece, counts in zip(PIECES, words.counted, strict=True) if counts]
    assert counted == [*RESERVED_PIECES, "news", "US", "2021"]
    # "News" is read as "news", a part of a word is the neighbour of its beginning, a mark is nobody's.
    small = dict(zip(PIECES, words.small.tolist(), strict=True))
    assert (small["News"], small["##ed"]) == (PIECES.index("news"), PIECES.index("##ed"))
    assert [small[piece] for piece in ("!", "a", "##é", *CASE_PIECES)] == [NO_PIECE] * (3 + len(CASE_PIECES))


def test_what_is_not_counted_changes_no_score() -> None:
    corpus = LabelledTexts.from_pairs([("news US !", "fake"), ("news 2021", "real")] * 4)
    words = reading().of_words(PIECES)
    wide = fit_wide(corpus, words)
    texts = LabelledTexts.from_pairs([("news US", "fake"), ("News ! US a !", "real")])
    first, second = wide.logits(words.tokens(texts))
    assert first == pytest.approx(second)
    assert first > 0


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40))
def test_the_mean_of_the_placements_is_the_area_under_the_curve(texts: list[tuple[int, bool]]) -> None:
    are_fake = np.array([fake for _, fake in texts])
    if are_fake.all() or not are_fake.any():
        return
    logits = np.array([float(logit) for logit, _ in texts])
    found = placements(logits, are_fake)
    area = roc_auc_score(are_fake, logits)
    assert np.mean(found[are_fake]) == pytest.approx(area)
    assert np.mean(found[~are_fake]) == pytest.approx(area)


def test_words_alone_have_to_be_better_by_more_than_an_error() -> None:
    weak, strong = opinions(worth=0.3, seed=1), opinions(worth=1.5, seed=2)
    assert words_tell_more(weak, strong, LABELS)
    assert not words_tell_more(strong, weak, LABELS)
    assert not words_tell_more(weak, weak, LABELS)


@pytest.mark.parametrize(("by_all", "by_words", "chosen"), [(0.3, 1.5, "words"), (1.5, 0.3, "all")])
def test_the_reading_that_tells_more_is_chosen_with_what_it_says(by_all: float, by_words: float, chosen: str) -> None:
    everything = reading()
    said = {id(everything): opinions(worth=by_all, seed=1)}

    def cross_fitted(asked: Reading) -> npt.NDArray[np.float64]:
        return said.get(id(asked), opinions(worth=by_words, seed=2))

    found, logits = choose_reading(everything, PIECES, LABELS, cross_fitted=cross_fitted)
    assert (found is everything) == (chosen == "all")
    np.testing.assert_array_equal(logits, cross_fitted(found))
