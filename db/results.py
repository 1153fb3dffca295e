"""Reading verdicts back, through the view `results` that people query too."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Double,
    Integer,
    MetaData,
    ScalarSelect,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    null,
    select,
)

from newsgate.db.tables import rejects, runs
from newsgate.db.text_search import contains_words
from newsgate.db.types import BigId, UtcDateTime

# The documented columns come first, in their documented order.
results = Table(
    "results",
    MetaData(),  # apart from db.tables.metadata: a view is not created like a table
    Column("batch", BigId),
    Column("row", BigId),
    Column("external_id", Text),
    Column("text", Text),
    Column("label", String),
    Column("p_fake", Double),
    Column("model", Integer),
    Column("classified_at", UtcDateTime),
    Column("error", Text),
    Column("item", BigId),
    Column("run", BigId),
    Column("token_count", Integer),
    Column("truncated", Boolean),
    Column("columns", Text),
    Column("familiarity", Double),
)
# What a query for `Result` selects: PostgreSQL's driver would read the JSON otherwise.
SELECTED: tuple[ColumnElement[Any], ...] = tuple(
    cast(column, Text).label(column.name) if column.name == "columns" else column for column in results.columns
)
COLUMNS = tuple(column.name for column in results.columns)
_FETCH_ROWS = 1000
# The label of a row that is not sure enough for the error a reader wants; never stored.
UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which results to read: those of a batch's latest run, or of its run by `model`, narrowed and cut.

    threshold: a row whose label has a lower probability than that has the label `unsure` instead. max_familiarity: only
    rows that are no more familiar to the model than that; none whose familiarity is not known. words: only rows whose
    text contains each of them. failed: only rows with an error in place of a label.
    """

    batch: int
    label: str | None = None
    min_score: float | None = None
    limit: int | None = None
    model: int | None = None
    threshold: float | None = None
    max_familiarity: float | None = None
    words: tuple[str, ...] = ()
    failed: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out any row that has a verdict."""
        shares = (self.min_score, self.max_familiarity)
        return self.label is not None or self.failed or bool(self.words) or any(each is not None for each in shares)


@dataclass(frozen=True, slots=True)
class FilteredColumns:
    """The columns that a filter is about, wherever they are read from."""

    label: ColumnElement[Any]
    p_fake: ColumnElement[Any]
    error: ColumnElement[Any]
    familiarity: ColumnElement[Any]
    text: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the view. columns: the JSON of its other columns, None where there are none."""

    batch: int
    row: int
    external_id: str | None
    text: str
    label: str | None
    p_fake: float | None
    model: int
    classified_at: datetime
    error: str | None
    item: int
    run: int
    token_count: int
    truncated: bool
    columns: str | None = None
    familiarity: float | None = None


