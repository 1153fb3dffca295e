"""Why a text got its score: effects are differences of the runtime's own scores, and faithfulness is its formula."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.bundle import Bundle, BundleError, read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.classifier import Classifier
from newsgate.model.explanation import Explanation, explain
from newsgate.model.explanation_faithfulness import (
    LEAVING_OUT,
    RANDOM,
    Float64,
    Ids,
    measure_faithfulness,
    only,
    spearman,
    without,
)
from newsgate.model.gates import trace_network
from newsgate.model.runtime import OnnxRuntime
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import RESERVED_PIECES, UNKNOWN_ID, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32

TEXT = "URGENT share before they delete it: vaccine contains a microchip that switches on through 5G towers"


@cache
def starter() -> tuple[Bundle, OnnxRuntime, Classifier]:
    bundle = read_bundle(starter_bundle())
    return bundle, OnnxRuntime(bundle.onnx_model), Classifier.from_bundle_bytes(starter_bundle(), runtime="native")


def explained(text: str, *, most_tokens: int = 256) -> Explanation:
    bundle, runtime, _ = starter()
    return explain(bundle, runtime, text, most_tokens=most_tokens)


def test_the_score_explained_is_the_verdicts() -> None:
    assert explained(TEXT).p_fake == pytest.approx(starter()[2].classify([TEXT]).p_fake[0], abs=1e-6)


def test_the_running_score_is_that_of_the_text_so_far_as_a_text_of_its_own() -> None:
    words = "nurse reveals on video that they are paid"
    why = explained(words)
    assert why.pieces == why.words == tuple(words.split())
    prefixes = [" ".join(words.split()[: count + 1]) for count in range(8)]
    np.testing.assert_allclose(why.running, starter()[2].classify(prefixes).p_fake, atol=1e-6)


def test_an_effect_is_the_score_with_the_token_less_the_score_without_it() -> None:
    words = ["nurse", "reveals", "on", "video", "that", "they", "are", "paid"]
    why = explained(" ".join(words))
    rests = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    np.testing.assert_allclose(why.effects, why.p_fake - starter()[2].classify(rests).p_fake, atol=1e-6)


def test_the_gates_are_means_over_the_units_of_each_direction() -> None:
    bundle, _, _ = starter()
    why = explained(TEXT)
    done = trace_network(weights_of(bundle), bundle.tokenizer.encode(TEXT, max_tokens=256).ids)
    np.testing.assert_allclose(why.backward.keep, done.backward.forget.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(
        why.forward.take_in, np.abs(done.forward.input * done.forward.candidate).mean(axis=1), rtol=1e-5
    )
    shown = np.abs(done.forward.output * np.tanh(done.forward.cell)).mean(axis=1)
    np.testing.assert_allclose(why.forward.show, shown, rtol=1e-5)
    np.testing.assert_allclose(why.gates.show, (why.forward.show + why.backward.show) / 2)


def test_the_only_token_left_out_leaves_what_the_tokenizer_makes_of_no_words() -> None:
    why = explained("virus")
    assert why.effects[0] == pytest.approx(why.p_fake - starter()[2].classify(["   "]).p_fake[0], abs=1e-6)
    assert why.faithfulness is None


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40))
def test_any_text_can_be_explained(text: str) -> None:
    why = explained(text)
    assert len(why.pieces) == len(why.words) == len(why.running) == len(why.effects) == len(why.forward.keep)
    assert why.p_fake == why.running[-1]
    assert np.isfinite(why.effects).all()


def test_unknown_words_and_addresses_are_named_with_the_words_they_stand_for() -> None:
    why = explained("see https://t.co/x \u2603 microchip")
    assert why.pieces == ("see", "<url>", "<unk>", "microc", "##hip")
    assert why.words == ("see", "<url>", "\u2603", "microchip", "microchip")


def test_a_cut_says_what_was_read_and_how_that_was_scored() -> None:
    why = explained(TEXT, most_tokens=6)
    assert (len(why.pieces), why.read_tokens, why.is_cut, why.truncated) == (6, 24, True, False)
    assert why.read_p_fake == pytest.approx(starter()[2].classify([TEXT]).p_fake[0], abs=1e-6)
    assert explained("word " * 300, most_tokens=3).truncated


def test_what_the_model_reads_at_most_is_explained_in_two_seconds() -> None:
    began = time.thread_time()
    assert len(explained(TEXT * 20).pieces) == 256
    assert time.thread_time() - began < 2.0


def test_a_network_that_computes_something_else_is_not_described() -> None:
    class Other:
        def __init__(self, logit: float) -> None:
            self.logit = logit

        def logits(self, tokens: Tokens) -> Float32:
            return np.full(len(tokens), self.logit, dtype=np.float32)

    for logit in (100.0, float("nan")):
        with pytest.raises(BundleError, match="where its equations give"):
            explain(starter()[0], Other(logit), TEXT, most_tokens=256)


def test_a_vocabulary_larger_than_the_network_is_refused() -> None:
    bundle, runtime, _ = starter()
    larger = Tokenizer([*RESERVED_PIECES, *(f"piece{number}" for number in range(6000))])
    with pytest.raises(BundleError, match="more pieces than its network"):
        explain(replace(bundle, tokenizer=larger), runtime, "piece5999", most_tokens=256)


class Additive:
    """A model whose score is a sum over its tokens, so that every figure can be had by hand."""

    WORTH = (0.0, 0.0, 0.02, 0.30, -0.10, 0.05, 0.01, 0.01, -0.02, 0.03, 0.0, 0.04)

    def __call__(self, texts: Sequence[Ids]) -> Float64:
        return np.array([0.5 + sum(self.WORTH[each] for each in text) for text in texts])


def test_comprehensiveness_and_sufficiency_are_erasers() -> None:
    score, ids = Additive(), tuple(range(2, 12))
    p_fake = float(score([ids])[0])
    effects = np.array([Additive.WORTH[each] for each in ids])
    found = measure_faithfulness(ids, p_fake=p_fake, effects=effects, gates={"worst": -effects}, score=score)
    assert found is not None
    assert found.tokens == 2
    best, worst, random = found.rankings
    assert (best.ranking, worst.ranking, random.ranking) == (LEAVING_OUT, "worst", RANDOM)
    # Without its two best tokens the score falls by what they are worth; with nothing else, by what the rest is.
    assert best.comprehensiveness == pytest.approx(0.30 + 0.05)
    assert best.sufficiency == pytest.approx(p_fake - (0.5 + 0.35))
    assert worst.comprehensiveness == pytest.approx(-0.10 - 0.02)
    assert worst.comprehensiveness < random.comprehensiveness < best.comprehensiveness
    assert worst.rank_correlation == spearman(-effects, np.abs(effects))


def test_of_a_real_text_what_speaks_for_real_comes_first() -> None:
    def score(texts: Sequence[Ids]) -> Float64:
        return Additive()(texts) - 0.4

    ids = (3, 4, 6, 7, 8)
    effects = np.array([Additive.WORTH[each] for each in ids])
    found = measure_faithfulness(ids, p_fake=float(score([ids])[0]), effects=effects, gates={}, score=score)
    assert found is not None
    assert found.rankings[0].comprehensiveness == pytest.approx(0.10)


def test_random_choices_are_the_same_each_time() -> None:
    assert explained(TEXT).faithfulness == explained(TEXT).faithfulness


def test_without_and_only_share_a_text_between_them() -> None:
    assert without((7, 8, 9), {1}) == (7, 9)
    assert only((7, 8, 9), {1}) == (8,)
    assert without((7,), {0}) == (UNKNOWN_ID,)


def test_rank_correlation_knows_order_and_ties() -> None:
    assert spearman(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3])) == pytest.approx(1.0)
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([5.0, 4.0, -1.0])) == pytest.approx(-1.0)
    # By hand: ranks 1.5 1.5 3 against 1 2 3.
    assert spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(np.sqrt(0.75))
    assert spearman(np.array([1.0, 1.0]), np.array([1.0, 2.0])) is None
