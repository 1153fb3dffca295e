"""How long does a training take beside another commit? Both train on the same file with the same libraries, in turns.

Processor time is what to compare on a busy machine. What each model is worth on a test file stands beside it: a
training that is quicker and worse would say little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.pipeline.beside import check_out
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT, clean_environment, cpu_seconds_here, run_to_end, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table

MARKER: Final = "training time"
_NEWSGATE: Final = "from newsgate.main import main; main()"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("train", type=Path, help="labelled texts to train on")
    parser.add_argument("test", type=Path, help="labelled texts to test with")
    parser.add_argument("--beside", metavar="COMMIT", required=True, help="the commit to compare with")
    parser.add_argument("--recipe", default="plain", help="of the training, at both commits")
    add_counts(parser, repeats=(1, "trainings by each commit"))


@dataclass(frozen=True, slots=True)
class Trained:
    """What one training cost, its model's macro F1 on the test file from 0 to 1, and the size of its bundle."""

    seconds: float
    cpu_seconds: float
    macro_f1: float
    bundle_bytes: int


def run(options: argparse.Namespace) -> Iterator[Table]:
    trees = {"now": ROOT, options.beside[:8]: check_out(options.beside)}
    trained: dict[str, list[Trained]] = {name: [] for name in trees}
    for _ in range(options.repeats):
        for name, tree in trees.items():
            with scratch_folder() as folder:
                trained[name].append(_trained(tree, folder, options))
            say(f"{name}: {trained[name][-1]}")
    yield Table(MARKER, f"{table(trained)}\n\n{circumstances()}")


def table(trained: dict[str, list[Trained]]) -> str:
    """Each commit in a row, today's first: medians, and the medians of a turn's ratios to the other commit."""
    (_, *older) = trained.values()
    rows = [
        (
            name,
            *_cells([each.seconds for each in found], [each.seconds for each in older[0]]),
            *_cells([each.cpu_seconds for each in found], [each.cpu_seconds for each in older[0]]),
            f"{100 * statistics.fmean(each.macro_f1 for each in found):.1f}",
            f"{max(each.bundle_bytes for each in found) / 1e6:.1f}",
        )
        for name, found in trained.items()
    ]
    headers = ("commit", "seconds", "of the other", "CPU s", "of the other", "macro F1", "bundle, MB")
    return markdown_table(headers, rows)


def _cells(values: list[float], others: list[float]) -> tuple[str, str]:
    ratios = (value / other for value, other in zip(values, others, strict=True))
    return f"{statistics.median(values):.0f}", f"{statistics.median(ratios):.2f}"


def _trained(tree: Path, folder: Path, options: argparse.Namespace) -> Trained:
    bundle = folder / "model.newsgate"
    cpu_before, began = cpu_seconds_here(), time.monotonic()
    train = ["train", str(options.train.resolve()), "--recipe", options.recipe, "-o", str(bundle)]
    _run(tree, folder, train)
    seconds, used = time.monotonic() - began, cpu_seconds_here() - cpu_before
    told = _run(tree, folder, ["evaluate", str(options.test.resolve()), "--format", "json"])
    return Trained(seconds, used, json.loads(told)["macro_f1"], bundle.stat().st_size)


def _run(tree: Path, folder: Path, arguments: list[str]) -> str:
    environment = clean_environment(NEWSGATE_HOME=str(folder / "home")) | {"PYTHONPATH": str(tree)}
    return run_to_end([sys.executable, "-P", "-c", _NEWSGATE, *arguments], environment=environment, folder=folder)
