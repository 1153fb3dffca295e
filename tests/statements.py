"""SQL that is compiled once for all databases of a process.

SQLAlchemy keeps what it has compiled for as long as an engine lives. A program has one engine; here every test has one,
and a quarter of the time of tests in the test's own process was the same statements being compiled again.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy import Connection, Engine, event

# More than there are; the bound is for statements whose text differs from test to test.
_MOST = 4000


class _SharedStatements(MutableMapping[Any, Any]):
    """What an engine keeps by (dialect, statement), but by the kind of dialect: each engine has one of its own."""

    def __init__(self) -> None:
        self._compiled: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        return self._compiled[_by_kind(key)]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        if len(self._compiled) >= _MOST:
            self._compiled.clear()
        self._compiled[_by_kind(key)] = compiled

    def __delitem__(self, key: Any) -> None:
        del self._compiled[_by_kind(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._compiled)

    def __len__(self) -> int:
        return len(self._compiled)


def _by_kind(key: Any) -> Any:
    dialect, *statement = key
    return type(dialect), dialect.server_version_info, dialect.paramstyle, *statement


_SHARED = _SharedStatements()


def share_compiled_statements() -> None:
    """Have every connection of this process, to whatever database, look there first."""
    if not event.contains(Engine, "engine_connect", _use_shared):
        event.listen(Engine, "engine_connect", _use_shared)


def _use_shared(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_SHARED)
