"""The page as an ASGI application: every address, what stands before it, and what errors look like."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from newsgate.db.errors import (
    DatabaseUnavailableError,
    NoSuchBatchError,
    NoSuchItemError,
    NoSuchModelError,
    NoSuchRunError,
)
from newsgate.foundation.errors import NewsgateError
from newsgate.pages.template_rendering import TEMPLATES
from newsgate.web import (
    batches,
    downloads,
    drift,
    flips,
    judgements,
    models,
    progress,
    review,
    rows,
    sign_in,
    steering,
    uploads,
    verdicts,
)
from newsgate.web.guard import AnswerHeaders, Guard
from newsgate.web.page_words import in_words_of_the_page
from newsgate.web.rendering import page

if TYPE_CHECKING:
    from newsgate.web.site import Site

log = logging.getLogger("newsgate.web")

# Fewer than the connections to the database that a process may open.
_THREADS: Final = 12
_STATIC: Final = Path(__file__).with_name("static")
_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_FOUND = (NoSuchBatchError, NoSuchItemError, NoSuchModelError, NoSuchRunError)


class _Number(Convertor[int]):
    """A number in an address, of no more digits than a column of SQL can hold: another is the address of nothing."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _Number())


def make_app(site: Site) -> Starlette:
    """The application of one site."""
    errors = {HTTPException: _tell_http_error, NewsgateError: _tell_error, OSError: _tell_os_error}
    app = Starlette(
        routes=[
            Route("/", _home),
            Route("/sign-in", sign_in.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", sign_in.sign_out, methods=["POST"]),
            Route("/progress", progress.progress),
            Route("/batches", batches.list_page),
            Route("/batches/{batch:number}", batches.batch_page),
            Route("/batches/{batch:number}/verdicts", verdicts.verdicts_page),
            Route("/batches/{batch:number}/download", downloads.download),
            Route("/batches/{batch:number}/report", downloads.report),
            Route("/batches/{batch:number}/pause", steering.pause, methods=["POST"]),
            Route("/batches/{batch:number}/resume", steering.resume, methods=["POST"]),
            Route("/batches/{batch:number}/cancel", steering.cancel, methods=["POST"]),
            Route("/batches/{batch:number}/requeue", steering.requeue, methods=["POST"]),
            Route("/batches/{batch:number}/priority", steering.priority, methods=["POST"]),
            Route("/batches/{batch:number}/reclassify", steering.reclassify, methods=["POST"]),
            Route("/batches/{batch:number}/flips", flips.flips_page),
            Route("/items/{item:number}", rows.item_page),
            Route("/items/{item:number}/label", rows.label, methods=["POST"]),
            Route("/items/{item:number}/undo", rows.undo, methods=["POST"]),
            Route("/upload", uploads.upload, methods=["GET", "POST"]),
            Route("/uploads/{upload}", uploads.upload_page, methods=["GET", "POST"]),
            Route("/review", review.review_page),
            Route("/review/answer", review.answer, methods=["POST"]),
            Route("/judgements", judgements.judgements_page),
            Route("/models", models.models_page),
            Route("/models/promote", models.promote, methods=["POST"]),
            Route("/models/roll-back", models.roll_back, methods=["POST"]),
            Route("/drift", drift.drift_page),
            # The two style sheets of the report and the explanation are used here too.
            Route("/static/pages/{name}", _style_of_pages),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(AnswerHeaders, site=site),
            # What the guard refuses is shown as what a page refuses.
            Middleware(
                ExceptionMiddleware, handlers={**errors, ClientDisconnect: _say_nothing, Exception: _tell_defect}
            ),
            Middleware(Guard, site=site),
        ],
        exception_handlers={**errors},
        lifespan=_lifespan,
    )
    app.state.site = site
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = _THREADS
    yield
    site: Site = app.state.site
    await run_in_threadpool(site.sessions.end_all)
    await run_in_threadpool(site.uploads.close)


async def _home(_: Request) -> Response:
    return RedirectResponse("/batches", status_code=303)


async def _style_of_pages(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ("page.css", "explanation.css", "report.css"):
        raise HTTPException(404)
    return Response((TEMPLATES / name).read_text(encoding="utf-8"), media_type="text/css")


def _tell_http_error(request: Request, raised: Exception) -> Response:
    error = cast("HTTPException", raised)
    if error.status_code == 401:
        return sign_in.ask(request, code=401)
    said = {404: "There is nothing at this address.", 405: "This address does not take that."}
    return page(
        request,
        "error.html.j2",
        code=error.status_code,
        what=said.get(error.status_code, error.detail),
        remedy=None,
    )


def _tell_error(request: Request, raised: Exception) -> Response:
    error = cast("NewsgateError", raised)
    told = in_words_of_the_page(error)
    code = 404 if isinstance(error, _NOT_FOUND) else 503 if isinstance(error, DatabaseUnavailableError) else 400
    return page(request, "error.html.j2", code=code, what=told.what, remedy=told.remedy)


def _tell_os_error(request: Request, raised: Exception) -> Response:
    if not isinstance(raised, OSError) or raised.errno not in _IS_FULL:
        return _tell_defect(request, raised)
    log.error("the disk is full: %s", raised)
    return page(
        request,
        "error.html.j2",
        code=507,
        what="The disk of the machine that serves this page is full.",
        remedy="Nothing is changed. Tell whoever runs the page, and try again when there is room.",
    )


def _tell_defect(request: Request, raised: Exception) -> Response:
    log.error("%s %s went wrong", request.method, request.url.path, exc_info=raised)
    return page(
        request,
        "error.html.j2",
        code=500,
        what="This is a defect of newsgate.",
        remedy="Tell whoever runs the page: its log says more.",
    )


def _say_nothing(_: Request, __: Exception) -> Response:
    # Whoever asked is gone, and an upload that broke off is theirs to begin again.
    return Response(status_code=400)
