"""newsgate's programs without their start: each a process of its own, forked from one that has the libraries in memory.

Most of a short command's time is the start of Python and of the libraries; here it is spent once for all the tests of a
process. Arguments, environment, folder, streams and exit code are those of an execution. What a test kills, or lets run
beside it, is executed: see tests/programs.py.

This module is both sides: `run_warm` in the tests and, run as a program, the process that forks.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

_ENTRIES = {"newsgate": "newsgate.main", "enqueue": "newsgate.enqueue"}
# None of them starts a thread: it would be missing after a fork. Whatever else a command needs it imports as ever.
_ROOMS = ("commands", "console", "db", "foundation", "pages", "tasks", "worker")
_IN_MEMORY = (
    *_ENTRIES.values(),
    "alembic.command",
    "alembic.context",
    "kombu.transport.redis",
    "newsgate.model.classifier",
    "numpy",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
)
_MOST_BYTES = 150_000
_NUMBER = struct.Struct("i")


def run_warm(
    command: Sequence[str], *, environment: Mapping[str, str], stdin: bytes | None, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """As `subprocess.run` with captured output, for a program of newsgate; without `stdin` there is nothing to read.

    Raises subprocess.TimeoutExpired when the program, which is then killed, takes longer than `seconds`.
    """
    order = {"command": list(command), "environment": dict(environment), "folder": str(Path.cwd())}
    answers, told = socket.socketpair()
    inputs, outputs, errors = (os.pipe() for _ in range(3))
    theirs = (inputs[0], outputs[1], errors[1])
    with answers, ThreadPoolExecutor(3) as pool:
        with told:
            socket.send_fds(_requests(), [json.dumps(order).encode()], [*theirs, told.fileno()])
        for each in theirs:
            os.close(each)
        pool.submit(_write_all, inputs[1], stdin or b"")
        out, err = (pool.submit(_read_all, each[0]) for each in (outputs, errors))
        answers.settimeout(seconds)
        process = _received(answers)
        try:
            code = _received(answers)
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(command), seconds) from None
        return subprocess.CompletedProcess(list(command), code, out.result(), err.result())


@cache
def _requests() -> socket.socket:
    """A connection to the forking process, which ends when this process closes it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        _FORKING.append(
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                # NumPy would start threads for its matrices.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                cwd=Path(__file__).parents[1],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
    return ours


# Kept: a Popen that is forgotten complains that its process still runs.
_FORKING: list[subprocess.Popen[bytes]] = []


def _received(answers: socket.socket) -> int:
    number: int = _NUMBER.unpack(answers.recv(_NUMBER.size))[0]
    return number


def _read_all(source: int) -> bytes:
    with open(source, "rb") as stream:
        return stream.read()


def _write_all(target: int, content: bytes) -> None:
    # A program may end before it has read everything.
    try:
        with open(target, "wb", buffering=0) as stream:
            stream.write(content)
    except BrokenPipeError:
        pass


def _forked(requests: socket.socket) -> Callable[[], None]:
    """Fork for every request; returns in the new process alone, with what it has to run."""
    # Nobody waits for the processes in between.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, files, *_ = socket.recv_fds(requests, _MOST_BYTES, 4)
        if not order:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *streams, told = files
            process = os.fork()
            if process == 0:
                os.close(told)
                return _become(streams, **json.loads(order))
            _tell_end(process, streams, told)
        for each in files:
            os.close(each)


def _tell_end(process: int, streams: Sequence[int], told: int) -> None:
    """Wait for the program and tell its number and its exit code, as `subprocess` has it; ends this process."""
    for each in streams:
        os.close(each)
    os.write(told, _NUMBER.pack(process))
    _, status = os.waitpid(process, 0)
    os.write(told, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(
    streams: Sequence[int], *, command: Sequence[str], environment: Mapping[str, str], folder: str
) -> Callable[[], None]:
    """Make this process what an execution of the command begins with; gives the program's entry point."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        os.dup2(streams[number], number)
        os.close(streams[number])
        before = getattr(sys, name)
        stream = os.fdopen(number, mode, encoding=before.encoding, errors=before.errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = list(command)
    main: Callable[[], None] = importlib.import_module(_ENTRIES[Path(command[0]).name]).main
    return main


def _run_to_end(main: Callable[[], None]) -> None:
    """Run a program and end this process with its exit code; whatever is not a plain end is left to Python."""
    try:
        main()
        code = 0
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        code = ended.code or 0
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)
    # Python would take its objects apart one by one, each in a copy of the memory that the programs share: longer than
    # most commands take.
    atexit._run_exitfuncs()
    os._exit(code)


def _modules_in_rooms() -> Iterator[str]:
    for room in _ROOMS:
        package = importlib.import_module(f"newsgate.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name:
                yield module.name


if __name__ == "__main__":
    for _module in (*_IN_MEMORY, *_modules_in_rooms()):
        importlib.import_module(_module)
    # The programs share this memory; one that looked through it for garbage would get a copy of its own.
    gc.freeze()
    _run_to_end(_forked(socket.socket(fileno=int(sys.argv[1]))))
