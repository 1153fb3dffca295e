"""Scores the same texts in float32 and in whole numbers: may a network serve in whole numbers?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from newsgate.model.bundle import make_bundle, read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.classifier import calibrated
from newsgate.model.labels import FAKE_THRESHOLD
from newsgate.model.quantisation import NEAR_HALF, QuantisationLoss
from newsgate.model.runtime import int8_network, native_network
from newsgate.model.text_encoder import open_encoder
from newsgate.model.tokenizer import Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Weights
from newsgate.training.corpus import CorpusError, LabelledTexts

# Whole numbers change the scores of texts that were fitted as much as those of others, so both kinds tell.
MOST_TEXTS = 5_000


def measure_quantisation(weights: Weights, tokens: Tokens, *, temperature: float) -> QuantisationLoss | None:
    """Return what whole numbers change about the scores of `tokens`.

    None where this machine has no code for them, or where they give no numbers at all.
    """
    in_float32, in_whole_numbers = native_network(weights), int8_network(weights)
    if in_float32 is None or in_whole_numbers is None:
        return None
    before, after = (
        calibrated(each.logits(tokens), temperature=temperature) for each in (in_float32, in_whole_numbers)
    )
    change = float(np.max(np.abs(after - before), initial=0.0))
    if not np.isfinite(change):
        return None
    flips = (before >= FAKE_THRESHOLD) != (after >= FAKE_THRESHOLD)
    far = np.abs(before - FAKE_THRESHOLD) >= NEAR_HALF
    return QuantisationLoss(
        texts=len(tokens), flips=int(np.sum(flips)), far_flips=int(np.sum(flips & far)), largest_change=change
    )


def measure_on_texts(
    weights: Weights, tokenizer: Tokenizer, texts: Sequence[str], *, temperature: float, max_tokens: int
) -> QuantisationLoss | None:
    """Do so with the first `MOST_TEXTS` of some texts."""
    # The tokens are the same whoever finds them, and C finds them sooner.
    tokens = open_encoder(tokenizer, compiled=True).encode(texts[:MOST_TEXTS], max_tokens=max_tokens)
    return measure_quantisation(weights, tokens, temperature=temperature)


def add_quantisation(data: bytes, train: LabelledTexts) -> bytes:
    """Return a bundle with a measure of whole numbers, its weights as they are.

    train: the texts it was trained on. Raises CorpusError where they are others, or where there is nothing to measure.
    """
    bundle = read_bundle(data)
    if train.fingerprint() != bundle.metadata.training_data.sha256:
        raise CorpusError("these are not the texts that the bundle was trained on", remedy="Give the training file")
    if bundle.weights_npz is None:
        raise CorpusError("the bundle is of an older format", remedy="Train it again")
    loss = measure_on_texts(
        weights_of(bundle),
        bundle.tokenizer,
        train.texts,
        temperature=bundle.metadata.temperature,
        max_tokens=bundle.metadata.max_tokens,
    )
    if loss is None:
        raise CorpusError(
            "this machine cannot compute in whole numbers", remedy="Use one that has AVX2 and a C compiler"
        )
    return make_bundle(
        keras_model=bundle.keras_model,
        onnx_model=bundle.onnx_model,
        weights_npz=bundle.weights_npz,
        tokenizer=bundle.tokenizer,
        metadata=replace(bundle.metadata, quantisation=loss.as_json()),
        familiarity=bundle.familiarity,
    )
