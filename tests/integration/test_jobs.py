"""Who does a periodic job, on both databases: one taker a period, leases on the database's clock, attempts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any

import pytest

from newsgate.db.jobs import (
    JobClaim,
    JobFencedError,
    JobRecord,
    end_job,
    hand_back,
    job_record,
    last_done,
    note_progress,
    renew_lease,
    running_job,
    take_job,
)
from newsgate.db.labels import add_labels
from newsgate.db.session import Database
from newsgate.tasks.retraining.retrain import RETRAIN_JOB
from newsgate.tasks.retraining.trainer import keep_training, make_trainer, retrain_if_due
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.crontab import period_at, retraining_crontab
from newsgate.worker.settings import load_settings
from tests.services import wait_until

JOB = "retrain"
MONDAY, TUESDAY = "2026-11-23T03:15", "2026-11-24T03:15"
ATTEMPTS = 3
# A lease that has run out already: no test has to wait for one.
LAPSED = -1.0


class Jobs:
    """What the tests do, each call a transaction of its own as in real life."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, period: str = MONDAY, *, worker: str = "one", lease: float = 60) -> JobClaim | None:
        with self.database.write() as connection:
            return take_job(connection, JOB, period=period, worker=worker, lease_seconds=lease, max_attempts=ATTEMPTS)

    def taken(self, period: str = MONDAY, *, worker: str = "one", lease: float = 60) -> JobClaim:
        claim = self.take(period, worker=worker, lease=lease)
        assert claim is not None
        return claim

    def end(self, claim: JobClaim, state: Any = "done", **outcome: Any) -> None:
        with self.database.write() as connection:
            end_job(connection, claim, state=state, outcome=outcome)

    def note(self, claim: JobClaim, **progress: Any) -> None:
        with self.database.write() as connection:
            note_progress(connection, claim, progress)

    def renew(self, claim: JobClaim, *, lease: float = 60) -> bool:
        with self.database.write() as connection:
            return renew_lease(connection, claim, lease_seconds=lease)

    def record(self, period: str = MONDAY) -> JobRecord:
        with self.database.read() as connection:
            record = job_record(connection, JOB, period=period)
        assert record is not None
        return record


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def test_of_many_takers_at_the_same_moment_one_gets_the_job(jobs: Jobs) -> None:
    together = Barrier(12)

    def take(number: int) -> JobClaim | None:
        together.wait()
        return jobs.take(worker=f"worker {number}")

    with ThreadPoolExecutor(12) as pool:
        claims = [claim for claim in pool.map(take, range(12)) if claim is not None]
    assert len(claims) == 1
    assert jobs.record().worker == claims[0].worker


def test_of_many_takers_of_a_run_out_lease_one_gets_the_next_attempt(jobs: Jobs) -> None:
    jobs.taken(lease=LAPSED)
    together = Barrier(8)

    def take(number: int) -> JobClaim | None:
        together.wait()
        return jobs.take(worker=f"worker {number}")

    with ThreadPoolExecutor(8) as pool:
        claims = [claim for claim in pool.map(take, range(8)) if claim is not None]
    assert [claim.attempt for claim in claims] == [2]


@pytest.mark.parametrize("state", ["done", "skipped"])
def test_a_job_that_is_over_is_not_taken_again_in_its_period(jobs: Jobs, state: str) -> None:
    jobs.end(jobs.taken(), state, reason="enough")
    assert jobs.take() is None
    assert jobs.record().state == state
    assert jobs.record().outcome == {"reason": "enough"}
    assert jobs.taken(TUESDAY).attempt == 1


def test_a_renewed_lease_keeps_the_job_and_a_lapsed_one_loses_it(jobs: Jobs) -> None:
    first = jobs.taken(lease=LAPSED)
    assert jobs.renew(first)
    assert jobs.take(worker="two") is None
    assert jobs.renew(first, lease=LAPSED)
    second = jobs.taken(worker="two")
    assert (second.attempt, jobs.renew(first), jobs.renew(second)) == (2, False, True)


