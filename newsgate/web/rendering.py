"""Pages from templates, with what stands on each of them: who is signed in, and where one can go."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsgate.pages.template_rendering import template_environment
from newsgate.tasks.exporting.workbook_file import MOST_CELL_UNITS

_LINK: Final = re.compile(r"https?://[A-Za-z0-9][!-~]*")
_TEMPLATES: Final = Path(__file__).with_name("templates")
# Where the links at the top of each page lead, and the least role that they are of use to.
_PLACES: Final = (
    ("Batches", "/batches", "viewer"),
    ("Review", "/review", "reviewer"),
    ("Judgements", "/judgements", "viewer"),
    ("Models", "/models", "viewer"),
    ("Drift", "/drift", "viewer"),
)


def page(request: Request, template: str, *, code: int = 200, **shown: Any) -> Response:
    """The answer that is made of a template."""
    session = request.scope.get("state", {}).get("session")
    html = (
        _environment()
        .get_template(template)
        .render(
            person=session.person if session else None,
            csrf=session.csrf if session else None,
            places=[
                (name, path, request.url.path.startswith(path))
                for name, path, role in _PLACES
                if session and session.person.may(role)
            ],
            **shown,
        )
    )
    return HTMLResponse(html, status_code=code)


@cache
def _environment() -> Environment:
    environment = template_environment(_TEMPLATES).overlay()
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["when"] = _when
    environment.tests["a_link"] = _is_link
    environment.globals["most_cell_chars"] = MOST_CELL_UNITS
    return environment


def _is_link(value: str) -> bool:
    # One that was cut would lead to another page, and one with other characters may look like another.
    return _LINK.fullmatch(value) is not None


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
