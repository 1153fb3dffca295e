"""However `newsgate up` ends, and whatever becomes of its terminal, nothing it started goes on without it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import MakeSite
from tests.faults.helpers import ROOT, Site, posts_with, stopwatch, write_texts
from tests.faults.saboteur import SLOW, UNWATCHED, poison
from tests.programs import children_named, processes_in
from tests.services import wait_until
from tests.texts import write_posts

_ALL_GONE_SECONDS = 10.0
_STOP_SECONDS = 10.0
# Whether it has ended, leaving it to be waited for.
_LOOK = os.WEXITED | os.WNOHANG | os.WNOWAIT
_WITH_TRAINING = {"NEWSGATE_UP_TRAINS": "yes", "NEWSGATE_CHUNK_ROWS": "20"}


@pytest.fixture(autouse=True)
def _hangups_end_programs() -> Iterator[None]:
    """Where tests run in the background, SIGHUP may be ignored, and a program would inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def site(new_site: MakeSite) -> Iterator[Site]:
    """A system of its own, of which nothing is left when the test ends."""
    site = new_site(extra=_WITH_TRAINING)
    yield site
    for process in _processes_of(site):
        process.kill()


def _processes_of(site: Site) -> list[psutil.Process]:
    return processes_in(site.world.environment["NEWSGATE_HOME"])


def _assert_all_gone(site: Site) -> None:
    try:
        wait_until(lambda: not _processes_of(site), what="all are gone", seconds=_ALL_GONE_SECONDS)
    except AssertionError:
        left = [" ".join(process.cmdline()) for process in _processes_of(site)]
        raise AssertionError(f"left behind: {left}") from None
    site.world.assert_sound()


@contextmanager
def _up_on(site: Site, output: int) -> Iterator[subprocess.Popen[bytes]]:
    """`newsgate up` that writes to a file descriptor, with a file in hand."""
    site.set_trap(SLOW, "0.1")
    process = subprocess.Popen(
        site.command("up"),
        env=site.environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        _wait_until_it_works(site)
        yield process
    finally:
        process.kill()
        process.wait(10)


def _wait_until_it_works(site: Site) -> None:
    site.enqueue(write_posts(site.traps / "posts.csv", 2000))
    wait_until(lambda: site.done() > 0, what="rows are classified", seconds=60)


def test_a_closed_terminal_ends_everything_and_drains(site: Site) -> None:
    site.set_trap(SLOW, "0.1")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(site.command("up")[0], site.command("up"), site.environment)
    try:
        _wait_until_it_works(site)
        os.close(terminal)
        wait_until(lambda: os.waitid(os.P_PID, pid, _LOOK) is not None, what="it ends", seconds=60)
        _, status = os.waitpid(pid, 0)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    assert os.waitstatus_to_exitcode(status) == 0
    assert site.running_chunks() == 0
    _assert_all_gone(site)


def test_a_dead_pipe_does_not_keep_up_from_stopping(site: Site) -> None:
    ours, theirs = os.pipe()
    with _up_on(site, theirs) as up:
        os.close(theirs)
        os.close(ours)
        with stopwatch() as taken:
            up.terminate()
            assert up.wait(60) == 0
    assert taken[0] < _STOP_SECONDS
    _assert_all_gone(site)


@pytest.mark.parametrize("output", ["a file", "a dead pipe", "a closed terminal"])
def test_up_killed_with_sigkill_leaves_nothing(site: Site, output: str, tmp_path: Path) -> None:
    if output == "a file":
        ours, theirs = os.open(os.devnull, os.O_RDONLY), os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    else:
        ours, theirs = os.pipe() if output == "a dead pipe" else pty.openpty()
    with _up_on(site, theirs) as up:
        os.close(theirs)
        os.close(ours)
        up.kill()
        _assert_all_gone(site)


def test_a_worker_that_hangs_does_not_outlive_up(site: Site, tmp_path: Path) -> None:
    site = site.told(NEWSGATE_LEASE_SECONDS="300")
    site.set_trap(UNWATCHED)
    with site.started("up") as up:
        site.enqueue(write_texts(tmp_path / "posts.csv", posts_with({1: poison("hang")}, count=4, seed=1)))
        wait_until(lambda: site.running_chunks() > 0, what="the chunk that hangs is in hand", seconds=60)
        up.kill()
        _assert_all_gone(site)


@pytest.mark.long
def test_a_new_up_ends_what_an_older_one_left_behind(site: Site) -> None:
    with site.started("up", log="old") as old:
        _wait_until_it_works(site)
        (worker,) = children_named(old.pid, "worker")
        # So that it cannot notice by itself.
        worker.suspend()
        old.kill()
        old.wait(10)
    with site.started("up", log="new") as new:
        wait_until(lambda: bool(children_named(new.pid, "worker")), what="it has a worker", seconds=60)
        wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, what="it is gone")
        assert f"ended worker (process {worker.pid})" in site.log("new").read_text()
        new.terminate()
        assert new.wait(60) == 0
    _assert_all_gone(site)


def test_nohup_stays_in_force(site: Site, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        up = subprocess.Popen(
            ["nohup", *site.command("up")],
            env=site.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_it_works(site)
        before = site.done()
        up.send_signal(signal.SIGHUP)
        wait_until(lambda: site.done() > before, what="it goes on")
        assert up.poll() is None
    finally:
        up.terminate()
        assert up.wait(60) == 0
    _assert_all_gone(site)


def test_a_worker_of_its_own_ends_with_its_terminal(site: Site) -> None:
    ours, theirs = pty.openpty()
    site.set_trap(SLOW, "0.1")
    with subprocess.Popen(
        site.command("worker"), env=site.environment, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
    ) as worker:
        os.close(theirs)
        try:
            _wait_until_it_works(site)
            os.close(ours)
            worker.send_signal(signal.SIGHUP)
            assert worker.wait(30) == 0
        finally:
            worker.kill()
    assert site.running_chunks() == 0
    site.world.assert_sound()
