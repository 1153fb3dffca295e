"""The verdicts of a batch, a page at a time, filtered."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsgate.db.batch_status import batch_runs, kept_batch_status, last_row_of
from newsgate.tasks.exporting.formats import FORMATS
from newsgate.tasks.inspecting.verdict_page import page_after, page_before
from newsgate.web.query import VerdictQuery, number_of
from newsgate.web.rendering import page
from newsgate.web.site import site_of


def verdicts_page(request: Request) -> Response:
    """Some verdicts in the order of the file: those after a row, or those before one."""
    batch, query = request.path_params["batch"], VerdictQuery.of(request.query_params)
    before = number_of(request.query_params.get("before"))
    with site_of(request).database.read() as connection:
        status = kept_batch_status(connection, batch, model=query.model)
        wanted = query.as_filter(batch, model=status.model)
        last_row = last_row_of(connection, batch)
        if before is not None:
            found = page_before(connection, wanted, before=min(before, last_row + 1))
        else:
            after = number_of(request.query_params.get("after")) or 0
            found = page_after(connection, wanted, after=after, last_row=last_row)
        runs = batch_runs(connection, batch)
    return page(
        request,
        "verdicts.html.j2",
        status=status,
        runs=runs,
        query=query,
        found=found,
        last_row=last_row,
        formats=FORMATS,
    )
