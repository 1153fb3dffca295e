"""Programs that a benchmark starts, and the promise that none of them outlives it."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

ROOT = Path(__file__).resolve().parents[2]
_POLL_SECONDS = 0.02
_LOG_TAIL_CHARS = 2000
_LIMIT_SECONDS = 1800
# More than the 30 s in which `newsgate up` lets its worker finish.
_DOWN_SECONDS = 50


class BenchmarkError(Exception):
    """The measurement could not be made."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What classifying `rows` took. cpu_seconds: the processor time of every process that had a part in it."""

    rows: int
    seconds: float
    cpu_seconds: float

    @property
    def items_per_second(self) -> float:
        """Rows a second by the clock on the wall."""
        return self.rows / self.seconds

    @property
    def cpu_milliseconds_per_item(self) -> float:
        """Processor time a row, which other programs on the machine change far less than the rate."""
        return 1000 * self.cpu_seconds / self.rows


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder that goes when the block ends, also at SIGTERM and SIGHUP.

    Its path is short: a Unix socket will stand in it.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clean_environment(**added: str) -> dict[str, str]:
    """This process's environment without newsgate's settings, so that only what is `added` is set.

    Nor does it keep programs from keeping their bytecode: each would compile all of newsgate anew.
    """
    left_out = ("NEWSGATE_", "CELERY_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2", **added}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """A program that was started, and where its output goes."""

    command: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, condition: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Poll until `condition` holds. Raises BenchmarkError where the program ends meanwhile, or it takes longer."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise BenchmarkError(f"the program ended while waiting: {what}\n{self.told()}")
            if time.monotonic() > deadline:
                raise BenchmarkError(f"waited {seconds:g} s in vain: {what}\n{self.told()}")
            time.sleep(_POLL_SECONDS)

    def wait_for_success(self, *, seconds: float = _LIMIT_SECONDS) -> None:
        """Wait for its end. Raises BenchmarkError where it fails or takes longer."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"{self.command} took more than {seconds:g} s") from error
        if code != 0:
            raise BenchmarkError(f"{self.command} ended with {code}\n{self.told()}")

    def told(self) -> str:
        """The end of its output."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL_CHARS:]


@contextlib.contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[RunningProgram]:
    """Run `command` in `folder` for as long as the block lasts, its output in `log`.

    It is asked to stop with SIGTERM, and if that does not help its whole process group is killed.
    """
    with log.open("ab") as output:
        # A session of its own: Ctrl-C must reach the benchmark alone, which then stops its programs in order.
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield RunningProgram(" ".join(command), process, log)
    finally:
        _end(process)


def run_to_end(command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> str:
    """Run `command` to its end and return what it printed. Raises BenchmarkError where it fails."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_SECONDS,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr[-_LOG_TAIL_CHARS:]}")
    return done.stdout


def cpu_seconds_of(*processes: subprocess.Popen[bytes]) -> float:
    """The processor time that these running processes and their descendants have used so far."""
    return sum(cpu_seconds(member) for process in processes for member in tree_of(process.pid))


def tree_of(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(process: psutil.Process, *, with_ended: bool = False) -> float:
    """The processor time of one process so far, 0 where it is gone; with that of children it waited for, or without."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        ended = times.children_user + times.children_system if with_ended else 0.0
        return float(times.user + times.system + ended)
    return 0.0


def cpu_seconds_here() -> float:
    """The processor time that this process and the commands it ran to their end have used so far."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds in memory, by the operating system's account: now, and at most so far."""

    resident_mebibytes: float
    peak_mebibytes: float


def held_by(pid: int) -> Held | None:
    """What a process holds; None where it is gone or only waits to be collected."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
        if found:
            return Held(int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_DOWN_SECONDS)
    # Pool children may outlive their parent, whichever way that ended.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
