"""JSON that goes over several lines, where each line should be JSON by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from newsgate.tasks.reading.errors import NotTextError

_LINE_END = re.compile(r"\r\n|\n|\r")
_KINDS = {"[": "array", "{": "object"}
_REMEDIES = {"array": "jq -c '.[]'", "object": "jq -c ."}


def refuse_json_document(lines: Sequence[str], *, is_whole: bool, where: str) -> None:
    """Raise NotTextError where a sample's first lines are together what none of them is alone: one JSON value.

    is_whole: nothing follows the lines. Else the value may end behind them, and its beginning alone must be sound.
    """
    text = "".join(lines).lstrip()
    if text[:1] in _KINDS and _goes_on(text, is_whole=is_whole):
        raise one_json_document(_KINDS[text[0]], where=where)


def one_json_document(kind: str, *, where: str) -> NotTextError:
    """Say that JSON lines are wanted, and how to get them; kind: array or object."""
    remedy = f"Write one object a line, for instance with: {_REMEDIES[kind]}"
    return NotTextError(f"this is one JSON {kind}", where=where, remedy=remedy)


def _goes_on(text: str, *, is_whole: bool) -> bool:
    """Whether a JSON value begins the text and ends behind its first line."""
    first_line = _LINE_END.search(text)
    if first_line is None:
        return False
    try:
        _, value_end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return False
    except json.JSONDecodeError as error:
        rest = text.rstrip("\r\n")
        last_line = max(rest.rfind("\n"), rest.rfind("\r")) + 1
        return not is_whole and error.pos >= max(first_line.end(), last_line)
    return value_end > first_line.end()
