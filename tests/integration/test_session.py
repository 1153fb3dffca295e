"""What a transaction sees, and what a person is told of a database that refuses something."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text

from newsgate.db.errors import DatabaseError
from newsgate.db.labels import add_labels, count_labels
from newsgate.db.schema import current_revision
from newsgate.db.session import Database
from tests.services import PostgresServer


def test_a_reading_transaction_sees_one_state_and_the_next_another(database: Database) -> None:
    with database.read() as reading:
        before = count_labels(reading)
        with database.write() as writing:
            add_labels(writing, [("a text", "fake")], labelled_by="ann", chosen="direct")
        assert count_labels(reading) == before
    with database.read() as reading:
        assert count_labels(reading) == before + 1
    # The connection that only read is used again.
    with database.write() as writing:
        add_labels(writing, [("another text", "fake")], labelled_by="ann", chosen="direct")


@pytest.mark.parametrize(
    ("user", "name", "cause", "remedy"),
    [
        (None, "nope", 'database "nope" does not exist', "Check the user and the name of the database"),
        ("nobody2", None, 'role "nobody2" does not exist', "Check the user and the name of the database"),
        ("reader", None, "permission denied for table alembic_version", "Give its user the rights"),
    ],
    ids=["database", "role", "rights"],
)
def test_what_postgresql_refuses_is_told_with_what_helps(
    user: str | None, name: str | None, cause: str, remedy: str, postgres_server: PostgresServer
) -> None:
    url = make_url(postgres_server.new_database(migrated=True))
    owner = Database(url.render_as_string(hide_password=False))
    role = "do $$ begin if to_regrole('reader') is null then create role reader login; end if; end $$"
    with owner.write() as connection:
        connection.execute(text(role))
    owner.close()
    refused = Database(
        url.set(username=user or url.username, database=name or url.database).render_as_string(hide_password=False)
    )
    with pytest.raises(DatabaseError) as told:
        current_revision(refused)
    refused.close()
    assert cause in str(told.value)
    assert remedy in str(told.value)
    assert "newsgate migrate" not in str(told.value)


def test_a_server_without_tables_is_told_to_be_migrated(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.new_database())
    told = r"\"labels\" does not exist.* Run `newsgate migrate`"
    with pytest.raises(DatabaseError, match=told), database.read() as connection:
        count_labels(connection)
    database.close()
