"""docs/querying.md, on both databases: every query on the page runs, and finds what it says it finds."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.audit import audit
from newsgate.db.batches import AcceptedRow, NewBatch, RefusedRow, add_rows, create_batch, finish_loading
from newsgate.db.chunks import claim_chunk, commit_chunk, load_texts
from newsgate.db.labels import add_labels, text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.promotions import promote
from newsgate.db.results import COLUMNS, Result
from newsgate.db.runs import extend_run, open_run, run_position
from newsgate.db.session import Database
from newsgate.db.verdicts import Verdict, Verdicts

PAGE = (Path(__file__).parents[2] / "docs" / "querying.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^(\S[^\n]*)\n(?:[^\n]+\n)*\n```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)

ROWS = [
    ("post-1", "Garlic in the nose cures everything, share now"),
    ("post-2", "The bridge closes for repairs on Monday"),
    ("post-3", "Garlic in the nose cures everything, share now"),
    ("post-17", "A very long story about a harbour " * 40),
    ("post-18", "A text on which the model gives up"),
]
# One probability a row, by each of two models; None is an error.
SCORES = {1: [0.98, 0.1, 0.98, 0.55, None], 2: [0.9, 0.2, 0.9, 0.3, None]}


@pytest.fixture
def filled(database: Database) -> Database:
    """A database in which a file was classified by two models, and people have labelled some of it."""
    with database.write() as connection:
        models = [add_model(connection, name=f"model {n}", bundle=bytes([n]), metadata={}) for n in SCORES]
        promote(connection, models[0], reason="the first", figures={})
        labelled = [(body, label) for (_, body), label in zip(ROWS, ("fake", "real"), strict=False)]
        add_labels(connection, labelled, labelled_by="someone", chosen="direct")
    batch, chunk = _store(database, models[0])
    _classify(database, chunk, SCORES[1])
    _classify(database, _reclassify(database, batch, models[1]), SCORES[2])
    return database


def _store(database: Database, model: int) -> tuple[int, int]:
    accepted = [AcceptedRow(row, key, body, text_hash(body)) for row, (key, body) in enumerate(ROWS, start=2)]
    with database.write() as connection:
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
        refused = [RefusedRow(7, "the text is empty", "post-19,")]
        columns = {place: f'{{"url": "https://example.org/{place}", "likes": {place}}}' for place in range(len(ROWS))}
        chunk = add_rows(connection, loading, accepted=accepted, refused=refused, last_row=7, columns=columns)
        finish_loading(connection, loading)
    assert chunk is not None
    return loading.batch, chunk


def _reclassify(database: Database, batch: int, model: int) -> int:
    with database.write() as connection:
        run, _ = open_run(connection, batch, model=model)
        step = extend_run(connection, run_position(connection, run), chunk_rows=100, chunk_chars=100_000)
        extend_run(connection, step.position, chunk_rows=100, chunk_chars=100_000)
    assert step.chunk is not None
    return step.chunk


def _classify(database: Database, chunk: int, scores: list[float | None]) -> None:
    with database.write() as connection:
        claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=2)
        assert claim is not None
        ids, texts = load_texts(connection, claim)
        commit_chunk(connection, claim, Verdicts.of([_verdict(*each) for each in zip(ids, texts, scores, strict=True)]))


def _verdict(item: int, body: str, p_fake: float | None) -> Verdict:
    words, truncated = len(body.split()), len(body) > 1000
    if p_fake is None:
        return Verdict(item, None, None, words, truncated, "the model gave no finite probability for this text")
    return Verdict(item, "fake" if p_fake >= 0.5 else "real", p_fake, words, truncated, None, 1 - p_fake)


def test_the_page_has_ten_queries_or_more() -> None:
    assert len(QUERIES) == PAGE.count("```sql")
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", [pytest.param(sql, id=question) for question, sql in QUERIES])
def test_every_query_of_the_page_finds_something(filled: Database, query: str) -> None:
    with filled.read() as connection:
        rows = connection.execute(text(query)).all()
        assert all(finding.holds for finding in audit(connection))
    assert rows


def test_the_page_explains_every_column_of_the_view_in_its_order() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert tuple(explained) == COLUMNS


def test_a_result_has_the_order_of_the_view() -> None:
    assert tuple(field.name for field in fields(Result)) == COLUMNS
