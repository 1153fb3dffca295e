"""Values of JSON as columns of a table: nested objects as names with dots, lists of parts as one text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_MOST_LEVELS = 6
_MISSING = object()


def flat_names(record: Mapping[str, object]) -> Iterator[str]:
    """The columns of one record: its keys, and those of the objects in it behind a dot."""
    for name, _ in flat_items(record):
        yield name


def flat_items(record: Mapping[str, object], prefix: str = "", level: int = 1) -> Iterator[tuple[str, object]]:
    """Each column of a record with its value, in the record's order."""
    for key, value in record.items():
        if isinstance(value, dict) and value and level < _MOST_LEVELS:
            yield from flat_items(value, f"{prefix}{key}.", level + 1)
        else:
            yield prefix + key, value


def find_value(record: Mapping[str, object], column: str) -> tuple[bool, object]:
    """Whether the record has such a column, and its value. A key that itself holds dots is found too."""
    if column in record:
        return True, record[column]
    for index, char in enumerate(column):
        if char == "." and isinstance(inner := record.get(column[:index]), dict):
            found = find_value(inner, column[index + 1 :])
            if found[0]:
                return found
    return False, None


def join_parts(value: object) -> str | None:
    """The text of a list of parts, each a string or an object with a `text`, as messengers write it; else None."""
    if not isinstance(value, list) or not value:
        return None
    pieces = []
    has_objects = False
    for part in value:
        if isinstance(part, dict):
            if not _is_part(part):
                return None
            has_objects = True
            part = part.get("text")
        if not isinstance(part, str):
            return None
        pieces.append(part)
    # A list of strings alone may be words or paragraphs, which are not joined alike.
    return "".join(pieces) if has_objects else None


def _is_part(value: Mapping[str, object]) -> bool:
    """Whether it is a part of a text: posts in a list have a text too, and ids, authors, dates."""
    return len(value) == 1 or ("type" in value and "id" not in value)
