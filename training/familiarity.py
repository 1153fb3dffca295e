"""What a model has learned from, counted: the weights by which `model.familiarity` knows texts like those.

A pair of tokens has the probability that interpolated absolute discounting gives it (Ney, Essen and Kneser 1994) over
the training texts. English at large is estimated by Zipf's law: the pieces of `training.word_vectors` stand in the
order of their frequency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.bundle import make_bundle, read_bundle
from newsgate.model.bundle_weights import weights_from_npz
from newsgate.model.classifier import Classifier
from newsgate.model.familiarity import (
    MOST_HELD_BACK,
    PAIR_BITS,
    PAIR_SLOTS,
    PRIOR_TOKENS,
    WEIGHTS_A_NAT,
    Familiarity,
    Float64,
    LengthCurve,
    unknown_speaks_for_nothing,
)
from newsgate.model.runtime import numpy_network
from newsgate.model.score_summary import summarise
from newsgate.model.text_encoder import Encoder, PythonEncoder
from newsgate.model.token_pairs import pair_slots
from newsgate.model.tokenizer import CASE_PIECES, UNKNOWN_ID, URL_PIECE, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.training.corpus import CorpusError, LabelledTexts, hold_back
from newsgate.training.word_vectors import load_word_vectors

# How much of a pair's count goes to the pairs that were never seen.
_DISCOUNT: Final = 0.75
# A pair that was seen once is left out: a slot holds one pair, and it would push frequent ones out.
_LEAST_PAIRS: Final = 2
# As many tokens of English at large as this share of the vocabulary are added to those counted.
_PRIOR_A_PIECE: Final = 0.1
# Zipf's law as Mandelbrot has it: the first ranks are flatter than the others.
_RANK_OFFSET: Final = 5.0
# The most frequent word, and what stands for an address and for what cannot be spelled.
_FIRST_WORD, _ADDRESS_WORD = "the", "http"
_UNSPELLED: Final = -12.0
# Of the tokens of any texts, those that another vocabulary does not have. In other scripts it is all of them.
_UNKNOWN_AT_LARGE: Final = 0.01
_CAPITALS_COST: Final = 1.5
_LEAST_DEVIATION: Final = 0.25


def learn_familiarity(
    fitting: Sequence[str], held_back: Sequence[str], *, tokenizer: Tokenizer, encoder: Encoder, max_tokens: int
) -> Familiarity:
    """Return the weights of the texts that a model is fitted to, measured on different texts held back from it."""
    counted = encoder.encode(fitting, max_tokens=max_tokens)
    tokens, unseen, pairs = _weights(counted, general=_general_logs(tokenizer.pieces))
    judged = encoder.encode(held_back, max_tokens=max_tokens)
    draft = Familiarity(tokens, unseen, pairs, LengthCurve(0, 1, 1, 0, 1), np.zeros(1))
    means = draft.sums(judged) / (WEIGHTS_A_NAT * (judged.lengths + float(PRIOR_TOKENS)))
    curve = _curve(means, judged.lengths.astype(np.float64))
    measured = Familiarity(tokens, unseen, pairs, curve, np.zeros(1))
    deviations = np.sort(measured.deviations(judged))
    places = np.linspace(0, len(deviations) - 1, min(len(deviations), MOST_HELD_BACK)).round().astype(int)
    # Rounded here already, so that a bundle that is read back gives the same shares.
    return Familiarity(tokens, unseen, pairs, curve, np.round(deviations[places], 6))


def _weights(
    counted: Tokens, *, general: Float64
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    pieces = len(general)
    general = general.copy()
    general[UNKNOWN_ID] = np.log(_UNKNOWN_AT_LARGE)
    counts = np.bincount(counted.ids, minlength=pieces)
    prior = _PRIOR_A_PIECE * pieces
    probabilities = (counts + prior * np.exp(general)) / (counts.sum() + prior)
    firsts, seconds, times = _pairs(counted, pieces=pieces)
    followed = np.bincount(firsts, weights=times, minlength=pieces)
    kinds = np.bincount(firsts, minlength=pieces)
    left_over = np.where(followed > 0, _DISCOUNT * np.maximum(kinds, 1) / np.maximum(followed, 1), 1.0)
    backed_off = left_over[firsts] * probabilities[seconds]
    gains = np.log1p((times - _DISCOUNT) / np.maximum(followed, 1)[firsts] / backed_off)
    are_known = (firsts != UNKNOWN_ID) & (seconds != UNKNOWN_ID)
    often = np.flatnonzero((times >= _LEAST_PAIRS) & are_known)
    # The most frequent pair of a slot comes last and stays.
    often = often[np.argsort(times[often], kind="stable")]
    slots = np.zeros(PAIR_SLOTS, np.uint8)
    kept = pair_slots(firsts[often], seconds[often], bits=PAIR_BITS)
    slots[kept] = np.clip(np.round(WEIGHTS_A_NAT * gains[often]), 0, 255)
    weights, unseen = np.log(probabilities) - general, np.log(left_over)
    unknown_speaks_for_nothing(weights, unseen, slots)
    return _as_weights(weights), _as_weights(unseen), slots


def _pairs(
    counted: Tokens, *, pieces: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the pairs of neighbouring tokens within texts, each once, and how often each is seen."""
    lengths = counted.lengths.astype(np.int64)
    # One text after the other, whatever order they lie in.
    inside = np.concatenate(
        [np.arange(start, start + length - 1) for start, length in zip(counted.starts, lengths, strict=True)]
    )
    inside = inside.astype(np.int64)
    keys = counted.ids[inside].astype(np.int64) * pieces + counted.ids[inside + 1]
    found, times = np.unique(keys, return_counts=True)
    return found // pieces, found % pieces, times.astype(np.int64)


