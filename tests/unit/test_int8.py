"""The network in whole numbers: the arithmetic that is written down, on every instruction set, only where it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from newsgate.model.bundle import read_bundle
from newsgate.model.native.int8_runtime import Int8Runtime, int8_variants
from newsgate.model.native.library import AMX, FIRST_INT8, VARIANT_NAMES
from newsgate.model.native.runtime import NativeRuntime
from newsgate.model.numpy_runtime import NumpyRuntime
from newsgate.model.quantisation import QuantisationLoss
from newsgate.model.runtime import int8_network, open_runtime
from newsgate.model.runtime_choice import choose_runtime
from newsgate.model.runtime_names import RuntimeUnavailableError
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import Encoded
from newsgate.model.tokens import Tokens
from newsgate.model.weights import LstmWeights, Weights
from newsgate.training.quantisation_check import measure_quantisation
from tests.unit.test_native import library, random_tokens, weights

Float64 = npt.NDArray[np.float64]


@pytest.fixture(params=range(FIRST_INT8, len(VARIANT_NAMES)), ids=VARIANT_NAMES[FIRST_INT8:])
def variant(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    if number not in library().int8_variants:
        pytest.skip(f"this processor has no {VARIANT_NAMES[number]}")
    return number


def made(units: int, *, largest: float = 1.0) -> Weights:
    random = np.random.default_rng(units)

    def some(*shape: int) -> npt.NDArray[np.float32]:
        return (largest * random.normal(size=shape, scale=units**-0.5)).astype(np.float32)

    def direction() -> LstmWeights:
        return LstmWeights(kernel=some(7, 4 * units), recurrent_kernel=some(units, 4 * units), bias=some(4 * units))

    return Weights(some(30, 7), direction(), direction(), some(4 * units, 1), some(1))


def texts_of(lengths: tuple[int, ...]) -> Tokens:
    random = np.random.default_rng(1)
    return Tokens.of([Encoded(tuple(random.integers(1, 30, length).tolist()), truncated=False) for length in lengths])


def as_written(network: Weights, tokens: Tokens) -> Float64:
    """The logits by the definition: states of 127ths, weights of 63rds, the tokens' shares in half precision."""
    half = len(network.output_kernel) // 4
    forward, backward = (
        [_states(network, lstm, _ids(tokens, row)[::step]) for row in range(len(tokens))]
        for lstm, step in ((network.forward, 1), (network.backward, -1))
    )
    pooled = [
        np.concatenate([one.mean(axis=0), other.mean(axis=0), one.max(axis=0), other.max(axis=0)])
        for one, other in zip(forward, backward, strict=True)
    ]
    assert all(len(each) == 4 * half for each in pooled)
    return np.stack(pooled) @ network.output_kernel[:, 0].astype(np.float64) + float(network.output_bias[0])


def _states(network: Weights, lstm: LstmWeights, ids: npt.NDArray[np.int32]) -> Float64:
    kernel = lstm.recurrent_kernel.astype(np.float64)
    scales = np.abs(kernel).max(axis=0) / 63
    whole = np.round(kernel / scales)
    shares = network.embedding[ids].astype(np.float64) @ lstm.kernel + lstm.bias
    units = len(kernel)
    hidden, cell, states = np.zeros(units), np.zeros(units), []
    for share in shares:
        gates = share + np.round(127 * hidden) @ whole * scales / 127
        taken_in, forget, candidate, output = np.split(gates, 4)
        cell = _sigmoid(forget) * cell + _sigmoid(taken_in) * np.tanh(candidate)
        hidden = _sigmoid(output) * np.tanh(cell)
        states.append(hidden)
    return np.stack(states)


def _sigmoid(z: Float64) -> Float64:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def _ids(tokens: Tokens, row: int) -> npt.NDArray[np.int32]:
    return tokens.ids[tokens.starts[row] : tokens.starts[row] + tokens.lengths[row]]


@pytest.mark.parametrize("units", [1, 5, 16, 64, 80])
def test_a_logit_is_what_the_definition_gives(variant: int, units: int) -> None:
    network, tokens = made(units), texts_of((1, 2, 7, 31, 64))
    if variant not in int8_variants(library(), network):
        assert variant == AMX
        return
    logits = Int8Runtime(library(), network, variant=variant).logits(tokens)
    # A rounded state may fall to the other side, and what is in half precision here is not there.
    np.testing.assert_allclose(logits, as_written(network, tokens), atol=0.01)


