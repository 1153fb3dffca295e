"""What a transaction sees, and what a person is told of a database that refuses something."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from newsgate.db.driver_errors import explain
from newsgate.db.errors import DatabaseError, DatabaseUnavailableError, SchemaBehindError
from newsgate.db.labels import add_labels, count_labels, current_labels
from newsgate.db.schema import current_revision, ensure_schema, migrate
from newsgate.db.session import Database
from newsgate.db.types import database_time
from tests.services import PostgresServer, wait_until

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
        "default_transaction_isolation = 'serializable'",
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


def test_whoever_waits_for_a_row_goes_on_when_it_is_free_at_any_level_of_isolation(
    postgres_server: PostgresServer,
) -> None:
    url = make_url(postgres_server.new_database())
    with closing(Database(url.render_as_string(hide_password=False))) as owner, owner.write() as connection:
        connection.execute(text(f"alter database {url.database} set default_transaction_isolation = 'serializable'"))
        connection.execute(text("create table counted (number int)"))
        connection.execute(text("insert into counted values (0)"))
    count = text("update counted set number = number + 1")
    with closing(Database(url.render_as_string(hide_password=False))) as database, ThreadPoolExecutor() as threads:

        def wait_and_count() -> None:
            with database.write() as connection:
                connection.execute(text("select 1"))
                connection.execute(count)

        # What only reads has a level of its own, and gives the connection back.
        current_revision(database)
        with database.write() as first:
            first.execute(count)
            waits = threads.submit(wait_and_count)
            waiting = text("select count(*) from pg_locks where not granted")
            wait_until(lambda: bool(first.execute(waiting).scalar()), what="the other waits for the row")
        waits.result()
        with database.read() as connection:
            assert connection.execute(text("select number from counted")).scalar_one() == 2


@pytest.mark.parametrize(
    ("setting", "statement", "told"),
    [
        ("statement_timeout = 50", "select pg_sleep(5)", "no more time: .* statement timeout.* ALTER ROLE"),
        ("idle_in_transaction_session_timeout = 50", "select 1", "no more time: .*idle-in-trans"),
    ],
)
def test_a_timeout_of_the_server_is_told_with_what_helps(
    setting: str, statement: str, told: str, postgres_server: PostgresServer
) -> None:
    url = make_url(postgres_server.new_database())
    with closing(Database(url.render_as_string(hide_password=False))) as owner, owner.write() as connection:
        connection.execute(text(f"alter database {url.database} set {setting}"))
    with closing(Database(url.render_as_string(hide_password=False))) as database:

        def be_slow() -> None:
            with database.write() as connection:
                connection.execute(text(statement))
                time.sleep(0.5)
                connection.execute(text("select 1"))

        with pytest.raises(DatabaseUnavailableError, match=told):
            be_slow()
        with database.read() as connection:
            assert connection.execute(text("select 1")).scalar_one() == 1


def test_a_deadlock_is_told_as_another_transaction(postgres_server: PostgresServer) -> None:
    with closing(Database(postgres_server.new_database())) as database, ThreadPoolExecutor() as threads:
        both = threading.Barrier(2, timeout=30)

        def lock(one: int, other: int) -> str | None:
            take = "select pg_advisory_xact_lock({})"
            try:
                with database.write() as connection:
                    connection.execute(text(take.format(one)))
                    both.wait()
                    connection.execute(text(take.format(other)))
            except DatabaseUnavailableError as error:
                return str(error)
            return None

        told = [each.result() for each in (threads.submit(lock, 1, 2), threads.submit(lock, 2, 1))]
    (line,) = filter(None, told)
    assert "another transaction was in the way: deadlock detected. Run the command again" in line


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        ('FATAL: password authentication failed for user "newsgate"', "Check the user and the password"),
        ('FATAL: no pg_hba.conf entry for host "10.0.0.1", user "newsgate"', "pg_hba.conf lets them in"),
        ("fe_sendauth: no password supplied", "Check the user and the password"),
        ("FATAL: sorry, too many clients already", "raise its max_connections"),
        ('FATAL: too many connections for role "newsgate"', "raise its max_connections"),
        ("FATAL: remaining connection slots are reserved for superusers", "raise its max_connections"),
        ("SSL error: certificate verify failed", "Check sslmode and sslrootcert"),
    ],
)
def test_a_refused_connection_is_told_with_what_helps(cause: str, remedy: str) -> None:
    error = psycopg.OperationalError(f"connection failed: {cause}")
    told = str(explain(error, where="postgresql://db/newsgate", is_connection_error=True))
    assert cause in told
    assert remedy in told
    assert "does not answer" not in told


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
