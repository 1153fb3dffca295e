"""Drift: do the texts of late look, to the model, like those it was judged by? docs/drift.md explains the figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from newsgate.db.chunk_summaries import read_summaries, run_summaries
from newsgate.db.model_registry import ModelRecord, model_record
from newsgate.db.session import Database
from newsgate.model.chi_square import compare_counts
from newsgate.model.labels import FAKE, REAL
from newsgate.model.recorded_facts import count_of, recorded_facts

if TYPE_CHECKING:
    from newsgate.model.score_summary import Summary

# After Bonferroni's correction, so of a hundred tables without any drift at most one has a marked day.
SIGNIFICANT = 0.01


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model's scores were like on texts held back from its training, as its bundle says."""

    histogram: tuple[int, ...]
    tokens: int
    unknown: int


@dataclass(frozen=True, slots=True)
class DriftDay:
    """What one model saw on one day, in UTC, beside its reference; fields about the latter are None without one.

    rows: with a score. majority: the label most of the training texts had. share_majority: of the day's rows, how
    many got that label; a model that always says it would have 1. share_trained: of the training texts, how many had
    it. distance: between the day's scores and the reference's, 0 for the same distribution, 1 for nothing in common.
    p_scores, p_unknown: of the two chi-square tests. p_value: the smaller of them, corrected for every test shown.
    """

    day: date
    model: int
    rows: int
    share_fake: float
    majority: str | None
    share_majority: float | None
    share_trained: float | None
    unknown_rate: float
    reference_share_fake: float | None = None
    reference_unknown_rate: float | None = None
    distance: float | None = None
    p_scores: float | None = None
    p_unknown: float | None = None
    p_value: float | None = None

    @property
    def drifted(self) -> bool | None:
        """Whether the day differs by more than chance explains; None where nothing could be compared."""
        return None if self.p_value is None else self.p_value < SIGNIFICANT


def find_drift(database: Database, *, days: int) -> list[DriftDay]:
    """Every day and model of the last `days` days, newest first, beside the model's reference."""
    summaries = _sum_by_day(database, days=days)
    with database.read() as connection:
        metadata = {model: model_record(connection, model).metadata for _, model in summaries}
    found = [
        _compare(day, model, summary, metadata[model])
        for (day, model), summary in sorted(summaries.items(), reverse=True)
    ]
    return _corrected([each for each in found if each is not None])


def drift_of_run(connection: Connection, run: int, record: ModelRecord) -> DriftDay | None:
    """What `record`'s model saw in one of its runs, beside its reference; None before the first row has a score.

    `day` is today. The p-value is corrected for the two tests of this one comparison.
    """
    seen = _compare(datetime.now(UTC).date(), record.number, summary_of_run(connection, run), record.metadata)
    return None if seen is None else _corrected([seen])[0]


def summary_of_run(connection: Connection, run: int) -> Summary:
    """What the chunks of a run have seen, added up; empty before the first row has a score."""
    from newsgate.model.score_summary import Summary

    return sum((Summary.from_json(json.loads(each)) for each in run_summaries(connection, run)), Summary())


def reference_of(metadata: Mapping[str, Any]) -> Reference | None:
    """The reference in a bundle's metadata; None where whoever made the bundle recorded none, or it is damaged."""
    try:
        return _read_reference(metadata)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def is_reference_damaged(record: ModelRecord) -> bool:
    """Whether the model's metadata has a reference that cannot be one."""
    return bool(record.metadata.get("reference")) and reference_of(record.metadata) is None


def damaged_references(database: Database, models: Iterable[int]) -> list[int]:
    """Of these models, those whose reference is damaged."""
    with database.read() as connection:
        return [number for number in sorted(models) if is_reference_damaged(model_record(connection, number))]


