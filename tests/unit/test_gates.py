"""The LSTM's equations: the primer's worked vectors, and the serving network's logit recomputed from them.

The vectors are those of a lecture's notes on the LSTM. Two of its products are slips of the pen; the tests say which.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.batching import pad
from newsgate.model.bundle import Bundle, read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.gates import (
    NetworkTrace,
    PartWeights,
    candidate_cell,
    forget_gate,
    input_gate,
    keep,
    next_cell,
    output_gate,
    pool,
    show,
    sigmoid,
    take_in,
    trace,
    trace_network,
)
from newsgate.model.runtime import OnnxRuntime
from newsgate.model.starter import starter_bundle
from newsgate.model.weights import Float32, Weights

FAR_FROM_ZERO = 20.0
TEXT = "Nurse reveals on video that the patients in the new ward are paid actors https://t.co/x \u2603"


def vector(*values: float) -> Float32:
    return np.array(values, dtype=np.float32)


@cache
def starter() -> tuple[Bundle, Weights]:
    bundle = read_bundle(starter_bundle())
    return bundle, weights_of(bundle)


def traced(text: str) -> NetworkTrace:
    bundle, weights = starter()
    return trace_network(weights, bundle.tokenizer.encode(text, max_tokens=bundle.metadata.max_tokens).ids)


def test_the_forget_gate_keeps_the_units_it_is_open_for() -> None:
    kept = keep(vector(1, 0, 0, 1, 0, 0), vector(10, 20, 30, 40, 50, 60))
    np.testing.assert_array_equal(kept, vector(10, 0, 0, 40, 0, 0))


def test_the_input_gate_takes_in_what_the_candidate_offers() -> None:
    taken = take_in(vector(0, 0, 0, 1, 0, 0), vector(1, -1, 1, -1, 1, -1))
    np.testing.assert_array_equal(taken, vector(0, 0, 0, -1, 0, 0))


def test_forgetting_leaves_what_the_gate_is_open_for_and_its_value_not_the_gate() -> None:
    before, forget, nothing = vector(10, 20, 30, 40, 50), vector(0, 0, 0, 1, 0), vector(0, 0, 0, 0, 0)
    # The primer writes [0 0 0 1 0], which is the gate and not its product with the cell.
    np.testing.assert_array_equal(next_cell(before, forget=forget, taken=nothing), vector(0, 0, 0, 40, 0))


def test_remembering_adds_what_is_taken_in_to_what_was_kept() -> None:
    # The primer sets [1 1 1 0 1] under the cell [10 20 30 40 50] like a gate, but adds it like what the gate has kept.
    everything, kept, added = np.ones(5, np.float32), vector(1, 1, 1, 0, 1), vector(1, -1, 1, -1, 1)
    np.testing.assert_array_equal(next_cell(kept, forget=everything, taken=added), vector(2, 0, 2, -1, 2))


def test_as_a_gate_the_same_vector_would_keep_tens() -> None:
    before, forget, added = vector(10, 20, 30, 40, 50), vector(1, 1, 1, 0, 1), vector(1, -1, 1, -1, 1)
    np.testing.assert_array_equal(next_cell(before, forget=forget, taken=added), vector(11, 19, 31, -1, 51))


def test_the_output_gate_shows_nothing_where_either_it_or_the_cell_is_zero() -> None:
    cell = FAR_FROM_ZERO * vector(1, 1, 1, 0, 1)
    np.testing.assert_array_equal(show(vector(0, 0, 0, 1, 0), cell), vector(0, 0, 0, 0, 0))


def test_the_output_gate_shows_the_sign_of_the_cell_too() -> None:
    cell = FAR_FROM_ZERO * vector(1, -1, 1, -1, 1)
    # The primer writes [1 0 1 0 1]; the second unit's gate is 1 and its cell -1, so it shows -1.
    np.testing.assert_array_equal(show(vector(1, 1, 1, 0, 1), cell), vector(1, -1, 1, 0, 1))


def test_far_from_zero_a_candidate_is_plus_or_minus_one() -> None:
    one = np.ones((1, 1), np.float32)
    part = PartWeights(kernel=one, recurrent_kernel=0 * one, bias=vector(0))
    assert candidate_cell(part, x=vector(FAR_FROM_ZERO), hidden_before=vector(0)) == 1
    assert candidate_cell(part, x=vector(-FAR_FROM_ZERO), hidden_before=vector(0)) == -1
    assert candidate_cell(part, x=vector(0), hidden_before=vector(0)) == 0


@pytest.mark.parametrize("gate", [forget_gate, input_gate, output_gate])
def test_a_gate_weighs_the_token_the_state_before_it_and_a_bias(gate: Callable[..., Float32]) -> None:
    part = PartWeights(kernel=vector(2)[None], recurrent_kernel=vector(-1)[None], bias=vector(0.5))
    opened = gate(part, x=vector(3), hidden_before=vector(0.25))
    np.testing.assert_allclose(opened, 1 / (1 + np.exp(-(2 * 3 - 0.25 + 0.5))), rtol=1e-6)


def test_a_sigmoid_stays_between_zero_and_one_without_a_warning() -> None:
    ends = sigmoid(vector(-1e30, -1, 0, 1, 1e30))
    np.testing.assert_allclose(ends, [0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1], rtol=1e-6)


@pytest.mark.parametrize("text", ["virus", TEXT, TEXT * 30], ids=["a word", "a sentence", "more than is read"])
def test_the_equations_give_the_logit_of_the_serving_network(text: str) -> None:
    bundle, _ = starter()
    ids = bundle.tokenizer.encode(text, max_tokens=bundle.metadata.max_tokens).ids
    served = OnnxRuntime(bundle.onnx_model).padded_logits(*pad([ids]))[0]
    assert traced(text).logit == pytest.approx(float(served), abs=1e-5)


def test_each_row_of_a_trace_follows_from_the_row_before_it() -> None:
    for done, before in ((traced(TEXT).forward, slice(None, -1)), (traced(TEXT).backward, slice(1, None))):
        after = slice(1, None) if before.start is None else slice(None, -1)
        cell = next_cell(
            done.cell[before], forget=done.forget[after], taken=take_in(done.input[after], done.candidate[after])
        )
        np.testing.assert_array_equal(done.cell[after], cell)
        np.testing.assert_array_equal(done.hidden, show(done.output, done.cell))


def test_the_backward_direction_begins_at_the_last_token_with_an_empty_cell() -> None:
    done = traced(TEXT).backward
    np.testing.assert_array_equal(done.cell[-1], take_in(done.input[-1], done.candidate[-1]))


@settings(max_examples=25, deadline=None)
@given(tokens=st.integers(1, 12), more=st.integers(0, 5), seed=st.integers(0, 2**32 - 1))
def test_what_comes_later_does_not_change_what_a_direction_did(tokens: int, more: int, seed: int) -> None:
    _, weights = starter()
    embedded = np.random.default_rng(seed).normal(size=(tokens + more, 64)).astype(np.float32)
    whole, part = trace(weights.forward, embedded), trace(weights.forward, embedded[:tokens])
    np.testing.assert_array_equal(whole.hidden[:tokens], part.hidden)
    for gate in (whole.forget, whole.input, whole.output):
        assert gate.dtype == np.float32
        assert gate.min() >= 0
        assert gate.max() <= 1
    assert np.abs(whole.hidden).max() <= 1


def test_pooling_puts_means_before_maxima_and_forward_before_backward() -> None:
    forward, backward = np.array([[1, 5], [3, 1]], np.float32), np.array([[0, 2], [4, 4]], np.float32)
    np.testing.assert_array_equal(pool(forward, backward), vector(2, 3, 2, 3, 3, 5, 4, 4))
