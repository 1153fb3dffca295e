"""Messages that name options of a command, with the arguments of `Client.enqueue` in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from newsgate.foundation.backquotes import outside_backquotes
from newsgate.foundation.errors import NewsgateError

_FLAGS: Final = ("no-header", "labels-strict", "again")
_NAMES: Final = (
    *("text-column", "text-fallback", "id-column", "label-column", "delimiter", "encoding", "sheet", "model", "name"),
    *("keep", "priority", "notify"),
)
# These stand with a value where they are a remedy, and without one where a sentence is about them.
_WITH_VALUES: Final = ("records", "member", "columns", "from", "labels", "label", "quoting", "html")
# What a shell takes for one word, without the marks of the sentence behind it.
_WORD: Final = r"(?:'[^']*'|\.(?= )|[^\s']*[^\s'.,;:)])"
_OPTION: Final = re.compile(
    rf"--(?:(?P<labels>labels) (?P<pairs>'[^']*=[^']*'|[^\s']*=[^\s']*[^\s'.,;:)])"
    rf"|(?P<label>label) (?P<side>fake|real)"
    rf"|(?P<quoting>quoting|html) (?P<marks>usual|backslash|single|none|read|keep)"
    rf"|(?P<place>records|member|columns|from) (?!out\b|names\b)(?P<where>{_WORD})"
    rf"|(?P<flag>{'|'.join(_FLAGS)})"
    rf"|(?P<name>{'|'.join((*_NAMES, *_WITH_VALUES))}))(?![\w-])"
)


@contextmanager
def in_words_of_python(*, unnamed: str | None = None) -> Iterator[None]:
    """Have errors of the block name arguments in place of options.

    unnamed: what rows that are no file are called inside; they are just `rows` then.
    """
    try:
        yield
    except NewsgateError as error:
        from newsgate.tasks.reading import EmptyFileError

        if error.where is not None and error.where == unnamed:
            error.where = "rows"
            if isinstance(error, EmptyFileError):
                error.what, error.remedy = "there are none", "Give a text at least"
        error.what = translated(error.what)
        error.remedy = None if error.remedy is None else translated(error.remedy)
        error.args = (error.what,)
        raise


def translated(said: str) -> str:
    """The same, naming arguments."""
    return outside_backquotes(said, lambda part: _OPTION.sub(_argument, part))


def _argument(found: re.Match[str]) -> str:
    option = next(found[kind] for kind in ("labels", "label", "quoting", "place", "flag", "name") if found[kind])
    # In Python, `from` is no name.
    argument = "tool" if option == "from" else option.replace("-", "_")
    if found["flag"]:
        return f"{argument}=True"
    value = found["pairs"] or found["side"] or found["marks"] or found["where"]
    return argument if value is None else f'{argument}="{value.strip(chr(39))}"'
