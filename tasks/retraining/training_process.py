"""The process that trains, started by a trainer and gone when it is done.

TensorFlow is loaded here and nowhere else, in a process that never forks, at a lower priority than the workers'.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from typing import NoReturn

from newsgate.db.jobs import JobClaim, JobFencedError, end_job, job_record
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.retraining.retrain import RETRAIN_JOB, retrain
from newsgate.tasks.running.open_database import open_database
from newsgate.tasks.running.process import EXIT_ORPHANED, set_up_logging
from newsgate.worker.settings import load_settings

log = logging.getLogger("newsgate.trainer")

_NICENESS = 10
EXIT_FAILED = 1
EXIT_FENCED = 3


def main() -> int:
    """Do the training that the command line names; the trainer has taken the job already."""
    os.nice(_NICENESS)
    threading.Thread(target=_end_with_the_trainer, daemon=True).start()
    told = _arguments()
    settings = load_settings()
    set_up_logging(settings)
    database = open_database(settings)
    claim = _claim(database, told)
    try:
        retrain(claim, settings=settings, database=database)
    except JobFencedError as fenced:
        log.warning("%s", fenced)
        return EXIT_FENCED
    except Exception as error:  # noqa: BLE001 - whatever it is, it is why this attempt failed, and is recorded
        _fail(database, claim, error=error)
        return EXIT_FAILED
    finally:
        database.close()
    return 0


def _claim(database: Database, told: argparse.Namespace) -> JobClaim:
    with database.read() as connection:
        record = job_record(connection, RETRAIN_JOB, period=told.period)
    return JobClaim(RETRAIN_JOB, told.period, told.attempt, told.worker, record.outcome if record else {})


def _fail(database: Database, claim: JobClaim, *, error: Exception) -> None:
    if isinstance(error, NewsgateError):
        log.error("retraining of %s failed: %s", claim.period, error)
    else:
        log.error("retraining of %s failed", claim.period, exc_info=error)
    reason = str(error) if isinstance(error, NewsgateError) else f"{type(error).__name__}: {error}"
    try:
        with database.write() as connection:
            record = job_record(connection, claim.job, period=claim.period)
            outcome = {**(record.outcome if record else {}), "reason": " ".join(reason.split())[:1000]}
            end_job(connection, claim, state="failed", outcome=outcome)
    except NewsgateError as also:
        log.warning("%s", also)


def _end_with_the_trainer() -> NoReturn:
    # Standard input is a pipe that the trainer holds and never writes to.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(EXIT_ORPHANED)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m newsgate.tasks.retraining.training_process", description=__doc__)
    parser.add_argument("--period", required=True)
    parser.add_argument("--attempt", type=int, required=True)
    parser.add_argument("--worker", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