def _as_weights(nats: Float64) -> npt.NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    return np.clip(np.round(WEIGHTS_A_NAT * nats), limits.min, limits.max).astype(np.int16)


def _curve(means: Float64, lengths: Float64) -> LengthCurve:
    """Return what is usual of texts with these mean weights and numbers of tokens; both float64 [texts]."""
    centre = float(np.median(means))
    squares = (means - centre) ** 2
    factors = np.column_stack([np.ones(len(lengths)), 1 / lengths])
    fitted = np.linalg.lstsq(factors, squares, rcond=None)[0]
    logs = np.log(lengths)
    return LengthCurve(
        centre=centre,
        variance=max(float(fitted[0]), 1e-3 * float(squares.mean()), 1e-6),
        variance_of_one=max(float(fitted[1]), 1e-3),
        log_tokens=float(np.median(logs)),
        log_tokens_deviation=max(float(logs.std()), _LEAST_DEVIATION),
    )


def _general_logs(pieces: Sequence[str]) -> Float64:
    """Return the logarithm of each piece's probability in English at large, float64 [pieces]."""
    vectors = load_word_vectors()
    first = vectors.places[_FIRST_WORD]
    logs = np.zeros(len(pieces))
    for place, piece in enumerate(pieces):
        if piece in CASE_PIECES:
            spelled: tuple[int, ...] | None = (first,)
        else:
            spelled = vectors.spell(_ADDRESS_WORD if piece == URL_PIECE else piece.lower())
        ranks = [max(each - first, 0) for each in spelled or ()]
        logs[place] = -sum(np.log(rank + _RANK_OFFSET) for rank in ranks) if ranks else _UNSPELLED
        if piece != piece.lower():
            logs[place] -= _CAPITALS_COST
    return np.asarray(logs - np.log(np.exp(logs).sum()), np.float64)


def add_familiarity(data: bytes, train: LabelledTexts) -> bytes:
    """Return a bundle with what it should know of familiar texts, its weights as they are.

    train: the texts it was trained on. Raises CorpusError where they are others.
    """
    bundle = read_bundle(data)
    if train.fingerprint() != bundle.metadata.training_data.sha256:
        raise CorpusError("these are not the texts that the bundle was trained on", remedy="Give the training file")
    if bundle.weights_npz is None:
        raise CorpusError("the bundle is of an older format", remedy="Train it again")
    split = hold_back(train, share=float(bundle.metadata.recipe["held_back"]))
    different = split.held_back.without_copies()
    encoder = PythonEncoder(bundle.tokenizer)
    familiarity = learn_familiarity(
        split.fitting.texts,
        different.texts,
        tokenizer=bundle.tokenizer,
        encoder=encoder,
        max_tokens=bundle.metadata.max_tokens,
    )
    served = numpy_network(weights_from_npz(bundle.weights_npz))
    classifier = Classifier(encoder=encoder, runtime=served, metadata=bundle.metadata, familiarity=familiarity)
    reference = summarise(classifier.classify(different.texts)).as_json()
    return make_bundle(
        keras_model=bundle.keras_model,
        onnx_model=bundle.onnx_model,
        weights_npz=bundle.weights_npz,
        tokenizer=bundle.tokenizer,
        metadata=replace(bundle.metadata, reference=reference),
        familiarity=familiarity.as_json(),
    )
