"""The other columns of a row, as people read them beside its text."""

from __future__ import annotations

import json
from collections.abc import Callable

from newsgate.foundation.printable_text import printable
from newsgate.tasks.reading.json_values import flat_items

_MOST_SHOWN = 8


def shown_columns(
    columns: str | None, *, most_chars: int, is_hidden: Callable[[str], bool] = lambda _: False
) -> list[tuple[str, str]]:
    """The name and the value of the first few columns that say something, each cut to `most_chars`.

    columns: the JSON of a row's other columns.
    """
    shown = []
    for name, value in flat_items(json.loads(columns)) if columns else ():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if value is None or not text.strip() or is_hidden(name):
            continue
        shown.append((_one_line(name, most_chars), _one_line(text, most_chars)))
        if len(shown) == _MOST_SHOWN:
            break
    return shown


def _one_line(text: str, most_chars: int) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= most_chars else f"{line[: most_chars - 1]}…"