@dataclass(frozen=True, slots=True)
class SureRows:
    """Of the rows of a run that have a score, how many are sure enough of their label."""

    rows: int
    sure: int


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row of the file."""

    row: int
    reason: str
    raw: str


def read_results(connection: Connection, wanted: ResultFilter) -> Generator[Result, None, None]:
    """The results in the order of the file, a block of rows in memory at a time.

    Who stops early closes it before the connection: on PostgreSQL a cursor stays open behind it.

    `min_score` keeps rows whose score for their own label is at least that: a score of 0.97 real is p_fake 0.03.
    """
    query = _query(connection, wanted).order_by(results.c.row)
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    rows = connection.execution_options(yield_per=_FETCH_ROWS).execute(query)
    return _each_result(rows)


def count_sure(connection: Connection, wanted: ResultFilter, *, threshold: float) -> SureRows:
    """Of all rows of the run that `wanted` is about, whatever it is narrowed to, how many reach `threshold`."""
    query = select(func.count(results.c.p_fake), counted(is_sure(threshold))).where(is_of_run(wanted))
    rows, sure_rows = connection.execute(query).one()
    return SureRows(rows=rows, sure=sure_rows)


def latest_result(connection: Connection, item: int) -> Result | None:
    """What an item got in the last of its runs that has finished with it."""
    query = select(*SELECTED).where(results.c.item == item).order_by(results.c.run.desc()).limit(1)
    found = connection.execute(query).one_or_none()
    return None if found is None else Result(**found._mapping)


def read_rejects(connection: Connection, batch: int, *, limit: int | None = None) -> list[Reject]:
    """The refused rows of a batch, in the order of the file."""
    return list(stream_rejects(connection, batch, limit=limit))


def stream_rejects(connection: Connection, batch: int, *, limit: int | None = None) -> Iterator[Reject]:
    """As `read_rejects`, a block of rows in memory at a time."""
    query = select(rejects.c.row, rejects.c.reason, rejects.c.raw).where(rejects.c.batch_id == batch)
    query = query.order_by(rejects.c.row).limit(limit)
    rows = connection.execute(query, execution_options={"yield_per": _FETCH_ROWS})
    return (Reject(*row) for row in rows)


def count_rejects_by_reason(connection: Connection, batch: int) -> Iterator[tuple[str, int]]:
    """Each reason for refusing rows of a batch, and how many rows have it."""
    query = select(rejects.c.reason, func.count().label("rows")).where(rejects.c.batch_id == batch)
    for row in connection.execute(query.group_by(rejects.c.reason), execution_options={"yield_per": 1000}):
        yield row.reason, row.rows


def is_of_run(wanted: ResultFilter) -> ColumnElement[bool]:
    """The rows of the wanted run, in words that no planner can apply before it has joined verdicts to items.

    PostgreSQL's statistics do not know a new run for a minute. Told `run = N`, it takes the run for a handful of
    verdicts and goes through all of them again for every item: 50 000 rows then cost minutes instead of a second.
    """
    item = results.c.item
    return and_(results.c.batch == wanted.batch, results.c.run - item == _run(wanted) - item)


def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows meet the condition; of no rows none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def is_sure(threshold: float) -> ColumnElement[bool]:
    """The rows whose label has at least this probability."""
    return (results.c.p_fake >= threshold) | (1 - results.c.p_fake >= threshold)


def passes(wanted: ResultFilter, columns: FilteredColumns, *, is_sqlite: bool) -> list[ColumnElement[bool]]:
    """The conditions that a row meets which passes the filter, whatever its batch and run."""
    met: list[ColumnElement[bool]] = []
    if wanted.label is not None:
        met.append(columns.label == wanted.label)
    if wanted.failed:
        met.append(columns.error.is_not(None))
    if wanted.min_score is not None:
        met.append((columns.p_fake <= 1 - wanted.min_score) | (columns.p_fake >= wanted.min_score))
    if wanted.max_familiarity is not None:
        met.append(columns.familiarity <= wanted.max_familiarity)
    if wanted.words:
        met.append(contains_words(columns.text, wanted.words, is_sqlite=is_sqlite))
    return met


def _query(connection: Connection, wanted: ResultFilter) -> Select[Any]:
    seen = results.c
    label = seen.label if wanted.threshold is None else _label_where_sure(wanted.threshold)
    columns = [label if column is seen.label else column for column in SELECTED]
    filtered = FilteredColumns(label, seen.p_fake, seen.error, seen.familiarity, seen.text)
    return select(*columns).where(
        is_of_run(wanted), *passes(wanted, filtered, is_sqlite=connection.dialect.name == "sqlite")
    )


def _each_result(rows: CursorResult[*tuple[Any, ...]]) -> Generator[Result, None, None]:
    with closing(rows):
        for row in rows:
            # By place, which is twice as fast as by name: the view and `Result` have one order.
            yield Result(*row)


def _run(wanted: ResultFilter) -> ScalarSelect[int | None]:
    query = select(func.max(runs.c.id)).where(runs.c.batch_id == wanted.batch)
    if wanted.model is not None:
        query = query.where(runs.c.model == wanted.model)
    return query.scalar_subquery()


def _label_where_sure(threshold: float) -> ColumnElement[str | None]:
    return case((results.c.p_fake.is_(None), null()), (is_sure(threshold), results.c.label), else_=UNSURE).label(
        "label"
    )
