"""Training from labelled texts to a bundle, on sentences that are easy to tell apart."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from newsgate.model.abstention import record_risk_coverage
from newsgate.model.batching import in_parts, in_rectangles
from newsgate.model.bundle import bundle_sha256, read_bundle
from newsgate.model.bundle_weights import weights_from_npz, weights_to_npz
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.languages import own_languages
from newsgate.model.numpy_runtime import NumpyRuntime
from newsgate.model.runtime import OnnxRuntime, compiled_runtimes
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.score_summary import Summary, summarise
from newsgate.model.tokenizer import Encoded
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32
from newsgate.training.corpus import LabelledTexts, hold_back
from newsgate.training.evaluate import evaluate
from newsgate.training.judging_split import Judgement, split_labels
from newsgate.training.progress import Progress
from newsgate.training.recipe import Recipe
from newsgate.training.train import ParityError, TrainedBundle, prove_parity, train_bundle
from tests.bundles import remade
from tests.claims import sentences

RECIPE = Recipe(vocabulary_size=300, embedding_width=16, lstm_units=8, max_tokens=16, max_epochs=4, learning_rate=1e-2)
# With the fixture `eagerly`: see tests/claims.py.
ONE_STEP: dict[str, Any] = {"max_tokens": 8, "max_epochs": 1, "batch_rows": 4096}
TRAIN = sentences(1, rows=400)
VALIDATION = sentences(2, rows=100)


@cache
def trained() -> tuple[TrainedBundle, tuple[Progress, ...]]:
    seen: list[Progress] = []
    return train_bundle(TRAIN, validation=VALIDATION, recipe=RECIPE, progress=seen.append), tuple(seen)


def test_it_learns_and_reports_on_the_validation_texts() -> None:
    bundle, _ = trained()
    assert bundle.validation is not None
    assert bundle.validation.accuracy > 0.95
    reopened = evaluate(Classifier.from_bundle_bytes(bundle.data), VALIDATION)
    assert reopened.confusion == bundle.validation.confusion
    assert bundle.metadata.metrics["validation"]["accuracy"] == bundle.validation.accuracy


def test_the_bundle_says_what_it_was_trained_on() -> None:
    metadata = read_bundle(trained()[0].data).metadata
    assert metadata.training_data.rows == {"fake": 200, "real": 200}
    assert metadata.training_data.sha256 == TRAIN.fingerprint()
    assert metadata.parity.texts > 100
    assert metadata.parity.max_abs_difference < 1e-5
    assert metadata.recipe["lstm_units"] == 8
    assert {"keras", "tensorflow", "onnxruntime"} <= set(metadata.libraries)
    # Measured in a process that has TensorFlow in memory.
    assert metadata.languages == own_languages(TRAIN.texts)


def test_the_bundle_says_how_new_texts_are_scored() -> None:
    metadata = read_bundle(trained()[0].data).metadata
    assert metadata.reference is not None
    reference = Summary.from_json(metadata.reference)
    held_back = hold_back(TRAIN, share=RECIPE.held_back).held_back.without_copies()
    assert reference.items == sum(reference.histogram) == len(held_back)
    assert reference.tokens > reference.items
    scores = Classifier.from_bundle_bytes(trained()[0].data, runtime="numpy").classify(held_back.texts)
    assert summarise(scores) == reference
    assert metadata.abstention == record_risk_coverage(scores.p_fake, held_back.labels).as_json()


@pytest.mark.usefixtures("eagerly")
def test_copies_of_a_held_back_text_are_no_further_evidence() -> None:
    once = TRAIN.without_copies()
    viral = hold_back(once, share=RECIPE.held_back).held_back
    copies = [pair for pair in zip(viral.texts, viral.labels, strict=True) for _ in range(20)]
    pairs = [*zip(once.texts, once.labels, strict=True), *copies]
    recipe = replace(RECIPE, **ONE_STEP)
    alone, many = (train_bundle(each, recipe=recipe).metadata for each in (once, LabelledTexts.from_pairs(pairs)))
    assert many.training_data.held_back_rows == 21 * alone.training_data.held_back_rows
    assert alone.training_data.held_back_rows == len(viral)
    assert (many.temperature, many.reference, many.abstention) == (
        alone.temperature,
        alone.reference,
        alone.abstention,
    )


@pytest.mark.usefixtures("eagerly")
def test_the_bundle_says_which_labels_it_was_trained_on() -> None:
    assert trained()[0].metadata.corpus is None
    labels = [
        Judgement(number, *pair, judges=False)
        for number, pair in enumerate(zip(TRAIN.texts, TRAIN.labels, strict=True))
    ]
    split = split_labels(labels)
    bundle = train_bundle(split.train, recipe=replace(RECIPE, **ONE_STEP), corpus=split.as_json())
    assert read_bundle(bundle.data).metadata.corpus == split.as_json()
    assert bundle.metadata.training_data.sha256 == split.train.fingerprint()


def test_most_texts_may_fill_what_the_model_reads() -> None:
    def pairs() -> Iterator[tuple[str, str]]:
        for row in range(160):
            length = 20 if row % 8 > 1 else 3
            yield " ".join(["hoax" if row % 2 else "report", f"no{row}", *["word"] * length]), ("real", "fake")[row % 2]

    recipe = replace(RECIPE, max_epochs=2, batch_rows=16, held_back=0.4)
    assert train_bundle(LabelledTexts.from_pairs(pairs()), recipe=recipe).held_back.rows >= 64


def test_the_same_seed_gives_the_same_model() -> None:
    first, _ = trained()
    second = train_bundle(TRAIN, validation=VALIDATION, recipe=RECIPE)
    assert second.metadata.metrics == first.metadata.metrics
    assert second.metadata.temperature == first.metadata.temperature
    with_time = make_again(second, created_at=first.metadata.created_at)
    assert read_bundle(with_time).onnx_model == read_bundle(first.data).onnx_model
    assert read_bundle(with_time).weights_npz == read_bundle(first.data).weights_npz


def make_again(bundle: TrainedBundle, *, created_at: str) -> bytes:
    return remade(bundle.data, metadata=replace(read_bundle(bundle.data).metadata, created_at=created_at))


def test_progress_is_told_stage_by_stage() -> None:
    _, seen = trained()
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages == ["vocabulary", "fit", "compile", "calibrate", "evaluate", "done"]
    fit = [progress for progress in seen if progress.stage == "fit"]
    assert [progress.epoch for progress in fit] == sorted(progress.epoch for progress in fit)
    assert all(progress.eta_seconds is not None and progress.eta_seconds >= 0 for progress in fit)
    assert all(1 <= progress.step <= progress.steps for progress in fit)
    assert fit[-1].held_back_accuracy is not None


def test_all_runtimes_give_the_same_scores() -> None:
    def by(runtime: RuntimeName) -> Scores:
        return Classifier.from_bundle_bytes(trained()[0].data, runtime=runtime).classify(VALIDATION.texts)

    by_keras = by("keras")
    for served in (by("native"), by("numpy"), by("onnx")):
        np.testing.assert_allclose(by_keras.p_fake, served.p_fake, atol=1e-5)
        np.testing.assert_array_equal(by_keras.p_fake >= 0.5, served.p_fake >= 0.5)
        np.testing.assert_array_equal(by_keras.token_counts, served.token_counts)


@pytest.mark.parametrize("units", [5, 80])
def test_the_compiled_weights_are_the_network_for_any_weights_and_lengths(units: int) -> None:
    from newsgate.model.network import build_network, compile_predictor, extract_weights
    from newsgate.model.onnx_graph import compile_onnx

    random = np.random.default_rng(0)
    network = build_network(vocabulary_size=50, embedding_width=12, lstm_units=units, dropout=0.3)
    network.set_weights([random.normal(size=array.shape, scale=1.8 / units**0.5) for array in network.get_weights()])
    lengths = np.array([1, 2, 3, 7, 23, 23, 5, 1], dtype=np.int32)
    ids = random.integers(1, 50, size=(8, 23)).astype(np.int32)
    ids[np.arange(23) >= lengths[:, np.newaxis]] = 0

    by_keras = compile_predictor(network)(ids)
    graph = compile_onnx(extract_weights(network))
    weights = weights_from_npz(weights_to_npz(extract_weights(network)))
    for padded in (NumpyRuntime(weights), OnnxRuntime(graph)):
        logits = padded.padded_logits(ids, lengths)
        np.testing.assert_allclose(logits, by_keras, atol=2e-5)
        # Whatever stands in the padding.
        np.testing.assert_array_equal(padded.padded_logits(np.where(ids == 0, 7, ids), lengths), logits)
    tokens = Tokens.of(
        [Encoded(tuple(row[:length].tolist()), truncated=False) for row, length in zip(ids, lengths, strict=True)]
    )
    compiled = compiled_runtimes(weights)
    assert compiled
    for runtime in compiled:
        np.testing.assert_allclose(runtime.logits(tokens), by_keras, atol=2e-5)


def test_padding_changes_nothing_in_keras_either() -> None:
    from newsgate.model.network import compile_predictor, network_from_bytes

    predict = compile_predictor(network_from_bytes(read_bundle(trained()[0].data).keras_model))
    ids = np.array([[5, 9, 12]], dtype=np.int32)
    np.testing.assert_allclose(predict(np.pad(ids, ((0, 0), (0, 40)))), predict(ids), atol=1e-6)


def test_the_saved_network_carries_no_optimizer_state() -> None:
    with zipfile.ZipFile(io.BytesIO(read_bundle(trained()[0].data).keras_model)) as archive:
        assert b"optimizer" not in archive.read("model.weights.h5")
        assert not json.loads(archive.read("config.json"))["compile_config"]


@pytest.mark.parametrize("wrong_by", [0.01, float("nan")])
def test_a_graph_that_differs_is_never_saved(wrong_by: float) -> None:
    class Constant:
        def __init__(self, logit: float) -> None:
            self.logit = logit

        def logits(self, tokens: Tokens) -> Float32:
            return np.full(len(tokens), self.logit, dtype=np.float32)

    tokens = Tokens.of([Encoded((1, 2), truncated=False)] * 3)
    assert prove_parity(Constant(0.5), [Constant(0.5)], tokens).texts == 3
    with pytest.raises(ParityError, match="nothing was saved"):
        prove_parity(Constant(0.5), [Constant(0.5), Constant(0.5 + wrong_by)], tokens)


def test_logits_come_in_the_order_of_the_texts() -> None:
    def length(ids: Int32, lengths: Int32) -> Float32:
        return lengths.astype(np.float32)

    class Length:
        def logits(self, tokens: Tokens) -> Float32:
            return in_rectangles(length, tokens)

    expected = [3, 1, 200, 7] * 80
    tokens = Tokens.of([Encoded((1,) * each, truncated=False) for each in expected])
    np.testing.assert_array_equal(Length().logits(tokens), expected)
    with ThreadPoolExecutor(3) as pool:
        np.testing.assert_array_equal(in_parts(Length().logits, tokens, pool=pool, parts=3), expected)


def test_bundles_are_named_by_their_bytes() -> None:
    data = trained()[0].data
    assert bundle_sha256(data) != bundle_sha256(make_again(trained()[0], created_at="2000-01-01T00:00:00+00:00"))
