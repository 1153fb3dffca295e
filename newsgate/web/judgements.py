"""What people have said: how much, how far they agree, and who said what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsgate.db.label_history import recent_judgements
from newsgate.db.labels import count_pairs, summarise_labels
from newsgate.db.review import suspect_texts
from newsgate.tasks.labelling.agreement import measure_agreement
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import site_of

_JUDGEMENTS_SHOWN = 50


def judgements_page(request: Request) -> Response:
    """The figures of `newsgate labels`, and the latest judgements, or those of texts on which people differ."""
    disputed = request.query_params.get("disputed") == "1"
    before = number_of(request.query_params.get("before"))
    with site_of(request).database.read() as connection:
        found = recent_judgements(connection, before=before, disputed=disputed, limit=_JUDGEMENTS_SHOWN + 1)
        summary = summarise_labels(connection)
        agreement = measure_agreement(count_pairs(connection))
        suspects = len(suspect_texts(connection))
    return page(
        request,
        "judgements.html.j2",
        summary=summary,
        agreement=agreement,
        suspects=suspects,
        disputed=disputed,
        judgements=found[:_JUDGEMENTS_SHOWN],
        more_before=found[_JUDGEMENTS_SHOWN - 1].id if len(found) > _JUDGEMENTS_SHOWN else None,
    )
