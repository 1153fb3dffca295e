"""What changed on a batch from one model to another: the figures of `newsgate flips`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsgate.db.batch_status import kept_batch_status
from newsgate.tasks.classifying.reclassify import report_flips
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import site_of

_FLIPS_SHOWN = 50


def flips_page(request: Request) -> Response:
    """How many labels differ, and the rows on which both models are surest. Raises NoSuchRunError, DatabaseError."""
    batch, database = request.path_params["batch"], site_of(request).database
    before, after = (number_of(request.query_params.get(name)) for name in ("before", "after"))
    models = (before, after) if before is not None and after is not None else None
    report = report_flips(database, batch, models=models, limit=_FLIPS_SHOWN)
    with database.read() as connection:
        status = kept_batch_status(connection, batch, model=report.after)
    return page(request, "flips.html.j2", status=status, report=report, counts=report.counts)
