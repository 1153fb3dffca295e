"""Drift as pictures: what each model saw day by day, beside what its training's kind of texts was like."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsgate.pages.drift_chart import draw_drift
from newsgate.tasks.inspecting.drift import SIGNIFICANT, damaged_references, find_drift
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import site_of

_DAYS = 14
_MOST_DAYS = 366


def drift_page(request: Request) -> Response:
    """The figures of `newsgate status --drift`, and a picture for each model."""
    days = min(max(number_of(request.query_params.get("days")) or _DAYS, 1), _MOST_DAYS)
    database = site_of(request).database
    found = find_drift(database, days=days)
    return page(
        request,
        "drift.html.j2",
        days=days,
        found=found,
        charts=draw_drift(found, days=days, today=datetime.now(UTC).date()),
        damaged=damaged_references(database, {each.model for each in found}),
        significant=SIGNIFICANT,
    )
