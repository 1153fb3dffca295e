"""Sides of another commit: the same libraries, that commit's newsgate and its own way to run it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Final

from benchmarks.pipeline.every_side import CLASSIFIER, COMMAND, NEWSGATE, ON_SERVERS
from benchmarks.pipeline.side import Entry, Side, Work
from benchmarks.shared.processes import ROOT, BenchmarkError, Cost, clean_environment, run_to_end

TREES: Final = ROOT / "build" / "beside"
# What a commit has and has had for long, so that it can be asked for.
COMPARED: Final = (NEWSGATE, ON_SERVERS, COMMAND, CLASSIFIER)
_STOP_SECONDS: Final = 60
_READY: Final = "ready"

# Runs in the other tree, with nothing but what its benchmarks have: a line with a file in, a line with its cost out.
_SERVER: Final = """
import csv, json, sys
from pathlib import Path
from benchmarks.pipeline.every_side import SIDES
from benchmarks.pipeline.side import Work

def work(line):
    with open(line.strip(), encoding="utf-8", newline="") as file:
        return Work(Path(line.strip()), [row["text"] for row in csv.DictReader(file)])

csv.field_size_limit(sys.maxsize)
answers, sys.stdout = sys.stdout, sys.stderr
entry = next(entry for entry in SIDES if entry.key == sys.argv[1])
with entry.open(Path(sys.argv[2]), work(sys.argv[3])) as side:
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        cost = side.classify(work(line))
        print(json.dumps([cost.rows, cost.seconds, cost.cpu_seconds]), file=answers, flush=True)
"""


def beside(commit: str, wanted: Sequence[Entry]) -> list[Entry]:
    """Return those of `wanted` that can be compared, as they are at `commit`. Raises BenchmarkError."""
    tree = check_out(commit)
    short = tree.name[:8]
    return [
        replace(
            entry,
            key=f"{entry.key}@{short}",
            name=f"{entry.name}, at {short}",
            role="peer",
            open=partial(_open, tree, entry.key),
        )
        for entry in wanted
        if entry in COMPARED
    ]


def check_out(commit: str) -> Path:
    """Return a folder with the files of a commit and its C code compiled; made once. Raises BenchmarkError."""
    environment = clean_environment()
    sha = run_to_end(["git", "rev-parse", f"{commit}^{{commit}}"], environment=environment, folder=ROOT).strip()
    tree = TREES / sha
    if not (tree / ".complete").exists():
        tree.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", sha], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
        build = "from newsgate.model.native.build import build; build()"
        run_to_end([sys.executable, "-c", build], environment=environment | {"PYTHONPATH": str(tree)}, folder=tree)
        (tree / ".complete").touch()
    return tree


@dataclass(frozen=True)
class _Elsewhere:
    """A side in another process. Whatever it prints beside the answers stands in `log`."""

    process: subprocess.Popen[str]
    questions: IO[str]
    answers: IO[str]
    log: Path

    def classify(self, work: Work) -> Cost:
        """Have the file classified there. Raises BenchmarkError."""
        self.questions.write(f"{work.file}\n")
        self.questions.flush()
        rows, seconds, cpu_seconds = json.loads(self.answer())
        return Cost(rows, seconds, cpu_seconds)

    def answer(self) -> str:
        """Return its next line. Raises BenchmarkError where it has ended."""
        line = self.answers.readline()
        if not line:
            raise BenchmarkError(f"the other commit's side has ended:\n{self.log.read_text(errors='replace')[-2000:]}")
        return line.strip()


@contextlib.contextmanager
def _open(tree: Path, key: str, folder: Path, warm_up: Work) -> Iterator[Side]:
    log = folder / "beside.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, key, str(folder), str(warm_up.file)],
            env=clean_environment() | {"PYTHONPATH": str(tree)},
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    side = _Elsewhere(process, process.stdin, process.stdout, log)
    try:
        if side.answer() != _READY:
            raise BenchmarkError(f"the other commit's side did not begin: {log}")
        yield side
    finally:
        # The end of its input is the end of its work; then it stops what it has started.
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        process.stdout.close()
