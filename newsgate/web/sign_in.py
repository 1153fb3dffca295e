"""Signing in with a token, in the address or typed, and out again."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.web.rendering import page
from newsgate.web.sessions import COOKIE
from newsgate.web.site import check_csrf, session_of, site_of

TOKEN_FIELD = "token"  # noqa: S105 - the name of the field, not a token


async def sign_in(request: Request) -> Response:
    """Begin a session for whoever has a token; without one ask for it."""
    form: FormData | None = await request.form() if request.method == "POST" else None
    token = (form or request.query_params).get(TOKEN_FIELD)
    if not isinstance(token, str) or not token:
        return page(request, "sign_in.html.j2", refused=False)
    site = site_of(request)
    person = site.people.find(token.strip())
    if person is None:
        return page(request, "sign_in.html.j2", code=403, refused=True)
    session = site.sessions.begin(person)
    # Not a redirect: who follows a link from elsewhere would come without the cookie, which is SameSite=Strict. And the
    # token leaves the address at once.
    response = page(request, "signed_in.html.j2", name=person.name)
    response.set_cookie(COOKIE, session.id, httponly=True, samesite="strict", secure=site.is_secure, path="/")
    return response


async def sign_out(request: Request) -> Response:
    """End the session."""
    check_csrf(request, await request.form())
    site_of(request).sessions.end(session_of(request).id)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response
