"""What every HTML page of newsgate is: one file that needs nothing else, no script, no font, no picture from anywhere.

Texts, names and vocabularies come from anywhere; everything of theirs goes through `escaped`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from newsgate.foundation.printable_text import printable
from newsgate.pages.page_style import STYLE

_TEXT_CHARS: Final = 1200


def html_page(title: str, sections: Sequence[str], *, style: str = "") -> str:
    """Return a page, from `<!doctype html>` on. sections: HTML. style: CSS beyond what all pages have."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        # Even were something of a text to get through, it could fetch nothing and run nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)} - newsgate</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def escaped(text: str) -> str:
    """Return any text as HTML that shows it, without what turns the direction of reading."""
    return html.escape(printable(text))


def shortened(text: str, *, most_chars: int = _TEXT_CHARS) -> str:
    """Return `text`, cut with an ellipsis where it is longer than a page wants it."""
    return text if len(text) <= most_chars else f"{text[:most_chars]}…"
