"""How fast is a worker? Copied from the table of `workers`; and the form of all rates that `simulate` rests on.

They stand in benchmarks/results/rates.json. `database_costs` measures there what a row costs SQLite and PostgreSQL, and
`program_costs` reading, memory and messages. Each overwrites its section, with when and where that was.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from benchmarks.shared.processes import ROOT, BenchmarkError

RATES: Final = ROOT / "benchmarks" / "results" / "rates.json"
_PAGE: Final = ROOT / "docs" / "performance.md"


def run(_options: argparse.Namespace) -> None:
    """Copy the worker's rate from docs/performance.md."""
    overwrite_rates(worker=worker_rate(_PAGE.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that a step takes for a chunk: some whatever its rows are, and some for each of them."""

    fixed_seconds: float
    row_seconds: float

    def of(self, rows: float) -> float:
        """Return the seconds for a chunk of `rows`."""
        return self.fixed_seconds + rows * self.row_seconds

    def __add__(self, other: Duration) -> Duration:
        """Return what both steps take, one after the other."""
        return Duration(self.fixed_seconds + other.fixed_seconds, self.row_seconds + other.row_seconds)

    def __truediv__(self, times: float) -> Duration:
        """Return what something `times` as fast takes."""
        return Duration(self.fixed_seconds / times, self.row_seconds / times)


@dataclass(frozen=True, slots=True)
class WorkerRate:
    """One worker on chunks that all wait already; rows_per_second: of all its threads, a core each."""

    rows_per_second: float
    threads: int
    made: str

    @property
    def rows_per_second_a_core(self) -> float:
        """Rows a second that each core adds."""
        return self.rows_per_second / self.threads


@dataclass(frozen=True, slots=True)
class DatabaseCosts:
    """What a database does for a chunk, one transaction after another over one connection.

    store: the rows and the chunk, by `enqueue`. claim, load, commit: by the worker; the last with all verdicts.
    table_bytes, index_bytes: a row, by table; what is not measured apart stands under `other`. log_bytes: what goes
    through PostgreSQL's write-ahead log for a row; 0 for SQLite, where that was not measured.
    """

    store: Duration
    claim: Duration
    load: Duration
    commit: Duration
    table_bytes: Mapping[str, float]
    index_bytes: Mapping[str, float]
    log_bytes: float
    text_bytes: float
    made: str

    @property
    def bytes_a_row(self) -> float:
        """Bytes on the disk for a row that has its verdict, tables and indexes."""
        return sum(self.table_bytes.values()) + sum(self.index_bytes.values())

    @property
    def writing(self) -> Duration:
        """Everything that writes for a chunk: on SQLite one at a time, whoever asks."""
        return self.store + self.claim + self.commit

    def times_as_fast(self, times: float) -> DatabaseCosts:
        """Return the costs of a database `times` as fast, with as many bytes."""
        durations = {name: getattr(self, name) / times for name in ("store", "claim", "load", "commit")}
        return replace(self, **durations)


@dataclass(frozen=True, slots=True)
class ProgramCosts:
    """What the programs beside the database need.

    read_row_seconds: of `enqueue`, to read a row. messages_per_second: that one process sends, one at a time.
    worker_bytes: resident, of a worker with `worker_threads`. message_bytes: in the broker, for a message that waits.
    """

    read_row_seconds: float
    messages_per_second: float
    message_bytes: float
    worker_bytes: float
    worker_threads: int
    made: str


@dataclass(frozen=True, slots=True)
class Rates:
    """All that was measured."""

    worker: WorkerRate
    sqlite: DatabaseCosts
    postgresql: DatabaseCosts
    programs: ProgramCosts


_FORMAT: Final = TypeAdapter(Rates)


def read_rates(path: Path = RATES) -> Rates:
    """Return what the file holds. Raises BenchmarkError where it is missing or has another form."""
    try:
        return _FORMAT.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BenchmarkError(f"{path} holds no rates: {error}") from error


def overwrite_rates(path: Path = RATES, **sections: Any) -> None:
    """Put newly measured sections into the file; the others stay. Raises BenchmarkError."""
    path.write_bytes(_FORMAT.dump_json(replace(read_rates(path), **sections), indent=1) + b"\n")


def worker_rate(page: str) -> WorkerRate:
    """Return the median rate of one worker with one thread, from docs/performance.md. Raises BenchmarkError."""
    _, _, table = page.partition("<!-- workers: begin -->")
    table, _, _ = table.partition("<!-- workers: end -->")
    row = re.search(r"^\| 1 \| 1 \| ([\d .]+) \|", table, re.MULTILINE)
    if row is None:
        raise BenchmarkError(f"no figures of one worker with one thread in {_PAGE}")
    return WorkerRate(float(row[1].replace(" ", "")), threads=1, made=table.strip().rsplit("\n", 1)[-1])
