"""Whether a column holds HTML: told by its cells, where nobody says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from newsgate.tasks.reading.column_names import fold_name

# Words in angle brackets, such as <user>, are no marks of HTML; these are.
_NAMES: Final = (
    "a|abbr|article|b|blockquote|br|center|cite|code|dd|div|dl|dt|em|figcaption|figure|font|footer|h[1-6]|header|hr|html"
    "|i|iframe|img|ins|li|main|ol|p|pre|q|s|section|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
    "|video|wbr"
)
_MARK: Final = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]*|/)?>", re.IGNORECASE)
_BEGINS: Final = re.compile(rf"\s*<(?:{_NAMES})(?:\s[^<>]*|/)?>", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
# Of 4chan, YouTube, WordPress and Reddit: HTML by what they are, though many a short text in them has no mark.
_HTML_NAMES: Final = frozenset({"com", "textdisplay", "rendered", "bodyhtml", "contenthtml", "selftexthtml"})
_CELLS_SEEN: Final = 1_000
# The share of a column's cells that must have marks, and how many of them tell it where they are only somewhere inside.
_SHARE: Final = 0.9
_TELLING_CELLS: Final = 5


def is_html_column(name: str, cells: Iterable[str | None]) -> bool:
    """Whether nearly all cells of a column have marks of HTML; few cells tell it only where they begin with one."""
    seen = islice((cell for cell in cells if cell and cell.strip()), _CELLS_SEEN)
    if fold_name(name.rpartition(".")[2]) in _HTML_NAMES:
        return any(_MARK.search(cell) or _ENTITY.search(cell) for cell in seen)
    filled = marked = begun = 0
    for cell in seen:
        filled += 1
        if "<" in cell and _MARK.search(cell):
            marked += 1
            begun += bool(_BEGINS.match(cell)) and cell.rstrip().endswith(">")
    if not marked or marked < _SHARE * filled:
        return False
    return marked >= _TELLING_CELLS or begun == marked