def test_the_starter_is_served_nearly_as_in_float32(variant: int) -> None:
    logits = Int8Runtime(library(), weights(), variant=variant).logits(random_tokens())
    np.testing.assert_allclose(logits, NumpyRuntime(weights()).logits(random_tokens()), atol=0.06)


def test_a_logit_does_not_depend_on_the_company(variant: int) -> None:
    runtime = Int8Runtime(library(), weights(), variant=variant)
    together = runtime.logits(random_tokens())
    for rows in np.array_split(np.random.default_rng(1).permutation(len(random_tokens())), [1, 3, 60]):
        np.testing.assert_array_equal(runtime.logits(random_tokens().pick(rows)), together[rows])


def test_both_widths_of_avx_512_and_amx_add_up_the_same_whole_numbers() -> None:
    logits = {
        variant: Int8Runtime(library(), weights(), variant=variant).logits(random_tokens())
        for variant in library().int8_variants
    }
    for variant, found in logits.items():
        np.testing.assert_allclose(found, logits[min(logits)], atol=5e-3, err_msg=VARIANT_NAMES[variant])
    if AMX in logits:
        np.testing.assert_array_equal(logits[AMX], logits[AMX - 1])


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30])
def test_what_is_no_number_is_not_hidden_and_never_serves(variant: int, broken: float) -> None:
    embedding = weights().embedding.copy()
    embedding[7] = broken
    network = replace(weights(), embedding=embedding, wide=None)
    texts = Tokens.of([Encoded((5, 7, 9), truncated=False), Encoded((5, 9), truncated=False)])
    with np.errstate(invalid="ignore", over="ignore"):
        logits = Int8Runtime(library(), network, variant=variant).logits(texts)
    assert np.isfinite(logits)[1]
    assert broken == 1e30 or np.isnan(logits)[0]


def test_a_bundle_tells_what_whole_numbers_change() -> None:
    found = measure_quantisation(weights(), random_tokens(), temperature=1.0)
    if not library().int8_variants:
        assert found is None
        return
    assert found is not None
    assert (found.texts, found.far_flips) == (len(random_tokens()), 0)
    assert 0 < found.largest_change < 0.02
    assert QuantisationLoss.from_json(found.as_json()) == found


LITTLE = {"texts": 4000, "flips": 7, "far_flips": 2, "largest_change": 0.01}


@pytest.mark.parametrize(
    ("recorded", "name", "reason"),
    [
        (LITTLE, "native-int8", "whole numbers change 7 of 4000 labels, and a score by 0.0100 at most"),
        (LITTLE | {"far_flips": 3}, "native", "change 7 of 4000 labels, 3 of them far from one half"),
        (LITTLE | {"texts": 0, "far_flips": 0}, "native", "change 7 of 0 labels"),
        (None, "native", "nobody measured this model"),
        ({}, "native", "damaged"),
        (LITTLE | {"largest_change": float("nan")}, "native", "damaged"),
        (LITTLE | {"flips": -1}, "native", "damaged"),
        (LITTLE | {"texts": True}, "native", "damaged"),
    ],
)
def test_auto_is_whole_numbers_only_for_a_model_that_loses_next_to_nothing(
    recorded: Mapping[str, Any] | None, name: str, reason: str
) -> None:
    if not library().int8_variants:
        pytest.skip("this processor has no instructions for whole numbers")
    chosen = choose_runtime("auto", recorded)
    assert chosen.name == name
    assert reason in chosen.reason
    assert choose_runtime("numpy", recorded).name == "numpy"


def test_a_processor_without_the_instructions_serves_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    poorer = replace(library(), int8_variants=())
    for module in ("runtime", "runtime_choice"):
        monkeypatch.setattr(f"newsgate.model.{module}.native_library", lambda: poorer)
    bundle = read_bundle(starter_bundle())
    assert type(open_runtime(bundle, runtime="auto")) is NativeRuntime
    assert "no instructions" in choose_runtime("auto", LITTLE).reason
    assert int8_network(weights()) is None
    with pytest.raises(RuntimeUnavailableError, match="NEWSGATE_RUNTIME=auto"):
        open_runtime(bundle, runtime="native-int8")
