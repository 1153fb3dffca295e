"""A batch as one HTML page: what the model says of its rows, the rows worth a look, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from newsgate.db.report_queries import SCORE_BINS
from newsgate.pages.html_page import escaped, html_page, shortened
from newsgate.pages.report_style import STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsgate.db.results import Result
    from newsgate.tasks.inspecting.batch_report import BatchReport
    from newsgate.tasks.inspecting.drift import DriftDay

_TEXT_CHARS: Final = 300

# The plot's coordinates; a browser scales them to the page.
_WIDTH: Final = 720
_HEIGHT: Final = 200
_TOP: Final = 18
_BOTTOM: Final = 26
_GAP: Final = 2


def report_page(report: BatchReport) -> str:
    """Return the page, from `<!doctype html>` on."""
    sections = [
        _heading(report),
        _split_section(report),
        _spread_section(report),
        _texts_section("The surest fakes", "Those with the highest p_fake.", report.fake),
        _texts_section("The surest reals", "Those with the lowest p_fake.", report.real),
        _texts_section("The least sure", "Those nearest to 0.5: the best ones to judge yourself.", report.torn),
        _problems_section(report),
        _trust_section(report),
    ]
    return html_page(report.status.name, [each for each in sections if each], style=STYLE)


def _heading(report: BatchReport) -> str:
    status = report.status
    facts = [
        f"batch {status.batch}",
        f"model {status.model}, {escaped(report.model.name)}",
        f"{status.total:,} rows",
        f"this run began on {status.created_at:%Y-%m-%d at %H:%M} UTC",
    ]
    if status.finished_at is not None:
        facts.append(f"ended on {status.finished_at:%Y-%m-%d at %H:%M} UTC")
    listed = "".join(f"<li>{fact}</li>" for fact in facts)
    return f"""<header>
<h1>{escaped(status.name)}</h1>
<ul class="facts">{listed}</ul>
{_caution(report)}<p class="note">A score says how much a text is <b>worded</b> like the fakes that the model learned
from. Nothing was looked up: it is no check of facts.</p>
</header>"""


def _caution(report: BatchReport) -> str:
    status = report.status
    if status.state == "done":
        return ""
    found = f"{status.done + status.failed:,} of {status.total:,} rows"
    return f'<p class="caution">The run is {status.state}: {found} have a verdict so far.</p>\n'


def _split_section(report: BatchReport) -> str:
    counts = [each for each in _counts(report) if each[2]]
    rows = sum(count for _, _, count in counts)
    bar = "".join(
        f'<i class="{kind}" style="--share:{count}" title="{name}: {count:,}"></i>' for kind, name, count in counts
    )
    lines = "\n".join(
        f'<tr><th scope="row"><span class="key {kind}"></span>{name}</th><td>{count:,}</td>'
        f"<td>{count / rows:.1%}</td></tr>"
        for kind, name, count in counts
    )
    return f"""<section>
<h2>What the model says</h2>
<div class="split">{bar}</div>
<table class="counts">
{_head("verdict", "rows", "share")}
<tbody>
{lines}
</tbody></table>
{_unsure_note(report)}</section>"""


def _counts(report: BatchReport) -> Iterator[tuple[str, str, int]]:
    """Yield (class, name, rows) of every kind of row, those of the file that were refused among them."""
    seen, status = report.overview, report.status
    fake, real = seen.fake, seen.scored - seen.fake
    if report.abstention is not None:
        fake, real = report.abstention.fake, report.abstention.real
    yield "fake", "fake", fake
    yield "real", "real", real
    yield "unsure", "unsure", seen.scored - fake - real
    yield "failed", "failed", seen.errors
    yield "failed", "refused when the file was read", status.rejected
    yield "waiting", "no verdict yet", status.total - seen.scored - seen.errors


def _unsure_note(report: BatchReport) -> str:
    wanted = report.abstention
    if wanted is None:
        return ""
    where = (
        "the model never keeps so small an error, so every row is unsure"
        if math.isinf(wanted.threshold)
        else f"below {wanted.threshold:.3f} for its own label a row is unsure"
    )
    return f'<p class="source">At most about {wanted.max_error:.1%} of the labels may be wrong: {where}.</p>\n'


def _spread_section(report: BatchReport) -> str:
    seen = report.overview
    if not seen.scored:
        return ""
    cut = f" Of {seen.truncated:,} rows the model read only the beginning." if seen.truncated else ""
    return f"""<section>
