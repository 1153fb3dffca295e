"""What stands before every page: who may ask, from where, and how much; and what every answer tells the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from newsgate.web.sessions import COOKIE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from newsgate.web.site import Site

# What a form without a file may be.
MOST_FORM_BYTES: Final = 65_536
UPLOAD_PATH: Final = "/upload"
# Reachable without a session: they say nothing of what newsgate holds.
OPEN_PATHS: Final = ("/static/", "/sign-in")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::\d+)?")
# Nothing from elsewhere, no script but the one file of the page itself. Attributes `style` carry only numbers that
# newsgate calculates: the length of a bar, the shade of a token.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A token may stand in the address that somebody comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware before the pages of one site. What it refuses is raised, and shown as every error is."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the pages answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._check_host(headers)
        self._check_origin(scope, headers)
        path: str = scope["path"]
        session = self._site.sessions.find(HTTPConnection(scope).cookies.get(COOKIE, ""))
        if session is None and not path.startswith(OPEN_PATHS):
            raise HTTPException(401, "You are not signed in.")
        scope.setdefault("state", {})["session"] = session
        await self._app(scope, self._bounded(receive, headers, path), send)

    def _check_host(self, headers: Headers) -> None:
        # A name that somebody else's server gives this address would otherwise make their page one of this origin.
        found = _HOST.fullmatch(headers.get("host", ""))
        if found is None or found["name"].lower() not in self._site.hosts:
            raise HTTPException(421, "This is not the address of this page. --public-url names another one.")

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        if scope["method"] in _SAFE_METHODS:
            return
        origin = headers.get("origin")
        is_own = origin is None or urlsplit(origin).netloc == headers.get("host")
        if not is_own or headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            raise HTTPException(403, "This form comes from another site.")

    def _bounded(self, receive: Receive, headers: Headers, path: str) -> Receive:
        most = self._site.settings.web_upload_bytes if path == UPLOAD_PATH else MOST_FORM_BYTES
        too_large = HTTPException(413, f"This is more than the {most:,} bytes that are taken at once.")
        if not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > most:
            raise too_large
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise too_large
            return message

        return bounded


class AnswerHeaders:
    """ASGI middleware that gives every answer, of errors too, the headers by which a browser protects its person."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._headers = {**_HEADERS, **({"Strict-Transport-Security": "max-age=31536000"} if site.is_secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the headers added."""

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                # What is shown now is not shown from a cache once somebody has signed out.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, add_headers)
