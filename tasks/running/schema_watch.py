"""Whether the database has become that of a newer newsgate while a worker or a trainer works.

An upgrade may change the tables under it. Where the newer schema says that programs of before may go on, nothing
happens. Otherwise every statement may fail, or store what means something else by then: it leaves its work to others,
and holds it against none of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from newsgate.db.errors import DatabaseError, SchemaAheadError
from newsgate.db.schema import current_revision, refuse_newer
from newsgate.db.session import Database

log = logging.getLogger("newsgate.worker")


class SchemaWatch:
    """Looks at the schema when asked; threads share it.

    part: what looks, as its log calls it. on_newer: called, once, when the schema is found to be one that this newsgate
    cannot work with.
    """

    def __init__(self, database: Database, *, part: str, on_newer: Callable[[], None]) -> None:
        self._database = database
        self._part = part
        self._on_newer = on_newer
        self._lock = threading.Lock()
        self._seen: str | None = None
        self.is_newer = False

    def look(self) -> bool:
        """Whether it is so now. A database that does not answer has not changed."""
        with self._lock:
            if not self.is_newer:
                try:
                    self._look_closer()
                except SchemaAheadError as error:
                    self.is_newer = True
                    log.error("this %s ends, and leaves its work to newer ones: %s", self._part, error)
                    self._on_newer()
                except DatabaseError:
                    pass
            return self.is_newer

    def _look_closer(self) -> None:
        revision = current_revision(self._database)
        if revision != self._seen:
            refuse_newer(self._database)
            self._seen = revision
