"""What of a short command's time goes into loading modules, and whose they are? By Python's own `-X importtime`.

Of several runs the shortest time of each module counts, for a busy machine only ever adds to it. Python's account makes
each module a little slower, so shares say more than milliseconds.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.report import circumstances, figure, markdown_table

MARKER: Final = "loaded-modules"
_ENQUEUE: Final = "from newsgate.enqueue import main; main()"
_LINE: Final = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
_SHOWN: Final = ("newsgate", "sqlalchemy", "click")


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, repeats=(8, "runs"))


def run(options: argparse.Namespace) -> Iterator[Table]:
    with scratch_folder() as folder:
        home = Home(folder)
        home.run("newsgate", "migrate")
        file = folder / "one.csv"
        file.write_text("text\nWhat one post says of another\n", encoding="utf-8")
        shortest: dict[str, int] = {}
        for _ in range(options.repeats):
            for module, microseconds in _microseconds(home, file).items():
                shortest[module] = min(microseconds, shortest.get(module, microseconds))
    yield Table(MARKER, report(shortest))


def report(shortest: Mapping[str, int]) -> str:
    """The figures as Markdown, from the microseconds of each module itself."""
    microseconds: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for module, each in shortest.items():
        top = module.partition(".")[0]
        owner = top if top in _SHOWN else "Python's own and others"
        microseconds[owner] += each
        modules[owner] += 1
    total = sum(microseconds.values())
    rows = [
        (owner, str(modules[owner]), figure(each / 1000), f"{each / total:.0%}")
        for owner, each in microseconds.most_common()
    ]
    rows.append(("all", str(len(shortest)), figure(total / 1000), "100%"))
    return f"{markdown_table(('whose', 'modules', 'ms', 'share'), rows)}\n\n{circumstances()}"


def _microseconds(home: Home, file: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-P", "-c", _ENQUEUE, str(file), "--again"],
        env=home.environment,
        cwd=home.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"enqueue ended with {done.returncode}: {done.stderr[-500:]}")
    return {module: int(microseconds) for microseconds, module in _LINE.findall(done.stderr)}
