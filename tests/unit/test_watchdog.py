"""What ends a worker whose chunk hangs, and what it says first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from newsgate.worker.watchdog import EXIT_HUNG, InFlight, leave, watch


@pytest.fixture
def in_flight() -> Iterator[InFlight]:
    """A chunk that is worked on all the time."""
    in_flight = InFlight()
    with in_flight.working_on():
        yield in_flight
    assert in_flight.longest_seconds() == 0


def _watched(in_flight: InFlight) -> list[int]:
    stop, ended = threading.Event(), []

    def end(code: int) -> None:
        ended.append(code)
        stop.set()

    watch(in_flight, limit_seconds=0.01, stop=stop, end=end)
    return ended


def test_it_ends_a_process_whose_chunk_outlives_its_lease(in_flight: InFlight) -> None:
    assert _watched(in_flight) == [EXIT_HUNG]


def test_it_says_where_each_thread_stands(in_flight: InFlight, caplog: pytest.LogCaptureFixture) -> None:
    let_go = threading.Event()

    def what_never_comes_back() -> None:
        let_go.wait()

    hanging = threading.Thread(target=what_never_comes_back, name="ahead_0")
    hanging.start()
    try:
        _watched(in_flight)
    finally:
        let_go.set()
        hanging.join()
    assert "a chunk took longer than its lease of 0.01 s" in caplog.text
    [stands] = [record.getMessage() for record in caplog.records if "ahead_0" in record.getMessage()]
    assert "in what_never_comes_back" in stands
    assert "let_go.wait()" in stands
    assert "in _where_threads_stand" not in stands


@pytest.fixture
def log_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever logs waits until the test is over."""
    monkeypatch.setattr("newsgate.worker.watchdog._SAY_SECONDS", 0.1)
    read = threading.Event()

    class FullPipe(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            read.wait()

    log, pipe = logging.getLogger("newsgate.worker"), FullPipe()
    log.addHandler(pipe)
    yield
    read.set()
    log.removeHandler(pipe)


@pytest.mark.usefixtures("log_that_nobody_reads")
def test_a_log_that_nobody_reads_does_not_keep_it(in_flight: InFlight) -> None:
    assert _watched(in_flight) == [EXIT_HUNG]


@pytest.mark.usefixtures("log_that_nobody_reads")
def test_nor_a_worker_that_leaves_its_broker() -> None:
    ended: list[int] = []
    leaving = threading.Thread(
        target=leave, args=(InFlight(),), kwargs={"patience_seconds": 0.0, "end": ended.append}, daemon=True
    )
    leaving.start()
    leaving.join(5)
    assert ended == [0]
