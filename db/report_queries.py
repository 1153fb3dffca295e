"""A run at a glance: how its scores spread, and the rows at the ends and in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, and_, func, select, true

from newsgate.db.results import SELECTED, Result, ResultFilter, counted, is_of_run, is_sure, results

SCORE_BINS: Final = 20
Extreme = Literal["fake", "real", "torn"]


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """The verdicts of one run, counted.

    histogram: rows by p_fake, `SCORE_BINS` equal bins from 0 to 1, each with its lower edge, the last with both.
    errors: rows with an error in place of a score. truncated: rows the model has read only the beginning of.
    """

    histogram: tuple[int, ...]
    errors: int
    truncated: int

    @property
    def scored(self) -> int:
        """Rows with a score."""
        return sum(self.histogram)

    @property
    def fake(self) -> int:
        """Rows with a score from 0.5 up, which is an edge between bins."""
        return sum(self.histogram[SCORE_BINS // 2 :])


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """The rows of one run by what a reader is told of them. errors: rows with an error in place of a label."""

    fake: int
    real: int
    unsure: int
    errors: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.fake + self.real + self.unsure + self.errors


def count_scores(connection: Connection, wanted: ResultFilter) -> ScoreCounts:
    """Count the verdicts of the run that `wanted` is about, whatever it is narrowed to, in one pass."""
    score = results.c.p_fake
    # Compared with each edge: what databases make of a number that is cut to an integer differs.
    bins = [
        counted(and_(score >= place / SCORE_BINS, score < (place + 1) / SCORE_BINS)) for place in range(SCORE_BINS - 1)
    ]
    query = select(
        *bins,
        counted(score >= (SCORE_BINS - 1) / SCORE_BINS),
        counted(results.c.error.is_not(None)),
        counted(results.c.truncated),
    ).where(is_of_run(wanted))
    *histogram, errors, truncated = connection.execute(query).one()
    return ScoreCounts(tuple(histogram), errors, truncated)


def count_verdicts(connection: Connection, wanted: ResultFilter, *, threshold: float | None) -> VerdictCounts:
    """Count the labels of the run that `wanted` is about, whatever it is narrowed to.

    threshold: rows whose label has a lower probability are unsure; None calls none so.
    """
    sure = true() if threshold is None else is_sure(threshold)
    fake, real = (counted(and_(sure, results.c.label == label)) for label in ("fake", "real"))
    query = select(fake, real, func.count(results.c.label), counted(results.c.error.is_not(None)))
    found = connection.execute(query.where(is_of_run(wanted))).one()
    return VerdictCounts(fake=found[0], real=found[1], unsure=found[2] - found[0] - found[1], errors=found[3])


def count_sure_labels(connection: Connection, wanted: ResultFilter, *, threshold: float) -> tuple[int, int]:
    """Return how many rows of the run are fake, and how many real, with a probability of at least `threshold`."""
    fake, real = (counted(and_(is_sure(threshold), results.c.label == label)) for label in ("fake", "real"))
    row = connection.execute(select(fake, real).where(is_of_run(wanted))).one()
    return row[0], row[1]


def read_extremes(connection: Connection, wanted: ResultFilter, extreme: Extreme, *, limit: int) -> list[Result]:
    """Return the rows of the run that are the surest `fake` or `real`, or those between that are the most `torn`."""
    score = results.c.p_fake
    sides = {"fake": score >= 0.5, "real": score < 0.5, "torn": score.is_not(None)}
    orders = {"fake": score.desc(), "real": score, "torn": func.abs(score - 0.5)}
    query = select(*SELECTED).where(is_of_run(wanted), sides[extreme]).order_by(orders[extreme], results.c.row)
    return [Result(*row) for row in connection.execute(query.limit(limit))]


def read_failures(connection: Connection, wanted: ResultFilter, *, limit: int) -> list[Result]:
    """Return the first rows of the run that have an error in place of a score, in the order of the file."""
    query = select(*SELECTED).where(is_of_run(wanted), results.c.error.is_not(None)).order_by(results.c.row)
    return [Result(*row) for row in connection.execute(query.limit(limit))]


def count_at_least(
    connection: Connection, wanted: ResultFilter, *, thresholds: Sequence[float]
) -> tuple[int, tuple[int, ...]]:
    """Return how many rows of the run have a score, and for each threshold how many are at least that sure."""
    counts = [counted(is_sure(threshold)) for threshold in thresholds]
    rows, *at_least = connection.execute(select(func.count(results.c.p_fake), *counts).where(is_of_run(wanted))).one()
    return rows, tuple(at_least)
