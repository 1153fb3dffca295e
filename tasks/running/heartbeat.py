"""A worker's word that it lives, given every few seconds for people to see."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from newsgate import __version__
from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from newsgate.db.workers import Kind, WorkerName, say_alive, say_goodbye, say_hello

log = logging.getLogger("newsgate.worker")

# One short statement: a worker that classifies commits hundreds of them meanwhile.
BEAT_SECONDS: Final = 10.0
# What a database that does not answer may cost an ending worker. It then counts as silent, and is forgotten later.
_GOODBYE_SECONDS = 2.0


class Heartbeat:
    """Says that a process lives for as long as the block lasts, in a thread of its own; nothing depends on it.

    name: as the process calls itself in its leases.
    """

    def __init__(self, database: Database, *, name: str, kind: Kind, beat_seconds: float = BEAT_SECONDS) -> None:
        self._database = database
        self._worker = WorkerName(name, kind, __version__)
        self._beat_seconds = beat_seconds
        self._began: datetime | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_saying, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_GOODBYE_SECONDS)

    def _keep_saying(self) -> None:
        while not self._stop.is_set():
            self._say(last=False)
            self._stop.wait(self._beat_seconds)
        self._say(last=True)

    def _say(self, *, last: bool) -> None:
        try:
            # Undone by a power cut, it is as true as before.
            with self._database.write(synced=False) as connection:
                if last:
                    say_goodbye(connection, self._worker)
                elif self._began is None:
                    self._began = say_hello(connection, self._worker)
                else:
                    say_alive(connection, self._worker, began=self._began)
        except DatabaseError as error:
            # Who works tells of a database that is away; this would tell it a second time.
            log.debug("%s", error)
        except Exception:
            log.exception("saying that this process lives failed")
