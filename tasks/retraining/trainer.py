"""The trainer: finds out that retraining is due, takes the job, and has a freshly spawned process do it.

The trainer itself stays small and never loads TensorFlow. A ring from the broker only wakes it; it also looks by
itself, so with the broker gone retraining begins a little later, and with many trainers one of them does it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from newsgate.db.errors import DatabaseError
from newsgate.db.jobs import (
    JobClaim,
    JobFencedError,
    JobRecord,
    database_now,
    end_job,
    hand_back,
    job_record,
    renew_lease,
    running_job,
    take_job,
)
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.private_file import PRIVATE_UMASK
from newsgate.tasks.metrics.server import serving_metrics
from newsgate.tasks.retraining.newer_champion import NewerChampions
from newsgate.tasks.retraining.retrain import RETRAIN_JOB, too_few_labels
from newsgate.tasks.retraining.trainer_rings import wait_for_rings
from newsgate.tasks.running.heartbeat import Heartbeat
from newsgate.tasks.running.open_database import ensure_champion, wait_for_database
from newsgate.tasks.running.process import begin_program
from newsgate.tasks.running.retraining_recipe import recipe_of
from newsgate.tasks.running.schema_watch import SchemaWatch
from newsgate.training.optional_libraries import require_training_libraries
from newsgate.worker.crontab import period_at, retraining_crontab
from newsgate.worker.health import HealthFile, Pulse
from newsgate.worker.log_format import about
from newsgate.worker.settings import Settings
from newsgate.worker.tally import TALLY, TRAININGS

log = logging.getLogger("newsgate.trainer")

_POLL_SECONDS = 0.2
# A lease is renewed this often in its length, so that a slow database now and then costs nothing.
_RENEWALS_A_LEASE = 4
# What may pass between a signal and `stop`: the broker's consumer ends first.
_STOP_SECONDS = 10.0
# What a trainer may wait for a database, beside its pause between two looks.
_PATIENCE_SECONDS = 60.0


class TrainingUnderWayError(NewsgateError):
    """Somebody else is training at this moment."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """What retraining needs. stop: set when the process is to end; rung: set when there may be something to do.

    pulse: beats with every look, and while a training is watched.
    """

    settings: Settings
    database: Database
    worker: str
    stop: threading.Event
    rung: threading.Event
    pulse: Pulse
    schema: SchemaWatch
    newer_champions: NewerChampions = field(default_factory=NewerChampions)


def run_trainer(settings: Settings, *, parent: int | None = None) -> None:
    """Retrain whenever it is due, until told to stop (SIGTERM, SIGINT); a training under way is then handed back.

    parent: the process that started this one, where it must not outlive it.
    """
    begin_program(settings, name="trainer", parent=parent)
    stop = threading.Event()
    require_training_libraries()
    # What cannot be is refused now, and not at night.
    retraining_crontab(settings)
    recipe_of(settings)
    # One that `newsgate up` has started does not end with a database that is away: it would be given up.
    database = wait_for_database(settings, part="trainer", however_long=parent is not None)
    ensure_champion(database)
    # As if told to stop. Started again, it waits for a database that it understands.
    schema = SchemaWatch(database, part="trainer", on_newer=lambda: os.kill(os.getpid(), signal.SIGTERM))
    trainer = replace(make_trainer(settings, database), stop=stop, schema=schema)
    training = threading.Thread(target=keep_training, args=(trainer,), name="training", daemon=True)
    training.start()
    try:
        with (
            serving_metrics(settings, database, part="trainer", with_drift=True),
            Heartbeat(database, name=trainer.worker, kind="trainer"),
            HealthFile(settings, part="trainer", look=trainer.pulse.state),
        ):
            try:
                log.info("ready: retraining at %r, database %s", settings.retrain_crontab, database.display_url)
                wait_for_rings(settings, name=f"trainer-{trainer.worker}", rung=trainer.rung)
            finally:
                trainer.stop.set()
                trainer.rung.set()
                training.join()
    finally:
        database.close()


def retrain_by_hand(trainer: Trainer, *, force: bool) -> JobRecord:
    """Do now what the schedule does periodically, in a period of its own; `force`: however few new labels there are.

    Raises TrainingUnavailableError, TrainingUnderWayError.
    """
    require_training_libraries()
    recipe_of(trainer.settings)
    with trainer.database.write() as connection:
        now = database_now(connection)
        period = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03} by hand"
        claim = _take(connection, trainer, period=period)
        if claim is None:
            other = running_job(connection, RETRAIN_JOB)
            raise TrainingUnderWayError(
                f"{other.worker} is training already" if other else "another training began at the same moment",
                remedy="Wait for it; `newsgate models` shows what comes of it",
            )
    _do(claim, trainer, force=force)
    with trainer.database.read() as connection:
        record = job_record(connection, RETRAIN_JOB, period=period)
    assert record is not None  # noqa: S101 - the row was made above, and rows of jobs are never deleted
    return record


def retrain_if_due(trainer: Trainer) -> bool:
    """Do the retraining of the present period, if nobody did or does it; gives whether it was taken up.

    One that would begin with a champion of a newer newsgate is left to newer trainers.
    """
    if trainer.newer_champions.look(trainer.database):
        return False
    with trainer.database.write() as connection:
        period = period_at(database_now(connection), crontab=retraining_crontab(trainer.settings))
        claim = _take(connection, trainer, period=period)
    if claim is None:
        return False
    log.info("retraining of %s, attempt %d", claim.period, claim.attempt)
    _do(claim, trainer, force=False)
    return True


def make_trainer(settings: Settings, database: Database) -> Trainer:
    """The parts that retraining needs."""
    return Trainer(
        settings=settings,
        database=database,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        stop=threading.Event(),
        rung=threading.Event(),
        pulse=Pulse(limit_seconds=settings.training_sweep_seconds + _PATIENCE_SECONDS),
        schema=SchemaWatch(database, part="trainer", on_newer=lambda: None),
    )


def keep_training(trainer: Trainer) -> None:
    """Retrain whenever it is due, until `trainer.stop`: at a ring, or after a pause.

    Ends where the database has become that of a newer newsgate.
    """
    while not trainer.stop.is_set():
        trainer.pulse.beat()
        if trainer.schema.look():
            return
        try:
            retrain_if_due(trainer)
        except DatabaseError as error:
            # Nothing can be done without the database; it is asked again at the next turn.
            log.warning("%s", error)
        except Exception:
            if trainer.schema.look():
                return
            # Whatever it is, a trainer that goes on without this would hear every ring and never train.
            log.exception("retraining failed")
        trainer.rung.wait(trainer.settings.training_sweep_seconds)
        trainer.rung.clear()


def _take(connection: Any, trainer: Trainer, *, period: str) -> JobClaim | None:
    return take_job(
        connection,
        RETRAIN_JOB,
        period=period,
        worker=trainer.worker,
        lease_seconds=trainer.settings.training_lease_seconds,
        max_attempts=trainer.settings.training_attempts,
    )


def _do(claim: JobClaim, trainer: Trainer, *, force: bool) -> None:
    if not force and _skip(claim, trainer):
        return
    try:
        with about(period=claim.period, attempt=claim.attempt):
            fault = _train_in_own_process(claim, trainer)
    except BaseException:
        _let_go(claim, trainer)
        raise
    if not trainer.stop.is_set():
        TALLY.add(TRAININGS, outcome="done" if fault is None else "failed")
    if fault is not None:
        _fail(claim, trainer, reason=fault)
    elif trainer.stop.is_set():
        _let_go(claim, trainer)


def _skip(claim: JobClaim, trainer: Trainer) -> bool:
    with trainer.database.write() as connection:
        why = too_few_labels(connection, needed=trainer.settings.retrain_min_labels)
        if why is None:
            return False
        end_job(connection, claim, state="skipped", outcome=why)
    log.info("retraining of %s is skipped: %s", claim.period, why["reason"])
    return True


def _train_in_own_process(claim: JobClaim, trainer: Trainer) -> str | None:
    """Run the training process to its end; gives why it failed, None where it ended well or was told to stop."""
    process = subprocess.Popen(
        _command(claim),
        # Never written to: when this process is gone, however it ended, the other one reads its end and goes too.
        stdin=subprocess.PIPE,
        # Data of a command goes to standard output, and nothing of this is data.
        stdout=sys.stderr.fileno(),
        env={**os.environ, **_limits(trainer.settings)},
        start_new_session=True,
        umask=PRIVATE_UMASK,
    )
    try:
        return watch(process, claim, trainer)
    finally:
        _end_group(process)


def watch(process: subprocess.Popen[bytes], claim: JobClaim, trainer: Trainer) -> str | None:
    """Renew the lease until the training process ends, or need not go on; gives why it failed, else None."""
    settings = trainer.settings
    began = time.monotonic()
    renewed = began
    while True:
        trainer.pulse.beat()
        try:
            code = process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return None if code == 0 or _is_told_to_stop(code, trainer) else f"the training process ended with {code}"
        now = time.monotonic()
        if trainer.stop.is_set():
            return None
        if now - began > settings.training_seconds:
            return f"training took longer than {settings.training_seconds:g} s"
        if now - renewed > settings.training_lease_seconds / _RENEWALS_A_LEASE:
            renewed = now
            if not _renew(claim, trainer):
                return None


def _is_told_to_stop(code: int, trainer: Trainer) -> bool:
    # A service manager tells all processes of a unit at once, and this one needs a moment to take it in.
    return code == -signal.SIGTERM and trainer.stop.wait(_STOP_SECONDS)


def _renew(claim: JobClaim, trainer: Trainer) -> bool:
    try:
        with trainer.database.write() as connection:
            held = renew_lease(connection, claim, lease_seconds=trainer.settings.training_lease_seconds)
            record = None if held else job_record(connection, claim.job, period=claim.period)
    except DatabaseError as error:
        # The training goes on: whether it may write its result is decided when it does.
        log.warning("%s", error)
        return True
    if record is not None and record.finished_at is not None and record.attempt == claim.attempt:
        # The process has stored its result, and is about to end: TensorFlow takes some time to go.
        return True
    if not held:
        log.warning("the retraining of %s is not this trainer's any more", claim.period)
    return held


def _fail(claim: JobClaim, trainer: Trainer, *, reason: str) -> None:
    # Where the process said itself what went wrong, that stands and this is too late.
    try:
        with trainer.database.write() as connection:
            record = job_record(connection, claim.job, period=claim.period)
            outcome: Mapping[str, Any] = record.outcome if record else {}
            end_job(connection, claim, state="failed", outcome={**outcome, "reason": reason})
    except JobFencedError:
        return
    log.error("retraining of %s failed: %s", claim.period, reason)


def _let_go(claim: JobClaim, trainer: Trainer) -> None:
    try:
        with trainer.database.write() as connection:
            hand_back(connection, claim)
    except DatabaseError as error:
        # The lease then runs out by itself.
        log.warning("%s", error)


def _command(claim: JobClaim) -> list[str]:
    told = ("--period", claim.period, "--attempt", str(claim.attempt), "--worker", claim.worker)
    # -P: a folder `tasks` where the person happens to be is not ours.
    return [sys.executable, "-P", "-m", "newsgate.tasks.retraining.training_process", *told]


def _limits(settings: Settings) -> dict[str, str]:
    threads = str(settings.effective_training_threads)
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "RAYON_NUM_THREADS")
    return {**dict.fromkeys(names, threads), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _end_group(process: subprocess.Popen[bytes]) -> None:
    # The whole group: nothing a training started may go on after it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
