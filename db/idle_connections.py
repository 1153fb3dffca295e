"""Asking a pooled connection whether it still lives before it is used, as SQLAlchemy's `pool_pre_ping` does.

That is one way there and back. A worker whose database is far away spares it: a connection that it used a moment ago
fails no more often than one that is in use, and the worker knows what to do about that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

# A server that is started again, or a pooler that ends what is idle, takes longer.
_A_MOMENT_SECONDS: Final = 1.0
_USED_AT: Final = "newsgate_used_at"


class IdleConnections:
    """Asks each connection of an engine that it takes from the pool, and has all made anew where one is dead."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        self._trust = threading.local()
        event.listen(engine, "checkin", self._note)
        event.listen(engine, "checkout", self._ask)

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """In this thread, ask none that was used a moment ago for as long as the block lasts."""
        self._trust.given = True
        try:
            yield
        finally:
            self._trust.given = False

    def _note(self, _connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def _ask(self, connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None:
            # It was opened for this use.
            return
        if getattr(self._trust, "given", False) and time.monotonic() - used_at < _A_MOMENT_SECONDS:
            return
        try:
            self._dialect.do_ping(connection)
        except self._dialect.loaded_dbapi.Error as error:
            if self._dialect.is_disconnect(error, connection, None):
                raise InvalidatePoolError from error
            raise
