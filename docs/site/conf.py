"""How Sphinx makes the site of these pages: `make docs`.

The pages are written for whoever reads them in the repository, so nothing of Sphinx stands in them. What the site needs
beyond that is added here, while a page is read: the navigation, the diagrams, and what becomes of links to the code.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parents[1]

project = "newsgate"
author = "the newsgate project"
root_doc = "index"
extensions = ["myst_parser"]
exclude_patterns = ["site/**"]
# As deep as any page has headings: links go to them by the names that a repository's browser gives them.
myst_heading_anchors = 6
myst_enable_extensions = ["attrs_block"]
# Colours of code are a help and no more: there are none for CSV, or for a program within a command line.
suppress_warnings = ["misc.highlighting_failure"]
html_theme = "furo"
html_title = "newsgate"
html_static_path = ["static"]
html_css_files = ["newsgate.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

# A page whose parts are pages of their own.
_PARTS = {"commands": "commands/*", "architecture": "decisions/*"}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_ROOM = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_PAGE = re.compile(r"\]\(([\w./-]+)\.md\)")
# The boxes of a diagram are measured with a narrower font than most readers have.
_FITTING_FONT = ("font-size:14px", "font-size:12px")
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def with_navigation(docname: str, text: str) -> str:
    """The front page leads to its pages room by room; a page with parts leads to these."""
    if docname == root_doc:
        rooms = [(room, _PAGE.findall(content)) for room, content in _ROOM.findall(text)]
        return text + "".join(_toctree(pages, f":caption: {room}\n") for room, pages in rooms)
    if docname in _PARTS:
        return text + _toctree([_PARTS[docname]], ":glob:\n")
    return text


def _toctree(pages: list[str], options: str) -> str:
    entries = "\n".join(dict.fromkeys(pages))
    return f"\n```{{toctree}}\n:hidden:\n{options}\n{entries}\n```\n"


def without_links_to_code(docname: str, text: str) -> str:
    """What is not on the site is named and not linked: code, tests, the README."""
    folder = (_DOCS / docname).parent

    def named(link: re.Match[str]) -> str:
        target = link[3]
        if "://" in target or target.startswith("mailto:"):
            return link[0]
        reached = Path(os.path.normpath(folder / target))
        if reached == _DOCS.parent / "README.md":
            return f"[{link[2]}]({os.path.relpath(_DOCS / 'index.md', folder)})"
        return link[0] if reached.is_relative_to(_DOCS) else link[2]

    return _LINK.sub(named, text)


def with_drawn_diagrams(docname: str, text: str) -> str:
    """Diagrams as pictures in the page, drawn now: a page that draws them itself needs a program from elsewhere."""
    try:
        import merman
    except ImportError:
        return text.replace("```mermaid\n", "```text\n")
    client = merman.Merman()
    count = 0

    def drawn(diagram: re.Match[str]) -> str:
        nonlocal count
        count += 1
        name = f"{docname.replace('/', '-')}-diagram-{count}"
        svg = client.render_svg(diagram[1], f'{{"svg": {{"pipeline": "resvg-safe", "diagram_id": "{name}"}}}}')
        fitting = svg.replace(*_FITTING_FONT)
        return f'```{{raw}} html\n<div class="diagram">{fitting}</div>\n```'

    return _DIAGRAM.sub(drawn, text)


def _read(_app: Any, docname: str, content: list[str]) -> None:
    text = without_links_to_code(docname, content[0])
    content[0] = with_navigation(docname, with_drawn_diagrams(docname, text))


def setup(app: Any) -> dict[str, bool]:
    """Change each page when Sphinx has read it."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