<h2>How the scores spread</h2>
<p>Rows by p_fake, from 0 on the left to 1 on the right.{cut}</p>
{_histogram(seen.histogram)}
</section>"""


def _histogram(histogram: Sequence[int]) -> str:
    most, width, floor = max(histogram), _WIDTH / SCORE_BINS, _HEIGHT - _BOTTOM
    parts = []
    for place, rows in enumerate(histogram):
        low, high = place / SCORE_BINS, (place + 1) / SCORE_BINS
        height = (floor - _TOP) * rows / most
        left, middle = place * width, (place + 0.5) * width
        parts.append(
            f"<g><title>p_fake {low:.2f} to {high:.2f}: {rows:,} rows</title>"
            f'<rect class="{"fake" if low >= 0.5 else "real"}" x="{left + _GAP / 2:.1f}" y="{floor - height:.1f}" '
            f'width="{width - _GAP:.1f}" height="{height:.1f}"/>'
            f'<text x="{middle:.1f}" y="{floor - height - 5:.1f}" text-anchor="middle">{_brief(rows)}</text></g>'
        )
    ticks = "".join(
        f'<text x="{_WIDTH * tick:.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{tick:g}</text>'
        for tick, anchor in ((0, "start"), (0.25, "middle"), (0.5, "middle"), (0.75, "middle"), (1, "end"))
    )
    lines = (
        f'<line class="grid" x1="0" x2="{_WIDTH}" y1="{floor}" y2="{floor}"/>'
        f'<line class="middle" x1="{_WIDTH / 2}" x2="{_WIDTH / 2}" y1="{_TOP}" y2="{floor}"/>'
    )
    told = ", ".join(f"{rows} up to {(place + 1) / SCORE_BINS:g}" for place, rows in enumerate(histogram) if rows)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="rows by p_fake: {told}">'
        f"{lines}{''.join(parts)}{ticks}</svg>"
    )


def _brief(rows: int) -> str:
    """As much of a count as fits over a bar."""
    if rows < 10_000:
        return str(rows or "")
    return f"{rows / 1e3:.0f}k" if rows < 10_000_000 else f"{rows / 1e6:.0f}M"


def _texts_section(title: str, note: str, rows: Sequence[Result]) -> str:
    if not rows:
        return ""
    lines = "\n".join(
        f'<tr><td>{each.row}</td><td>{each.p_fake:.3f}</td><td dir="auto">{_shown(each.text)}</td></tr>'
        for each in rows
    )
    return f"""<section>
<h2>{title}</h2>
<p>{note}</p>
<table class="texts">
{_head("row", "p_fake", "text")}
<tbody>
{lines}
</tbody></table>
</section>"""


def _problems_section(report: BatchReport) -> str:
    seen = [(each.row, each.error or "", each.text) for each in report.failed]
    refused = [(each.row, each.reason, each.raw) for each in report.rejects]
    missing = report.overview.errors + report.status.rejected - len(seen) - len(refused)
    if not seen and not refused:
        return ""
    lines = "\n".join(
        f'<tr><th scope="row">{row}</th><td>{escaped(why)}</td><td dir="auto">{_shown(text)}</td></tr>'
        for row, why, text in sorted(seen + refused)
    )
    more = f'<p class="source">And {missing:,} more.</p>\n' if missing else ""
    return f"""<section>
<h2>Rows without a score</h2>
<p>Refused when the file was read, or failed when they were classified.</p>
<table class="problems">
{_head("row", "why", "row or text")}
<tbody>
{lines}
</tbody></table>
{more}</section>"""


def _trust_section(report: BatchReport) -> str:
    facts = [*_training_facts(report.model.metadata), _drift_fact(report.drift)]
    listed = "\n".join(f"<li>{each}</li>" for each in facts if each)
    return f"""<section>
<h2>How far to trust it</h2>
<ul>
{listed}
<li>What it is worth on texts like these, labels of your own tell: judge the least sure, and a random share.</li>
</ul>
</section>"""


def _training_facts(metadata: Mapping[str, Any]) -> Iterable[str]:
    rows = metadata.get("training_data", {}).get("rows", {})
    if rows:
        yield f"The model was trained on {sum(rows.values()):,} texts, {rows['fake']:,} of them fake."
    metrics = metadata.get("metrics", {})
    told = metrics.get("validation") or metrics.get("held_back")
    if told:
        yield (
            f"On {told['rows']:,} labelled texts of the same kind, kept out of its training, {told['accuracy']:.1%} of "
            "its labels were right. On texts of another kind it is less, down to a coin's half."
        )


def _drift_fact(drift: DriftDay | None) -> str:
    if drift is None or drift.distance is None or drift.p_value is None:
        return ""
    if drift.drifted:
        return (
            f"The scores here are <b>not</b> spread as those of its training's kind were: {drift.distance:.0%} of the "
            f"rows would need other ones, more than chance explains (p {drift.p_value:.2g}). The figure above may not "
            "hold."
        )
    return (
        "The scores here are spread as those of its training's kind were, as far as can be seen "
        f"(p {drift.p_value:.2g})."
    )


def _head(*names: str) -> str:
    return "<thead><tr>" + "".join(f'<th scope="col">{name}</th>' for name in names) + "</tr></thead>"


def _shown(text: str) -> str:
    return escaped(shortened(text, most_chars=_TEXT_CHARS))
