"""The numbers and texts that options and arguments take: none that the database cannot hold, and no NaN."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

import click
from click.types import StringParamType

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _ToldPlainly(click.ParamType[Any]):
    """A number. Click calls all else "not a valid integer range", which says little.

    meant: what it is, and how to find one.
    """

    make: ClassVar[type[int] | type[float]]
    meant: str

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; what is none is wrong usage."""
        try:
            self.make(value)
        except ValueError:
            self.fail(f"{value!r} is no {self.meant}.", param, ctx)
        return super().convert(value, param, ctx)


class WholeNumberRange(_ToldPlainly, click.IntRange):
    """A whole number of a range."""

    make = int
    meant = "whole number"


class SqlInteger(WholeNumberRange):
    """A whole number that a column of SQL can hold; `--help` says only where it begins."""

    def __init__(self, *, smallest: int, largest: int, meant: str | None = None) -> None:
        super().__init__(min=smallest)
        self.largest = largest
        if meant is not None:
            self.meant = meant

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; one that is too large is wrong usage."""
        number: int = super().convert(value, param, ctx)
        if number > self.largest:
            self.fail(f"{value} is too large: {self.largest} is the largest there can be.", param, ctx)
        return number

    def parse(self, text: str) -> int | None:
        """The number that `text` writes in plain digits; None where it writes none that can be."""
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(self.largest))):
            return None
        number = int(text)
        return number if self.min is not None and self.min <= number <= self.largest else None


class StrictFloatRange(_ToldPlainly, click.FloatRange):
    """A number of a range, which NaN, neither below nor above any, is not in."""

    make = float
    meant = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; what is none is wrong usage, and so is NaN."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


class Utf8Text(StringParamType):
    """Text that is stored or written as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; bytes that are not UTF-8 are wrong usage."""
        text: str = super().convert(value, param, ctx)
        if not is_utf8(text):
            self.fail(f"{text!a} is not UTF-8.", param, ctx)
        return text


class FileName(StringParamType):
    """The name of a file, a pattern, a folder, or `-`: what a shell completes as it completes files."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave it to the shell."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


def is_utf8(text: str) -> bool:
    """Whether a database, or a file in UTF-8, can hold the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_LARGEST_32_BIT: Final = 2**31 - 1
_LARGEST_64_BIT: Final = 2**63 - 1

BATCH_NUMBER: Final = SqlInteger(smallest=1, largest=_LARGEST_64_BIT)
ITEM_NUMBER: Final = SqlInteger(smallest=1, largest=_LARGEST_64_BIT)
ROW_NUMBER: Final = SqlInteger(smallest=1, largest=_LARGEST_64_BIT)
RUN_NUMBER: Final = SqlInteger(smallest=1, largest=_LARGEST_64_BIT)
MODEL_NUMBER: Final = SqlInteger(
    smallest=1, largest=_LARGEST_32_BIT, meant="number of a model: `newsgate models` lists them"
)
POSITIVE_ROW_COUNT: Final = SqlInteger(smallest=1, largest=_LARGEST_64_BIT)
ROW_COUNT: Final = SqlInteger(smallest=0, largest=_LARGEST_64_BIT)
UTF8_TEXT: Final = Utf8Text()
FILE_NAME: Final = FileName()
PRIORITY: Final = WholeNumberRange(1, 100)
