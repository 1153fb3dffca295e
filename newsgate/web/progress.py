"""The state of the system for every browser that looks on, from one look at the database a second for all of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsgate.db.errors import DatabaseError
from newsgate.tasks.inspecting.system_state import Pace, look, state_figures
from newsgate.web.site import session_of, site_of

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.web")

EVERY_SECONDS: Final = 1.0
# A proxy ends a connection on which nothing is said; a browser then comes again.
_SILENCE_SECONDS = 15.0
_MOST_OVER = 5
_MOST_WATCHERS = 500


class ProgressFeed:
    """Looks at the database once a second for as long as somebody watches, and gives all of them the same words.

    is_ending: says when the process stops, so that no browser keeps it.
    """

    def __init__(self, database: Database, settings: Settings, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._database = database
        self._settings = settings
        self._every_seconds = every_seconds
        self._watchers: set[asyncio.Queue[str]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._pace = Pace()
        # Runs that were seen under way stay in sight for a while, so that a look at them says how they ended.
        self._seen: list[int] = []
        self._latest: str | None = None
        self.looks = 0
        self.is_ending: Callable[[], bool] = lambda: False

    async def watch(self, is_welcome: Callable[[], bool] = lambda: True) -> AsyncGenerator[str, None]:
        """Yield what is to be sent to one browser, until it goes, is welcome no more, or the process ends."""
        news: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
        self._watchers.add(news)
        if self._looking is None or self._looking.done():
            self._latest = None
            self._looking = asyncio.create_task(self._keep_looking())
        elif self._latest is not None:
            news.put_nowait(self._latest)
        silent_seconds = 0.0
        try:
            while not self.is_ending() and is_welcome():
                try:
                    yield f"data: {await asyncio.wait_for(news.get(), self._every_seconds)}\n\n"
                    silent_seconds = 0.0
                except TimeoutError:
                    silent_seconds += self._every_seconds
                    if silent_seconds >= _SILENCE_SECONDS:
                        silent_seconds = 0.0
                        yield ": still here\n\n"
        finally:
            self._watchers.discard(news)
            if not self._watchers and self._looking is not None:
                self._looking.cancel()

    @property
    def watchers(self) -> int:
        """How many browsers look on."""
        return len(self._watchers)

    async def _keep_looking(self) -> None:
        told: str | None = None
        while True:
            try:
                figures = await run_in_threadpool(self._look)
            except DatabaseError as error:
                log.warning("the state of the system cannot be read: %s", error)
                figures = {"fault": str(error)}
            # The time alone is no news.
            words = json.dumps({name: value for name, value in figures.items() if name != "at"})
            if words != told:
                told = self._latest = words
                for news in self._watchers:
                    with suppress(asyncio.QueueEmpty):
                        news.get_nowait()
                    news.put_nowait(words)
            await asyncio.sleep(self._every_seconds)

    def _look(self) -> dict[str, Any]:
        self.looks += 1
        state = look(self._database, self._settings, also=self._seen)
        over = [run.run for run in state.runs if run.is_over]
        self._seen = [*over[-_MOST_OVER:], *(run.run for run in state.runs if not run.is_over)]
        self._pace.observe(state)
        return state_figures(state, self._pace)


async def progress(request: Request) -> Response:
    """Server-sent events: the figures of `newsgate status --watch --json`, whenever they change."""
    site, session = site_of(request), session_of(request)
    feed = site.feed
    if feed.watchers >= _MOST_WATCHERS:
        return Response("too many browsers look on", status_code=503)
    # One request may last for days, and whoever has signed out meanwhile in another tab sees nothing more.
    watch = feed.watch(lambda: site.sessions.is_open(session.id))
    return StreamingResponse(
        watch, media_type="text/event-stream", headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    )
