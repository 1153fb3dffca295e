"""Which workers and trainers live, and what each has in hand.

Each says every few seconds that it lives, in a row of its own. That row decides nothing: who may work on a chunk is
decided by the chunk's lease alone. It is there for people, who cannot see an idle worker anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Select, delete, insert, or_, select, update

from newsgate.db.jobs import database_now
from newsgate.db.leases import holds, is_ahead
from newsgate.db.tables import batches, chunks, runs
from newsgate.db.turns import front_of_line
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import jobs, workers

Kind = Literal["worker", "trainer"]
Told = TypeVar("Told")

# A little over two times it should have said something, so that a slow database now and then means nothing.
SILENT_AFTER_SECONDS: Final = 25.0
# Then nobody looks for it any more.
FORGOTTEN_AFTER_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class WorkerName:
    """A process that works. name: as it stands in `chunks.worker` and `jobs.worker`, host and process with a colon."""

    name: str
    kind: Kind
    version: str

    @property
    def host(self) -> str:
        """The host it runs on."""
        return split_name(self.name)[0]

    @property
    def process(self) -> int:
        """The number of its process there."""
        return split_name(self.name)[1]


@dataclass(frozen=True, slots=True)
class ChunkInHand:
    """A chunk that somebody works on. since: when the attempt began."""

    chunk: int
    batch: int
    file: str
    run: int
    model: int
    attempt: int
    first_row: int
    last_row: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ChunkAhead:
    """A chunk that waits, and that somebody has taken ahead (`db.reservations`). until: so long it is kept for it."""

    chunk: int
    batch: int
    file: str
    run: int
    model: int
    first_row: int
    last_row: int
    until: datetime


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """One that works, or did until lately.

    version, started_at, seen_at: None of one that only its leases tell of: it is of an older newsgate, or a command.
    silent_seconds: since it was seen last, None likewise. training: the period of the retraining that it does.
    ahead: what it has not begun yet.
    """

    name: str
    kind: Kind
    host: str
    process: int
    version: str | None
    started_at: datetime | None
    seen_at: datetime | None
    silent_seconds: float | None
    chunks: tuple[ChunkInHand, ...]
    training: str | None
    ahead: tuple[ChunkAhead, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether it has missed its time to say that it lives."""
        return self.silent_seconds is not None and self.silent_seconds > SILENT_AFTER_SECONDS

    @property
    def is_working(self) -> bool:
        """Whether it has something in hand."""
        return bool(self.chunks or self.ahead) or self.training is not None


def say_hello(connection: Connection, worker: WorkerName) -> datetime:
    """Enter a worker that has just begun; gives when that was. Those that nobody looks for any more are removed."""
    long_gone = workers.c.seen_at < database_time(-FORGOTTEN_AFTER_SECONDS)
    # A process number comes again.
    connection.execute(
        delete(workers).where(or_(workers.c.name == worker.name, long_gone, is_ahead(workers.c.seen_at)))
    )
    entered = insert(workers).values(**_columns(worker), started_at=database_time(), seen_at=database_time())
    began: datetime = connection.execute(entered.returning(workers.c.started_at)).scalar_one()
    return began


def say_alive(connection: Connection, worker: WorkerName, *, began: datetime) -> None:
    """Say that a worker lives; one that was removed meanwhile is entered again."""
    seen = update(workers).where(workers.c.name == worker.name).values(seen_at=database_time())
    if connection.execute(seen).rowcount != 1:
        connection.execute(insert(workers).values(**_columns(worker), started_at=began, seen_at=database_time()))


def say_goodbye(connection: Connection, worker: WorkerName) -> None:
    """Remove a worker that ends in good order."""
    connection.execute(delete(workers).where(workers.c.name == worker.name))


def seen_workers(connection: Connection) -> list[SeenWorker]:
    """All that live, and those that fell silent a short time ago, in the order in which they began.

    After them those that only a lease tells of.
    """
    now = database_now(connection)
    in_hand = _chunks_in_hand(connection)
    ahead = _chunks_ahead(connection)
    training = _trainings(connection)
    lately = workers.c.seen_at >= database_time(-FORGOTTEN_AFTER_SECONDS)
    query = select(workers).where(lately, ~is_ahead(workers.c.seen_at)).order_by(workers.c.started_at, workers.c.name)
    told = [
        SeenWorker(
            **row._mapping,
            silent_seconds=max((now - row.seen_at).total_seconds(), 0.0),
            chunks=tuple(in_hand.pop(row.name, ())),
            training=training.pop(row.name, None),
            ahead=tuple(ahead.pop(row.name, ())),
        )
        for row in connection.execute(query)
    ]
    untold = [
        _of_its_leases(name, in_hand.get(name, ()), ahead.get(name, ()), training.get(name))
        for name in {**in_hand, **training, **ahead}
    ]
    return [*told, *untold]


def split_name(name: str) -> tuple[str, int]:
    """Host and process of a worker's name; process 0 where it has none."""
    host, _, process = name.rpartition(":")
    return (host, int(process)) if host and process.isascii() and process.isdigit() else (name, 0)


def _columns(worker: WorkerName) -> dict[str, Any]:
    return {
        "name": worker.name,
        "kind": worker.kind,
        "host": worker.host,
        "process": worker.process,
        "version": worker.version,
    }


def _of_its_leases(
    name: str, in_hand: Sequence[ChunkInHand], ahead: Sequence[ChunkAhead], training: str | None
) -> SeenWorker:
    host, process = split_name(name)
    return SeenWorker(
        name=name,
        kind="worker" if training is None else "trainer",
        host=host,
        process=process,
        version=None,
        started_at=None,
        seen_at=None,
        silent_seconds=None,
        chunks=tuple(in_hand),
        training=training,
        ahead=tuple(ahead),
    )


def _chunks_in_hand(connection: Connection) -> dict[str, list[ChunkInHand]]:
    query = _of_files(chunks, chunks.c.attempt, chunks.c.leased_at.label("since"))
    query = query.where(chunks.c.state == "running", holds(chunks)).order_by(chunks.c.id)
    return _by_worker(connection, query, ChunkInHand)


def _chunks_ahead(connection: Connection) -> dict[str, list[ChunkAhead]]:
    line = front_of_line(*chunks.c)
    query = _of_files(line, line.c.lease_until.label("until")).where(line.c.lease_until.is_not(None), holds(line))
    return _by_worker(connection, query.order_by(line.c.turn, line.c.id), ChunkAhead)


def _of_files(table: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    """What is told of chunks, whosever they are."""
    return select(
        table.c.id.label("chunk"),
        runs.c.batch_id.label("batch"),
        batches.c.name.label("file"),
        table.c.run_id.label("run"),
        runs.c.model,
        table.c.first_row,
        table.c.last_row,
        table.c.worker,
        *more,
    ).select_from(table.join(runs, runs.c.id == table.c.run_id).join(batches, batches.c.id == runs.c.batch_id))


def _by_worker(connection: Connection, query: Select[Any], kind: Callable[..., Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for row in connection.execute(query):
        told = {name: value for name, value in row._mapping.items() if name != "worker"}
        found.setdefault(row.worker, []).append(kind(**told))
    return found


def _trainings(connection: Connection) -> dict[str, str]:
    query = select(jobs.c.worker, jobs.c.period).where(jobs.c.state == "running", holds(jobs))
    return {row.worker: row.period for row in connection.execute(query)}
