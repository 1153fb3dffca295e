"""How soon do programs start and how small are they, beside another commit? Processor time, seconds and memory.

Both commits run with today's libraries and take turns, so whatever else the machine does meets both. Processor time is
what to compare on a busy machine: it hardly depends on what else runs.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from benchmarks.answering.ready_messages import TRAINER_SAYS, WORKER_SAYS, WORKERS, times_said
from benchmarks.pipeline.beside import check_out
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import (
    ROOT,
    BenchmarkError,
    RunningProgram,
    clean_environment,
    cpu_seconds,
    running,
    scratch_folder,
    tree_of,
)
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts

STARTS_MARKER: Final = "starts"
MEMORY_MARKER: Final = "small"
_READY_SECONDS: Final = 120
_SETTLE_SECONDS: Final = 3.0
_WORKED_ROWS: Final = 10_000
_ENQUEUE: Final = "from newsgate.enqueue import main; main()"
_NEWSGATE: Final = "from newsgate.main import main; main()"
_HELP, _ONE_ROW, _STATUS = "`enqueue --help`", "`enqueue FILE --wait` of one row", "`newsgate status`"
_RESULTS, _DOCTOR = "`newsgate results latest`", "`newsgate doctor`"
_NO_WAIT, _REFUSED = "`enqueue FILE` of one row", "the same, where the broker at a TCP port refuses"
_UP: Final = f"`newsgate up` until {WORKERS} workers are ready"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, repeats=(9, "turns of each commit"))
    parser.add_argument("--beside", metavar="COMMIT", required=True, help="the commit to compare with")


def run(options: argparse.Namespace) -> Iterator[Table]:
    with scratch_folder() as folder:
        now = Site(ROOT, folder / "now")
        then = Site(check_out(options.beside), folder / "then")
        for site in (now, then):
            site.prepare()
        with _up(now), _up(then):
            commands = _take_turns(options.repeats, now, then, _commands)
        ups = _take_turns(max(3, options.repeats // 3), now, then, lambda site: {_UP: site.up_ready()})
        yield Table(STARTS_MARKER, _starts(commands | ups, commit=options.beside))
        yield Table(MEMORY_MARKER, _memory(now.weigh(), then.weigh(), commit=options.beside))


@dataclass(frozen=True, slots=True)
class Used:
    """What a program used until it had done what is asked about."""

    cpu_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Weight:
    """Memory of a process, in MB of 2^20 bytes. proportional: what it shares counts by its part; own: not at all."""

    resident: float
    proportional: float
    own: float

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.resident + other.resident, self.proportional + other.proportional, self.own + other.own)


@dataclass
class Site:
    """newsgate of one commit, in a home of its own."""

    tree: Path
    folder: Path
    _files: int = field(default=0, init=False)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs see."""
        added = {"PYTHONPATH": str(self.tree), "NEWSGATE_UP_WORKERS": str(WORKERS)}
        return clean_environment(NEWSGATE_HOME=str(self.folder / "home")) | added

    def prepare(self) -> None:
        """Make its database."""
        self.folder.mkdir()
        self.command(_NEWSGATE, "migrate")

    def command(self, code: str, *arguments: str, **variables: str) -> Used:
        """Run a command to its end, with further variables. Raises BenchmarkError where it fails."""
        began = time.monotonic()
        process = subprocess.Popen(
            # As the installed programs do, but with this commit's modules.
            [sys.executable, "-P", "-c", code, *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        # `doctor` ends with 1 where it finds something to mend.
        if process.returncode not in ((0, 1) if "doctor" in arguments else (0,)):
            raise BenchmarkError(f"{arguments} ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")
        return Used(usage.ru_utime + usage.ru_stime, seconds)

    def next_file(self) -> str:
        """A file of one row that was not enqueued before."""
        self._files += 1
        file = self.folder / f"{self._files}.csv"
        file.write_text(f"text\nWhat post number {self._files} says of what another one said\n", encoding="utf-8")
        return str(file)

    def up_ready(self) -> Used:
        """Start `newsgate up`, and stop it when its workers are ready."""
        began = time.monotonic()
        with _up(self) as up:
            seconds = time.monotonic() - began
            return Used(sum(cpu_seconds(each, with_ended=True) for each in tree_of(up.process.pid)), seconds)

    def weigh(self) -> dict[str, Weight]:
        """The memory of each process of `newsgate up`, after its workers have worked."""
        file = write_posts(self.folder / "worked.csv", make_posts(seed=7), rows=_WORKED_ROWS)
        with _up(self) as up:
            up.wait_until(lambda: times_said(up.log, TRAINER_SAYS) > 0, what="the trainer", seconds=_READY_SECONDS)
            self.command(_ENQUEUE, str(file), "--again", "--wait")
            time.sleep(_SETTLE_SECONDS)
            return {_name_of(each): _weight_of(each) for each in tree_of(up.process.pid)}


@contextmanager
def _up(site: Site) -> Iterator[RunningProgram]:
    log = site.folder / "up.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-P", "-m", "newsgate", "up"]
    with running(command, environment=site.environment, folder=site.folder, log=log) as up:
        up.wait_until(
            lambda: times_said(log, WORKER_SAYS) >= WORKERS, what="the workers are ready", seconds=_READY_SECONDS
        )
        yield up


def _commands(site: Site) -> dict[str, Used]:
    return {
        _HELP: site.command(_ENQUEUE, "--help"),
        _ONE_ROW: site.command(_ENQUEUE, site.next_file(), "--wait"),
        _NO_WAIT: site.command(_ENQUEUE, site.next_file()),
        _REFUSED: site.command(_ENQUEUE, site.next_file(), NEWSGATE_BROKER_URL=_nobody()),
        _STATUS: site.command(_NEWSGATE, "status"),
        _RESULTS: site.command(_NEWSGATE, "results", "latest"),
        _DOCTOR: site.command(_NEWSGATE, "doctor"),
    }


def _nobody() -> str:
    """The address of a broker where nobody listens."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{port.getsockname()[1]}/0"


def _take_turns(
    repeats: int, now: Site, then: Site, use: Callable[[Site], Mapping[str, Used]]
) -> dict[str, list[tuple[Used, Used]]]:
    """What was used now and then, by what was done, one pair for each repeat; the first round is not counted."""
    found: dict[str, list[tuple[Used, Used]]] = {}
    for number in range(repeats + 1):
        say(f"starts: {number} of {repeats}")
        mine, others = use(now), use(then)
        if number:
            for name, used in mine.items():
                found.setdefault(name, []).append((used, others[name]))
    return found


def _name_of(process: psutil.Process) -> str:
    words = process.cmdline()
    for part in ("worker", "trainer", "beat"):
        if part in words:
            return {"beat": "schedule"}.get(part, part) + (f" {process.pid}" if part == "worker" else "")
    return "private broker" if "redis.sock" in " ".join(words) else "`newsgate up` itself"


def _weight_of(process: psutil.Process) -> Weight:
    held = process.memory_full_info()
    return Weight(held.rss / 2**20, held.pss / 2**20, held.uss / 2**20)


def _starts(found: Mapping[str, Sequence[tuple[Used, Used]]], *, commit: str) -> str:
    rows = []
    for name, pairs in found.items():
        cells = [name]
        for measure in ("cpu_seconds", "seconds"):
            mine, others = ([getattr(each, measure) for each in side] for side in zip(*pairs, strict=True))
            ratio = statistics.median(now / then for now, then in zip(mine, others, strict=True))
            cells += [f"{statistics.median(mine):.2f}", f"{statistics.median(others):.2f}", f"{ratio:.2f}"]
        rows.append(cells)
    head = ("until it has ended", "CPU s", f"at {commit}", "of it", "seconds", f"at {commit}", "of it")
    return f"{markdown_table(head, rows)}\n\n{circumstances()}"


def _memory(now: Mapping[str, Weight], then: Mapping[str, Weight], *, commit: str) -> str:
    head = ("process", "resident MB", "proportional MB", "own MB", f"at {commit}: resident", "proportional", "of it")
    rows = [_memory_row(name, mine, other) for name, mine, other in _paired(now, then)]
    return f"{markdown_table(head, rows)}\n\n{circumstances()}"


def _paired(now: Mapping[str, Weight], then: Mapping[str, Weight]) -> Iterator[tuple[str, Weight, Weight]]:
    mine, others = (_by_part(side) for side in (now, then))
    for name, weight in mine.items():
        if name in others:
            yield name, weight, others[name]
    yield "all together", _sum(now), _sum(then)


def _by_part(weights: Mapping[str, Weight]) -> dict[str, Weight]:
    """The workers are alike: the first stands for each."""
    found: dict[str, Weight] = {}
    for name, weight in weights.items():
        found.setdefault("each worker" if name.startswith("worker") else name, weight)
    return found


def _sum(weights: Mapping[str, Weight]) -> Weight:
    total = Weight(0, 0, 0)
    for weight in weights.values():
        total += weight
    return total


def _memory_row(name: str, mine: Weight, other: Weight) -> Sequence[str]:
    shown = (mine.resident, mine.proportional, mine.own, other.resident, other.proportional)
    return (name, *map(figure, shown), f"{mine.proportional / other.proportional:.2f}")
