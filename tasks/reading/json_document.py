"""Whether lines are together one JSON document, or each is JSON by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_BEGINS_JSON = re.compile(r"[\[{]\s*[\[{\"]")
# What stands before the data in the files of an X archive: window.YTD.tweets.part0 = [ …
_ASSIGNMENT = re.compile(r"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*=\s*(?=[\[{])")
ASSIGNMENT_CHARS = 200
ENDS_EARLY = "the JSON document ends early"
_LINE_END = re.compile(r"\r\n|\n|\r")


def is_json_document(lines: Sequence[str], *, is_whole: bool, is_named_lines: bool) -> bool:
    """Whether a sample's first lines are together what none of them is alone: JSON.

    is_whole: nothing follows the lines. Else a value may end behind them, and its beginning alone must be sound.
    is_named_lines: the file's name says that each line is JSON.
    """
    text = "".join(lines)
    start = start_of_data(text)
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


def start_of_data(text: str) -> int:
    """Where the data of a document begin: behind the name that a script gives them."""
    prefix = _ASSIGNMENT.match(text, 0, ASSIGNMENT_CHARS)
    return prefix.end() if prefix else len(text) - len(text.lstrip())


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
