"""An explanation as one HTML page: a text coloured by what each token is worth, the score's way, and the gates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from newsgate.model.explanation_faithfulness import RANDOM_DRAWS
from newsgate.model.labels import label_of
from newsgate.model.tokenizer import CONTINUATION, UNKNOWN_PIECE, URL_PIECE
from newsgate.pages.explanation_style import STYLE
from newsgate.pages.html_page import escaped, html_page, shortened

if TYPE_CHECKING:
    from newsgate.model.explanation import Explanation
    from newsgate.model.explanation_faithfulness import Faithful, Faithfulness
    from newsgate.tasks.inspecting.explain import Explained

_MEASURES: Final = (("keep", "keep"), ("take_in", "take in"), ("show", "show"))
_DIRECTIONS: Final = (("forward", "forward →"), ("backward", "← backward"))

# The plot's coordinates; a browser scales them to the page.
_WIDTH: Final = 720
_HEIGHT: Final = 190
_LEFT: Final = 34
_RIGHT: Final = 12
_TOP: Final = 10
_BOTTOM: Final = 24
_MOST_DOTS: Final = 64


def explanation_page(explained: Explained) -> str:
    """Return the page, from `<!doctype html>` on."""
    why = explained.explanation
    label = label_of(why.p_fake)
    sections = (
        _heading(explained, label),
        _token_section(why),
        _running_section(why),
        _gate_section(why),
        _faithfulness_section(why.faithfulness, len(why.pieces), label),
    )
    return html_page(f"Why {label}?", sections, style=STYLE)


def _heading(explained: Explained, label: str) -> str:
    why, item = explained.explanation, explained.item
    origin = "" if item is None else f"<li>batch {item.batch}, row {item.row}, item {item.item}</li>"
    notes = "".join(f'<p class="caution">{note}</p>' for note in _cautions(why))
    return f"""<header>
<h1>Why <span class="{label}">{label}</span>?</h1>
<div class="verdict"><div class="scale"><span style="left:{100 * why.p_fake:.1f}%"></span></div>
<p><b>real</b> 0<i>p_fake <strong>{why.p_fake:.3f}</strong></i>1 <b>fake</b></p></div>
<ul class="facts"><li>model {explained.model}</li>{origin}<li>{_count(len(why.pieces), "token")}</li></ul>
<blockquote dir="auto">{escaped(shortened(explained.text))}</blockquote>
{notes}<p class="note">Gates <b>describe</b> what the network did; leaving a token out <b>attributes</b>.</p>
</header>"""


def _cautions(why: Explanation) -> Iterable[str]:
    if why.is_cut:
        yield (
            f"Only the first {len(why.pieces)} of the {why.read_tokens} tokens that the model reads are explained; "
            f"p_fake of all of them is {why.read_p_fake:.3f}."
        )
    if why.truncated:
        yield f"The text is longer than the {why.read_tokens} tokens that the model reads."


def _token_section(why: Explanation) -> str:
    largest = _largest(why)
    spans = "".join(_token(why, place, largest) for place in range(len(why.pieces)))
    return f"""<section>
<h2>What each token is worth</h2>
<p>Each token was left out once. The colour says where it moves the score: p_fake with it, less p_fake without it.</p>
<p class="tokens">{spans}</p>
<div class="legend"><span>real &minus;{largest:.4f}</span><span class="ramp"></span>
<span>+{largest:.4f} fake</span></div>
</section>"""


def _token(why: Explanation, place: int, largest: float) -> str:
    piece, effect = why.pieces[place], float(why.effects[place])
    continues = piece.startswith(CONTINUATION) and place > 0
    text = piece.removeprefix(CONTINUATION) if continues else piece
    kinds = "special " if piece in (UNKNOWN_PIECE, URL_PIECE) else ""
    told = f"{_named(why, place)}: effect {effect:+.4f}, p_fake so far {why.running[place]:.3f}"
    span = (
        f'<span class="{kinds}{_side(effect)}" style="--share:{_share(effect, largest):.3f}" '
        f'title="{escaped(told)}">{escaped(text)}</span>'
    )
    return span if continues or place == 0 else f" {span}"


def _running_section(why: Explanation) -> str:
    return f"""<section>
<h2>The score as the text goes on</h2>
<p>p_fake of the text up to and including each token, scored as a text of its own, because one direction reads from the
end.</p>
{_plot(why)}
</section>"""


def _plot(why: Explanation) -> str:
    points = [(_x(place, len(why.pieces)), _y(float(score))) for place, score in enumerate(why.running)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    grid = "".join(
        f'<line class="grid{" middle" if score == 0.5 else ""}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" '
        f'y1="{_y(score):.1f}" y2="{_y(score):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(score) + 4:.1f}" text-anchor="end">{score:g}</text>'
        for score in (0.0, 0.5, 1.0)
    )
    bands = "".join(
        f'<rect class="{label}" x="{_LEFT}" width="{_WIDTH - _LEFT - _RIGHT}" y="{_y(top):.1f}" '
        f'height="{_y(0.0) - _y(0.5):.1f}"/>'
        for label, top in (("fake", 1.0), ("real", 0.5))
    )
    radius = 3.2 if len(points) <= _MOST_DOTS else 1.4
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{escaped(_named(why, place))}: '
        f"{why.running[place]:.3f}</title></circle>"
        for place, (x, y) in enumerate(points)
    )
    ends = (
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">token 1</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">token {len(points)}</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="p_fake after each token, '
        f'{why.running[0]:.3f} after the first and {why.running[-1]:.3f} after the last">'
        f'{bands}{grid}<polyline points="{path}"/>{dots}{ends}</svg>'
    )


def _gate_section(why: Explanation) -> str:
    groups = "".join(f'<th colspan="3" scope="colgroup">{name}</th>' for _, name in _DIRECTIONS)
    heads = "".join(f'<th scope="col">{name}</th>' for _ in _DIRECTIONS for _, name in _MEASURES)
    ranges = {name: _range(why, name) for name, _ in _MEASURES}
    largest = _largest(why)
    rows = "\n".join(_row(why, place, ranges, largest) for place in range(len(why.pieces)))
    return f"""<section>
