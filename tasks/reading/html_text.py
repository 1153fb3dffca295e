"""The text that a person reads where HTML is shown.

Not `html.parser`, which takes time quadratic in the length of what is not closed: a bad row must not cost the good ones
their time. No search here goes beyond the next mark twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from newsgate.model.tokenizer import unescape

# A mark whose quotes are not closed ends at the next angle bracket all the same.
_MARK: Final = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)(?:(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*|[^<>]*)>|<!--|<[!?][^<>]*>|</[^<>]*>"
)
_MAY_BE_HTML: Final = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#]")
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_AROUND_BREAKS: Final = re.compile(r"(?<![ \t])[ \t]*\n[ \t\n]*")
# Before and behind these a line ends.
_BLOCKS: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot"),
        *("thead", "tr", "ul"),
    )
)
_CELLS: Final = frozenset({"td", "th"})
# What is in these is no text.
_UNREAD: Final = frozenset({"script", "style", "template", "title", "head", "noscript", "svg"})


def text_of_html(markup: str) -> str:
    """The text without marks, with a line end where a paragraph ends; what has no marks and no entities as it is."""
    if not _MAY_BE_HTML.search(markup):
        return markup
    text = "".join(_Reading(markup).pieces())
    return _AROUND_BREAKS.sub("\n", text).strip()


class _Reading:
    """One text that is read."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        # What is nowhere behind some place is nowhere behind a later one.
        self._never_closed: set[str] = set()
        self._in_pre = 0

    def pieces(self) -> Iterator[str]:
        """The text piece by piece."""
        markup = self._markup
        at = 0
        while (mark := _MARK.search(markup, at)) is not None:
            yield self._plain(markup[at : mark.start()])
            at = mark.end()
            name = (mark[2] or "").lower()
            if mark[0] == "<!--":
                at = self._behind("-->", at, goes_past=True)
            elif name in _UNREAD and not mark[1] and not mark[0].endswith("/>"):
                at = self._behind(rf"</{name}\b", at)
            elif name in _BLOCKS:
                yield "\n"
                if name == "pre":
                    self._in_pre = max(0, self._in_pre + (-1 if mark[1] else 1))
            elif name in _CELLS:
                yield " "
        yield self._plain(markup[at:])

    def _plain(self, text: str) -> str:
        return unescape(text if self._in_pre else _BLANKS.sub(" ", text))

    def _behind(self, closing: str, at: int, *, goes_past: bool = False) -> int:
        """Where what begins before this place is closed; the place itself where it never is."""
        if closing in self._never_closed:
            return at
        found = re.compile(closing, re.IGNORECASE).search(self._markup, at)
        if found is None:
            self._never_closed.add(closing)
            return at
        return found.end() if goes_past else found.start()
