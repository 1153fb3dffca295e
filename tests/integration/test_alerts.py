"""What an alert asks for is counted wherever it happens, and a real Prometheus sees each condition come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from newsgate.db.jobs import RETRAIN_JOB, end_job, hand_back, latest_failed, take_job
from newsgate.db.model_registry import add_model
from newsgate.db.notifications import ask_for_notification
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import notifications, workers
from newsgate.db.workers import WorkerName, say_hello
from newsgate.model.bundle import NewerBundleError
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.sweeper import sweep
from newsgate.tasks.metrics.process_collector import ProcessTally
from newsgate.tasks.metrics.server import serving_metrics
from newsgate.worker.queue_sieve import RefusalLog
from newsgate.worker.tally import CHUNKS, ROWS, TALLY
from tests.desk import Desk
from tests.integration.chunk_steps import LAPSED, take
from tests.prometheus import Prometheus, prometheus
from tests.services import free_port, wait_until

RULES = Path(__file__).parents[2] / "deploy" / "newsgate-alerts.yml"
ASKED: dict[str, str] = {
    rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
}


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path, metrics_address=f"127.0.0.1:{free_port()}", max_attempts=1)
    yield made
    made.assert_sound()


def _failed_rows() -> int:
    return TALLY.of(ROWS).get("failed", 0)


def _enqueue_for_a_damaged_model(desk: Desk, rows: int, *, seed: int = 0) -> int:
    with desk.database.write() as connection:
        damaged = add_model(connection, name="damaged", bundle=b"no bundle", metadata={})
    return desk.enqueue(rows, seed=seed, model=damaged)


def test_rows_that_fail_because_of_their_model_are_counted(desk: Desk) -> None:
    batch, before = _enqueue_for_a_damaged_model(desk, 12), _failed_rows()
    for chunk in desk.waiting(batch):
        assert classify_chunk(chunk, desk.context, from_broker=True) == "failed"
    assert _failed_rows() - before == 12


def test_a_row_that_fails_alone_is_counted_whether_its_worker_lives(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, before = desk.enqueue(1), _failed_rows()

    def raise_it(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr("newsgate.tasks.classifying.classify_chunk.score", raise_it)
    assert classify_chunk(desk.waiting(batch)[0], desk.context, from_broker=True) == "failed"
    assert _failed_rows() - before == 1
    other = desk.enqueue(1, seed=1)
    take(desk, desk.waiting(other)[0], lease=LAPSED)
    sweep(desk.context, threading.Event())
    assert _failed_rows() - before == 2


def test_attempts_that_were_left_to_newer_workers_are_served(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NewerBundleError("format 99")

    batch = desk.enqueue(1)
    before = TALLY.of(CHUNKS).get("left", 0)
    with monkeypatch.context() as patched:
        patched.setattr("newsgate.tasks.classifying.classify_chunk.load_model", refuse)
        assert classify_chunk(desk.waiting(batch)[0], desk.context, from_broker=True) == "left"
    (counted,) = [family for family in ProcessTally(None).collect() if family.name == "newsgate_chunks"]
    served = {sample.labels["outcome"]: sample.value for sample in counted.samples}
    assert served["left"] == before + 1
    desk.work_off(batch)


@pytest.mark.parametrize(
    ("what", "failed"), [("done", False), ("failed", True), ("died", True), ("handed back", False), ("at work", False)]
)
def test_a_training_whose_trainer_died_failed_too(database: Database, what: str, failed: bool) -> None:
    lease = LAPSED if what == "died" else 60.0
    told: dict[str, Any] = {"worker": "one", "lease_seconds": lease, "max_attempts": 3}
    with database.write() as connection:
        assert not latest_failed(connection, RETRAIN_JOB)
        claim = take_job(connection, RETRAIN_JOB, period="2026-11-23", **told)
        assert claim is not None
        if what in ("done", "failed"):
            end_job(connection, claim, state="done" if what == "done" else "failed", outcome={})
        elif what == "handed back":
            hand_back(connection, claim)
        assert latest_failed(connection, RETRAIN_JOB) is failed


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_real_prometheus_sees_conditions_come_and_go(desk: Desk, tmp_path: Path) -> None:
    desk.work_off(desk.enqueue(12))
    with (
        serving_metrics(desk.settings, desk.database, part="trainer", stages=desk.context.stages),
        prometheus(tmp_path, targets=[desk.settings.metrics_address], rules=RULES) as server,
    ):
        wait_until(lambda: server.value("max(newsgate_database_up)") == 1, what="it reads newsgate")
        for alert, begin, end in _conditions(desk):
            assert server.value(ASKED[alert]) is None, alert
            begin()
            _wait_for(server, alert, true=True)
            end()
            # What is counted over the last minutes is over when they are.
            if "increase(" not in ASKED[alert]:
                _wait_for(server, alert, true=False)


def _wait_for(server: Prometheus, alert: str, *, true: bool) -> None:
    def seen() -> bool:
        return (server.value(ASKED[alert]) is not None) is true

    wait_until(seen, what=f"{alert} is {'true' if true else 'over'}", seconds=30)


def _conditions(desk: Desk) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Alerts, what makes each true, and what ends that."""
    worker = WorkerName("elsewhere:7", "worker", "0.2.0")

    def write(statement: Any) -> None:
        with desk.database.write() as connection:
            connection.execute(statement)

    def fall_silent() -> None:
        with desk.database.write() as connection:
            say_hello(connection, worker)
        write(update(workers).values(seen_at=database_time(-60)))

    yield "NewsgateWorkerSilent", fall_silent, lambda: write(update(workers).values(seen_at=database_time(-700)))

    waiting: list[int] = []

    def wait_for_long() -> None:
        waiting.append(desk.enqueue(5, seed=10 + len(waiting)))
        write(update(chunks).where(chunks.c.state == "queued").values(queued_at=database_time(-7200)))

    for alert in ("NewsgateLongWait", "NewsgateNoWorker"):
        yield alert, wait_for_long, lambda: desk.work_off(waiting[-1])

    def die_in_training() -> None:
        with desk.database.write() as connection:
            told: dict[str, Any] = {"worker": "one", "lease_seconds": LAPSED, "max_attempts": 3}
            assert take_job(connection, RETRAIN_JOB, period="2026-11-23", **told) is not None

    def train() -> None:
        with desk.database.write() as connection:
            told: dict[str, Any] = {"worker": "two", "lease_seconds": 60, "max_attempts": 3}
            claim = take_job(connection, RETRAIN_JOB, period="2026-11-24", **told)
            assert claim is not None
            end_job(connection, claim, state="done", outcome={})

    yield "NewsgateTrainingFails", die_in_training, train

    def owe() -> None:
        batch = desk.enqueue(1, seed=4)
        with desk.database.write() as connection:
            ask_for_notification(connection, desk.chunks(batch)[0].run_id, "http://127.0.0.1:9/")
        desk.work_off(batch)

    yield "NewsgateNotificationsOwed", owe, lambda: write(update(notifications).values(sent_at=database_time()))

    def fail() -> None:
        batch = _enqueue_for_a_damaged_model(desk, 5, seed=5)
        assert classify_chunk(desk.waiting(batch)[0], desk.context, from_broker=True) == "failed"

    yield "NewsgateFailures", fail, lambda: None

    def send_junk() -> None:
        log = RefusalLog()
        for _ in range(20):
            log.add("junk")

    yield "NewsgateRefusedMessages", send_junk, lambda: None
