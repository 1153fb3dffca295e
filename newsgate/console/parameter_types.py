"""The numbers that options and arguments take: none that the database cannot hold, and none that is no number."""

from __future__ import annotations

import math
from typing import Any, Final

import click


class Whole(click.IntRange):
    """A whole number that a column of SQL can hold; `--help` says only where it begins."""

    def __init__(self, *, min: int, largest: int) -> None:  # noqa: A002 - as click's own
        super().__init__(min=min)
        self.largest = largest

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


class Share(click.FloatRange):
    """A number of a range, which NaN, neither below nor above any, is not in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; NaN is wrong usage."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


_LARGEST_32_BIT: Final = 2**31 - 1
_LARGEST_64_BIT: Final = 2**63 - 1

BATCH: Final = Whole(min=1, largest=_LARGEST_64_BIT)
ITEM: Final = Whole(min=1, largest=_LARGEST_64_BIT)
MODEL: Final = Whole(min=1, largest=_LARGEST_32_BIT)
SOME_ROWS: Final = Whole(min=1, largest=_LARGEST_64_BIT)
ANY_ROWS: Final = Whole(min=0, largest=_LARGEST_64_BIT)
