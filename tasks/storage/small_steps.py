"""Deleting much beside work that goes on: in small transactions, with time between them for everybody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Connection

from newsgate.db.session import Database

Result = TypeVar("Result")

STEP_ROWS = 1000
_LONGEST_PAUSE_SECONDS = 0.05


def step_by_step(database: Database, step: Callable[[Connection], Result | None]) -> Iterator[Result]:
    """What each call of `step` gives, each in a transaction of its own, until one gives nothing."""
    while True:
        began = time.monotonic()
        with database.write() as connection:
            done = step(connection)
        if not done:
            return
        yield done
        # SQLite lets in whoever asks first, and others ask now and then only.
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE_SECONDS))
