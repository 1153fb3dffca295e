"""newsgate's database as a measurement looks at it from outside, while something goes wrong."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, text

from benchmarks.shared.processes import BenchmarkError
from newsgate.db.audit import audit
from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.db.workers import split_name

UNDER_WAY: Final = "select count(*) from runs where state <> 'done'"
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Watched(ABC):
    """A place where newsgate runs. folder: of its files and logs."""

    database: Database
    folder: Path

    @abstractmethod
    def enqueue(self, file: Path) -> int:
        """Enqueue a file and return its batch. Raises BenchmarkError where that fails."""

    def chunks_done(self) -> dict[str, int]:
        """How many chunks each host has classified so far."""
        counted = select(chunks.c.worker, func.count()).where(chunks.c.state == "done").group_by(chunks.c.worker)
        with self.database.read() as connection:
            found: dict[str, int] = {}
            for worker, count in connection.execute(counted):
                host = split_name(worker)[0]
                found[host] = found.get(host, 0) + count
        return found

    def count(self, query: str) -> int:
        """The number that a query gives."""
        with self.database.read() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def wait_until_done(self, *, seconds: float, under_way: str = UNDER_WAY) -> None:
        """Wait until no run is under way. Raises BenchmarkError where that takes longer."""
        deadline = time.monotonic() + seconds
        while self.count(under_way):
            if time.monotonic() > deadline:
                raise BenchmarkError(f"the work did not end within {seconds:g} s; the logs: {self.folder}")
            time.sleep(_POLL_SECONDS)

    def lost_and_doubled(self, *, rows: int) -> tuple[int, int]:
        """Of so many rows that were acknowledged: those without a verdict, and verdicts that are too many."""
        stood = self.count("select count(*) from results where label is not null or error is not null")
        single = self.count('select count(*) from (select distinct batch, "row" from results) r')
        # A row may stand twice in a batch, or its whole file in two batches.
        return max(0, rows - single), (stood - single) + max(0, single - rows)

    def broken_invariants(self) -> list[str]:
        """What the audit finds."""
        with self.database.read() as connection:
            return [f"{found.invariant}: {found.offenders[0]}" for found in audit(connection) if not found.holds]
