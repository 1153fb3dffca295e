"""Why a text got its score, for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from newsgate.model.explanation import Explanation as ModelExplanation


@dataclass(frozen=True, slots=True)
class ExplainedToken:
    """One token of a text.

    piece: as the model's vocabulary has it. word: of the text, empty where that is not known. effect: p_fake of the
    text less p_fake without this token; above 0 it speaks for fake. p_fake_so_far: of the text up to this token. keep,
    take_in, show: what the gates of the LSTM did, the mean of both directions. wide: what the token adds to the logit
    in the part beside the LSTM, None where the model has no such part.

    >>> from newsgate import Classifier
    >>> first = Classifier.load().explain("microchip in the vaccine").tokens[0]
    >>> first.word, first.effect > 0
    ('microchip', True)
    """

    piece: str
    word: str
    effect: float
    p_fake_so_far: float
    keep: float
    take_in: float
    show: float
    wide: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text got its score.

    p_fake: of exactly these tokens. read_tokens, read_p_fake: how many the model reads of the text, and the score of
    all of them. truncated: the text goes on where the model stops reading.

    >>> from newsgate import Classifier
    >>> why = Classifier.load().explain("microchip in the vaccine")
    >>> why.label, len(why.tokens)
    ('fake', 5)
    """

    label: Literal["fake", "real"]
    p_fake: float
    tokens: tuple[ExplainedToken, ...]
    read_tokens: int
    read_p_fake: float
    truncated: bool
    _document: dict[str, Any] = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what `newsgate explain --format json` prints, without the numbers of item and model.

        >>> from newsgate import Classifier
        >>> Classifier.load().explain("microchip in the vaccine").to_dict()["label"]
        'fake'
        """
        return self._document


def explanation_of(why: ModelExplanation) -> Explanation:
    """The explanation, from what the model's own one measures."""
    from newsgate.model.labels import label_of
    from newsgate.tasks.inspecting.explanation_json import explanation_json

    gates = why.gates
    numbers = (why.effects, why.running, gates.keep, gates.take_in, gates.show)
    wide = [None] * len(why.pieces) if why.wide is None else why.wide.tolist()
    tokens = tuple(
        ExplainedToken(*values)
        for values in zip(why.pieces, why.words, *(each.tolist() for each in numbers), wide, strict=True)
    )
    return Explanation(
        label=label_of(why.p_fake),
        p_fake=why.p_fake,
        tokens=tokens,
        read_tokens=why.read_tokens,
        read_p_fake=why.read_p_fake,
        truncated=why.truncated,
        _document=explanation_json(why),
    )
