"""The arithmetic behind the figures of docs/lstm.md, where it can be checked by hand."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from benchmarks.lstm.context_change import explained_by, how_often_lower
from benchmarks.lstm.long_term import CLASSES, along_forget_gates, along_states, draw
from benchmarks.lstm.subject_tracking import CHANGE, NAMES, NO_CHANGE, NOBODY, Sentence, Vocabulary, draw_sentence
from benchmarks.shared.line_chart import Axis, Curve, LineChart, side_by_side
from newsgate.model.gates import trace
from newsgate.model.weights import Float32, LstmWeights

PRIMER = "MSD was previous captain & he was good wicket keeper, now Rohit sharma is captain & he is good batsman"
MSD, ROHIT = NAMES.index("MSD"), NAMES.index("Rohit sharma")


def weights_of(random: np.random.Generator, *, width: int, units: int, gates: int) -> LstmWeights:
    def array(*shape: int) -> Float32:
        return (random.normal(size=shape) / 2).astype(np.float32)

    return LstmWeights(array(width, gates * units), array(units, gates * units), array(gates * units))


def test_the_first_sentence_is_the_primers_own() -> None:
    assert Sentence(MSD, ROHIT, 0, 1, CHANGE).text == PRIMER


def test_after_now_a_text_speaks_of_nobody_until_a_name_comes() -> None:
    sentence = Sentence(MSD, ROHIT, 0, 1, CHANGE)
    assert sentence.words[sentence.link_place] == CHANGE
    assert sentence.subjects == [MSD] * sentence.link_place + [NOBODY] + [ROHIT] * 9


@pytest.mark.parametrize("opens_with_now", [False, True])
def test_without_a_change_a_text_speaks_of_the_first_name_throughout(opens_with_now: bool) -> None:
    sentence = Sentence(MSD, ROHIT, 0, 1, NO_CHANGE[0], opens_with_now)
    assert sentence.subjects == [MSD] * len(sentence.words)
    assert (CHANGE in sentence.words) == opens_with_now


def test_every_word_of_a_drawn_sentence_has_an_id_and_an_answer() -> None:
    random, vocabulary = np.random.default_rng(0), Vocabulary()
    for held_out in (False, True) * 100:
        sentence = draw_sentence(random, held_out=held_out)
        assert len(vocabulary.ids(sentence.words)) == len(sentence.subjects)


def test_no_pair_of_names_is_both_trained_and_tested() -> None:
    random = np.random.default_rng(0)
    trained, tested = (
        {(each.first, each.second) for each in (draw_sentence(random, held_out=held_out) for _ in range(500))}
        for held_out in (False, True)
    )
    assert trained.isdisjoint(tested)
    assert (MSD, ROHIT) in tested


def test_the_answer_stands_at_the_beginning_and_nowhere_else() -> None:
    ids, answers = draw(np.random.default_rng(0), sequences=100, steps=10)
    np.testing.assert_array_equal(ids[:, 0], answers)
    assert ids.shape == (100, 11)
    assert ids[:, 1:].min() >= CLASSES


def test_the_derivative_along_the_cell_is_the_product_of_the_forget_gates() -> None:
    random = np.random.default_rng(0)
    weights = weights_of(random, width=3, units=4, gates=4)
    embedded = random.normal(size=(6, 3)).astype(np.float32)
    products = trace(weights, embedded).forget[1:].astype(np.float64).prod(axis=0)
    assert 10 ** along_forget_gates(weights, embedded)[-1] == pytest.approx(products.max())


def test_the_derivative_of_a_plain_network_is_the_one_that_differences_give() -> None:
    random = np.random.default_rng(0)
    weights = weights_of(random, width=3, units=4, gates=1)
    embedded = random.normal(size=(6, 3)).astype(np.float32)

    def last(start: Float32) -> Float32:
        hidden = start
        for x in embedded[1:]:
            hidden = np.tanh(x @ weights.kernel + hidden @ weights.recurrent_kernel + weights.bias)
        return hidden

    first = np.tanh(embedded[0].astype(np.float64) @ weights.kernel + weights.bias)
    step = 1e-6
    differences = [(last(first + step * unit) - last(first - step * unit)) / (2 * step) for unit in np.eye(4)]
    assert 10 ** along_states(weights, embedded)[-1] == pytest.approx(np.linalg.norm(differences, 2), rel=1e-4)


def test_what_groups_explain_is_all_nothing_or_between() -> None:
    groups = np.array([0, 0, 1, 1])
    values = np.array([[1, 1, 0], [1, 2, 2], [3, 1, 3], [3, 2, 5]], dtype=np.float32)
    np.testing.assert_allclose(explained_by(groups, values), [1, 0, 9 / 13])


def test_how_often_lower_counts_ties_as_half() -> None:
    assert how_often_lower(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_a_picture_is_well_formed_whatever_its_words_are() -> None:
    axis = Axis("a < b", 0, 1, [(0, "&"), (1, "<pad>")], slanted=True)
    curve = Curve("f & g", [(0, 0), (1, 2)], "#000", marks=True, band=[(0, 0, 1), (1, 0, 1)])
    document = ET.fromstring(side_by_side([LineChart("<t>", axis, axis, [curve], legend=(0, 0), shaded=[(0, 1)])] * 2))
    assert {"&", "<pad>", "f & g", "<t>"} <= {element.text for element in document.iter()}
