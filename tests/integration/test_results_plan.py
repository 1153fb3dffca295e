"""Reading a run's results costs PostgreSQL a step a row, also before its statistics know the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.chunks import claim_chunk, commit_chunk, load_texts
from newsgate.db.labels import text_hash
from newsgate.db.model_registry import add_model
from newsgate.db.report_queries import count_scores, count_sure_labels, read_extremes
from newsgate.db.results import ResultFilter, count_sure, read_results
from newsgate.db.session import Database
from newsgate.db.verdict_windows import read_window
from newsgate.db.verdicts import Verdict, Verdicts
from tests.services import PostgresServer

ROWS = 3000
EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON) "


@pytest.fixture(params=["plain", "partitioned"])
def just_classified(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A batch of ROWS rows whose run has ended a moment ago, as the first of its database."""
    is_plain = request.param == "plain"
    url = postgres_server.new_database(migrated=True) if is_plain else postgres_server.partitioned_database()
    database = Database(url)
    with database.write() as connection:
        model = add_model(connection, name="a model", bundle=b"1", metadata={})
        loading = create_batch(connection, NewBatch("posts.csv", "0" * 64, 1, "{}"), model=model)
        texts = [f"text {number}" for number in range(ROWS)]
        accepted = [AcceptedRow(row, None, text, text_hash(text)) for row, text in enumerate(texts, start=2)]
        chunk = add_rows(connection, loading, accepted=accepted, refused=[], last_row=ROWS + 1)
        finish_loading(connection, loading)
    assert chunk is not None
    with database.write() as connection:
        claim = claim_chunk(connection, chunk, worker="test", lease_seconds=60, max_attempts=3)
        assert claim is not None
        items, _ = load_texts(connection, claim)
        commit_chunk(connection, claim, Verdicts.of([Verdict(item, "fake", 0.9, 2, False, None) for item in items]))
    yield database
    database.close()


@pytest.mark.parametrize(
    "read",
    [
        lambda connection: list(read_results(connection, ResultFilter(1))),
        lambda connection: count_sure(connection, ResultFilter(1), threshold=0.8),
        lambda connection: count_scores(connection, ResultFilter(1)),
        lambda connection: count_sure_labels(connection, ResultFilter(1), threshold=0.8),
        lambda connection: read_extremes(connection, ResultFilter(1), "torn", limit=10),
    ],
    ids=["read_results", "count_sure", "count_scores", "count_sure_labels", "read_extremes"],
)
def test_results_of_a_new_run_cost_a_step_a_row(
    just_classified: Database, read: Callable[[Connection], object]
) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    with just_classified.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        read(connection)
        event.remove(connection, "before_cursor_execute", note)
    (statement, parameters), *more = statements
    assert more == []
    # Of its own: the other one streams.
    with just_classified.read() as connection:
        # Of a cursor PostgreSQL wants the first rows soon, and plans otherwise.
        question = f"EXPLAIN (ANALYZE, FORMAT JSON) DECLARE streaming CURSOR FOR {statement}"
        explained = connection.exec_driver_sql(question, parameters).scalar_one()
    assert max(_rows_looked_at(explained[0]["Plan"])) <= 2 * ROWS


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("words", [(), ("nowhere",)], ids=["all", "words"])
def test_a_window_of_a_new_run_costs_a_step_a_row_of_the_window(
    just_classified: Database, backwards: bool, words: tuple[str, ...]
) -> None:
    """Wherever it is in the file, and before PostgreSQL's statistics know the run."""
    first, last = ROWS - 100, ROWS - 1
    wanted = ResultFilter(1, model=1, words=words)
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    with just_classified.read() as connection:
        # A table of so few rows would be read as a whole, which a large one must not be.
        connection.exec_driver_sql("SET LOCAL enable_seqscan TO OFF")
        event.listen(connection, "before_cursor_execute", note)
        found = read_window(connection, wanted, first=first, last=last, limit=10, backwards=backwards)
        event.remove(connection, "before_cursor_execute", note)
        assert len(found) == (0 if words else 10)
        for statement, parameters in statements:
            explained = connection.exec_driver_sql(EXPLAIN + statement, parameters).scalar_one()
            assert max(_rows_looked_at(explained[0]["Plan"])) <= 2 * (last - first + 1)


def _rows_looked_at(node: dict[str, Any]) -> Iterator[float]:
    """What each node of a plan gave or threw away, all its loops together."""
    rows = node["Actual Rows"] + sum(figure for name, figure in node.items() if name.startswith("Rows Removed by"))
    yield rows * node["Actual Loops"]
    for child in node.get("Plans", []):
        yield from _rows_looked_at(child)
