"""Signing in with a token, in the address or typed, and out again."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.web.rendering import page
from newsgate.web.sessions import COOKIE
from newsgate.web.site import check_csrf, session_of, site_of

TOKEN_FIELD = "token"  # noqa: S105 - the name of the field, not a token
_HOME: Final = "/batches"
# A page of this site: with two slashes, or one of the other kind, it would be the address of another one.
_OWN_PLACE: Final = re.compile(r"/(?!/|sign-|static/|progress)[!-\[\]-~]*")
_LONGEST_PLACE = 2000


async def sign_in(request: Request) -> Response:
    """Begin a session for whoever has a token; without one ask for it."""
    form: FormData | None = await request.form() if request.method == "POST" else None
    token = (form or request.query_params).get(TOKEN_FIELD)
    place = _own_place(str(form.get("place", ""))) if form is not None else None
    if not isinstance(token, str) or not token:
        return page(request, "sign_in.html.j2", refused=False, place=place, is_lost=False)
    site = site_of(request)
    person = site.people.find(token.strip())
    if person is None:
        return page(request, "sign_in.html.j2", code=403, refused=True, place=place, is_lost=False)
    session = site.sessions.begin(person)
    # Not a redirect: who follows a link from elsewhere would come without the cookie, which is SameSite=Strict. And the
    # token leaves the address at once.
    response = page(request, "signed_in.html.j2", name=person.name, place=place or _HOME, is_home=place is None)
    response.set_cookie(COOKIE, session.id, httponly=True, samesite="strict", secure=site.is_secure, path="/")
    return response


def ask(request: Request, *, code: int) -> Response:
    """Ask for the token before a page is shown; whoever gives it comes to that page, or to where a form was sent."""
    is_form = request.method not in ("GET", "HEAD")
    place = _sender(request) if is_form else _address(request)
    return page(request, "sign_in.html.j2", code=code, refused=False, place=_own_place(place), is_lost=is_form)


async def sign_out(request: Request) -> Response:
    """End the session."""
    check_csrf(request, await request.form())
    site_of(request).sessions.end(session_of(request).id)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _address(request: Request) -> str:
    query = request.url.query
    return quote(request.url.path, safe="/%") + (f"?{query}" if query else "")


def _sender(request: Request) -> str:
    """The page of this site that a form was sent from."""
    sender = urlsplit(request.headers.get("referer", ""))
    is_own = sender.netloc == request.headers.get("host")
    return (sender.path + (f"?{sender.query}" if sender.query else "")) if is_own else ""


def _own_place(place: str) -> str | None:
    return place if len(place) <= _LONGEST_PLACE and _OWN_PLACE.fullmatch(place) and place != "/" else None
