"""What a transaction sees, and what a person is told of a database that refuses something."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import pytest
from sqlalchemy import make_url, select, text

from newsgate.db.errors import DatabaseError, SchemaBehindError
from newsgate.db.labels import add_labels, count_labels, current_labels
from newsgate.db.schema import current_revision, ensure_schema, migrate
from newsgate.db.session import Database
from newsgate.db.types import database_time
from tests.services import PostgresServer

_SOON_SECONDS: Final = 60


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


@pytest.mark.parametrize(
    "setting",
    [
        "datestyle = 'SQL, DMY'",
        "datestyle = 'German'",
        "timezone = 'Asia/Kathmandu'",
        "client_encoding = 'latin1'",
        "client_encoding = 'sql_ascii'",
        "bytea_output = 'escape'",
        "intervalstyle = 'sql_standard'",
        "standard_conforming_strings = off",
    ],
)
def test_what_the_server_sets_for_its_sessions_changes_nothing(setting: str, postgres_server: PostgresServer) -> None:
    url = make_url(postgres_server.new_database(migrated=True))
    owner = Database(url.render_as_string(hide_password=False))
    with owner.write() as connection:
        connection.execute(text(f"alter database {url.database} set {setting}"))
    owner.close()
    with closing(Database(url.render_as_string(hide_password=False))) as database:
        _texts_and_times_come_back(database)


@pytest.mark.parametrize(
    "variables", [{"PGCLIENTENCODING": "LATIN1"}, {"PGDATESTYLE": "German"}], ids=lambda each: next(iter(each))
)
def test_what_the_environment_sets_for_sessions_changes_nothing(
    variables: dict[str, str], postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with closing(Database(postgres_server.new_database(migrated=True))) as database:
        _texts_and_times_come_back(database)


def _texts_and_times_come_back(database: Database) -> None:
    written = "a text with 😀, \\n and Привет"
    with database.write() as connection:
        add_labels(connection, [(written, "fake")], labelled_by="ann", chosen="direct")
    with database.read() as connection:
        assert [each.text for each in current_labels(connection)] == [written]
        told = connection.execute(select(database_time())).scalar_one()
    assert abs((told - datetime.now(UTC)).total_seconds()) < _SOON_SECONDS


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_has_no_place_for_all_texts_is_not_prepared(
    encoding: str, postgres_server: PostgresServer
) -> None:
    told = rf"keeps texts in {encoding}, .* createdb --encoding=UTF8 --template=template0"
    with closing(Database(postgres_server.new_database(encoding=encoding))) as database:
        with pytest.raises(DatabaseError, match=told):
            migrate(database)
        with pytest.raises(SchemaBehindError):
            ensure_schema(database)


def test_a_text_that_an_older_database_has_no_place_for_is_told(postgres_server: PostgresServer) -> None:
    told = r"has no equivalent in encoding \"LATIN1\".* createdb --encoding=UTF8"
    with closing(Database(postgres_server.new_database(encoding="LATIN1"))) as database:
        with database.write() as connection:
            connection.execute(text("create table kept (text text)"))
        with pytest.raises(DatabaseError, match=told), database.write() as connection:
            connection.execute(text("insert into kept values (:text)"), {"text": "Привет"})


def test_a_server_without_tables_is_told_to_be_migrated(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.new_database())
    told = r"\"labels\" does not exist.* Run `newsgate migrate`"
    with pytest.raises(DatabaseError, match=told), database.read() as connection:
        count_labels(connection)
    database.close()
