"""The address of a database: what it may be, what is asked of the driver because of it, and what of it may be shown.

An address that cannot be is refused here, in one line and with the form to write, before anything is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from newsgate.db.errors import DatabaseError

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5

POSTGRES_FORM = "postgresql+psycopg://user:password@host/name"
SQLITE_FORM = "sqlite:////absolute/path/newsgate.db, or sqlite:///newsgate.db for a file in the current folder"

# Every other driver has errors, cursors and a COPY of its own. The first is what is used where none is named.
_DRIVERS = {"postgresql": ("psycopg",), "sqlite": ("pysqlite",)}
# Heroku's name, and libpq's second one.
_SYNONYMS = {"postgres": "postgresql"}

# Without these a server that vanished, or a network that did, is waited for by the hour.
_PATIENCE = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_LIBPQ_NUMBERS = (*_PATIENCE, "keepalives")
_LARGEST_NUMBER = 2**31 - 1
_LARGEST_PORT = 65_535
# Several of them are several servers, of which the first that answers, and takes writes, is used.
_MAY_BE_REPEATED = ("host", "port")
_WANTED_SERVER = "target_session_attrs"
# libpq's form of several servers, `user@one:5432,two:5432/name`; SQLAlchemy has them in the query.
_SEVERAL_SERVERS = re.compile(
    r"(?P<driver>[\w+]+://)(?P<user>[^/?#]*@)?(?P<servers>[^/?#@]*,[^/?#@]*)(?P<name>/[^?#]*)?(?:\?(?P<query>.*))?"
)
_SERVER = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?")
# Whatever the address says, and the server and the environment where it says nothing: beside another the driver cannot
# write every text, or reads bytes in place of text.
_ENCODING = {"client_encoding": "utf8"}
# How many times a statement is executed before psycopg prepares it.
_THRESHOLD = "prepare_threshold"
# What the PostgreSQL client also takes as `?password=...`.
_SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")

_SQLITE_SWITCHES = ("uri", "check_same_thread")
_SQLITE_NUMBERS = ("detect_types", "cached_statements")
_SQLITE_OTHERS = ("timeout", "isolation_level")
# As SQLAlchemy reads them.
_SWITCH_VALUES = ("true", "yes", "on", "y", "t", "1", "false", "no", "off", "n", "f", "0")
_SWITCHED_ON = _SWITCH_VALUES[:6]


def parse_address(address: str) -> URL:
    """The parts of an address, with the driver that newsgate uses. Raises DatabaseError, which shows no password."""
    try:
        url = make_url(_with_servers_in_the_query(address))
    # ValueError: what stands where the port should be is no number.
    except (ArgumentError, ValueError) as error:
        raise DatabaseError(
            "the database address is not one SQLAlchemy understands",
            remedy=f"Set NEWSGATE_DATABASE_URL to something like {POSTGRES_FORM}, or {SQLITE_FORM}",
        ) from error
    if "@" in (url.host or ""):
        # What follows the first @ would be taken for the host, and shown in every message.
        raise DatabaseError(
            "the password in the database address holds an @", remedy="Write it as %40 in NEWSGATE_DATABASE_URL"
        )
    url = _as_one_list(url.set(drivername=_driver_name(url)))
    if url.get_backend_name() == "sqlite":
        _refuse_unless_a_file(url)
    return url


def postgres_arguments(url: URL) -> dict[str, Any]:
    """What to tell psycopg besides what is in the address, and what of the address as another type than text.

    Raises DatabaseError for a parameter that psycopg does not know, or a value that it cannot take; ImportError where
    psycopg is not installed.
    """
    from psycopg import pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    _refuse_unknown(url, known=(*known, _THRESHOLD))
    _refuse_repeated(url, except_for=_MAY_BE_REPEATED)
    numbers = {name: _number(url, name) for name in _LIBPQ_NUMBERS if name in url.query}
    _refuse_wrong_ports(url)
    _refuse_wrong_threshold(url)
    # Nothing is prepared, whatever the address says. A pooler such as PgBouncer may give each transaction another
    # session of the server's, in which a statement that was prepared is not there, or another one has its name.
    return {**_PATIENCE, **numbers, **_wanted_server(url), **_ENCODING, _THRESHOLD: None}


def sqlite_arguments(url: URL) -> dict[str, Any]:
    """What to tell SQLite's driver besides what is in the address. Raises DatabaseError for a wrong parameter."""
    _refuse_repeated(url)
    for name in _SQLITE_NUMBERS:
        if name in url.query:
            _number(url, name)
    if "timeout" in url.query:
        _refuse_wrong_seconds(url, "timeout")
    for name in _SQLITE_SWITCHES:
        if str(url.query.get(name, "no")).lower() not in _SWITCH_VALUES:
            raise _wrong(f"has a {name} that is neither yes nor no")
    if not is_uri(url):
        _refuse_unknown(url, known=(*_SQLITE_SWITCHES, *_SQLITE_NUMBERS, *_SQLITE_OTHERS))
    return {} if "timeout" in url.query else {"timeout": BUSY_TIMEOUT_SECONDS}


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database; None for a server."""
    if url.get_backend_name() != "sqlite":
        return None
    return Path(_file_name(url)).absolute()


def is_uri(url: URL) -> bool:
    """Whether SQLite itself reads what stands for the path, as `file:...` with parameters of its own."""
    return str(url.query.get("uri", "no")).lower() in _SWITCHED_ON


def display(url: URL) -> str:
    """The address without its secrets."""
    return url.difference_update_query(_SECRET_PARAMETERS).render_as_string(hide_password=True)


def libpq_address(url: URL) -> str:
    """The address of a PostgreSQL as its own programs take it, without secrets: they ask, or read PGPASSWORD."""
    # `URL.set` leaves what is None as it was.
    plain = url._replace(drivername="postgresql", password=None)
    return plain.difference_update_query((*_SECRET_PARAMETERS, _THRESHOLD)).render_as_string()


def _driver_name(url: URL) -> str:
    backend, _, driver = url.drivername.lower().partition("+")
    backend = _SYNONYMS.get(backend, backend)
    if backend not in _DRIVERS:
        raise DatabaseError(
            f"newsgate keeps its data in SQLite or PostgreSQL, not in {backend}",
            remedy=f"Set NEWSGATE_DATABASE_URL to something like {POSTGRES_FORM}, or {SQLITE_FORM}",
        )
    if driver and driver not in _DRIVERS[backend]:
        form = POSTGRES_FORM if backend == "postgresql" else SQLITE_FORM
        raise DatabaseError(
            f"newsgate does not use the driver {driver} that the database address names",
            remedy=f"Write it as {form} in NEWSGATE_DATABASE_URL",
        )
    return "postgresql+psycopg" if backend == "postgresql" else url.drivername.lower()


def _with_servers_in_the_query(address: str) -> str:
    found = _SEVERAL_SERVERS.fullmatch(address)
    if found is None:
        return address
    servers = [_SERVER.fullmatch(each) for each in found["servers"].split(",")]
    hosts = ",".join(each["host"].strip("[]") for each in servers if each)
    ports = ",".join(each["port"] or "" for each in servers if each)
    query = "&".join(part for part in (found["query"], f"host={hosts}", f"port={ports}") if part)
    return f"{found['driver']}{found['user'] or ''}{found['name'] or '/'}?{query}"


def _as_one_list(url: URL) -> URL:
    # SQLAlchemy knows `host=one:5432&host=two:5432` as well, PostgreSQL's own programs do not.
    hosts = url.query.get("host", ())
    if isinstance(hosts, str) or "port" in url.query or not hosts:
        return url
    names, _, ports = zip(*(host.partition(":") for host in hosts), strict=True)
    return url.update_query_dict({"host": ",".join(names), "port": ",".join(ports)})


def _wanted_server(url: URL) -> dict[str, str]:
    """What to ask of the servers where there are several: one of them may be a replica, which takes no writes."""
    told = url.query.get("host", ())
    hosts = ",".join((told,) if isinstance(told, str) else told)
    return {_WANTED_SERVER: "read-write"} if "," in hosts and _WANTED_SERVER not in url.query else {}


def _refuse_unless_a_file(url: URL) -> None:
    if url.host or url.username or url.password or url.port:
        raise DatabaseError(
            "the database address names a server, and SQLite has none: a slash is missing",
            remedy=f"Write it as {SQLITE_FORM}",
        )
    # Each connection would have one of its own, and nothing would be left when the command ends.
    in_memory = url.query.get("mode") == "memory" or url.query.get("vfs") == "memdb"
    if in_memory or _file_name(url) in ("", ":memory:"):
        raise DatabaseError(
            "the database address names no file: what is stored would be gone when the command ends",
            remedy=f"Write it as {SQLITE_FORM}",
        )


def _file_name(url: URL) -> str:
    name = url.database or ""
    if not is_uri(url) or not name.startswith("file:"):
        return name
    path = name.removeprefix("file:").partition("?")[0].partition("#")[0]
    if path.startswith("//"):
        # What stands there is this machine, or the address is refused by SQLite.
        path = "/" + path[2:].partition("/")[2]
    return unquote(path)


def _refuse_unknown(url: URL, *, known: Iterable[str]) -> None:
    unknown = sorted(set(url.query) - set(known))
    if unknown:
        raise _wrong(f"has a parameter that is not known, {unknown[0]}", remedy="Leave it out of NEWSGATE_DATABASE_URL")


def _refuse_repeated(url: URL, *, except_for: Iterable[str] = ()) -> None:
    for name, value in url.query.items():
        if not isinstance(value, str) and name not in except_for:
            raise _wrong(f"has {name} more than once")


def _number(url: URL, name: str) -> int:
    value = str(url.query[name]).strip()
    if not value.isdecimal() or int(value) > _LARGEST_NUMBER:
        raise _wrong(f"has a {name} that is no whole number from 0 to {_LARGEST_NUMBER}")
    return int(value)


def _refuse_wrong_seconds(url: URL, name: str) -> None:
    try:
        allowed = 0 <= float(str(url.query[name])) <= _LARGEST_NUMBER
    except ValueError:
        allowed = False
    if not allowed:
        raise _wrong(f"has a {name} that is no number of seconds")


def _refuse_wrong_ports(url: URL) -> None:
    told = url.query.get("port", ())
    ports = ",".join((told,) if isinstance(told, str) else told)
    if any(port and not (port.isdecimal() and 0 < int(port) <= _LARGEST_PORT) for port in ports.split(",")):
        raise _wrong(f"has a port that is no number from 1 to {_LARGEST_PORT}")


def _refuse_wrong_threshold(url: URL) -> None:
    if str(url.query.get(_THRESHOLD, "none")).lower() != "none":
        _number(url, _THRESHOLD)


def _wrong(what: str, *, remedy: str = "Correct it in NEWSGATE_DATABASE_URL") -> DatabaseError:
    return DatabaseError(f"the database address {what}", remedy=remedy)
