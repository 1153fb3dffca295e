"""Where two models disagree about the rows of one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, select

from newsgate.db.errors import NoSuchBatchError
from newsgate.db.tables import items, runs, verdicts


@dataclass(frozen=True, slots=True)
class FlipCounts:
    """How the labels of a batch changed from one model to the other.

    compared: rows that both gave a label. newly_failed, no_longer_failed: rows that only the first, only the second
    gave one. mean_change: of p_fake, over the rows compared, whichever way; None where there are none.
    """

    compared: int
    real_to_fake: int
    fake_to_real: int
    newly_failed: int
    no_longer_failed: int
    mean_change: float | None


@dataclass(frozen=True, slots=True)
class Flip:
    """One row whose label changed."""

    row: int
    external_id: str | None
    before: str
    p_before: float
    after: str
    p_after: float
    text: str


def models_of(connection: Connection, batch: int) -> list[int]:
    """The models that have a run of the batch, in the order of their runs. Raises NoSuchBatchError."""
    query = select(runs.c.model).where(runs.c.batch_id == batch).order_by(runs.c.id)
    found = list(connection.execute(query).scalars())
    if not found:
        raise NoSuchBatchError(batch)
    return found


def count_flips(connection: Connection, batch: int, *, before: int, after: int) -> FlipCounts:
    """Count the rows of the batch by what became of them between two models' verdicts."""
    pairs = _Pairs(batch, before=before, after=after)
    first, second = pairs.first.c, pairs.second.c
    both = and_(first.label.is_not(None), second.label.is_not(None))
    query = select(
        _count(both).label("compared"),
        _count(and_(first.label == "real", second.label == "fake")).label("real_to_fake"),
        _count(and_(first.label == "fake", second.label == "real")).label("fake_to_real"),
        _count(and_(first.label.is_not(None), second.label.is_(None))).label("newly_failed"),
        _count(and_(first.label.is_(None), second.label.is_not(None))).label("no_longer_failed"),
        func.avg(func.abs(second.p_fake - first.p_fake)).label("mean_change"),
    ).select_from(pairs.joined)
    return FlipCounts(**connection.execute(query.where(pairs.condition)).one()._mapping)


def surest_flips(connection: Connection, batch: int, *, before: int, after: int, limit: int) -> list[Flip]:
    """The rows whose label changed, first those where both models together were surest."""
    pairs = _Pairs(batch, before=before, after=after)
    first, second = pairs.first.c, pairs.second.c
    query = (
        select(
            items.c.row,
            items.c.external_id,
            first.label.label("before"),
            first.p_fake.label("p_before"),
            second.label.label("after"),
            second.p_fake.label("p_after"),
            items.c.text,
        )
        .select_from(pairs.joined)
        .where(pairs.condition, first.label != second.label)
        # The two scores stand on different sides of one half, so their distance is how sure both were together.
        .order_by(func.abs(second.p_fake - first.p_fake).desc(), items.c.row)
        .limit(limit)
    )
    return [Flip(**row._mapping) for row in connection.execute(query)]


class _Pairs:
    """The items of a batch, each beside its verdicts by two models."""

    def __init__(self, batch: int, *, before: int, after: int) -> None:
        self.first: FromClause = verdicts.alias("first")
        self.second: FromClause = verdicts.alias("second")
        self.joined = items.join(self.first, self.first.c.item_id == items.c.id).join(
            self.second, self.second.c.item_id == items.c.id
        )
        self.condition = and_(items.c.batch_id == batch, self.first.c.model == before, self.second.c.model == after)


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
