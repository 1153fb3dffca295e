"""Many rows at once: all of them arrive, as they were, however many they are and whatever is in them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Text, delete, insert, select, type_coerce

from newsgate.db.batches import NewBatch, create_batch
from newsgate.db.bulk_insert import insert_columns
from newsgate.db.model_registry import add_model
from newsgate.db.session import Database
from newsgate.db.tables import batches, items, rejects, verdicts
from newsgate.db.verdicts import Verdict, Verdicts, store_verdicts

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
    "PGCOPY\n\ufeff",
)
LONG = "a long 🙂 text, " * 20_000
# What both databases keep: neither a NUL nor a lone surrogate.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    AWKWARD
)
COLUMNS = st.none() | st.dictionaries(TEXTS, TEXTS | st.none() | st.integers(), max_size=3).map(json.dumps)
# PostgreSQL's numbers end there.
ROWS = st.tuples(st.integers(1, 2**63 - 1), st.none() | TEXTS, TEXTS, st.binary(min_size=16, max_size=16), COLUMNS)
# SQLite keeps a negative zero as zero.
SHARES = st.floats(allow_nan=False).map(lambda share: share + 0.0) | st.sampled_from(
    [0.1, 5e-324, math.nextafter(1, 0)]
)
COUNTS = st.integers(0, 2**31 - 1)
SAID = st.tuples(st.sampled_from(["fake", "real"]), SHARES, COUNTS, st.booleans(), st.none(), st.none() | SHARES) | (
    st.tuples(st.none(), st.none(), COUNTS, st.booleans(), TEXTS, st.none())
)


def begin(connection: Connection) -> int:
    model = add_model(connection, name="a model", bundle=b"1", metadata={})
    return create_batch(connection, NewBatch("a", "0" * 64, 0, "{}"), model=model).batch


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 137])
def test_as_many_rows_arrive_as_were_given(database: Database, count: int) -> None:
    given = [(row, f"reason {row}", AWKWARD[row % len(AWKWARD)]) for row in range(1, count + 1)]
    names = ("row", "reason", "raw")
    with database.write() as connection:
        batch = begin(connection)
        each = {name: [row[place] for row in given] for place, name in enumerate(names)}
        insert_columns(connection, rejects, each=each, same={"batch_id": batch, "columns": None})
    with database.read() as connection:
        stored = select(*(rejects.c[name] for name in names)).order_by(rejects.c.row)
        assert [tuple(row) for row in connection.execute(stored)] == given
        assert set(connection.execute(select(rejects.c.batch_id, rejects.c.columns))) <= {(batch, None)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=8, unique_by=lambda row: row[0]))
@example(rows=[(row, None, text, bytes(16), None) for row, text in enumerate(AWKWARD, start=1)])
@example(rows=[(row, "7", "a", bytes(16), '{"a": "\\u00e9"}') for row in range(1, 53)])
@example(rows=[(1, "é" * 1000, LONG, bytes(range(16)), json.dumps({"a": LONG})), (2, None, "", bytes(16), None)])
def test_rows_of_a_file_arrive_to_the_last_byte(database: Database, rows: list[tuple[Any, ...]]) -> None:
    names = ("row", "external_id", "text", "text_hash", "columns")
    each = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    with database.write() as connection:
        batch = begin_once(connection)
        insert_columns(connection, items, each=each, same={"batch_id": batch})
        # PostgreSQL's driver would read the JSON.
        columns = [type_coerce(items.c[name], Text) if name == "columns" else items.c[name] for name in names]
        found = connection.execute(select(*columns).where(items.c.batch_id == batch).order_by(items.c.row))
        assert list(map(_as_written, found)) == sorted(map(_as_written, rows), key=lambda row: row[0])
        connection.execute(delete(items).where(items.c.batch_id == batch))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(SAID, min_size=1, max_size=8))
def test_verdicts_arrive_to_the_last_bit(database: Database, said: list[tuple[Any, ...]]) -> None:
    with database.write() as connection:
        batch = begin_once(connection)
        ids = [
            connection.execute(
                insert(items).values(batch_id=batch, row=row, text="a", text_hash=bytes(16)).returning(items.c.id)
            ).scalar_one()
            for row in range(len(said))
        ]
        each = [Verdict(item, *rest) for item, rest in zip(ids, said, strict=True)]
        store_verdicts(connection, Verdicts.of(each), model=1, run=1)
        names = ("item_id", *Verdict._fields[1:])
        found = connection.execute(select(*(verdicts.c[name] for name in names)).order_by(verdicts.c.item_id)).all()
        assert [tuple(map(_to_the_bit, row)) for row in found] == [tuple(map(_to_the_bit, row)) for row in each]
        times = set(connection.execute(select(verdicts.c.classified_at)).scalars())
        assert None not in times
        connection.execute(delete(verdicts))
        connection.execute(delete(items))


def test_columns_of_different_lengths_are_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(ValueError, match="different lengths"):
        insert_columns(connection, rejects, each={"row": [1, 2], "reason": ["a"]}, same={"batch_id": 1, "raw": ""})


def begin_once(connection: Connection) -> int:
    batch = connection.execute(select(batches.c.id)).scalar_one_or_none()
    return begin(connection) if batch is None else batch


def _as_written(row: Any) -> tuple[Any, ...]:
    *others, columns = row
    return (*others, columns if columns is None or isinstance(columns, str) else json.dumps(columns))


def _to_the_bit(value: object) -> object:
    return value.hex() if isinstance(value, float) else value