<h2>What the gates did</h2>
<p><b>keep</b>: the share of the memory cell that the forget gate left, mean f. <b>take in</b>: how much was written
into it, mean |i&middot;C&#771;|. <b>show</b>: how much of it was given on, mean |o&middot;tanh C|. Each over the units
of one direction; the shade runs from a measure's lowest value in this text to its highest.</p>
<div class="wide"><table class="gates">
<thead><tr><th colspan="5"></th>{groups}</tr>
<tr><th class="place" scope="col">#</th><th scope="col">token</th><th scope="col">so far</th>
<th scope="col">effect</th><td></td>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div>
</section>"""


def _row(why: Explanation, place: int, ranges: dict[str, tuple[float, float]], largest: float) -> str:
    effect = float(why.effects[place])
    special = ' class="special"' if why.pieces[place] in (UNKNOWN_PIECE, URL_PIECE) else ""
    cells = "".join(
        _heat(float(getattr(getattr(why, direction), name)[place]), *ranges[name])
        for direction, _ in _DIRECTIONS
        for name, _ in _MEASURES
    )
    bar = f'<i class="bar {_side(effect)}" style="--share:{_share(effect, largest):.3f}"></i>'
    return (
        f'<tr><td class="place">{place + 1}</td><th scope="row"{special}><bdi>{escaped(_named(why, place))}</bdi></th>'
        f'<td>{why.running[place]:.3f}</td><td class="effect">{effect:+.4f}</td><td>{bar}</td>{cells}</tr>'
    )


def _heat(value: float, lowest: float, highest: float) -> str:
    share = (value - lowest) / (highest - lowest) if highest > lowest else 0.0
    return f'<td class="heat" style="--share:{share:.3f}">{value:.2f}</td>'


def _faithfulness_section(found: Faithfulness | None, tokens: int, label: str) -> str:
    if found is None:
        return "<section><h2>How faithful is that?</h2><p>The text is too short to tell.</p></section>"
    rows = "\n".join(_ranking(each) for each in found.rankings)
    return f"""<section>
<h2>How faithful is that?</h2>
<p>Let each measure name the {found.tokens} of {tokens} tokens that matter most. <b>Comprehensiveness</b>: by how much
the probability of {label} falls without them; more is better. <b>Sufficiency</b>: by how much it falls with nothing but
them; less is better. Random choices, the mean of {RANDOM_DRAWS}, say what any tokens would do. The <b>rank
correlation</b> says how far a gate's measure orders the tokens as the size of their effect does: 0 is not at all, 1 is
the same.</p>
<div class="wide"><table>
<thead><tr><th scope="col">named by</th><th scope="col">comprehensiveness</th><th scope="col">sufficiency</th>
<th scope="col">rank correlation</th></tr></thead>
<tbody>
{rows}
</tbody></table></div>
<p class="source">Comprehensiveness and sufficiency: DeYoung et al. 2020, arXiv 1911.03429.</p>
</section>"""


def _ranking(each: Faithful) -> str:
    correlation = "" if each.rank_correlation is None else f"{each.rank_correlation:+.3f}"
    return (
        f'<tr><th scope="row">{each.ranking}</th><td>{each.comprehensiveness:+.3f}</td><td>{each.sufficiency:+.3f}</td>'
        f"<td>{correlation}</td></tr>"
    )


def _named(why: Explanation, place: int) -> str:
    piece, word = why.pieces[place], why.words[place]
    return f"{piece} {word}" if piece == UNKNOWN_PIECE and word else piece


def _range(why: Explanation, name: str) -> tuple[float, float]:
    both = (getattr(why.forward, name), getattr(why.backward, name))
    return float(min(each.min() for each in both)), float(max(each.max() for each in both))


def _largest(why: Explanation) -> float:
    return float(abs(why.effects).max())


def _share(effect: float, largest: float) -> float:
    return abs(effect) / largest if largest > 0 else 0.0


def _side(effect: float) -> str:
    return "fake" if effect > 0 else "real"


def _x(place: int, tokens: int) -> float:
    width = _WIDTH - _LEFT - _RIGHT
    return _LEFT + (width / 2 if tokens == 1 else width * place / (tokens - 1))


def _y(score: float) -> float:
    return _TOP + (1 - score) * (_HEIGHT - _TOP - _BOTTOM)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