def _read_reference(metadata: Mapping[str, Any]) -> Reference | None:
    from newsgate.model.score_summary import Summary

    document = metadata.get("reference")
    if not document:
        return None
    counts = (*document["histogram"], document["tokens"], document["unknown"])
    for count in counts:
        count_of(count)
    # Its rules: as many bins as a chunk's summary has, and no more unknown tokens than tokens.
    summary = Summary.from_json({**document, "items": sum(document["histogram"])})
    return Reference(summary.histogram, summary.tokens, summary.unknown)


def _sum_by_day(database: Database, *, days: int) -> dict[tuple[date, int], Summary]:
    from newsgate.model.score_summary import Summary

    sums: dict[tuple[date, int], Summary] = {}
    with database.read() as connection:
        for each in read_summaries(connection, days=days):
            key = (each.day, each.model)
            sums[key] = sums.get(key, Summary()) + Summary.from_json(json.loads(each.summary))
    return sums


def _compare(day: date, model: int, summary: Summary, metadata: Mapping[str, Any]) -> DriftDay | None:
    rows = sum(summary.histogram)
    if not rows:
        return None
    share_fake = _share_fake(summary.histogram)
    trained = recorded_facts(metadata).trained_rows or {}
    texts = sum(trained.values())
    majority = max((REAL, FAKE), key=lambda label: trained[label]) if texts else None
    seen = DriftDay(
        day=day,
        model=model,
        rows=rows,
        share_fake=share_fake,
        majority=majority,
        share_majority=None if majority is None else share_fake if majority == FAKE else 1 - share_fake,
        share_trained=None if majority is None else trained[majority] / texts,
        unknown_rate=_rate(summary.unknown, summary.tokens),
    )
    reference = reference_of(metadata)
    return seen if reference is None or not sum(reference.histogram) else beside(seen, summary, reference)


def beside(seen: DriftDay, summary: Summary, reference: Reference) -> DriftDay:
    """What was seen on a day, with the tests of its summary against the model's reference; not yet corrected."""
    scores = compare_counts(reference.histogram, summary.histogram)
    unknown = compare_counts(tokens_as_texts(reference), tokens_as_texts(summary))
    return replace(
        seen,
        reference_share_fake=_share_fake(reference.histogram),
        reference_unknown_rate=_rate(reference.unknown, reference.tokens),
        distance=total_variation(reference.histogram, summary.histogram),
        p_scores=None if scores is None else scores.p_value,
        p_unknown=None if unknown is None else unknown.p_value,
    )


def tokens_as_texts(summary: Summary | Reference) -> tuple[float, float]:
    """The unknown tokens and the others, as if each text were one token.

    The tokens of a text are not independent of each other. Tested one by one, samples of the same texts differed with
    p below 0.01 in 3 of 10 cases. The text is the unit that is drawn, so it is the most that a text can count for.
    """
    texts, rate = sum(summary.histogram), _rate(summary.unknown, summary.tokens)
    return texts * rate, texts * (1 - rate)


def _corrected(found: Sequence[DriftDay]) -> list[DriftDay]:
    """Put the p-value of each day in, corrected (Bonferroni) for all tests on all days."""
    tests = [[p for p in (each.p_scores, each.p_unknown) if p is not None] for each in found]
    made = sum(len(each) for each in tests)
    return [
        replace(each, p_value=min(1.0, min(mine) * made)) if mine else each
        for each, mine in zip(found, tests, strict=True)
    ]


def _share_fake(histogram: Sequence[int]) -> float:
    # 0.5 is an edge between bins, and `fake` begins at it.
    return _rate(sum(histogram[len(histogram) // 2 :]), sum(histogram))


def total_variation(reference: Sequence[float], observed: Sequence[float]) -> float:
    """The share of rows that would have to be in other bins for both counts to have the same shares, 0 to 1."""
    pairs = zip(reference, observed, strict=True)
    return 0.5 * sum(abs(_rate(mine, sum(reference)) - _rate(theirs, sum(observed))) for mine, theirs in pairs)


def _rate(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
