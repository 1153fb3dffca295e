"""Many rows at once, the fastest way each database has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(connection: Connection, table: Table, *, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`, tuples in the order of `columns`, in the connection's transaction.

    PostgreSQL takes them by COPY, four times as fast as executemany; SQLite in one prepared statement.
    """
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "postgresql":
        # The driver's connection is used here alone: COPY has no place in SQLAlchemy's vocabulary.
        driver_connection: Any = connection.connection.driver_connection
        statement = f"COPY {table.name} ({names}) FROM STDIN"
        with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", [tuple(row) for row in rows])  # noqa: S608 - names come from db.tables
