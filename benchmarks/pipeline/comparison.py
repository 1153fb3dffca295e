"""newsgate beside what people would use instead, and beside what is possible at all.

All sides serve the same LSTM on the same texts, are warm before their clock starts, and take turns, so that whatever
else the machine does meets all of them. A side whose packages are missing is reported as not measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.pipeline.page import Results
from benchmarks.pipeline.sides import SIDES
from benchmarks.pipeline.turns import Plan, measure
from benchmarks.shared.processes import BenchmarkError
from benchmarks.shared.texts import KINDS

Named = TypeVar("Named")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. write: a page whose tables to replace."""

    plan: Plan
    write: Path | None


def main() -> None:
    """Measure, print, and write where asked to."""
    options = _options()
    try:
        results = Results(options.plan.sides, measure(options.plan))
        print("\n\n".join(results.blocks().values()))
        if options.write:
            results.write(options.write)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _options() -> Options:
    sides = {entry.key: entry for entry in SIDES}
    kinds = {kind.name: kind for kind in KINDS}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pipeline",
        description=__doc__,
        epilog=f"Sides: {', '.join(sides)}. Kinds of text: {', '.join(kinds)}.",
    )
    parser.add_argument("--rows", type=int, default=50_000, help="of newsgate and the limits (default: %(default)s)")
    parser.add_argument("--batch-rows", type=int, default=20_480, help="of the peers that batch (default: %(default)s)")
    parser.add_argument(
        "--peer-rows", type=int, default=400, help="of the peer with a task a row (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="turns of each side (default: %(default)s)")
    parser.add_argument("--sides", default=",".join(sides), help="which sides, with commas between them (default: all)")
    parser.add_argument("--kinds", default=",".join(kinds), help="which kinds of text, likewise")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a page whose tables and picture to replace")
    told = parser.parse_args()
    if min(told.rows, told.batch_rows, told.peer_rows, told.repeats) < 1:
        parser.error("rows and repeats are at least 1")
    plan = Plan(
        sides=[sides[key] for key in _chosen(told.sides, sides, parser)],
        kinds=[kinds[key] for key in _chosen(told.kinds, kinds, parser)],
        rows={"file": told.rows, "batch": told.batch_rows, "row": told.peer_rows},
        repeats=told.repeats,
    )
    return Options(plan, told.write)


def _chosen(told: str, known: Sequence[str] | dict[str, Named], parser: argparse.ArgumentParser) -> list[str]:
    chosen = told.split(",")
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    main()
