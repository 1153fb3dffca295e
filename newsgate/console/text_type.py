"""Text that options and arguments take: what a shell passes on may be any bytes."""

from __future__ import annotations

from typing import Any, Final

import click
from click.types import StringParamType


def is_storable(text: str) -> bool:
    """Whether a database, or a file in UTF-8, can hold the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Utf8Text(StringParamType):
    """Text that is stored or written as it is told."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; bytes that are not UTF-8 are wrong usage."""
        text: str = super().convert(value, param, ctx)
        if not is_storable(text):
            self.fail(f"{text!a} is not UTF-8.", param, ctx)
        return text


UTF8_TEXT: Final = Utf8Text()
