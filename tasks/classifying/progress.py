"""Whether a worker gets on: it ends chunks, or there are none to be done."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from sqlalchemy import exists, select

from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.db.turns import is_free
from newsgate.worker.health import State
from newsgate.worker.settings import Settings
from newsgate.worker.tally import CHUNKS, TALLY

_PATIENCE_SECONDS: Final = 10.0


class Progress:
    """Looks at the chunks that wait and at those that this process has ended. For one thread.

    A chunk and the shadows of the one before it may each take a lease; the watchdog ends a process whose chunk takes
    longer. So if chunks have waited all the time and none was ended for longer than that, whatever should claim them
    has stopped. left: the models whose chunks are left to newer workers.
    """

    def __init__(self, settings: Settings, database: Database, *, left: Callable[[], Collection[int]] = tuple) -> None:
        look_seconds = settings.lost_after_seconds + settings.sweep_seconds
        self.limit_seconds = 2 * settings.lease_seconds + look_seconds + _PATIENCE_SECONDS
        self._database = database
        self._left = left
        self._ended = sum(TALLY.of(CHUNKS).values())
        self._got_on_at = time.monotonic()

    def look(self) -> State:
        """The state now. A database that is away is not this process's fault."""
        ended = sum(TALLY.of(CHUNKS).values())
        try:
            waiting = self._some_wait()
        except DatabaseError as error:
            self._got_on_at = time.monotonic()
            return State(healthy=True, detail=f"it waits for the database: {error}")
        if ended != self._ended or not waiting:
            self._ended, self._got_on_at = ended, time.monotonic()
        seconds = time.monotonic() - self._got_on_at
        if seconds > self.limit_seconds:
            return State(healthy=False, detail=f"chunks wait, and it has ended none for {seconds:.0f} s")
        return State(healthy=True, detail=f"{ended} chunks ended, {'some wait' if waiting else 'none waits'}")

    def _some_wait(self) -> bool:
        with self._database.read() as connection:
            # What is left to newer workers may wait for them as long as it has to.
            mine = is_free(chunks, but_models=self._left())
            return bool(connection.execute(select(exists().where(mine))).scalar())
