"""The wide part: its sums by hand, the same in C, NumPy and ONNX, and what the fitting makes of labelled texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.batching import pad
from newsgate.model.bundle import BundleError
from newsgate.model.bundle_weights import weights_from_npz, weights_to_npz
from newsgate.model.native.library import native_library
from newsgate.model.onnx_graph import compile_onnx
from newsgate.model.runtime import OnnxRuntime, compiled_runtimes, numpy_network
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.token_pairs import pair_slots
from newsgate.model.tokenizer import RESERVED_PIECES, Encoded, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Weights, WideWeights
from newsgate.model.wide import WidePart
from newsgate.training.corpus import LabelledTexts
from newsgate.training.wide import cross_fitted_logits, fit_wide
from newsgate.training.wide_reading import Reading
from tests.networks import assert_equal, random_weights

PIECES, BITS = 12, 5
# Piece 3 is a case mark, 4 and 5 are 6 and 7 with capitals.
MARK = 3
SMALL = [0, 1, 2, -1, 6, 7, 6, 7, 8, 9, 10, 11]
TEXTS = st.lists(st.lists(st.integers(0, PIECES - 1), min_size=1, max_size=40), min_size=1, max_size=8)


def some_wide(seed: int = 0) -> WideWeights:
    random = np.random.default_rng(seed)
    size = PIECES + (1 << BITS)
    return WideWeights(
        evidence=random.integers(-2047, 2048, size).astype(np.float32),
        squares=random.integers(0, 3000, size).astype(np.float32),
        scale=np.array([0.02], np.float32),
        small=np.array(SMALL, np.float32),
    )


def tokens_of(texts: list[list[int]]) -> Tokens:
    return Tokens.of([Encoded(tuple(ids), truncated=False) for ids in texts])


def network() -> Weights:
    return replace(random_weights(vocabulary=PIECES, width=4, units=3, seed=1), wide=some_wide())


def features_by_hand(ids: list[int]) -> list[int]:
    """Each different feature once."""
    small = [SMALL[each] for each in ids]
    features = {*ids, *(each for each in small if each >= 0)}
    for place, own in enumerate(small):
        before = [small[at] for at in (place - 1, place - 2) if at >= 0]
        neighbour = before[0] if before and before[0] >= 0 else before[1] if len(before) > 1 else -1
        if own >= 0 and neighbour >= 0:
            features.add(PIECES + int(pair_slots(np.array([neighbour]), np.array([own]), bits=BITS)[0]))
    return sorted(features)


def by_hand(wide: WideWeights, ids: list[int]) -> float:
    features = features_by_hand(ids)
    evidence, squares = float(wide.evidence[features].sum()), float(wide.squares[features].sum())
    return float(wide.scale[0]) * evidence / float(np.sqrt(max(1.0, squares)))


def test_a_word_with_a_capital_is_that_word_and_the_one_in_small_letters() -> None:
    def names(ids: list[int]) -> set[int]:
        return {each for each in features_by_hand(ids) if each < PIECES}

    def pairs(ids: list[int]) -> set[int]:
        return {each for each in features_by_hand(ids) if each >= PIECES}

    assert names([4, 8]) == {4, 6, 8}
    assert names([MARK, 6, 8]) == {MARK, 6, 8}
    # The same pair, however it is written.
    assert pairs([4, 8]) == pairs([6, 8]) == pairs([MARK, 6, 8])
    assert pairs([8, MARK, 6]) == pairs([8, 6]) == pairs([8, 4])


@settings(deadline=None)
@given(TEXTS)
def test_a_texts_share_is_what_its_different_features_give(texts: list[list[int]]) -> None:
    wide = some_wide()
    expected = [by_hand(wide, ids) for ids in texts]
    np.testing.assert_allclose(WidePart(wide, compiled=False).logits(tokens_of(texts)), expected, rtol=1e-5)


@settings(deadline=None)
@given(TEXTS)
def test_c_and_numpy_give_the_same_to_the_last_bit_whatever_the_company(texts: list[list[int]]) -> None:
    assert native_library() is not None, "the C sources are not built: run `make dev` where there is a C compiler (cc)"
    compiled, plain = WidePart(some_wide()), WidePart(some_wide(), compiled=False)
    together = compiled.logits(tokens_of(texts))
    np.testing.assert_array_equal(together, plain.logits(tokens_of(texts)))
    alone = [compiled.logits(tokens_of([ids]))[0] for ids in texts]
    np.testing.assert_array_equal(together, alone)


def test_texts_may_lie_in_any_order() -> None:
    tokens = tokens_of([[1, 2, 3], [4, 4], [5]])
    rows = np.array([2, 0])
    for compiled in (True, False):
        part = WidePart(some_wide(), compiled=compiled)
        np.testing.assert_array_equal(part.logits(tokens.pick(rows)), part.logits(tokens)[rows])


@pytest.mark.parametrize("wrong", [-1, PIECES])
def test_c_reads_no_token_that_there_is_not(wrong: int) -> None:
    with pytest.raises(ValueError, match=r"from 0 to 11"):
        WidePart(some_wide()).logits(tokens_of([[wrong]]))


@given(st.lists(st.integers(0, PIECES - 1), min_size=1, max_size=40))
def test_the_shares_of_the_tokens_sum_up_to_the_texts(ids: list[int]) -> None:
    part = WidePart(some_wide(), compiled=False)
    shares = part.shares(tuple(ids))
    assert len(shares) == len(ids)
    assert shares.sum() == pytest.approx(part.logits(tokens_of([ids]))[0], rel=1e-9, abs=1e-9)


def test_every_runtime_adds_it() -> None:
    random = np.random.default_rng(2)
    texts = [random.integers(1, PIECES, length).tolist() for length in random.integers(1, 30, 40)]
    expected = numpy_network(network()).logits(tokens_of(texts))
    without = numpy_network(replace(network(), wide=None)).logits(tokens_of(texts))
    assert np.abs(expected - without).max() > 0.1
    for runtime in (OnnxRuntime(compile_onnx(network())), *compiled_runtimes(network())):
        np.testing.assert_allclose(runtime.logits(tokens_of(texts)), expected, atol=2e-5)


def test_padding_is_no_feature_in_the_graph() -> None:
    graph = OnnxRuntime(compile_onnx(network()))
    ids, lengths = pad([(3, 4), (5, 6, 7, 5, 6)])
    alone = graph.padded_logits(ids[:1, :2], lengths[:1])
    np.testing.assert_allclose(graph.padded_logits(ids, lengths)[0], alone[0], atol=1e-5)
    np.testing.assert_allclose(
        graph.padded_logits(*pad([(3,)]))[0], numpy_network(network()).logits(tokens_of([[3]])), atol=1e-5
    )


def test_it_is_written_and_read_with_the_other_weights() -> None:
    assert_equal(network(), weights_from_npz(weights_to_npz(network())))
    assert weights_from_npz(weights_to_npz(replace(network(), wide=None))).wide is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"evidence": np.zeros(3, np.float32)}, "shapes that do not fit"),
        (dict.fromkeys(("evidence", "squares"), np.zeros(PIECES + 3, np.float32)), "not a power of two"),
        (dict.fromkeys(("evidence", "squares"), np.zeros(PIECES, np.float32)), "0 slots"),
        ({"small": np.full(PIECES, PIECES, np.float32)}, "number of no piece"),
        ({"small": np.full(PIECES, -2, np.float32)}, "number of no piece"),
        ({"small": np.zeros(PIECES + 1, np.float32)}, "wide_small has the shape"),
        ({"scale": np.array([np.inf], np.float32)}, "not a number"),
        ({"evidence": np.full(PIECES + 32, 0.5, np.float32)}, "not a whole number"),
        ({"evidence": np.full(PIECES + 32, 1e9, np.float32)}, "not a whole number up to"),
        ({"squares": np.full(PIECES + 32, -1, np.float32)}, "negative"),
    ],
)  # fmt: skip
def test_a_wide_part_that_is_none_is_refused(change: dict[str, Any], told: str) -> None:
    damaged = replace(network(), wide=replace(some_wide(), **change))
    with pytest.raises(BundleError, match=told):
        weights_from_npz(weights_to_npz(damaged))


WORDS = ("garlic", "cures", "bridge", "opens", "today", "monday")
CORPUS = LabelledTexts.from_pairs(
    [(f"garlic cures {word}", "fake") for word in WORDS] + [(f"bridge opens {word}", "real") for word in WORDS]
)


def reading() -> Reading:
    tokenizer = Tokenizer((*RESERVED_PIECES, *WORDS))
    return Reading.of_all(PythonEncoder(tokenizer), tokenizer.pieces, bits=8, max_tokens=16)


def test_what_is_fitted_tells_the_labels_apart_and_is_whole_numbers() -> None:
    fitted = fit_wide(CORPUS, reading())
    wide = fitted.weights
    logits = fitted.logits(reading().tokens(CORPUS))
    assert ((logits > 0) == (np.asarray(CORPUS.labels) == "fake")).all()
    assert wide.fault() is None
    assert np.abs(wide.evidence).max() == 2047


def test_what_stands_in_one_text_alone_counts_nothing() -> None:
    once = LabelledTexts((*CORPUS.texts, "today monday"), (*CORPUS.labels, "real"))
    wide = fit_wide(once, reading()).weights
    places = {word: len(RESERVED_PIECES) + WORDS.index(word) for word in WORDS}
    slot = len(RESERVED_PIECES) + len(WORDS)
    slot += int(pair_slots(np.array([places["today"]]), np.array([places["monday"]]), bits=8)[0])
    assert (wide.evidence[slot], wide.squares[slot]) == (0, 0)
    assert wide.squares[places["today"]] > 0


def test_a_cross_fitted_part_never_saw_the_text_it_judges() -> None:
    random = np.random.default_rng(0)
    noise = LabelledTexts.from_pairs([(" ".join(random.choice(WORDS, 4)), label) for label in ("fake", "real") * 40])
    actual = np.asarray(noise.labels) == "fake"
    seen = fit_wide(noise, reading()).logits(reading().tokens(noise))
    unseen = cross_fitted_logits(noise, reading())
    assert np.mean((seen > 0) == actual) > 0.65
    assert np.mean((unseen > 0) == actual) < 0.55
