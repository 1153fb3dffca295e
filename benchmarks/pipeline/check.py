"""Is newsgate as fast as at its last tag? The pipeline beside that commit, in turns; it fails below nine tenths.

`make bench-check` runs it; BESIDE=COMMIT compares with another commit. Both sides meet whatever else the machine does,
so a ratio below the limit is a loss, unless its repeats differ as much.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.pipeline.beside import beside
from benchmarks.pipeline.every_side import COMMAND, NEWSGATE, ON_SERVERS
from benchmarks.pipeline.page import Results
from benchmarks.pipeline.turns import Plan, measure
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Found
from benchmarks.shared.processes import ROOT, BenchmarkError, clean_environment, run_to_end
from benchmarks.shared.progress import say
from benchmarks.shared.report import markdown_table
from benchmarks.shared.synthetic_texts import POSTS

LEAST = 0.9
_SIDES = (NEWSGATE, COMMAND, ON_SERVERS)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, rows=(50_000, "in a repeat"), repeats=(5, "turns of each side"))
    parser.add_argument("--beside", metavar="COMMIT", help="what to compare with (default: the last tag)")


def run(options: argparse.Namespace) -> Iterator[Found]:
    commit = options.beside or last_tag()
    say(f"comparing with {commit}")
    sides = [entry for entry in _SIDES if entry.installed]
    older = beside(commit, sides)
    plan = Plan(sides=[*sides, *older], kinds=[POSTS], rows={"file": options.rows}, repeats=options.repeats)
    (measured,) = measure(plan)
    yield from Results(plan.sides, [measured]).found()
    compared = [
        Compared(entry.name, measured.ratios(entry, before)) for entry, before in zip(sides, older, strict=True)
    ]
    print(table(compared), flush=True)
    require_fast_enough(compared, commit=commit)


@dataclass(frozen=True, slots=True)
class Compared:
    """One way to run newsgate. ratios: for each repeat, its rate now by its rate then."""

    name: str
    ratios: Sequence[float]

    @property
    def middle(self) -> float:
        """The median of its ratios, by which it is judged."""
        return statistics.median(self.ratios)

    @property
    def is_fast_enough(self) -> bool:
        """Whether it is not slower than it may be."""
        return self.middle >= LEAST


def table(compared: Sequence[Compared]) -> str:
    """The verdicts as Markdown."""
    rows = [
        (
            each.name,
            f"{each.middle:.2f}",
            f"{min(each.ratios):.2f} to {max(each.ratios):.2f}",
            "yes" if each.is_fast_enough else "no",
        )
        for each in compared
    ]
    return markdown_table(("now ÷ then", "median", "min to max", f"at least {LEAST:g}"), rows)


def require_fast_enough(compared: Sequence[Compared], *, commit: str) -> None:
    """Raise BenchmarkError, naming them, where some are slower than they may be."""
    slow = [f"{each.name} {each.middle:.2f}" for each in compared if not each.is_fast_enough]
    if slow:
        raise BenchmarkError(f"slower than {LEAST:g} of what {commit} does: {', '.join(slow)}")


def last_tag(environment: Mapping[str, str] | None = None) -> str:
    """The last tag before this commit. Raises BenchmarkError where there is none."""
    try:
        told = run_to_end(
            ["git", "describe", "--tags", "--abbrev=0"], environment=environment or clean_environment(), folder=ROOT
        )
    except BenchmarkError as error:
        raise BenchmarkError(
            "there is no tag to compare with: name a commit, as in `make bench-check BESIDE=HEAD~10`"
        ) from error
    return told.strip()
