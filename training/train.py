"""Labelled texts to a bundle: fit, calibrate, compile, prove, evaluate."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from newsgate.foundation.errors import NewsgateError
from newsgate.model.abstention import record_risk_coverage
from newsgate.model.bundle import make_bundle, read_bundle
from newsgate.model.bundle_weights import weights_from_npz, weights_to_npz
from newsgate.model.classifier import Classifier, calibrated
from newsgate.model.familiarity import Familiarity
from newsgate.model.languages import own_languages
from newsgate.model.metadata import BundleMetadata, Parity, TrainingData
from newsgate.model.onnx_graph import compile_onnx
from newsgate.model.runtime import (
    KerasRuntime,
    OnnxRuntime,
    Runtime,
    compiled_runtimes,
    numpy_network,
    with_wide,
)
from newsgate.model.score_summary import summarise
from newsgate.model.tensorflow_loading import load_tensorflow
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.tokenizer import Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Weights
from newsgate.training.corpus import LabelledTexts, Split, hold_back
from newsgate.training.distillation import distilled_examples
from newsgate.training.evaluate import Evaluation, evaluate
from newsgate.training.examples import Examples
from newsgate.training.familiarity import learn_familiarity
from newsgate.training.optional_libraries import training_unavailable
from newsgate.training.progress import Progress, ProgressCallback, silent
from newsgate.training.quantisation_check import measure_on_texts
from newsgate.training.recipe import DEFAULT_RECIPE, Recipe
from newsgate.training.temperature_scaling import fit_temperature
from newsgate.training.unlabelled import choose_unlabelled
from newsgate.training.vocabulary import learn_tokenizer
from newsgate.training.wide import add_wide

# Wider than the 6e-6 seen between runtimes, far narrower than any decision.
PARITY_TOLERANCE: Final = 1e-4
PARITY_TEXTS: Final = 512

_LIBRARIES: Final = ("keras", "numpy", "onnx", "onnxruntime", "scikit-learn", "tensorflow", "tokenizers")


class ParityError(NewsgateError):
    """The compiled weights do not give what Keras gives, so there is nothing to trust."""


@dataclass(frozen=True)
class TrainedBundle:
    """A bundle, ready to be stored.

    held_back: on the part of the training texts that stopped the fitting, so it flatters. validation: on texts that
    decided nothing, None where none were given.
    """

    data: bytes
    metadata: BundleMetadata
    held_back: Evaluation
    validation: Evaluation | None


@dataclass(frozen=True)
class _Network:
    """The fitted weights in all their forms, and the number of epochs they saw.

    served: what they are after being written and read, as everyone will read them. judged: those that no held-back text
    is known to, for all that is measured on these; its wide part is then fitted once more, to all the texts.
    """

    keras_model: bytes
    onnx_model: bytes
    weights_npz: bytes
    served: Weights
    judged: Weights
    epochs: int


def train_bundle(
    train: LabelledTexts,
    *,
    validation: LabelledTexts | None = None,
    unlabelled: Iterable[str] = (),
    recipe: Recipe = DEFAULT_RECIPE,
    progress: ProgressCallback = silent,
    corpus: Mapping[str, Any] | None = None,
    cache_folder: Path | None = None,
) -> TrainedBundle:
    """Return a bundle trained on `train`; `validation` is reported on and decides nothing.

    unlabelled: texts like those that will come, the most telling ones first. The teachers label as many as the recipe
    wants, none of `train` or `validation` among them; without a teacher there is nobody to ask.
    corpus: recorded in the metadata as it is; `training.judging_split.CorpusSplit.as_json` for labels of a database.
    cache_folder: where the answers of teachers are kept for another training on the same texts.

    The same texts, recipe, libraries and machine give the same model. Raises TrainingUnavailableError without the
    training libraries, PretrainedUnavailableError without the recipe's teacher, CorpusError where the texts cannot be
    parted, ParityError where the runtimes differ.
    """
    split = hold_back(train, share=recipe.held_back)
    progress(Progress(stage="vocabulary"))
    new = _new_texts(unlabelled, train=train, validation=validation, recipe=recipe)
    tokenizer = learn_tokenizer(split.fitting.texts + new, vocabulary_size=recipe.vocabulary_size)
    examples = _examples(split, new, recipe=recipe, cache_folder=cache_folder, progress=progress)
    encoder = PythonEncoder(tokenizer)
    network = _fit(examples, split, tokenizer=tokenizer, recipe=recipe, progress=progress)
    served, judged = numpy_network(network.served), numpy_network(network.judged)
    progress(Progress(stage="compile"))
    sample = _parity_sample(split, validation, encoder, max_tokens=recipe.max_tokens)
    parity = _prove_all_forms(network, served, sample)
    progress(Progress(stage="calibrate"))
    # A post that was copied a hundred times is one piece of evidence about new texts, not a hundred.
    different = split.held_back.without_copies()
    temperature = _temperature(judged, encoder, different, max_tokens=recipe.max_tokens)
    progress(Progress(stage="evaluate"))
    draft = BundleMetadata(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        max_tokens=recipe.max_tokens,
        temperature=temperature,
        recipe={**asdict(recipe), "epochs": network.epochs, "unlabelled_texts": len(new)},
        training_data=TrainingData(rows=train.counts, sha256=train.fingerprint(), held_back_rows=len(split.held_back)),
        metrics={},
        libraries=_libraries(),
        parity=parity,
        corpus=corpus,
        languages=own_languages(train.texts),
        quantisation=_quantisation(network, tokenizer, split, temperature=temperature, max_tokens=recipe.max_tokens),
    )
    familiarity = learn_familiarity(
        split.fitting.texts, different.texts, tokenizer=tokenizer, encoder=encoder, max_tokens=recipe.max_tokens
    )
    judge = Classifier(encoder=encoder, runtime=judged, metadata=draft, familiarity=familiarity)
    held_back = evaluate(judge, split.held_back)
    reported = _on_validation(Classifier(encoder=encoder, runtime=served, metadata=draft), validation)
    metadata = _with_figures(judge, different, held_back=held_back, validation=reported)
    data = _bundled(network, tokenizer, metadata, familiarity)
    progress(Progress(stage="done"))
    # Read back: a bundle that cannot be opened is never handed out, and its metadata then has the checksums.
    return TrainedBundle(data=data, metadata=read_bundle(data).metadata, held_back=held_back, validation=reported)


def prove_parity(keras: Runtime, others: Sequence[Runtime], tokens: Tokens) -> Parity:
    """Return how far the other runtimes' probabilities are from Keras', or raise ParityError beyond the tolerance."""
    by_keras, *by_others = (calibrated(each.logits(tokens), temperature=1.0) for each in (keras, *others))
    difference = float(np.max(np.abs(np.stack(by_others) - by_keras)))
    # Negated, so that NaN is refused too.
    if not difference <= PARITY_TOLERANCE:
        raise ParityError(
            f"compiled, the weights give other probabilities: by {difference:.1e}, more than {PARITY_TOLERANCE:.0e}",
            remedy="Report this with the versions of keras, tensorflow and onnxruntime; nothing was saved",
        )
    return Parity(max_abs_difference=difference, texts=len(tokens))


def _new_texts(
    unlabelled: Iterable[str], *, train: LabelledTexts, validation: LabelledTexts | None, recipe: Recipe
) -> tuple[str, ...]:
    # Held-back and validation texts stay unseen, or they would no longer tell how new texts do.
    known = train.texts if validation is None else train.texts + validation.texts
    return choose_unlabelled(unlabelled, most_words=recipe.wanted_unlabelled_words, apart_from=known)


def _examples(
    split: Split, new: tuple[str, ...], *, recipe: Recipe, cache_folder: Path | None, progress: ProgressCallback
) -> Examples:
    if recipe.teacher == "none":
        return Examples.of_labels(split.fitting, smoothing=recipe.label_smoothing)
    return distilled_examples(split, unlabelled=new, recipe=recipe, cache_folder=cache_folder, progress=progress)


def _fit(
    examples: Examples,
    split: Split,
    *,
    tokenizer: Tokenizer,
    recipe: Recipe,
    progress: ProgressCallback,
) -> _Network:
    try:
        # TensorFlow takes seconds and hundreds of megabytes to import, and a base install lacks it.
        load_tensorflow()
        from newsgate.model.network import extract_weights, network_to_bytes, set_output
        from newsgate.training.fit import fit_network
    except ImportError as error:
        raise training_unavailable(error, needs="TensorFlow") from error
    fitted = fit_network(examples, held_back=split.held_back, tokenizer=tokenizer, recipe=recipe, progress=progress)
    weights = judged = extract_weights(fitted.network)
    if recipe.wide_bits:
        progress(Progress(stage="wide"))
        judged, weights = add_wide(weights, split, tokenizer=tokenizer, recipe=recipe)
        set_output(fitted.network, weights)
    weights_npz = weights_to_npz(weights)
    served = weights_from_npz(weights_npz)
    return _Network(
        keras_model=network_to_bytes(fitted.network),
        onnx_model=compile_onnx(weights),
        weights_npz=weights_npz,
        served=served,
        judged=replace(served, wide=judged.wide),
        epochs=fitted.epochs,
    )


def _temperature(judged: Runtime, encoder: PythonEncoder, different: LabelledTexts, *, max_tokens: int) -> float:
    return fit_temperature(judged.logits(encoder.encode(different.texts, max_tokens=max_tokens)), different.labels)


def _quantisation(
    network: _Network, tokenizer: Tokenizer, split: Split, *, temperature: float, max_tokens: int
) -> dict[str, Any] | None:
    texts = split.held_back.texts + split.fitting.texts
    loss = measure_on_texts(network.served, tokenizer, texts, temperature=temperature, max_tokens=max_tokens)
    return None if loss is None else loss.as_json()


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()}


def _parity_sample(
    split: Split, validation: LabelledTexts | None, encoder: PythonEncoder, *, max_tokens: int
) -> Tokens:
    texts = (validation or split.held_back).texts[:PARITY_TEXTS] + split.fitting.texts[:PARITY_TEXTS]
    return encoder.encode(texts, max_tokens=max_tokens)


def _prove_all_forms(network: _Network, served: Runtime, tokens: Tokens) -> Parity:
    """Return how far the network in ONNX, in NumPy and in C is from the one in Keras, or raise ParityError."""
    others = [served, OnnxRuntime(network.onnx_model), *compiled_runtimes(network.served)]
    return prove_parity(with_wide(KerasRuntime(network.keras_model), network.served), others, tokens)


def _on_validation(classifier: Classifier, validation: LabelledTexts | None) -> Evaluation | None:
    return None if validation is None else evaluate(classifier, validation)


def _with_figures(
    classifier: Classifier, different: LabelledTexts, *, held_back: Evaluation, validation: Evaluation | None
) -> BundleMetadata:
    """Return the classifier's metadata with all figures; different: the held-back texts without copies."""
    scores = classifier.classify(different.texts)
    metrics = {"held_back": held_back.as_dict()}
    return replace(
        classifier.metadata,
        metrics=metrics if validation is None else metrics | {"validation": validation.as_dict()},
        # No weight of these and no piece of the vocabulary comes from the held-back texts, so their scores and unknown
        # tokens are distributed as those of new texts are. (How much each teacher counts does: two or three numbers.)
        reference=summarise(scores).as_json(),
        abstention=record_risk_coverage(scores.p_fake, different.labels).as_json(),
    )


def _bundled(network: _Network, tokenizer: Tokenizer, metadata: BundleMetadata, familiarity: Familiarity) -> bytes:
    return make_bundle(
        keras_model=network.keras_model,
        onnx_model=network.onnx_model,
        weights_npz=network.weights_npz,
        tokenizer=tokenizer,
        metadata=metadata,
        familiarity=familiarity.as_json(),
    )
