"""What is left behind when rows are deleted by hand, on both databases: the audit finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from newsgate.db.audit import audit
from newsgate.db.session import Database
from tests.desk import Desk


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """Without the audit at the end: here it is to find something."""
    return Desk(database, tmp_path)


def without_foreign_keys(database: Database, *statements: str) -> None:
    """What a person does in the sqlite3 shell, where foreign keys are off; a superuser of PostgreSQL can do so too."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("pragma foreign_keys=off")
            for statement in statements:
                driver.execute(statement)
            driver.execute("pragma foreign_keys=on")
        return
    with database.write() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


def broken(database: Database) -> list[str]:
    with database.read() as connection:
        return [said for finding in audit(connection) if not finding.holds for said in finding.offenders]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["delete from batches"], ["30 rows of `items` with a batch_id that is gone, such as 1"]),
        (
            ["delete from runs", "delete from items where row = 7", "delete from models"],
            [
                "30 rows of `verdicts` with a run_id that is gone, such as 1",
                "3 rows of `chunks` with a run_id that is gone, such as 1",
                "1 row of `verdicts` with a item_id that is gone, such as 6",
                "1 row of `promotions` with a challenger that is gone, such as 1",
            ],
        ),
    ],
)
def test_rows_whose_batch_run_item_or_model_is_gone_are_found(
    desk: Desk, statements: list[str], told: list[str]
) -> None:
    desk.finish(desk.enqueue(30))
    assert broken(desk.database) == []
    without_foreign_keys(desk.database, *statements)
    assert set(told) <= set(broken(desk.database))
