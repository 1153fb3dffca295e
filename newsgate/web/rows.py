"""One row: its story, why it got its score, and what people say of its text."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.db.results import Reject
from newsgate.foundation.errors import NewsgateError
from newsgate.model.labels import LABELS
from newsgate.pages.explanation_page import ExplanationView, view_explanation
from newsgate.tasks.inspecting.explain import explain_item
from newsgate.tasks.inspecting.item_story import tell_story
from newsgate.tasks.labelling.columns_beside import all_columns
from newsgate.tasks.labelling.label_item import ItemChoice, NothingToRetractError, label_item, retract_once
from newsgate.web.page_words import in_words_of_the_page
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import OldFormError, check_csrf, require_role, session_of, site_of

_PATIENCE_SECONDS = 10.0


def item_page(request: Request) -> Response:
    """One row with everything that is known of it."""
    item = request.path_params["item"]
    with site_of(request).database.read() as connection:
        story = tell_story(connection, item=item)
        if isinstance(story, Reject):
            raise HTTPException(404)
        columns = all_columns(connection, item)
    explanation, why_not = _explanation(request, item)
    mine = [each for each in story.labels if each.labelled_by == session_of(request).person.name]
    return page(
        request,
        "item.html.j2",
        story=story,
        seen=max((each.id for each in story.labels), default=0),
        own=next((each for each in reversed(mine) if not each.retracted_at), None),
        is_taken_back=bool(mine and mine[-1].retracted_at),
        columns=columns,
        explanation=explanation,
        why_not=why_not,
        model=number_of(request.query_params.get("model")),
        said=request.query_params.get("said", ""),
    )


def _explanation(request: Request, item: int) -> tuple[ExplanationView | None, str | None]:
    model = number_of(request.query_params.get("model"))
    site = site_of(request)
    # It takes a core for a moment: one at a time leaves the others to the workers.
    if not site.explaining.acquire(timeout=_PATIENCE_SECONDS):
        return None, "Other people have scores explained just now. Load the page again in a moment."
    try:
        explained = explain_item(item, database=site.database, model=model)
    except NewsgateError as error:
        return None, in_words_of_the_page(error).what
    finally:
        site.explaining.release()
    return view_explanation(explained), None


async def label(request: Request) -> Response:
    """Record what the person says of the row's text."""
    form = await request.form()
    check_csrf(request, form)
    require_role(request, "reviewer")
    item, said = request.path_params["item"], form.get("label")
    if said not in LABELS:
        raise HTTPException(400, "Say fake or real.")
    person, seen = session_of(request).person, number_of(str(form.get("seen", "")))
    await run_in_threadpool(
        label_item, site_of(request).database, ItemChoice(item), str(said), by=person.name, seen=seen
    )
    return _back_to(item, form, said=str(said))


async def undo(request: Request) -> Response:
    """Take back what the person said last of the row's text."""
    form = await request.form()
    check_csrf(request, form)
    require_role(request, "reviewer")
    item, person = request.path_params["item"], session_of(request).person
    # Named by the form: one that is sent twice takes one judgement back, and not the one before it too.
    meant = number_of(str(form.get("judgement", "")))
    if meant is None:
        raise HTTPException(400, "Say which judgement is meant.")
    try:
        await run_in_threadpool(
            retract_once, site_of(request).database, ItemChoice(item), by=person.name, label_id=meant
        )
    except NothingToRetractError as error:
        raise OldFormError(
            "this is not what you said last of this text",
            remedy="Nothing is changed: load the page of the item again, it shows what you have said since",
        ) from error
    return _back_to(item, form, said="undone")


def _back_to(item: int, form: FormData, *, said: str) -> Response:
    """To the page that the form was sent from: it may have been about a model that is not the latest."""
    model = number_of(str(form.get("model", "")))
    about = "" if model is None else f"&model={model}"
    return RedirectResponse(f"/items/{item}?said={said}{about}#people", status_code=303)
