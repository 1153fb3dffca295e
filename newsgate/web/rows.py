"""One row: its story, why it got its score, and what people say of its text."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
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
from newsgate.tasks.labelling.label_item import ItemChoice, NothingToRetractError, label_item, retract_label
from newsgate.web.page_words import in_words_of_the_page
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import check_csrf, require_role, session_of, site_of

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
    return page(
        request,
        "item.html.j2",
        story=story,
        columns=columns,
        explanation=explanation,
        why_not=why_not,
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
    person = session_of(request).person
    await run_in_threadpool(label_item, site_of(request).database, ItemChoice(item), str(said), by=person.name)
    return RedirectResponse(f"/items/{item}?said={said}#people", status_code=303)


async def undo(request: Request) -> Response:
    """Take back what the person said last of the row's text."""
    check_csrf(request, await request.form())
    require_role(request, "reviewer")
    item, person = request.path_params["item"], session_of(request).person
    try:
        await run_in_threadpool(retract_label, site_of(request).database, ItemChoice(item), by=person.name)
    except NothingToRetractError as error:
        # The remedy names an option; on the page a person takes back their own labels, and this one is gone already.
        raise NewsgateError(error.what, remedy="It may have been taken back already") from error
    return RedirectResponse(f"/items/{item}?said=undone#people", status_code=303)
