"""`python -m benchmarks` lists what can be measured; `python -m benchmarks NAME [options]` measures it."""

from __future__ import annotations

import argparse
import importlib
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.registry import BENCHMARKS, Benchmark, Program
from benchmarks.shared.processes import BenchmarkError


def main(arguments: Sequence[str] | None = None) -> None:
    """List the benchmarks, or run the one that is named first."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(listing())
        return
    found = next((each for each in BENCHMARKS if each.name == name), None)
    if found is None:
        sys.stderr.write(f"error: there is no benchmark {name}; `python -m benchmarks` lists them\n")
        sys.exit(2)
    run(found, rest)


def listing() -> str:
    """Return every benchmark, room by room, with its question, how long it takes and what it fills."""
    lines = [
        "usage: python -m benchmarks NAME [options]        NAME --help lists the options; --write PAGE fills a page",
        "The times are rough, on two quiet cores with no options given.",
    ]
    widths = [max(len(getattr(each, column)) for each in BENCHMARKS) for column in ("name", "takes", "fills")]
    for room, members in itertools.groupby(BENCHMARKS, key=lambda each: each.room):
        lines += ["", f"{room}: {importlib.import_module(f'benchmarks.{room}').__doc__}"]
        for each in members:
            cells = zip((each.name, each.takes, each.fills), widths, strict=True)
            lines.append("  ".join(["", *(f"{cell:{width}}" for cell, width in cells), each.question]))
    return "\n".join(lines)


def parser_of(benchmark: Benchmark, program: Program) -> argparse.ArgumentParser:
    """Return what reads the options of a benchmark."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {benchmark.name}", description=program.__doc__)
    if hasattr(program, "add_options"):
        program.add_options(parser)
    if benchmark.has_write:
        parser.add_argument("--write", type=Path, metavar="PAGE", help="a page whose tables and pictures to replace")
    return parser


def run(benchmark: Benchmark, arguments: Sequence[str]) -> None:
    """Measure, print, and write where asked to; ends the process with 1 where that fails."""
    program = benchmark.load()
    options = parser_of(benchmark, program).parse_args(arguments)
    page: Path | None = vars(options).pop("write") if benchmark.has_write else None
    try:
        for found in program.run(options) or ():
            found.show()
            if page is not None:
                found.write(page)
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
