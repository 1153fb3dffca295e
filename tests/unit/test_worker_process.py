"""What a worker's threads do while signals break in."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from newsgate.tasks.classifying.worker_process import _leave_early, _running
from newsgate.worker.stop_signals import on_stop_signals


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_the_sweeper_has_in_hand_is_finished_wherever_a_signal_breaks_in() -> None:
    stop, finished = threading.Event(), threading.Event()

    class ToldWhileItStarts(threading.Thread):
        def start(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def sweep() -> None:
        stop.wait()
        time.sleep(0.1)
        finished.set()

    on_stop_signals(_leave_early)
    sweeper = threading.Thread(target=sweep)
    with pytest.raises(SystemExit) as told, _running(sweeper, ToldWhileItStarts(), stop=stop, patience_seconds=5):
        pytest.fail("it went on")
    assert told.value.code == 0
    assert finished.is_set()


def test_told_again_it_still_finishes() -> None:
    on_stop_signals(_leave_early)
    with pytest.raises(SystemExit):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_sweeper_that_hangs_is_not_waited_for() -> None:
    hanging = threading.Event()
    sweeper = threading.Thread(target=hanging.wait, daemon=True)
    with _running(sweeper, stop=threading.Event(), patience_seconds=0.05):
        pass
    assert sweeper.is_alive()
    hanging.set()
