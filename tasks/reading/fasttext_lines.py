"""Lines in the form of fastText, `__label__fake The text`, as doccano and others write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

COLUMNS = ("label", "text")
_PREFIX = "__label__"
_LINE = re.compile(rf'"?((?:{_PREFIX}\S+[ \t]*,?[ \t]*)+)(.*)', re.DOTALL)
# Of the lines seen, so many must have labels: the others may be broken, or nobody has labelled them.
_SHARE = 0.5
_SEVERAL = "#"


def are_fasttext_lines(lines: Sequence[str]) -> bool:
    """Whether the lines begin with labels."""
    texts = [line for line in lines if line.strip()]
    labelled = sum(line.lstrip('"').startswith(_PREFIX) for line in texts)
    return labelled > 0 and labelled >= _SHARE * len(texts)


def split_line(line: str) -> tuple[str | None, str]:
    """The label and the text of a line, whose end is left out; several labels as one that is none of ours."""
    if line.startswith(f'"{_PREFIX}') and line.endswith('"'):
        # A whole line as one cell of CSV, because of its commas or quotes.
        line = line[1:-1].replace('""', '"')
    found = _LINE.fullmatch(line)
    if found is None:
        return None, line
    labels = [each.strip(" \t,") for each in found[1].split(_PREFIX) if each.strip(" \t,")]
    return _SEVERAL.join(labels), found[2]
