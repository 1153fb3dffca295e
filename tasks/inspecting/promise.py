"""What `--max-error` may promise of one batch, and on what that rests. docs/abstaining.md has the rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import Connection

from newsgate.db.batch_labels import judged_texts
from newsgate.db.batch_status import BatchStatus
from newsgate.db.model_registry import ModelRecord, model_record
from newsgate.db.report_queries import count_at_least
from newsgate.db.results import ResultFilter
from newsgate.foundation.errors import NewsgateError
from newsgate.model.labels import label_of
from newsgate.model.recorded_facts import recorded_facts
from newsgate.tasks.inspecting.likeness import Likeness, likeness_of_run
from newsgate.tasks.models.abstention import threshold_of_record

if TYPE_CHECKING:
    from newsgate.model.risk_control import JudgedRows

# alike: the batch is like what the error was measured on. proven: labels of the batch itself show it. The others
# promise nothing: unlike, refuted by such labels, or nothing to compare with.
PromiseState = Literal["alike", "proven", "unlike", "refuted", "not compared"]
_KEPT: tuple[PromiseState, ...] = ("alike", "proven")


class NoPromiseError(NewsgateError):
    """An error is wanted that nothing can be promised about."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What holds of the labels that a batch keeps at a wanted error.

    threshold: the least confidence, or infinity. widened_to: the error whose band is used where the batch is unlike.
    likeness: the comparison with what the error was measured on. judged: rows drawn at random and labelled by people.
    """

    max_error: float
    state: PromiseState
    threshold: float
    likeness: Likeness
    judged: int
    widened_to: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the wanted error is promised."""
        return self.state in _KEPT

    def __str__(self) -> str:
        return describe_promise(self)

    def as_json(self) -> dict[str, Any]:
        """What a program is told."""
        return {
            "promised": self.is_kept,
            "why": self.state,
            "max_error": self.max_error,
            "least_confidence": None if math.isinf(self.threshold) else self.threshold,
            "widened_to": self.widened_to,
            "separation": self.likeness.separation,
            "p_value": self.likeness.p_value,
            "judged_rows": self.judged,
        }


def promise_of(connection: Connection, status: BatchStatus, *, max_error: float) -> Promise:
    """Decide what can be promised of a run. Raises NoRecordError where its model cannot tell when it is sure."""
    record = model_record(connection, status.model)
    measured = threshold_of_record(record, max_error=max_error)
    likeness = likeness_of_run(connection, status.run, record.metadata)
    judged = _judged_rows(connection, status, record)
    if len(judged):
        proven = _proven(connection, status, judged, max_error=max_error)
        if proven is not None:
            return Promise(max_error, "proven", proven, likeness, len(judged))
        if _is_refuted(connection, status, judged, threshold=measured, max_error=max_error):
            return Promise(max_error, "refuted", math.inf, likeness, len(judged))

    def threshold(error: float) -> float:
        return threshold_of_record(record, max_error=error)

    return replace(promise_by_likeness(likeness, max_error=max_error, threshold=threshold), judged=len(judged))


def promise_by_likeness(likeness: Likeness, *, max_error: float, threshold: Callable[[float], float]) -> Promise:
    """Decide what can be promised of texts that nobody has judged.

    threshold: gives the least confidence that keeps an error.
    """
    measured = threshold(max_error)
    if likeness.alike is None:
        return Promise(max_error, "not compared", measured, likeness, judged=0)
    if likeness.alike:
        return Promise(max_error, "alike", measured, likeness, judged=0)
    widened = widened_error(max_error, separation=likeness.separation or 1.0)
    wider = threshold(widened) if widened > 0 else math.inf
    return Promise(max_error, "unlike", max(wider, measured), likeness, judged=0, widened_to=widened)


def widened_error(max_error: float, *, separation: float) -> float:
    """Return the error whose band is used for an unlike batch: the wanted one times what the two kinds share."""
    return max_error * max(0.0, 2 * (1 - separation))


def describe_promise(promise: Promise) -> str:
    """Say in one sentence whether the error is promised, and on what that rests."""
    said = "is promised" if promise.is_kept else "is not promised"
    return f"an error of {promise.max_error:g} {said}: {WHY[promise.state]}{_figures(promise)}{_band(promise)}"


def require_promise(promise: Promise, *, batch: int) -> None:
    """Raise NoPromiseError where the wanted error is not promised."""
    if not promise.is_kept:
        raise NoPromiseError(
            f"batch {batch}: {describe_promise(promise)}",
            remedy=f"Leave --strict out, or label a random share: newsgate review --batch {batch} --random-share 1",
        )


WHY: dict[PromiseState, str] = {
    "alike": "its texts are like those that the error was measured on",
    "proven": "labels that people gave on a random share of it show that",
    "unlike": "its texts are not like those that the error was measured on",
    "refuted": "labels that people gave on a random share of it show more mistakes",
    "not compared": "there is too little to compare it with what the error was measured on",
}
assert WHY.keys() == set(get_args(PromiseState))  # noqa: S101


def _figures(promise: Promise) -> str:
    if promise.state in ("proven", "refuted"):
        return f" ({promise.judged} texts)"
    likeness = promise.likeness
    if likeness.separation is None or likeness.p_value is None:
        return ""
    return f" (separation {likeness.separation:.2f}, p {likeness.p_value:.2g})"


def _band(promise: Promise) -> str:
    if promise.state == "refuted":
        return "; every row is unsure"
    return "" if promise.widened_to is None else f"; the band is that of an error of {promise.widened_to:.2g}"


def _judged_rows(connection: Connection, status: BatchStatus, record: ModelRecord) -> JudgedRows:
    import numpy as np

    from newsgate.model.abstention import confidence_of
    from newsgate.model.risk_control import JudgedRows

    after = recorded_facts(record.metadata).label_id
    texts = judged_texts(connection, batch=status.batch, run=status.run, after_label=after)
    confidences = confidence_of(np.array([each.p_fake for each in texts], np.float64))
    wrong = np.array([label_of(each.p_fake) != each.label for each in texts], np.bool_)
    drawn = np.array([each.is_drawn for each in texts], np.bool_)
    # Copies are no further evidence about the others, but where the label is known each is a row that is right or not.
    rows = np.array([0 if each.is_drawn else each.rows for each in texts], np.int64)
    return JudgedRows(confidences[drawn], wrong[drawn], np.repeat(confidences, rows), np.repeat(wrong, rows))


def _proven(connection: Connection, status: BatchStatus, judged: JudgedRows, *, max_error: float) -> float | None:
    from newsgate.model.risk_control import GRID, proven_threshold

    rows, at_least = count_at_least(connection, _rows_of(status), thresholds=GRID)
    return proven_threshold(judged, rows=rows, at_least=at_least, max_error=max_error) if rows else None


def _is_refuted(
    connection: Connection, status: BatchStatus, judged: JudgedRows, *, threshold: float, max_error: float
) -> bool:
    from newsgate.model.risk_control import is_refuted

    if math.isinf(threshold):
        return False
    _, (at_least,) = count_at_least(connection, _rows_of(status), thresholds=(threshold,))
    return is_refuted(judged, threshold=threshold, at_least=at_least, max_error=max_error)


def _rows_of(status: BatchStatus) -> ResultFilter:
    return ResultFilter(status.batch, model=status.model)
