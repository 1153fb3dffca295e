"""What the wide part does to a network's weights in training; no network is trained here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from newsgate.model.runtime import numpy_network
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.tokenizer import RESERVED_PIECES, Tokenizer
from newsgate.training.corpus import Split
from newsgate.training.recipe import Recipe
from newsgate.training.wide import add_wide, fit_wide
from newsgate.training.wide_reading import Reading
from tests.claims import TRAIN
from tests.networks import random_weights

RECIPE = Recipe(max_tokens=16, wide_bits=10)


def test_what_is_judged_knows_no_held_back_text_and_what_serves_knows_all() -> None:
    words = sorted({word for text in TRAIN.texts for word in text.split()})
    tokenizer = Tokenizer((*RESERVED_PIECES, *words))
    split = Split(fitting=TRAIN.pick(range(160)), held_back=TRAIN.pick(range(160, 200)))
    weights = random_weights(vocabulary=len(tokenizer), width=4, units=3, seed=1)
    judged, served = add_wide(weights, split, tokenizer=tokenizer, recipe=RECIPE)
    assert judged.wide is not None
    assert served.wide is not None
    reading = Reading.of_all(PythonEncoder(tokenizer), tokenizer.pieces, bits=10, max_tokens=16)
    np.testing.assert_array_equal(judged.wide.evidence, fit_wide(split.fitting, reading).weights.evidence)
    # In another order than `TRAIN` they are in the corpus, but the same texts.
    assert not np.array_equal(judged.wide.evidence, served.wide.evidence)
    np.testing.assert_array_equal(served.wide.squares > 0, fit_wide(TRAIN, reading).weights.squares > 0)
    # Both count the LSTM alike; each has the intercept of its own wide part.
    np.testing.assert_array_equal(judged.output_kernel, served.output_kernel)
    fits = [fit_wide(corpus, reading) for corpus in (split.fitting, TRAIN)]
    counts = float(judged.wide.scale[0] / fits[0].weights.scale[0])
    apart = counts * (fits[1].intercept - fits[0].intercept)
    assert float(served.output_bias[0] - judged.output_bias[0]) == pytest.approx(apart, abs=1e-3)
    assert apart != 0
    actual = np.asarray(split.held_back.labels) == "fake"
    tokens = reading.tokens(split.held_back)
    for network in (judged, served):
        assert ((numpy_network(network).logits(tokens) > 0) == actual).mean() > 0.95
    lstm_alone = numpy_network(replace(judged, wide=None)).logits(tokens)
    assert ((lstm_alone > 0) == actual).mean() < 0.8
