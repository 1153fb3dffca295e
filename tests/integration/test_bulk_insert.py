"""Many rows at once: all of them arrive, as they were, however many they are and whatever is in them."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from newsgate.db.bulk_insert import insert_rows
from newsgate.db.session import Database
from newsgate.db.tables import batches, rejects
from newsgate.db.types import database_time

COLUMNS = ("batch_id", "row", "reason", "raw")
AWKWARD = (
    "",
    "\\",
    "\\N",
    "\\.",
    "a\tb\nc\rd\x0b\x0c\b",
    "quote \" and '",
    "ünïcödé “quoted” 🙂",
    "\\t\\n\\r",
    "\x7f\x01",
    "NULL",
)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 137])
def test_as_many_rows_arrive_as_were_given(database: Database, count: int) -> None:
    with database.write() as connection:
        batch = connection.execute(
            insert(batches)
            .values(name="a", sha256="0" * 64, size_bytes=0, layout="{}", created_at=database_time())
            .returning(batches.c.id)
        ).scalar_one()
        given = [(batch, row, f"reason {row}", AWKWARD[row % len(AWKWARD)]) for row in range(1, count + 1)]
        insert_rows(connection, rejects, columns=COLUMNS, rows=given)
    with database.read() as connection:
        stored = select(*(rejects.c[name] for name in COLUMNS)).order_by(rejects.c.row)
        assert [tuple(row) for row in connection.execute(stored)] == given