@pytest.mark.parametrize(
    "late",
    [
        lambda jobs, claim: jobs.note(claim, step="train"),
        lambda jobs, claim: jobs.end(claim, "done"),
        lambda jobs, claim: jobs.end(claim, "failed"),
    ],
)
def test_whoever_was_taken_over_writes_nothing(jobs: Jobs, late: Callable[[Jobs, JobClaim], None]) -> None:
    first = jobs.taken(lease=LAPSED)
    jobs.taken(worker="two")
    with pytest.raises(JobFencedError):
        late(jobs, first)
    assert (jobs.record().state, jobs.record().outcome) == ("running", {})


def test_attempts_are_counted_and_end(jobs: Jobs) -> None:
    attempts = [jobs.taken(lease=LAPSED).attempt for _ in range(ATTEMPTS)]
    assert attempts == [1, 2, 3]
    assert jobs.take() is None
    assert jobs.record().state == "failed"
    assert "died or was stopped during attempt 3" in jobs.record().outcome["reason"]


def test_a_failed_attempt_is_followed_by_another_while_some_are_left(jobs: Jobs) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        claim = jobs.taken()
        assert claim.attempt == attempt
        jobs.end(claim, "failed", reason="no memory")
    assert jobs.take() is None
    assert jobs.record().outcome == {"reason": "no memory"}


def test_the_next_attempt_knows_how_far_the_last_one_came(jobs: Jobs) -> None:
    jobs.note(jobs.taken(lease=LAPSED), step="score", challenger=7)
    assert jobs.taken().progress == {"step": "score", "challenger": 7}


def test_an_attempt_that_was_told_to_stop_does_not_count(jobs: Jobs) -> None:
    claim = jobs.taken()
    with jobs.database.write() as connection:
        hand_back(connection, claim)
    assert jobs.taken(worker="two").attempt == 1


def test_two_periods_are_never_under_way_at_once(jobs: Jobs) -> None:
    monday = jobs.taken()
    assert jobs.take(TUESDAY) is None
    with jobs.database.read() as connection:
        under_way = running_job(connection, JOB)
    assert under_way is not None
    assert under_way.period == MONDAY
    jobs.end(monday)
    assert jobs.taken(TUESDAY).period == TUESDAY


def test_the_next_period_closes_one_whose_trainer_died(jobs: Jobs) -> None:
    jobs.taken(lease=LAPSED)
    tuesday = jobs.taken(TUESDAY)
    assert jobs.record().state == "failed"
    assert jobs.take() is None
    jobs.end(tuesday, label_id=4)
    with jobs.database.read() as connection:
        done = last_done(connection, JOB)
    assert done is not None
    assert (done.period, done.outcome) == (TUESDAY, {"label_id": 4})


def test_with_too_few_new_labels_the_period_is_skipped_and_says_why(database: Database) -> None:
    ensure_champion(database)
    with database.write() as connection:
        add_labels(connection, [("one", "fake"), ("two", "real")], labelled_by="ann", chosen="direct")
    trainer = make_trainer(load_settings(retrain_min_labels=3), database)
    assert retrain_if_due(trainer)
    assert not retrain_if_due(trainer)
    with database.read() as connection:
        period = period_at(datetime.now(UTC), crontab=retraining_crontab(trainer.settings))
        record = job_record(connection, RETRAIN_JOB, period=period)
    assert record is not None
    assert record.state == "skipped"
    assert record.outcome == {
        "reason": "2 labels are new since the last training, fewer than 3",
        "new_labels": 2,
        "needed": 3,
        "since_label_id": 0,
    }


def test_a_trainer_goes_on_after_an_error_that_nobody_expected(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    # Programs refuse such a crontab when they start; so here it stands for what nobody thought of.
    trainer = make_trainer(load_settings(retrain_crontab="0 0 31 2 *", training_sweep_seconds=0.05), database)
    training = Thread(target=keep_training, args=(trainer,))
    training.start()
    try:
        wait_until(lambda: caplog.text.count("retraining failed") >= 2, what="it has tried twice")
    finally:
        trainer.stop.set()
        training.join()
