"""Templates become files that need nothing else: no script, no font, no picture from anywhere.

Texts, names and vocabularies come from anywhere. Whatever a template prints is therefore made printable and escaped
here, once for all templates.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from newsgate.foundation.printable_text import printable

TEMPLATES: Final = Path(__file__).with_name("templates")


def render_template(name: str, **variables: object) -> str:
    """Return the template of that name in `templates/`, filled in. A variable that it lacks raises UndefinedError."""
    return template_environment().get_template(name).render(variables)


@cache
def template_environment(*folders: Path) -> Environment:
    """Return what all templates have in common: the folders, the escaping and two filters.

    folders: where templates are looked for before those of `templates/`.
    """
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Python's own: {{ 0.25 | formatted(".1%") }}. Jinja's filter `format` knows % alone.
    environment.filters["formatted"] = format
    environment.filters["shortened"] = shortened
    return environment


def shortened(text: str, most_chars: int) -> str:
    """Return `text`, cut with an ellipsis where it is longer than `most_chars`."""
    return text if len(text) <= most_chars else f"{text[:most_chars]}…"


def _printable_value(value: Any) -> Any:
    # What a macro returns is HTML already.
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
