"""What docs/scale.md rests on, on both databases: the statements it gives, and the command that weighs the tables."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import func, select, text

from benchmarks.scale.database_costs import CHUNK_ROWS, Filler, measure
from newsgate.db.all_tables import metadata
from newsgate.db.audit import audit
from newsgate.db.judgement_tables import labels
from newsgate.db.labels import add_label
from newsgate.db.session import Database
from newsgate.db.tables import batches, chunks, items, runs, verdicts

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
RETIRING = [statement.strip() for statement in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)[0].split(";")]


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def broken(database: Database) -> list[str]:
    with database.read() as connection:
        return [finding.invariant for finding in audit(connection) if not finding.holds]


def test_the_statements_of_the_page_retire_one_batch_and_nothing_else(database: Database) -> None:
    filler = Filler(database, seed=0)
    filler.fill(rows=30, chunk_rows=10)
    with database.write() as connection:
        add_label(connection, "a text", "fake", labelled_by="somebody", chosen="direct")
    kept = counts(database)
    filler.fill(rows=20, chunk_rows=10)
    with database.write() as connection:
        newest = connection.execute(select(func.max(batches.c.id))).scalar_one()
        for statement in filter(None, RETIRING):
            connection.execute(text(statement.replace("= 1", f"= {newest}")))
    assert counts(database) == kept
    assert kept[labels.name] == 1
    assert broken(database) == []


def test_weighing_passes_every_row_through_the_database_and_counts_its_bytes(database: Database) -> None:
    costs = measure(database, rows=2 * CHUNK_ROWS, small_chunks=3)
    filled = counts(database)
    assert filled[items.name] == filled[verdicts.name] == 2 * CHUNK_ROWS + 3
    assert filled[chunks.name] == 5
    assert filled[runs.name] == 2
    assert broken(database) == []
    assert costs.text_bytes < costs.table_bytes["items"] < 2 * costs.text_bytes
    assert 20 < costs.table_bytes["verdicts"] < 200
    assert 0 < sum(costs.index_bytes.values()) < costs.text_bytes
    assert (costs.log_bytes > costs.text_bytes) != database.is_sqlite
    assert min(each.of(CHUNK_ROWS) for each in (costs.store, costs.claim, costs.load, costs.commit)) > 0
