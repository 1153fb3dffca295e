"""A batch that is paused, goes on, is cancelled, is tried again, gets a priority or another model, as by commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.db.batch_status import batch_status
from newsgate.tasks.classifying.reclassify import reclassify as classify_again
from newsgate.tasks.classifying.reclassify import requeue_batch
from newsgate.tasks.classifying.steer_batch import cancel_batch, give_priority, pause_batch, resume_batch
from newsgate.web.query import number_of
from newsgate.web.site import OldFormError, Site, check_csrf, require_role, site_of

# What the page of the batch says afterwards: parameters of its address.
Said = Mapping[str, object]
_UNCHANGED: Final[Said] = {"said": "unchanged"}


async def pause(request: Request) -> Response:
    """Begin no more rows of the batch, as `newsgate pause`."""
    return await _change(request, lambda site, batch, _: _said("paused", pause_batch(site.database, batch)[1]))


async def resume(request: Request) -> Response:
    """Let the batch go on, as `newsgate resume`."""

    def change(site: Site, batch: int, _: Mapping[str, Any]) -> Said:
        return _said("resumed", resume_batch(batch, settings=site.settings, database=site.database)[1])

    return await _change(request, change)


async def cancel(request: Request) -> Response:
    """End the batch early, as `newsgate cancel`."""
    return await _change(request, lambda site, batch, _: _said("cancelled", cancel_batch(site.database, batch)[1]))


async def requeue(request: Request) -> Response:
    """Have failed and cancelled rows of the batch tried again, as `newsgate requeue`."""

    def change(site: Site, batch: int, _: Mapping[str, Any]) -> Said:
        again = requeue_batch(batch, settings=site.settings, database=site.database)[1]
        rows = again.failed_rows + again.cancelled_rows
        return {"said": "requeued", "rows": rows} if rows else _UNCHANGED

    return await _change(request, change)


async def priority(request: Request) -> Response:
    """Give the batch so many turns from now on, as `newsgate priority`."""

    def change(site: Site, batch: int, form: Mapping[str, Any]) -> Said:
        wanted = number_of(str(form.get("priority", "")))
        if wanted is None:
            raise HTTPException(400, "Type a priority.")
        return _said("priority", give_priority(site.database, batch, wanted)[1])

    return await _change(request, change)


async def reclassify(request: Request) -> Response:
    """Have another model classify the batch too, as `newsgate reclassify`; one that has begun goes on."""

    def change(site: Site, batch: int, form: Mapping[str, Any]) -> Said:
        model = number_of(str(form.get("model", "")))
        if model is None:
            raise HTTPException(400, "Choose a model.")
        done = classify_again(batch, model=model, settings=site.settings, database=site.database)
        is_over = done.status.state == "done" and not done.begun
        return {"model": model, **(_UNCHANGED if is_over else {"said": "reclassified"})}

    return await _change(request, change)


async def _change(request: Request, change: Callable[[Site, int, Mapping[str, Any]], Said]) -> Response:
    form = await request.form()
    check_csrf(request, form)
    require_role(request, "admin")
    batch = request.path_params["batch"]

    def checked() -> Said:
        site = site_of(request)
        _check_run(site, batch, form)
        return change(site, batch, form)

    said = await run_in_threadpool(checked)
    return RedirectResponse(f"/batches/{batch}?{urlencode(said)}", status_code=303)


def _check_run(site: Site, batch: int, form: Mapping[str, Any]) -> None:
    """Refuse a form that is about a run after which another has begun: it would steer that one."""
    seen = number_of(str(form.get("run", "")))
    if seen is None:
        return
    with site.database.read() as connection:
        latest = batch_status(connection, batch)
    if latest.run != seen:
        raise OldFormError(
            f"model {latest.model} classifies batch {batch} again since this page was loaded",
            remedy="Nothing is changed: load the page of the batch again",
        )


def _said(word: str, is_changed: bool) -> Said:
    return {"said": word} if is_changed else _UNCHANGED
