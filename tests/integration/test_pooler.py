"""A pooler between newsgate and PostgreSQL: every transaction may meet another of the server's sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError

from newsgate.db.bulk_insert import insert_columns
from newsgate.db.errors import DatabaseError, DatabaseUnavailableError
from newsgate.db.judgement_tables import labels
from newsgate.db.labels import add_labels, count_labels, current_labels
from newsgate.db.schema import HEAD_REVISION, current_revision, migrate
from newsgate.db.session import Database
from newsgate.db.types import database_time
from newsgate.tasks.running.open_database import ensure_champion
from tests.desk import Desk
from tests.pgbouncer import PgBouncer
from tests.programs import World
from tests.services import PostgresServer

# psycopg prepares what was executed five times; and then it must meet sessions in which it is not, or is already.
_ROUNDS = 30
_THREADS = 6


@pytest.fixture
def pooled(postgres_server: PostgresServer, pgbouncer: PgBouncer) -> Iterator[Database]:
    """A database with newsgate's schema, reached through PgBouncer in transaction mode."""
    database = Database(pgbouncer.through(postgres_server.new_database(migrated=True)))
    yield database
    database.close()


def test_transactions_of_many_threads_work_in_whichever_session_they_meet(pooled: Database) -> None:
    def work(thread: int) -> None:
        for number in range(_ROUNDS):
            with pooled.write(synced=number % 2 == 0) as connection:
                add_labels(
                    connection,
                    [(f"{thread} {number} {n}", "fake") for n in range(3)],
                    labelled_by="ann",
                    chosen="direct",
                )
            with pooled.read() as connection:
                assert count_labels(connection) >= 3 * (number + 1)
                # A cursor of the server's, which lives as long as the transaction.
                assert len(list(current_labels(connection))) >= 3 * (number + 1)

    with ThreadPoolExecutor(_THREADS) as threads:
        for done in [threads.submit(work, thread) for thread in range(_THREADS)]:
            done.result()
    with pooled.read() as connection:
        assert count_labels(connection) == 3 * _THREADS * _ROUNDS


def test_what_a_transaction_sets_is_gone_in_the_next(pooled: Database) -> None:
    for _ in range(_ROUNDS):
        with pooled.write(synced=False) as connection:
            assert connection.execute(text("show synchronous_commit")).scalar_one() == "off"
        with pooled.read() as connection:
            assert connection.execute(text("show transaction_read_only")).scalar_one() == "on"
            assert connection.execute(text("show transaction_isolation")).scalar_one() == "repeatable read"
        with pooled.write() as connection:
            assert connection.execute(text("show transaction_read_only")).scalar_one() == "off"
            assert connection.execute(text("show transaction_isolation")).scalar_one() == "read committed"
    server = "select count(*) from pg_prepared_statements", "select count(*) from pg_locks where locktype = 'advisory'"
    for _ in range(_ROUNDS):
        for query in server:
            with pooled.read() as connection:
                assert connection.execute(text(query)).scalar_one() == 0


def test_times_are_read_whatever_form_the_server_gives_them(
    postgres_server: PostgresServer, pgbouncer: PgBouncer
) -> None:
    url = postgres_server.new_database()
    with closing(Database(url)) as owner, owner.write() as connection:
        connection.execute(text(f"alter database {make_url(url).database} set datestyle = 'German'"))
    with closing(Database(pgbouncer.through(url))) as pooled:

        def read_a_time(_number: int) -> datetime:
            with pooled.read() as connection:
                told: datetime = connection.execute(select(database_time())).scalar_one()
                return told

        # More at a time than there are sessions: each meets those that others have used.
        with ThreadPoolExecutor(_THREADS) as threads:
            assert all(isinstance(told, datetime) for told in threads.map(read_a_time, range(_ROUNDS * _THREADS)))


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_database_is_migrated_and_used_through_either_kind_of_pool(
    mode: str, postgres_server: PostgresServer
) -> None:
    with PgBouncer.running(postgres_server, pool_mode=mode) as pooler:
        database = Database(pooler.through(postgres_server.new_database()))
        assert migrate(database) == (None, HEAD_REVISION)
        assert migrate(database) == (HEAD_REVISION, HEAD_REVISION)
        for number in range(_ROUNDS):
            with database.write() as connection:
                add_labels(connection, [(f"{number}", "fake")], labelled_by="ann", chosen="direct")
        with database.read() as connection:
            assert count_labels(connection) == _ROUNDS
        database.close()


