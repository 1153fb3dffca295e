"""The benchmark of answers, starts and weights without its long runs: what it computes, imports and sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.answering.every_part import MARKERS
from benchmarks.answering.latency import CALL, ON_SERVERS, PRIVATE, Latency
from benchmarks.answering.memory import Weight
from benchmarks.answering.page import NOT_MEASURED, latency_block, memory_block, percentiles, start_up_block
from benchmarks.answering.start_up import HELP, NEEDS_ROOT, NOT_INSTALLED, TRAINER_READY, StartUps
from benchmarks.answering.verdict_watcher import watcher
from benchmarks.shared.processes import held_by
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.worker_process import make_worker_context
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import Settings

ROOT = Path(__file__).parents[2]


def test_a_percentile_is_the_smallest_value_that_so_many_per_cent_do_not_exceed() -> None:
    assert percentiles([40.0, 10.0, 30.0, 20.0], (50, 75, 99, 100)) == [20.0, 30.0, 40.0, 40.0]


def test_a_set_up_that_was_not_measured_says_so() -> None:
    block = latency_block([Latency(PRIVATE, CALL, (0.010, 0.030, 0.020)), Latency(ON_SERVERS, CALL, ())])
    measured, missing = [line for line in block.splitlines() if CALL in line]
    assert measured == f"| {CALL} | {PRIVATE} | 3 | 20.0 | 30.0 | 30.0 | 30.0 |"
    assert NOT_MEASURED in missing


def test_starts_that_were_not_measured_say_why() -> None:
    block = start_up_block(StartUps(warm={HELP: [0.1, 0.3, 0.2]}, cold={}, why_not_cold=NEEDS_ROOT))
    (measured,) = [line for line in block.splitlines() if HELP in line]
    assert measured == f"| {HELP} | 0.20 | 0.10 | 0.30 | {NEEDS_ROOT} |  |  |"
    (missing,) = [line for line in block.splitlines() if TRAINER_READY in line]
    assert NOT_INSTALLED in missing


def test_a_program_that_was_watched_to_its_end_has_a_peak_alone() -> None:
    block = memory_block([Weight("worker", 90.04, 120.0), Weight("enqueue", None, 75.0)])
    assert "| worker | 90.0 | 120 |\n| enqueue |  | 75.0 |" in block


def test_the_program_that_measures_cold_starts_keeps_what_they_load_out_of_its_memory() -> None:
    probe = "import benchmarks.__main__, benchmarks.answering.every_part, json, sys; print(json.dumps([*sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    imported = {name.split(".")[0] for name in json.loads(printed)}
    assert imported.isdisjoint({"numpy", "sqlalchemy", "pysqlite3", "pydantic", "celery", "redis", "alembic", "click"})
    assert imported.isdisjoint({"newsgate", "tasks", "worker", "training", "model", "db"})


def test_a_process_is_weighed_and_one_that_is_gone_is_not() -> None:
    held = held_by(os.getpid())
    assert held is not None
    assert held.peak_mebibytes >= held.resident_mebibytes > 10
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert held_by(ended.pid) is None


def test_the_watcher_sees_a_verdict_when_it_is_committed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url="", broker_url="")
    file = tmp_path / "post.csv"
    file.write_text("text\nwhat one says\n")
    database = open_database(settings)
    try:
        enqueue(Request(str(file)), settings=settings, database=database)
        with watcher(settings.effective_database_url) as verdicts:
            verdicts.begin()
            began = time.monotonic()
            assert classify_chunk(1, make_worker_context(settings, database), from_broker=False) == "done"
            assert began < verdicts.seen_at() < time.monotonic() + 1
    finally:
        database.close()


@pytest.mark.parametrize("marker", MARKERS)
def test_the_page_has_a_place_for_each_table(marker: str) -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert page.count(f"<!-- {marker}: begin -->") == page.count(f"<!-- {marker}: end -->") == 1
