"""How many rows a second, beside what people would use instead, and beside what is possible at all?

All sides serve the same LSTM on the same texts, are warm before their clock starts, and take turns, so that whatever
else the machine does meets all of them. A side whose packages are missing is reported as not measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from benchmarks.pipeline.beside import beside
from benchmarks.pipeline.every_side import SIDES
from benchmarks.pipeline.page import Results
from benchmarks.pipeline.turns import Plan, measure
from benchmarks.shared.options import add_counts, names_among
from benchmarks.shared.page import Found
from benchmarks.shared.synthetic_texts import KINDS

_SIDES = {entry.key: entry for entry in SIDES}
_KINDS = {kind.name: kind for kind in KINDS}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"Sides: {', '.join(_SIDES)}. Kinds of text: {', '.join(_KINDS)}."
    add_counts(
        parser,
        rows=(50_000, "of newsgate and the limits"),
        batch_rows=(20_480, "of the peers that batch"),
        peer_rows=(400, "of the peer with a task a row"),
        repeats=(3, "turns of each side"),
    )
    parser.add_argument(
        "--sides",
        type=names_among(_SIDES),
        default=[*_SIDES],
        help="which sides, with commas between them (default: all)",
    )
    parser.add_argument("--beside", metavar="COMMIT", help="also newsgate as it was at a commit, in the same turns")
    parser.add_argument("--kinds", type=names_among(_KINDS), default=[*_KINDS], help="which kinds of text, likewise")


def run(options: argparse.Namespace) -> Iterator[Found]:
    sides = [_SIDES[key] for key in options.sides]
    if options.beside is not None:
        sides += beside(options.beside, sides)
    plan = Plan(
        sides=sides,
        kinds=[_KINDS[name] for name in options.kinds],
        rows={"file": options.rows, "batch": options.batch_rows, "row": options.peer_rows},
        repeats=options.repeats,
    )
    yield from Results(plan.sides, measure(plan)).found()
