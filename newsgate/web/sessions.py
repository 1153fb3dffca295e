"""Who is signed in: sessions in the memory of this process, each with a secret of its own against forged forms."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsgate.web.people import Person
    from newsgate.web.review_desk import ReviewDesk

COOKIE: Final = "newsgate_session"
IDLE_SECONDS: Final = 12 * 3600.0
# The oldest is dropped beyond, so that signing in again and again fills no memory.
_MOST_SESSIONS = 1000
_SECRET_BYTES = 32


@dataclass(slots=True)
class Session:
    """One browser of one person. csrf: what every form that changes something must carry."""

    id: str
    person: Person
    csrf: str
    seen: float
    desk: ReviewDesk | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def accepts(self, csrf: str) -> bool:
        """Whether a form that carries this was made for this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """All sessions; threads may share them. clock: for tests."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, person: Person) -> Session:
        """Sign a person in."""
        session = Session(
            secrets.token_urlsafe(_SECRET_BYTES), person, secrets.token_urlsafe(_SECRET_BYTES), self._clock()
        )
        with self._lock:
            self._sessions[session.id] = session
            surplus = list(self._sessions)[:-_MOST_SESSIONS]
        for each in surplus:
            self.end(each)
        return session

    def find(self, id_: str) -> Session | None:
        """The session of a cookie, if it is one that has not been idle for too long."""
        with self._lock:
            session = self._sessions.get(id_)
        if session is None:
            return None
        if self._clock() - session.seen > IDLE_SECONDS:
            self.end(id_)
            return None
        session.seen = self._clock()
        return session

    def is_open(self, id_: str) -> bool:
        """Whether somebody is signed in by it; to ask is no use of it."""
        with self._lock:
            session = self._sessions.get(id_)
        return session is not None and self._clock() - session.seen <= IDLE_SECONDS

    def end(self, id_: str) -> None:
        """Sign out; what the person had in hand goes back into the queue."""
        with self._lock:
            session = self._sessions.pop(id_, None)
        if session is not None:
            with session.lock:
                if session.desk is not None:
                    session.desk.close()
                    session.desk = None

    def end_idle(self) -> None:
        """Sign out everybody who has been idle for too long."""
        now = self._clock()
        with self._lock:
            idle = [each.id for each in self._sessions.values() if now - each.seen > IDLE_SECONDS]
        for id_ in idle:
            self.end(id_)

    def end_all(self) -> None:
        """Sign everybody out: the page ends."""
        with self._lock:
            everybody = list(self._sessions)
        for id_ in everybody:
            self.end(id_)
