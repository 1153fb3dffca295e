"""Whether lines are together one JSON document, or each is JSON by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from newsgate.tasks.reading.json_cursor import JsonCursor

_BEGINS_JSON = re.compile(r"[\[{]\s*[\[{\"]")
_LINE_END = re.compile(r"\r\n|\n|\r")


def is_json_document(lines: Sequence[str], *, is_whole: bool, is_named_lines: bool) -> bool:
    """Whether a sample's first lines are together what none of them is alone: JSON.

    is_whole: nothing follows the lines. Else a value may end behind them, and its beginning alone must be sound.
    is_named_lines: the file's name says that each line is JSON.
    """
    text = "".join(lines)
    start = JsonCursor.start_of(text)
    text = text[start:]
    if text[:1] not in ("[", "{"):
        return False
    if start and not "".join(lines)[:start].isspace():
        return True
    first, others = next(
        ((line.strip(), lines[index + 1 :]) for index, line in enumerate(lines) if line.strip()), ("", ())
    )
    has_others = any(map(str.strip, others))
    value = parse_or_none(first)
    if isinstance(parse_or_none(first.removesuffix(",")) if first.endswith(",") else None, dict):
        # Objects with commas between them, as in an array without its brackets.
        return True
    if value is None and not has_others and _BEGINS_JSON.match(text):
        return True
    if value is None:
        return first in ("[", "{") or first[1:].lstrip()[:1] == "{" or _goes_on(text, is_whole=is_whole)
    if has_others or not is_whole:
        return False
    # One line that is a value: a document, unless it is the only row of its file.
    return isinstance(value, list) or (not is_named_lines and not _is_row(value))


def parse_or_none(line: str) -> object:
    """The value of a line of JSON; None for anything else."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and not any(isinstance(each, (list, dict)) for each in value.values())


def _goes_on(text: str, *, is_whole: bool) -> bool:
    """Whether a JSON value begins the text and ends behind its first line."""
    first_line = _LINE_END.search(text)
    if first_line is None:
        return not is_whole
    try:
        _, value_end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return False
    except json.JSONDecodeError as error:
        rest = text.rstrip("\r\n")
        last_line = max(rest.rfind("\n"), rest.rfind("\r")) + 1
        return not is_whole and error.pos >= max(first_line.end(), last_line)
    return value_end > first_line.end()
