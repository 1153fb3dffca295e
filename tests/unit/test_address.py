"""Addresses of databases: which are taken, as what, and how those that cannot be are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsgate.db.address import display, libpq_address, parse_address, postgres_arguments, sqlite_path
from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database


@pytest.mark.parametrize(
    "address",
    [
        "postgres://ann:secret@db.example.org:6432/news?sslmode=require",
        "postgresql://ann:secret@db.example.org:6432/news?sslmode=require",
        "postgresql+psycopg://ann:secret@db.example.org:6432/news?sslmode=require",
        "postgres+psycopg://ann:secret@db.example.org:6432/news?sslmode=require",
        "Postgres://ann:secret@db.example.org:6432/news?sslmode=require",
    ],
)
def test_each_form_of_a_postgresql_address_is_the_same(address: str) -> None:
    url = Database(address).url
    assert url == parse_address("postgresql+psycopg://ann:secret@db.example.org:6432/news?sslmode=require")
    assert url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:s%40@one:5433,two/news?sslmode=require",
        "postgres://ann:s%40@/news?host=one,two&port=5433,&sslmode=require",
        "postgresql+psycopg://ann:s%40@/news?sslmode=require&host=one:5433&host=two",
    ],
)
def test_each_form_of_several_servers_is_the_same(address: str) -> None:
    url = parse_address(address)
    assert url == parse_address("postgresql://ann:s%40@/news?host=one%2Ctwo&port=5433%2C&sslmode=require")
    assert url.password == "s@"
    assert display(url) == "postgresql+psycopg://ann:***@/news?host=one%2Ctwo&port=5433%2C&sslmode=require"
    # PostgreSQL's own programs do not know a host that is told twice.
    assert libpq_address(url) == "postgresql://ann@/news?host=one%2Ctwo&port=5433%2C&sslmode=require"


def test_an_address_of_ipv6_servers_is_read() -> None:
    url = parse_address("postgresql://ann@[2001:db8::1]:5433,[2001:db8::2]/news")
    assert url.query == {"host": "2001:db8::1,2001:db8::2", "port": "5433,"}


def test_of_several_servers_the_one_that_takes_writes_is_wanted() -> None:
    wanted = "target_session_attrs"
    several = "postgresql://ann@one,two/news"
    assert postgres_arguments(parse_address(several))[wanted] == "read-write"
    # Whoever says otherwise means it.
    assert wanted not in postgres_arguments(parse_address(f"{several}?{wanted}=any"))
    assert wanted not in postgres_arguments(parse_address("postgresql://ann@one/news"))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql+psycopg2://host/news", "driver psycopg2 .* Write it as postgresql\\+psycopg://"),
        ("postgresql+asyncpg://host/news", "driver asyncpg .* Write it as postgresql\\+psycopg://"),
        ("postgres+pg8000://host/news", "driver pg8000 .* Write it as postgresql\\+psycopg://"),
        ("postgresql+psycopg_async://host/news", "driver psycopg_async .* Write it as postgresql\\+psycopg://"),
        ("sqlite+aiosqlite:///newsgate.db", "driver aiosqlite .* Write it as sqlite:////absolute/path"),
        ("mysql://host/news", "not in mysql.* postgresql\\+psycopg://.*sqlite:////absolute/path"),
        ("mysql+pymysql://host/news", "not in mysql.* postgresql\\+psycopg://"),
        ("mssql+pyodbc://host/news", "not in mssql.* postgresql\\+psycopg://"),
        ("newsgate.db", "not one SQLAlchemy understands.* sqlite:////absolute/path/newsgate.db"),
        ("sqlite:newsgate.db", "not one SQLAlchemy understands.* sqlite:////absolute/path/newsgate.db"),
        ("", "not one SQLAlchemy understands.* sqlite:////absolute/path/newsgate.db"),
    ],
)
def test_another_driver_or_database_is_refused_with_the_form_to_write(address: str, told: str) -> None:
    _assert_refused(address, told)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///:memory:?timeout=5",
        "sqlite:///news.db?mode=memory",
        "sqlite:///file:news?mode=memory&uri=true",
        "sqlite:///file:news?mode=memory&cache=shared&uri=1",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:%3Amemory%3A?uri=true",
        "sqlite:///file:/news?vfs=memdb&uri=true",
        "sqlite:///file:?uri=true",
    ],
)
def test_a_sqlite_database_that_would_be_gone_with_the_command_is_refused(address: str) -> None:
    _assert_refused(address, "names no file: .* Write it as sqlite:////absolute/path/newsgate.db, or sqlite:///newsg")


@pytest.mark.parametrize(
    "address", ["sqlite://newsgate.db", "sqlite://localhost/newsgate.db", "sqlite://ann:secret@/newsgate.db"]
)
def test_a_sqlite_address_without_its_third_slash_is_refused_with_the_form_to_write(address: str) -> None:
    _assert_refused(address, "a slash is missing.* Write it as sqlite:////absolute/path/newsgate.db, or sqlite:///news")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:////srv/news.db", "/srv/news.db"),
        ("sqlite:////srv/news.db?timeout=0.5", "/srv/news.db"),
        ("sqlite:///news.db", f"{Path.cwd()}/news.db"),
        ("sqlite:///file:news.db?uri=true&mode=ro", f"{Path.cwd()}/news.db"),
        ("sqlite:///file:/srv/a%20b.db?uri=true", "/srv/a b.db"),
        ("sqlite:///file:///srv/news.db?uri=true", "/srv/news.db"),
        ("sqlite:///memory", f"{Path.cwd()}/memory"),
    ],
)
def test_a_sqlite_address_names_its_file(address: str, path: str) -> None:
    assert str(sqlite_path(parse_address(address))) == path


@pytest.mark.parametrize("threshold", ["0", "5", "none", "None"])
def test_nothing_is_prepared_whatever_the_address_says(threshold: str) -> None:
    url = Database(f"postgresql://host/news?prepare_threshold={threshold}").url
    assert postgres_arguments(url)["prepare_threshold"] is None


def test_numbers_of_the_address_are_numbers_to_the_driver() -> None:
    url = Database("postgresql://host/news?connect_timeout=9&keepalives=0&tcp_user_timeout=1000").url
    told = postgres_arguments(url)
    assert (told["connect_timeout"], told["keepalives"], told["tcp_user_timeout"]) == (9, 0, 1000)
    assert told["keepalives_idle"] == 10


@pytest.mark.parametrize(
    "query",
    [
        "host=one:5432&host=two",
        "host=one,two&port=5432,5433",
        "port=5433",
        "host=/var/run/postgresql",
        "sslmode=prefer",
    ],
)
def test_several_servers_sockets_and_words_stand_in_the_address_as_before(query: str) -> None:
    Database(f"postgresql://ann@/news?{query}")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("prepare_threshold=soon", "a prepare_threshold that is no whole number"),
        ("prepare_threshold=-1", "a prepare_threshold that is no whole number"),
        ("connect_timeout=soon", "a connect_timeout that is no whole number"),
        ("connect_timeout=2.5", "a connect_timeout that is no whole number"),
        ("keepalives=yes", "a keepalives that is no whole number"),
        ("keepalives_idle=99999999999", "a keepalives_idle that is no whole number"),
        ("tcp_user_timeout=1s", "a tcp_user_timeout that is no whole number"),
        ("port=first", "a port that is no number"),
        ("port=5432,0", "a port that is no number"),
        ("connect_timeout=1&connect_timeout=2", "connect_timeout more than once"),
        ("autocommit=true", "a parameter that is not known, autocommit"),
        ("row_factory=x", "a parameter that is not known, row_factory"),
        ("pgbouncer=true", "a parameter that is not known, pgbouncer"),
        ("host=one:first&host=two:second", "a port that is no number"),
    ],
)
def test_a_parameter_that_psycopg_cannot_take_is_refused(query: str, told: str) -> None:
    _assert_refused(f"postgresql://ann:secret@host/news?{query}", told)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("timeout=soon", "a timeout that is no number of seconds"),
        ("timeout=nan", "a timeout that is no number of seconds"),
        ("detect_types=x", "a detect_types that is no whole number"),
        ("cached_statements=1.5", "a cached_statements that is no whole number"),
        ("check_same_thread=maybe", "a check_same_thread that is neither yes nor no"),
        ("uri=maybe", "a uri that is neither yes nor no"),
        ("mode=ro", "a parameter that is not known, mode"),
        ("timeout=1&timeout=2", "timeout more than once"),
    ],
)
def test_a_parameter_that_sqlite_cannot_take_is_refused(query: str, told: str) -> None:
    _assert_refused(f"sqlite:///newsgate.db?{query}", told)


def _assert_refused(address: str, told: str) -> None:
    with pytest.raises(DatabaseError, match=told) as refused:
        Database(address)
    assert "secret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert refused.value.remedy
