"""Many rows at once, the fastest way each database has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

# SQLite begins and ends a statement for so many rows at a time; more gain nothing. Their values must stay below the
# number of parameters that any SQLite takes, which is 999.
_ROWS_A_STATEMENT = 50


def insert_columns(
    connection: Connection,
    table: Table,
    *,
    each: Mapping[str, Sequence[Any]],
    same: Mapping[str, int | str | None] | None = None,
    into: str | None = None,
) -> None:
    """Insert rows in the connection's transaction, given by their columns: `each` has a value for each row.

    same: columns that have one value in all rows; it is sent once. into: on PostgreSQL, the partition of the table that
    takes them.

    PostgreSQL takes them by COPY in its binary format, SQLite in two prepared statements. Raises ValueError where the
    columns have not the same length.
    """
    rows = {len(column) for column in each.values()}
    if len(rows) != 1:
        raise ValueError("the columns of rows to insert have different lengths")
    if rows == {0}:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, each=each, same=same or {}, into=into or table.name)
    else:
        _insert(connection, table, each=each, same=same or {}, rows=rows.pop())


def _copy(
    connection: Connection,
    table: Table,
    *,
    each: Mapping[str, Sequence[Any]],
    same: Mapping[str, int | str | None],
    into: str,
) -> None:
    # What nobody needs whose database is SQLite.
    from newsgate.db.binary_copy import encode_rows

    # The driver's connection is used here alone: COPY has no place in SQLAlchemy's vocabulary.
    driver_connection: Any = connection.connection.driver_connection
    rows = encode_rows(table, each=each, same=same, encoding=driver_connection.info.encoding)
    names = ", ".join(f'"{name}"' for name in rows.names)
    with (
        driver_connection.cursor() as cursor,
        cursor.copy(f"COPY {into} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(rows.data)


def _insert(
    connection: Connection,
    table: Table,
    *,
    each: Mapping[str, Sequence[Any]],
    same: Mapping[str, int | str | None],
    rows: int,
) -> None:
    names = ", ".join(f'"{name}"' for name in (*same, *each))
    statement = f"INSERT INTO {table.name} ({names}) VALUES "  # noqa: S608 - names come from db.tables
    shared = tuple(same.values())
    # Row after row in one list, column by column: no tuple is made of each row.
    values: list[Any] = [None] * (rows * len(each))
    for place, column in enumerate(each.values()):
        values[place :: len(each)] = column
    flat = iter(values)
    whole, rest = divmod(rows, _ROWS_A_STATEMENT)
    for of_statement, times in ((_ROWS_A_STATEMENT, whole), (1, rest)):
        if times:
            marks = _marks(len(shared), len(each), rows=of_statement)
            groups = [(*shared, *islice(flat, of_statement * len(each))) for _ in range(times)]
            connection.exec_driver_sql(statement + marks, groups)


def _marks(shared: int, own: int, *, rows: int) -> str:
    """The numbered parameters of so many rows: `shared` ones that every row names, then `own` ones for each row."""
    every = [f"?{number}" for number in range(1, shared + 1)]
    first = range(shared + 1, shared + 1 + rows * own, own)
    return ", ".join(f"({', '.join([*every, *(f'?{start + place}' for place in range(own))])})" for start in first)