def test_a_file_goes_from_enqueue_to_its_verdicts_through_one_session(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    # With one session for everything, a transaction that needs another one beside it would wait for it in vain.
    with PgBouncer.running(postgres_server, default_pool_size="1", query_wait_timeout="5") as pooler:
        database = Database(pooler.through(postgres_server.new_database(migrated=True)))
        assert ensure_champion(database) == 1
        desk = Desk(database, tmp_path)
        batch = desk.enqueue(300)
        desk.work_off(batch)
        assert len(desk.results(batch)) == 300
        desk.assert_sound()
        database.close()


@pytest.mark.parametrize("address", ["{}", "{}?prepare_threshold=0", "{}?connect_timeout=10&keepalives=1"])
def test_doctor_says_that_a_pooler_stands_between(
    address: str, postgres_server: PostgresServer, pgbouncer: PgBouncer, tmp_path: Path
) -> None:
    direct = postgres_server.new_database(migrated=True)
    assert "pooler" not in _examined(direct, tmp_path)
    check = _examined(address.format(pgbouncer.through(direct)), tmp_path)["pooler"]
    assert check["state"] == "ok"
    assert "each transaction" in check["detail"]


@pytest.mark.parametrize(
    ("options", "query", "told"),
    [
        ({}, "options=-csearch_path%3Dpublic", "unsupported startup parameter.* Leave it out of NEWSGATE_DATABASE_URL"),
        ({"pool_mode": "statement"}, "", "allows no transactions.* Set its pool_mode to transaction"),
        ({"max_client_conn": "1"}, "", "no connection free: .*no more connections allowed.* max_client_conn"),
        ({"query_wait_timeout": "1", "default_pool_size": "1"}, "", "no connection free: query_wait_timeout"),
        ({}, "sslmode=sometimes", "the database address cannot be: .*sslmode"),
        ({}, "target_session_attrs=primary&sslmode=require", "as safe as the address asks: .* SSL.* Check sslmode"),
    ],
    ids=["startup parameter", "pooling by statement", "clients", "sessions", "wrong word", "no TLS"],
)
def test_what_a_pooler_refuses_is_told_in_one_line(
    options: dict[str, str], query: str, told: str, postgres_server: PostgresServer
) -> None:
    with PgBouncer.running(postgres_server, **options) as pooler:
        url = pooler.through(postgres_server.new_database(migrated=True))
        first, second = Database(url), Database(f"{url}?{query}" if query else url)
        with ExitStack() as stack:
            if options.keys() & {"default_pool_size", "max_client_conn"}:
                stack.enter_context(first.read()).execute(text("select 1"))
            with pytest.raises(DatabaseError, match=told) as refused:
                current_revision(second)
        assert len(str(refused.value).splitlines()) == 1
        first.close()
        second.close()


def test_a_pooler_that_is_gone_is_told_in_one_line_and_found_again(
    pooled: Database, pgbouncer: PgBouncer, postgres_server: PostgresServer
) -> None:
    def write() -> None:
        with pooled.write() as connection:
            add_labels(connection, [("a text", "fake")], labelled_by="ann", chosen="direct")
            pgbouncer.stop()
            insert_columns(connection, labels, each={"text_hash": [b"x" * 16]})

    with pytest.raises(DatabaseUnavailableError, match="does not answer"):
        write()
    with pytest.raises(DatabaseUnavailableError, match="does not answer"):
        current_revision(pooled)
    pgbouncer.start()
    with pooled.read() as connection:
        assert count_labels(connection) == 0


def test_sessions_ended_behind_the_pooler_are_told_in_one_line(
    pooled: Database, postgres_server: PostgresServer
) -> None:
    direct = make_url(pooled.url).set(port=postgres_server.port)
    admin = Database(direct.render_as_string(hide_password=False))
    end = text("select pg_terminate_backend(pid) from pg_stat_activity where pid = :pid")

    def lose_the_session(*, in_copy: bool) -> None:
        with pooled.write() as connection:
            pid = connection.execute(text("select pg_backend_pid()")).scalar_one()
            with admin.read() as other:
                other.execute(end, {"pid": pid})
            if in_copy:
                insert_columns(connection, labels, each={"text_hash": [b"x" * 16]})
            connection.execute(text("select 1"))

    for in_copy in (False, True):
        with pytest.raises(DatabaseUnavailableError, match="does not answer"):
            lose_the_session(in_copy=in_copy)
    assert current_revision(pooled) == HEAD_REVISION
    admin.close()


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (("execute a_statement",), "another session .*a_statement.* pool by transaction"),
        (("prepare a_statement as select 1",) * 2, "another session .*a_statement.* pool by transaction"),
        (("fetch from a_cursor",), "another session .*a_cursor.* pool by transaction"),
        (("set transaction read only", "create table x (y int)"), "only lets itself be read: .* takes writes"),
        (
            ("set local transaction_timeout = 50", "select pg_sleep(5)"),
            "no more time: .*transaction timeout.* transaction_timeout",
        ),
        (("set local search_path = nowhere", "create table x (y int)"), "no schema has been selected"),
        (("set local lock_timeout = 1", "set local statement_timeout = 50", "select pg_sleep(5)"), "no more time"),
    ],
    ids=["26000", "42P05", "34000", "25006", "25P04", "3F000", "57014"],
)
def test_what_is_wrong_with_the_session_is_told_in_one_line(
    statements: tuple[str, ...], told: str, postgres_server: PostgresServer
) -> None:
    database = Database(postgres_server.new_database())
    with pytest.raises(DatabaseError, match=told) as refused:
        _execute(database, *statements)
    assert len(str(refused.value).splitlines()) == 1
    database.close()


def test_a_mistake_in_a_statement_keeps_its_traceback(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.new_database(migrated=True))
    for wrong in ("selekt 1", "select 'the disk is full'::int", "select 1/0", "select nothing from labels"):
        with pytest.raises(DBAPIError):
            _execute(database, wrong)
    database.close()


def _execute(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _examined(url: str, home: Path) -> dict[str, dict[str, str]]:
    world = World(home / "home", url, {"NEWSGATE_DATABASE_URL": url})
    found = json.loads(world.run("newsgate", "doctor", "--json").out)
    return {check["part"]: check for check in found["checks"]}
