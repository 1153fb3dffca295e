"""The networks beside the one that is served: the embedding that is folded, MiniLM in Keras."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from newsgate.training.minilm import Arrays
from newsgate.training.progress import Progress
from tests.minilm_files import random_arrays

WIDTH, INNER_WIDTH, HEAD_WIDTH = 64, 96, 32
Float32 = npt.NDArray[np.float32]


def test_the_folded_embedding_gives_what_the_trained_one_gives_and_padding_is_masked() -> None:
    from newsgate.model.network import EMBEDDING, build_network
    from newsgate.training.embedding import AnchoredEmbedding

    random = np.random.default_rng(0)
    sizes = {"vocabulary_size": 30, "embedding_width": 12, "lstm_units": 5, "dropout": 0.2}
    vectors = random.normal(size=(30, 20)).astype(np.float32)
    anchored = AnchoredEmbedding(vectors, width=12, name=EMBEDDING)
    trained = build_network(**sizes, embedding=anchored)  # type: ignore[arg-type]
    np.testing.assert_allclose(anchored.folded(), 0.3 * vectors[:, :12], atol=1e-6)
    assert [weight.name for weight in anchored.trainable_weights] == ["projection", "correction"]
    anchored.projection.assign(random.normal(size=(20, 12)))
    anchored.correction.assign(random.normal(size=(30, 12)))

    plain = build_network(**sizes)  # type: ignore[arg-type]
    for one, other in zip(trained.layers, plain.layers, strict=True):
        other.set_weights([anchored.folded()] if one is anchored else one.get_weights())
    ids = random.integers(1, 30, size=(4, 7)).astype(np.int32)
    ids[0, 2:] = ids[1, 5:] = 0
    logits = np.asarray(trained(ids))
    np.testing.assert_allclose(np.asarray(plain(ids)), logits, atol=1e-5)
    np.testing.assert_allclose(np.asarray(trained(np.pad(ids, ((0, 0), (0, 6))))), logits, atol=1e-5)
    np.testing.assert_allclose(np.asarray(trained(ids[:1, :2])), logits[:1], atol=1e-5)


def test_the_layer_that_is_fitted_gives_outputs_and_gradients_of_keras_own() -> None:
    import tensorflow as tf

    from newsgate.model.network import build_network
    from newsgate.training.block_lstm import BlockBidirectional

    random = np.random.default_rng(4)
    sizes = {"vocabulary_size": 30, "embedding_width": 12, "lstm_units": 5, "dropout": 0.0}
    plain = build_network(**sizes)  # type: ignore[arg-type]
    fitted = build_network(**sizes, bidirectional=BlockBidirectional)  # type: ignore[arg-type]
    arrays = [random.normal(size=weight.shape).astype(np.float32) for weight in plain.trainable_weights]
    ids = random.integers(1, 30, size=(4, 7)).astype(np.int32)
    # Of every kind: full, padded, of one token.
    ids[0, 5:] = ids[1, 1:] = 0

    def logits_and_gradients(network: Any) -> list[Any]:
        network.set_weights(arrays)
        with tf.GradientTape() as tape:
            logits = network(ids, training=True)
        gradients = tape.gradient(logits, network.trainable_weights)
        return [np.asarray(logits), *(np.asarray(tf.convert_to_tensor(gradient)) for gradient in gradients)]

    assert [weight.shape for weight in fitted.trainable_weights] == [weight.shape for weight in plain.trainable_weights]
    for given, wanted in zip(logits_and_gradients(fitted), logits_and_gradients(plain), strict=True):
        np.testing.assert_allclose(given, wanted, atol=1e-4)


def test_minilm_is_the_transformer_of_its_equations_and_padding_changes_nothing() -> None:
    from newsgate.training.minilm_network import MiniLm

    arrays = random_arrays(pieces=20, width=WIDTH, inner_width=INNER_WIDTH, blocks=2, positions=16)
    network = MiniLm(arrays)
    kernel, bias = (np.asarray(weight) for weight in network.logit.get_weights())
    ids = np.random.default_rng(3).integers(1, 20, size=(3, 9)).astype(np.int32)
    ids[1, 4:] = 0
    ids[2, 1:] = 0
    wanted = [pooled_states(arrays, row[row != 0]) @ kernel + bias for row in ids]
    np.testing.assert_allclose(np.asarray(network(ids)), wanted, atol=1e-4)
    np.testing.assert_allclose(np.asarray(network(np.pad(ids, ((0, 0), (0, 5))))), wanted, atol=1e-4)


def pooled_states(arrays: Arrays, ids: npt.NDArray[np.int32]) -> Float32:
    """BERT for one text (Devlin et al. 2019; Vaswani et al. 2017), the mean of its last states: float32 [width]."""

    def dense(name: str, states: Float32) -> Float32:
        return states @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]

    def norm(name: str, states: Float32) -> Float32:
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-12)
        normed: Float32 = arrays[f"{name}.weight"] * centred / deviation + arrays[f"{name}.bias"]
        return normed

    def attend(name: str, states: Float32) -> npt.NDArray[np.floating]:
        query, key, value = (dense(f"{name}.{part}", states) for part in ("query", "key", "value"))
        heads = []
        for first in range(0, WIDTH, HEAD_WIDTH):
            head = slice(first, first + HEAD_WIDTH)
            scores = np.exp(query[:, head] @ key[:, head].T / math.sqrt(HEAD_WIDTH))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, head])
        return np.concatenate(heads, axis=1)

    erf = np.vectorize(math.erf, otypes=[np.float32])
    states = arrays["embeddings.word_embeddings.weight"][ids]
    states = states + arrays["embeddings.position_embeddings.weight"][: len(ids)]
    states = norm("embeddings.LayerNorm", states + arrays["embeddings.token_type_embeddings.weight"][0])
    for block in range(2):
        at = f"encoder.layer.{block}"
        attended = dense(f"{at}.attention.output.dense", attend(f"{at}.attention.self", states))
        states = norm(f"{at}.attention.output.LayerNorm", states + attended)
        inner = dense(f"{at}.intermediate.dense", states)
        inner = inner * 0.5 * (1.0 + erf(inner / math.sqrt(2.0)))
        states = norm(f"{at}.output.LayerNorm", states + dense(f"{at}.output.dense", inner))
    mean: Float32 = states.mean(axis=0)
    return mean


def test_the_last_step_of_an_epoch_is_told_once_with_its_held_back_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from newsgate.training import fit_progress as reporting

    monkeypatch.setattr(reporting, "_REPORT_EVERY_SECONDS", 0.0)
    seen: list[Progress] = []
    reporter = reporting.Reporter(seen.append, stage="teacher", steps=2)
    reporter.set_params({"epochs": 1})
    reporter.on_epoch_begin(0)
    for batch in range(2):
        reporter.on_train_batch_end(batch, {"loss": 0.5})
    reporter.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.75})
    assert [(each.step, each.held_back_accuracy) for each in seen] == [(1, None), (2, 0.75)]
