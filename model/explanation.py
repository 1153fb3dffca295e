"""Why a text got its score: what the gates did at each token, and what each token is worth to the score.

Two different things. Gates describe what the network did on its way; leaving a token out attributes, because it asks
the network itself what the score would have been. `model.explanation_faithfulness` says how far the first tells the
second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from newsgate.model.bundle import Bundle, BundleError
from newsgate.model.bundle_weights import weights_of
from newsgate.model.classifier import calibrated
from newsgate.model.explanation_faithfulness import Faithfulness, Float64, Ids, Score, measure_faithfulness, without
from newsgate.model.gates import Trace, take_in, trace_network
from newsgate.model.runtime import Runtime
from newsgate.model.tokenizer import RESERVED_PIECES, URL_PIECE, Encoded, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.wide import WidePart

KEEP: Final = "keep"
TAKE_IN: Final = "take in"
SHOW: Final = "show"

# One may be float32 and the other whole numbers; a graph that computes something else is off by far more.
_LOGIT_TOLERANCE: Final = 0.1


@dataclass(frozen=True)
class GateMeasures:
    """One direction's gates, float64 [tokens] each: the mean over its units.

    keep: f_t, the share of the cell that stays. take_in: |i_t * C~_t|, how much is written into it. show:
    |o_t * tanh(C_t)|, how much of it is given on.
    """

    keep: Float64
    take_in: Float64
    show: Float64


@dataclass(frozen=True)
class Explanation:
    """What one text's score is made of; every array is float64 [tokens].

    pieces: the tokens as the vocabulary has them. words: the words they were cut from, empty where that is not known.
    p_fake: of exactly these tokens. running: p_fake of the text up to and including each token, scored as a text of its
    own. effects: p_fake with each token less p_fake without it.
    read_tokens, read_p_fake: what the model reads of the text, and its score; more than these tokens where the text was
    cut for explaining. truncated: the text goes on where the model stops reading.
    faithfulness: None for texts too short to tell.
    lstm_logit: what the LSTM says of these tokens. wide: what each token adds to it in the wide part (`model.wide`);
    both sum up to the logit of `p_fake` before the temperature. None in a network without a wide part.
    """

    pieces: tuple[str, ...]
    words: tuple[str, ...]
    p_fake: float
    running: Float64
    effects: Float64
    forward: GateMeasures
    backward: GateMeasures
    faithfulness: Faithfulness | None
    lstm_logit: float
    wide: Float64 | None
    read_tokens: int
    read_p_fake: float
    truncated: bool

    @property
    def is_cut(self) -> bool:
        """Whether the model reads more tokens than are explained."""
        return self.read_tokens > len(self.pieces)

    @property
    def gates(self) -> GateMeasures:
        """The mean of both directions."""
        return _mean(self.forward, self.backward)


def explain(bundle: Bundle, runtime: Runtime, text: str, *, most_tokens: int) -> Explanation:
    """Explain the first `most_tokens` tokens of what the model reads of `text`.

    runtime: that of `bundle`; it scores twice as many texts as there are tokens, so the time grows with their square.
    Raises BundleError where the bundle's network is not the one whose gates are known here, or gives no finite score.
    """
    weights = weights_of(bundle)
    if len(bundle.tokenizer) > len(weights.embedding):
        raise BundleError("the bundle's vocabulary has more pieces than its network", remedy="Train the model again")
    encoded = bundle.tokenizer.encode(text, max_tokens=bundle.metadata.max_tokens)
    ids = encoded.ids[:most_tokens]
    traced = trace_network(weights, ids)
    wide = None if weights.wide is None else WidePart(weights.wide).shares(ids)
    of_wide = 0.0 if wide is None else float(wide.sum())
    served = _served_logit(runtime, ids, told=traced.logit + of_wide)

    def score(texts: Sequence[Ids]) -> Float64:
        logits = runtime.logits(Tokens.of([Encoded(each, truncated=False) for each in texts]))
        if not np.isfinite(logits).all():
            raise BundleError("the bundle's network gives no finite score for a part of the text")
        return calibrated(logits, temperature=bundle.metadata.temperature)

    whole, running, effects = _scores(ids, encoded.ids, score)
    forward, backward = _measures(traced.forward), _measures(traced.backward)
    return Explanation(
        pieces=tuple(bundle.tokenizer.pieces[each] for each in ids),
        words=_words(bundle.tokenizer, text, ids),
        p_fake=float(running[-1]),
        running=running,
        effects=effects,
        forward=forward,
        backward=backward,
        faithfulness=_faithfulness(ids, running[-1], effects, _mean(forward, backward), score),
        lstm_logit=served - of_wide,
        wide=wide,
        read_tokens=len(encoded.ids),
        read_p_fake=whole,
        truncated=encoded.truncated,
    )


def _scores(ids: Ids, read: Ids, score: Score) -> tuple[float, Float64, Float64]:
    """Return p_fake of all that is read, and running scores and effects of `ids`, from one pass of batches."""
    tokens = range(len(ids))
    prefixes = [ids[: place + 1] for place in tokens]
    rests = [without(ids, (place,)) for place in tokens]
    scores = score([read, *prefixes, *rests])
    running, left = scores[1 : 1 + len(ids)], scores[1 + len(ids) :]
    return float(scores[0]), running, running[-1] - left


def _faithfulness(ids: Ids, p_fake: float, effects: Float64, gates: GateMeasures, score: Score) -> Faithfulness | None:
    measures = {KEEP: gates.keep, TAKE_IN: gates.take_in, SHOW: gates.show}
    return measure_faithfulness(ids, p_fake=p_fake, effects=effects, gates=measures, score=score)


def _measures(done: Trace) -> GateMeasures:
    """Return the means over the units; what is shown is the hidden state itself."""
    arrays = (done.forget, np.abs(take_in(done.input, done.candidate)), np.abs(done.hidden))
    return GateMeasures(*(array.mean(axis=1, dtype=np.float64) for array in arrays))


def _mean(forward: GateMeasures, backward: GateMeasures) -> GateMeasures:
    return GateMeasures(
        keep=(forward.keep + backward.keep) / 2,
        take_in=(forward.take_in + backward.take_in) / 2,
        show=(forward.show + backward.show) / 2,
    )


def _served_logit(runtime: Runtime, ids: Ids, *, told: float) -> float:
    """Return the network's result, and refuse to describe it by equations that do not give it: they gave `told`."""
    served = float(runtime.logits(Tokens.of([Encoded(ids, truncated=False)]))[0])
    # So written that a result that is not a number is refused too.
    if not abs(told - served) <= _LOGIT_TOLERANCE * max(1.0, abs(served)):
        raise BundleError(
            f"the bundle's network gives {served:.6g} where its equations give {told:.6g}",
            remedy="Train the model again with this version",
        )
    return served


def _words(tokenizer: Tokenizer, text: str, ids: Ids) -> tuple[str, ...]:
    """Return the word of each token; empty strings where cutting word by word does not give the same tokens."""
    address = (RESERVED_PIECES.index(URL_PIECE),)
    words: list[str] = []
    again: list[int] = []
    for word in tokenizer.words(text, limit=len(ids)):
        # A word is no more pieces than it has characters, and a case mark.
        cut = address if word == URL_PIECE else tokenizer.encode(word, max_tokens=len(word) + 1).ids
        words += [word] * len(cut)
        again += cut
    same = tuple(again[: len(ids)]) == ids
    return tuple(words[: len(ids)]) if same else ("",) * len(ids)
