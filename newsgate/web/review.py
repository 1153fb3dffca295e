"""Review by keyboard: one text after another, the queue of `newsgate review`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from newsgate.db.batch_status import last_row_of, list_batches
from newsgate.db.labels import count_pairs
from newsgate.tasks.labelling.agreement import measure_agreement
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.review_desk import ACTIONS, ReviewDesk
from newsgate.web.site import check_csrf, require_role, session_of, site_of

if TYPE_CHECKING:
    from newsgate.web.sessions import Session

_BATCHES_OFFERED = 100
_MOST_SHOWN_CHARS = 4000


def review_page(request: Request) -> Response:
    """The text to judge now. Raises NoSuchBatchError."""
    require_role(request, "reviewer")
    batch, session = number_of(request.query_params.get("batch")), session_of(request)
    if batch is not None:
        # Of one that is not there, nothing is left to review either, and that would be no help.
        with site_of(request).database.read() as connection:
            last_row_of(connection, batch)
    with session.lock:
        if session.desk is not None and session.desk.is_done:
            # Whoever comes back asks for what is new since, and for what was skipped.
            session.desk.close()
            session.desk = None
    return _show(request, batch=batch, notice=None)


async def answer(request: Request) -> Response:
    """Do what a key or a button says, and show the next text."""
    form = await request.form()
    check_csrf(request, form)
    require_role(request, "reviewer")
    action = form.get("action")
    if action not in ACTIONS:
        raise HTTPException(400, "Answer fake, real, skip or undo.")
    item, batch = (number_of(str(form.get(name, ""))) for name in ("item", "batch"))
    return await run_in_threadpool(_answer, request, str(action), item=item, batch=batch)


def _answer(request: Request, action: str, *, item: int | None, batch: int | None) -> Response:
    session = session_of(request)
    with session.lock:
        notice = _desk(request, session, batch=batch).act(action, item=item)
    # The answer is the next question, not a redirect to it: one way less between two keys.
    return _show(request, batch=batch, notice=notice)


def _show(request: Request, *, batch: int | None, notice: str | None) -> Response:
    session, database = session_of(request), site_of(request).database
    with session.lock:
        desk = _desk(request, session, batch=batch)
        question = desk.question()
        tally = desk.session.tally
    with database.read() as connection:
        agreement = measure_agreement(count_pairs(connection))
        batches = list_batches(connection, limit=_BATCHES_OFFERED)
    return page(
        request,
        "review.html.j2",
        question=question,
        tally=tally,
        batch=batch,
        batches=batches,
        notice=notice,
        agreement=agreement,
        most_chars=_MOST_SHOWN_CHARS,
    )


def _desk(request: Request, session: Session, *, batch: int | None) -> ReviewDesk:
    """The desk of this browser; another choice of batch begins another one. The session's lock is held."""
    if session.desk is not None and session.desk.batch != batch:
        session.desk.close()
        session.desk = None
    if session.desk is None:
        session.desk = ReviewDesk(site_of(request).database, reviewer=session.person.name, batch=batch)
    return session.desk
