"""Options that several benchmarks have. Nothing of newsgate is imported here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable


def add_rows_and_repeats(parser: argparse.ArgumentParser) -> None:
    """Add `--rows`, of each file, and `--repeats`."""
    add_counts(parser, rows=(50_000, "of each file"), repeats=(3, "turns of each"))


def add_counts(parser: argparse.ArgumentParser, **counts: tuple[int, str]) -> None:
    """Add an option for each count, with its default and what it counts; less than 1 is refused."""
    for name, (default, meaning) in counts.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=_at_least_one, default=default, help=f"{meaning} (default: {default})")


def names_among(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what reads names with commas between them and refuses those that are not `known`."""
    names = list(known)

    def read(told: str) -> list[str]:
        chosen = told.split(",")
        unknown = sorted(set(chosen) - set(names))
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(names)}")
        return chosen

    return read


def whole_numbers(told: str) -> list[int]:
    """Read whole numbers with commas between them."""
    return [int(number) for number in told.split(",")]


def _at_least_one(told: str) -> int:
    try:
        count = int(told)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{told!r} is no whole number of at least 1")
    return count
