"""Many rows at once, the fastest way each database has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

# SQLite begins and ends a statement for so many rows at a time; more gain nothing. Their values must stay below the
# number of parameters that any SQLite takes, which is 999.
_ROWS_A_STATEMENT = 50


def insert_rows(connection: Connection, table: Table, *, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, tuples in the order of `columns`, in the connection's transaction.

    PostgreSQL takes them by COPY, four times as fast as executemany; SQLite in two prepared statements.
    """
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", rows)
    else:
        _insert(connection, f"INSERT INTO {table.name} ({names}) VALUES ", rows)  # noqa: S608 - names come from db.tables


def _copy(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    # The driver's connection is used here alone: COPY has no place in SQLAlchemy's vocabulary.
    driver_connection: Any = connection.connection.driver_connection
    with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _insert(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    marks = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % _ROWS_A_STATEMENT
    if whole:
        groups = [
            tuple(chain.from_iterable(rows[first : first + _ROWS_A_STATEMENT]))
            for first in range(0, whole, _ROWS_A_STATEMENT)
        ]
        connection.exec_driver_sql(statement + ", ".join([marks] * _ROWS_A_STATEMENT), groups)
    if whole < len(rows):
        connection.exec_driver_sql(statement + marks, [tuple(row) for row in rows[whole:]])
