"""What every part of the page works with, and how it finds it in a request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsgate.foundation.errors import NewsgateError

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.web.people import People, Role
    from newsgate.web.progress import ProgressFeed
    from newsgate.web.sessions import Session, Sessions
    from newsgate.web.upload_jobs import UploadJobs
    from newsgate.worker.settings import Settings


class OldFormError(NewsgateError):
    """A form that was loaded before somebody changed what it is about. Nothing was changed by it."""


@dataclass(frozen=True, slots=True)
class Site:
    """One running page. hosts: the names by which browsers may ask for it. is_secure: it is reached by TLS alone.

    explaining: held by whoever has a score explained.
    """

    settings: Settings
    database: Database
    people: People
    sessions: Sessions
    feed: ProgressFeed
    uploads: UploadJobs
    hosts: frozenset[str]
    is_secure: bool
    explaining: threading.Lock = field(default_factory=threading.Lock)


def site_of(request: Request) -> Site:
    """The page that a request is for."""
    found: Site = request.app.state.site
    return found


def session_of(request: Request) -> Session:
    """Who asks; the guard has let nobody through who is not signed in."""
    found: Session = request.scope["state"]["session"]
    return found


def require_role(request: Request, role: Role) -> None:
    """Refuse whoever has less than this role."""
    if not session_of(request).person.may(role):
        raise HTTPException(403, f"This needs the role {role}. Ask whoever runs the page for it.")


def check_csrf(request: Request, form: Any) -> None:
    """Refuse a form that was not made for whoever sends it."""
    given = form.get("csrf")
    if not isinstance(given, str) or not session_of(request).accepts(given):
        raise HTTPException(403, "This form is not from your session. Go back, load the page again, and send it again.")
