"""A batch as one HTML page: what the model says of its rows, the rows worth a look, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsgate.model.labels import FAKE
from newsgate.model.language_names import describe_other_languages
from newsgate.model.languages import read_languages
from newsgate.model.recorded_facts import recorded_facts
from newsgate.pages.score_histogram import ScoreHistogram, draw_histogram
from newsgate.pages.template_rendering import render_template
from newsgate.tasks.exporting.shown_columns import shown_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsgate.db.results import Result
    from newsgate.tasks.inspecting.batch_report import Abstention, BatchReport
    from newsgate.tasks.inspecting.drift import DriftDay

_BESIDE_CHARS = 80


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many rows have a verdict, or why they have none. css_class: how the page colours them."""

    css_class: str
    verdict: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class UnsureRule:
    """Below which confidence a row is unsure, for a wanted share of wrong labels; None: every row is.

    promise: a sentence that says whether that share is promised of this batch. is_kept: whether it is.
    """

    max_error: float
    least_confidence: float | None
    promise: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Some rows of the batch, under a title and a sentence that says which they are."""

    title: str
    explanation: str
    rows: Sequence[ScoredRow]


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One row with its score. own_id: what the file calls it. beside: what else the file says of it."""

    item: int
    own_id: str | None
    p_fake: float | None
    text: str
    beside: str


@dataclass(frozen=True, slots=True)
class RowWithoutScore:
    """A row that was refused or failed. text: the row's text, or the row as it stood in the file."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What the model's metadata says about its training. judged_rows, accuracy: None where nothing was kept out."""

    texts: int | None
    fake_texts: int | None
    judged_rows: int | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything on the page.

    drift: None where the scores cannot be compared with those of the training. other_languages: a sentence that most
    texts are in such. unfamiliar: a sentence that the model has not learned from texts like these.
    """

    name: str
    batch: int
    model: int
    model_name: str
    state: str
    rows: int
    rows_with_verdict: int
    began_at: datetime
    ended_at: datetime | None
    verdict_counts: tuple[VerdictCount, ...]
    unsure_rule: UnsureRule | None
    histogram: ScoreHistogram | None
    truncated_rows: int
    scored_rows: tuple[ScoredRows, ...]
    rows_without_score: tuple[RowWithoutScore, ...]
    further_rows_without_score: int
    training: TrainingFacts
    other_languages: str | None
    unfamiliar: str | None
    drift: DriftDay | None


def report_page(report: BatchReport) -> str:
    """Return the page, from `<!doctype html>` on."""
    return render_template("report.html.j2", report=view_report(report))


def view_report(report: BatchReport) -> ReportView:
    """Return what the page says of the report."""
    status, overview = report.status, report.overview
    without_score = _rows_without_score(report)
    return ReportView(
        name=status.name,
        batch=status.batch,
        model=status.model,
        model_name=report.model.name,
        state=status.state,
        rows=status.total,
        rows_with_verdict=status.done + status.failed,
        began_at=status.created_at,
        ended_at=status.finished_at,
        verdict_counts=_verdict_counts(report),
        unsure_rule=_unsure_rule(report.abstention),
        histogram=draw_histogram(overview.histogram) if overview.scored else None,
        truncated_rows=overview.truncated,
        scored_rows=_scored_rows(report),
        rows_without_score=without_score,
        further_rows_without_score=overview.errors + status.rejected - len(without_score),
        training=_training_facts(report.model.metadata),
        other_languages=_other_languages(report),
        unfamiliar=None if report.unfamiliar is None else _as_sentence(report.unfamiliar),
        drift=_comparable(report.drift),
    )


def _verdict_counts(report: BatchReport) -> tuple[VerdictCount, ...]:
    counts = [count for count in _rows_by_verdict(report) if count[2]]
    total = sum(rows for _, _, rows in counts)
    return tuple(VerdictCount(css_class, verdict, rows, rows / total) for css_class, verdict, rows in counts)


def _rows_by_verdict(report: BatchReport) -> Iterator[tuple[str, str, int]]:
    """Yield (CSS class, verdict, rows) of every kind of row, those of the file that were refused among them."""
    overview, status = report.overview, report.status
    fake, real = overview.fake, overview.scored - overview.fake
    if report.abstention is not None:
        fake, real = report.abstention.fake, report.abstention.real
    yield "fake", "fake", fake
    yield "real", "real", real
    yield "unsure", "unsure", overview.scored - fake - real
    yield "failed", "failed", overview.errors
    yield "failed", "refused when the file was read", status.rejected
    yield "waiting", "no verdict yet", status.total - overview.scored - overview.errors


def _unsure_rule(abstention: Abstention | None) -> UnsureRule | None:
    if abstention is None:
        return None
    from newsgate.tasks.inspecting.promise import describe_promise

    promise = abstention.promise
    least = None if math.isinf(promise.threshold) else promise.threshold
    return UnsureRule(promise.max_error, least, _as_sentence(describe_promise(promise)), promise.is_kept)


def _scored_rows(report: BatchReport) -> tuple[ScoredRows, ...]:
    lists = (
        ("The surest fakes", "Those with the highest p_fake.", report.fake),
        ("The surest reals", "Those with the lowest p_fake.", report.real),
        ("The least sure", "Those nearest to 0.5: the best ones to judge yourself.", report.torn),
    )
    return tuple(ScoredRows(title, text, [_scored_row(row) for row in rows]) for title, text, rows in lists if rows)


def _scored_row(row: Result) -> ScoredRow:
    beside = " · ".join(value for _, value in shown_columns(row.columns, most_chars=_BESIDE_CHARS))
    return ScoredRow(row.item, row.external_id, row.p_fake, row.text, beside)


def _rows_without_score(report: BatchReport) -> tuple[RowWithoutScore, ...]:
    failed = [RowWithoutScore(each.row, each.error or "", each.text) for each in report.failed]
    refused = [RowWithoutScore(each.row, each.reason, each.raw) for each in report.rejects]
    return tuple(sorted(failed + refused, key=lambda each: (each.row, each.reason, each.text)))


def _training_facts(metadata: Mapping[str, Any]) -> TrainingFacts:
    facts = recorded_facts(metadata)
    rows, judged = facts.trained_rows, facts.judged
    return TrainingFacts(
        texts=facts.trained_texts,
        fake_texts=rows[FAKE] if rows else None,
        judged_rows=judged.rows if judged else None,
        accuracy=judged.accuracy if judged else None,
    )


def _other_languages(report: BatchReport) -> str | None:
    own = recorded_facts(report.model.metadata).languages or ()
    others = read_languages(report.status.languages).other_than(own)
    if not others:
        return None
    return _as_sentence(describe_other_languages(others, own, model="the model"))


def _as_sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."


def _comparable(drift: DriftDay | None) -> DriftDay | None:
    return None if drift is None or drift.distance is None or drift.p_value is None else drift
