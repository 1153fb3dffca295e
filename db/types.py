"""Column types and SQL expressions that mean the same on SQLite and PostgreSQL.

Every time in the database is told by the database's own clock, in UTC: workers on several hosts compare leases, and
only one clock can be right.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Double,
    Integer,
    String,
    Text,
    func,
    literal,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

# SQLite only gives an id by itself to a column of exactly this type.
BigId = BigInteger().with_variant(Integer(), "sqlite")
# JSON as it was written, to the order of its keys; `columns ->> 'url'` reads it in both.
JsonText = Text().with_variant(JSON(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; text of the form `2026-11-22 12:07:35.123000` on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: it would be read in whatever zone the server is in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give SQLite's naive times the zone they were stored in."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def unsynced() -> ColumnElement[str]:
    """What makes its statement's commit not wait for the disk, on PostgreSQL: a power cut may undo it."""
    return func.set_config("synchronous_commit", "off", true(), type_=String())


class database_time(FunctionElement[datetime]):  # noqa: N801 - it reads as the SQL function it is
    """The database's clock, `offset_seconds` from now (negative: ago)."""

    inherit_cache = True
    type = UtcDateTime()

    def __init__(self, offset_seconds: float | None = None) -> None:
        super().__init__(*([] if offset_seconds is None else [literal(float(offset_seconds), Double())]))


@compiles(database_time)
def _sqlite_time(element: database_time, compiler: SQLCompiler, **kw: Any) -> str:
    # Three more digits, because SQLAlchemy reads the fraction as microseconds.
    offset = f", {compiler.process(element.clauses, **kw)} || ' seconds'" if element.clauses.clauses else ""
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now'{offset})"


@compiles(database_time, "postgresql")
def _postgresql_time(element: database_time, compiler: SQLCompiler, **kw: Any) -> str:
    # clock_timestamp, not now(): a lease must not start when its transaction did.
    offset = f" + make_interval(secs => {compiler.process(element.clauses, **kw)})" if element.clauses.clauses else ""
    return f"(clock_timestamp(){offset})"
