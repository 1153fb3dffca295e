"""What a worker tells about where its time goes."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsgate.worker.stage_times import STAGES, Stages, StageSeconds, keep_telling, tell
from tests.services import wait_until


def test_what_chunks_took_is_told_a_text() -> None:
    seconds = {"claim": 0.001, "load": 0.002, "classify": 0.03, "commit": 0.01}
    assert str(StageSeconds(chunks=1, texts=1000, elapsed_seconds=60.2, seconds=seconds)) == (
        "1 chunks with 1000 texts in 60 s; microseconds a text: claim 1.0, load 2.0, classify 30.0, commit 10.0"
    )


def test_a_stage_that_raises_has_taken_its_time_too() -> None:
    stages = Stages()
    with pytest.raises(OSError, match="gone"), stages.timed("load"):
        raise OSError("gone")
    assert stages.take().seconds["load"] > 0


def test_taking_begins_anew() -> None:
    stages = Stages()
    with stages.timed("claim"):
        stages.count(texts=7)
    assert (stages.take().texts, stages.take().texts) == (7, 0)
    assert stages.take().seconds == dict.fromkeys(STAGES, 0.0)


def test_threads_lose_no_count() -> None:
    stages = Stages()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: stages.count(texts=2), range(2000)))
    taken = stages.take()
    assert (taken.chunks, taken.texts) == (2000, 4000)


def test_the_log_has_a_line_now_and_then_and_none_where_nothing_was_done(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="newsgate.worker")
    stages, stop = Stages(), threading.Event()
    tell(stages)
    assert caplog.messages == []
    stages.count(texts=3)
    teller = threading.Thread(target=keep_telling, args=(stages, stop), kwargs={"every_seconds": 0.01})
    teller.start()
    wait_until(lambda: len(caplog.messages) == 1, what="a line")
    stop.set()
    teller.join()
    assert [message.split(" in ")[0] for message in caplog.messages] == ["1 chunks with 3 texts"]
