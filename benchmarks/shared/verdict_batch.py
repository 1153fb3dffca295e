"""A batch with as many verdicts as one wants, put into the tables as `enqueue` and the workers would leave them."""

from __future__ import annotations

import random
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Select, select, update

from benchmarks.shared.synthetic_texts import make_posts
from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.labels import text_hash
from newsgate.db.session import Database
from newsgate.db.tables import items, runs
from newsgate.db.verdicts import Verdict, Verdicts, store_verdicts
from newsgate.tasks.running.open_database import ensure_champion

# One row of all, in the last tenth of the file, holds it.
RARE_WORD: Final = "quetzalcoatlus"
_BLOCK_ROWS = 20_000
# Making a post takes longer than storing it; the number of its row makes each text another one.
_DIFFERENT_POSTS = 20_000


def make_verdict_batch(database: Database, *, rows: int) -> int:
    """A batch of so many rows, all classified by the champion."""
    model = ensure_champion(database)
    texts, chance = list(islice(make_posts(seed=7), _DIFFERENT_POSTS)), random.Random(7)
    with database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
    for first in range(2, rows + 2, _BLOCK_ROWS):
        block = range(first, min(first + _BLOCK_ROWS, rows + 2))
        accepted = [_row(row, f"{texts[row % len(texts)]} {row}", rows=rows) for row in block]
        with database.write(synced=False) as connection:
            add_rows(connection, loading, accepted=accepted, refused=[], last_row=block[-1])
            numbers = select(items.c.id).where(items.c.batch_id == loading.batch, items.c.row >= first)
            _add_verdicts(connection, numbers, loading.run, model=model, chance=chance)
    with database.write() as connection:
        finish_loading(connection, loading)
        connection.execute(update(runs).where(runs.c.id == loading.run).values(state="done", done=rows, total=rows))
    return loading.batch


def _row(row: int, text: str, *, rows: int) -> AcceptedRow:
    if row % 100 == 0:
        text += " hundredth"
    if row == rows * 95 // 100:
        text += f" {RARE_WORD}"
    return AcceptedRow(row, None, text, text_hash(text))


def _add_verdicts(connection: Connection, numbers: Select[int], run: int, *, model: int, chance: random.Random) -> None:
    scored = [(item, chance.random(), chance.random()) for item in connection.execute(numbers).scalars()]
    said = Verdicts.of(
        [
            Verdict(item, "fake" if score >= 0.5 else "real", score, 40, False, None, known)
            for item, score, known in scored
        ]
    )
    store_verdicts(connection, said, model=model, run=run)
