"""An explanation as one HTML page: a text coloured by what each token is worth, the score's way, and the gates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsgate.model.explanation_faithfulness import RANDOM_DRAWS
from newsgate.model.labels import FAKE, REAL, Label, label_of
from newsgate.model.tokenizer import CONTINUATION, UNKNOWN_PIECE, URL_PIECE
from newsgate.pages.score_plot import ScorePlot, draw_scores
from newsgate.pages.template_rendering import render_template

if TYPE_CHECKING:
    from newsgate.db.review import ReviewItem
    from newsgate.model.explanation import Explanation
    from newsgate.model.explanation_faithfulness import Faithfulness
    from newsgate.tasks.inspecting.explain import Explained

# The fields of `GateMeasures`.
_MEASURES: Final = ("keep", "take_in", "show")


@dataclass(frozen=True, slots=True)
class MeasureCell:
    """What one direction's gates did at a token. shade: from 0, the measure's lowest value in this text, to 1."""

    value: float
    shade: float


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token and what it is worth.

    name: the vocabulary's piece, beside the word where the piece is not part of it. text: the piece as a part of the
    text. continues_word: no blank stands before it. label: where it moves the score, by `effect`, of which
    `effect_share` is the share of the text's largest. score: p_fake of the text up to here. cells: the measures keep,
    take in and show, forward and then backward. wide: what it adds to the logit in the wide part, None without one.
    """

    name: str
    text: str
    continues_word: bool
    is_special: bool
    label: Label
    effect: float
    effect_share: float
    score: float
    wide: float | None
    cells: tuple[MeasureCell, ...]


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """Everything on the page.

    item: the row that the text is from, None for a text given as such. read_tokens, read_p_fake: what the model reads
    of the text, of which `tokens` are the first. random_draws: behind each figure of random choices.
    """

    label: Label
    p_fake: float
    model: int
    item: ReviewItem | None
    text: str
    is_cut: bool
    is_truncated: bool
    read_tokens: int
    read_p_fake: float
    tokens: tuple[TokenView, ...]
    largest_effect: float
    lstm_logit: float
    wide_logit: float | None
    score_plot: ScorePlot
    faithfulness: Faithfulness | None
    random_draws: int


def explanation_page(explained: Explained) -> str:
    """Return the page, from `<!doctype html>` on."""
    return render_template("explanation.html.j2", explanation=view_explanation(explained))


def view_explanation(explained: Explained) -> ExplanationView:
    """Return what the page says of the explained text."""
    why = explained.explanation
    tokens = tuple(_tokens(why))
    return ExplanationView(
        label=label_of(why.p_fake),
        p_fake=why.p_fake,
        model=explained.model,
        item=explained.item,
        text=explained.text,
        is_cut=why.is_cut,
        is_truncated=why.truncated,
        read_tokens=why.read_tokens,
        read_p_fake=why.read_p_fake,
        tokens=tokens,
        largest_effect=_largest_effect(why),
        lstm_logit=why.lstm_logit,
        wide_logit=None if why.wide is None else float(why.wide.sum()),
        score_plot=draw_scores([each.name for each in tokens], [each.score for each in tokens]),
        faithfulness=why.faithfulness,
        random_draws=RANDOM_DRAWS,
    )


def _tokens(why: Explanation) -> Iterator[TokenView]:
    largest = _largest_effect(why)
    cells = _measure_cells(why)
    for place, piece in enumerate(why.pieces):
        effect = float(why.effects[place])
        continues_word = piece.startswith(CONTINUATION) and place > 0
        yield TokenView(
            name=_token_name(piece, why.words[place]),
            text=piece.removeprefix(CONTINUATION) if continues_word else piece,
            continues_word=continues_word,
            is_special=piece in (UNKNOWN_PIECE, URL_PIECE),
            label=FAKE if effect > 0 else REAL,
            effect=effect,
            effect_share=abs(effect) / largest if largest > 0 else 0.0,
            score=float(why.running[place]),
            wide=None if why.wide is None else float(why.wide[place]),
            cells=cells[place],
        )


def _measure_cells(why: Explanation) -> list[tuple[MeasureCell, ...]]:
    """Return each token's cells. A measure's shades are comparable between the two directions."""
    ranges = [_range(why, measure) for measure in _MEASURES]
    columns = [
        (getattr(direction, measure), *bounds)
        for direction in (why.forward, why.backward)
        for measure, bounds in zip(_MEASURES, ranges, strict=True)
    ]
    return [
        tuple(_measure_cell(float(values[place]), lowest, highest) for values, lowest, highest in columns)
        for place in range(len(why.pieces))
    ]


def _measure_cell(value: float, lowest: float, highest: float) -> MeasureCell:
    return MeasureCell(value, (value - lowest) / (highest - lowest) if highest > lowest else 0.0)


def _range(why: Explanation, measure: str) -> tuple[float, float]:
    both = (getattr(why.forward, measure), getattr(why.backward, measure))
    return float(min(each.min() for each in both)), float(max(each.max() for each in both))


def _largest_effect(why: Explanation) -> float:
    return float(abs(why.effects).max())


def _token_name(piece: str, word: str) -> str:
    return f"{piece} {word}" if piece == UNKNOWN_PIECE and word else piece
