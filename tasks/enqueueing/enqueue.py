"""Enqueue: the rows of a file into the database, chunk by chunk, each committed before its doorbell is rung.

Killed at any moment and run again with the same file, it goes on after the last committed row, so that each row is
stored exactly once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from newsgate.db.batches import (
    AcceptedRow,
    Loading,
    NewBatch,
    RefusedRow,
    add_rows,
    batch_layout,
    batch_runs,
    batch_status,
    cancel_run,
    create_batch,
    find_batches,
    finish_loading,
    forget_file,
    one_file_at_a_time,
    queued_chunks,
    repeated_ids,
    resume_loading,
)
from newsgate.db.errors import NoSuchBatchError
from newsgate.db.labels import add_labels, text_hash
from newsgate.db.models import choose_model
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, asked_run, what_is_left
from newsgate.tasks.reading import FileChangedError, Layout, ReadOptions, Rejected, Row, Source, open_source
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings, prepare_home


class EnqueueInterruptedError(KeyboardInterrupt):
    """Ctrl-C came after some of the file was stored: `batch` holds `items` rows of it."""

    def __init__(self, batch: int, *, items: int) -> None:
        super().__init__()
        self.batch = batch
        self.items = items


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of a file: its batch and run, and how many of its rows were stored and refused.

    incomplete: the file itself is damaged, and some of its rows could not be read at all.
    """

    batch: int
    run: int
    model: int
    items: int
    rejected: int
    resumed: bool
    layout: Layout
    warnings: tuple[str, ...] = ()
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading is, in raw bytes of the file, and what came out so far."""

    position_bytes: int
    size_bytes: int
    items: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked to have enqueued. path `-` is standard input; model None is the champion."""

    path: str
    options: ReadOptions = field(default_factory=ReadOptions)
    name: str | None = None
    model: int | None = None
    again: bool = False


@dataclass(slots=True)
class _Block:
    """Rows that go into the database in one transaction."""

    accepted: list[AcceptedRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)
    chars: int = 0
    last_row: int = 0


def enqueue(
    request: Request,
    *,
    settings: Settings,
    database: Database,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Enqueued:
    """Store the rows of a file and ring the workers for each chunk.

    Raises ReadError for a file that cannot be read, AlreadyEnqueuedError or NeverMetModelError for one that was,
    NoSuchModelError, and for Ctrl-C EnqueueInterruptedError, or KeyboardInterrupt while nothing of the file is stored.
    """
    champion = ensure_champion(database)
    with open_source(request.path, spool_folder=prepare_home(settings) / "spool") as source:
        layout = source.layout(request.options)
        bell = Doorbell(settings)

        def store() -> Enqueued:
            start = _find_start(database, source, request=request, layout=layout, champion=champion)
            if start.complete is None:
                return _load(
                    source, layout, start=start, settings=settings, database=database, bell=bell, tell=progress
                )
            _ring_again(database, bell, start.complete.run)
            return start.complete

        try:
            done = store()
        except _EnqueuedMeanwhileError:
            # Nothing of this one is stored. What it read is dropped: the other batch may hold more of the file by now.
            done = store()
        finally:
            bell.close()
        return replace(done, warnings=(*bell.warnings(), *source.warnings, *done.warnings))


@dataclass(frozen=True, slots=True)
class _Start:
    """Where loading begins: a new batch, one to go on with, or one that is loaded and only waits for workers."""

    request: Request
    batch: int | None
    model: int
    new: NewBatch
    complete: Enqueued | None = None


class _EnqueuedMeanwhileError(Exception):
    """Another enqueue of the same file made its batch while this one read its first rows."""


def _find_start(database: Database, source: Source, *, request: Request, layout: Layout, champion: int) -> _Start:
    new = _describe(request, source, layout)
    with database.read() as connection:
        model = choose_model(connection, request.model or champion)
        earlier = _find_earlier(connection, new, request)
    if earlier is None:
        return _Start(request, batch=None, model=model, new=new)
    return _resume(database, earlier, request=request, source=source, layout=layout)


def _describe(request: Request, source: Source, layout: Layout) -> NewBatch:
    return NewBatch(
        name=request.name or source.name,
        sha256=source.sha256,
        size_bytes=source.size_bytes,
        layout=_layout_json(layout),
    )


def _layout_json(layout: Layout) -> str:
    """What decides how the rows are read, and so whether two enqueues of a file are the same."""
    return json.dumps(
        {
            "format": layout.format,
            "encoding": layout.encoding,
            "delimiter": layout.delimiter,
            "text_columns": layout.text_columns,
            "id_column": layout.id_column,
            "label_column": layout.label_column,
        },
        sort_keys=True,
    )


def _find_earlier(connection: Connection, new: NewBatch, request: Request) -> int | None:
    """The newest batch of the file; where it is enqueued again, the newest that an interrupted enqueue left behind."""
    for batch in find_batches(connection, new.sha256):
        if batch_layout(connection, batch) != new.layout:
            continue
        status = batch_status(connection, batch)
        left_behind = not status.loaded and not status.finished and request.model in (None, status.model)
        if left_behind or not request.again:
            return batch
    return None


def _create(connection: Connection, start: _Start) -> Loading:
    """Make the new batch. Raises _EnqueuedMeanwhileError where another enqueue of the file was faster."""
    if not start.request.again:
        one_file_at_a_time(connection, start.new.sha256)
        if _find_earlier(connection, start.new, start.request) is not None:
            raise _EnqueuedMeanwhileError
    return create_batch(connection, start.new, model=start.model)


def _resume(database: Database, batch: int, *, request: Request, source: Source, layout: Layout) -> _Start:
    with database.read() as connection:
        runs = batch_runs(connection, batch)
    status = asked_run(runs, model=request.model, name=source.name)
    # A cancelled run can go on only when its file is stored to its end.
    if status.loaded and status.finished:
        source.look_for_damage()
        raise AlreadyEnqueuedError(
            status,
            name=source.name,
            remedy=what_is_left(status, is_latest=status.run == runs[0].run),
            warnings=source.warnings,
            incomplete=source.incomplete,
        )
    new = NewBatch(name=status.name, sha256=status.sha256, size_bytes=0, layout="")
    if not status.loaded:
        return _Start(request, batch=batch, model=status.model, new=new)
    source.look_for_damage()
    complete = Enqueued(
        batch=batch,
        run=status.run,
        model=status.model,
        items=status.total,
        rejected=status.rejected,
        resumed=True,
        layout=layout,
        incomplete=source.incomplete,
    )
    return _Start(request, batch=batch, model=status.model, new=new, complete=complete)


def _load(
    source: Source,
    layout: Layout,
    *,
    start: _Start,
    settings: Settings,
    database: Database,
    bell: Doorbell,
    tell: Callable[[Progress], None],
) -> Enqueued:
    loading: Loading | None = None
    by = f"file:{start.new.name}"
    try:
        if start.batch is not None:
            loading = _take_over(database, start.batch)
        after_row = loading.last_row if loading else 0
        items, rejected = (loading.accepted, loading.rejected) if loading else (0, 0)
        for block in _blocks(source.rows(layout, after_row=after_row), settings):
            # What a power cut undoes is read again; nobody is told that the file is stored before the last commit.
            with database.write(synced=False) as connection:
                if loading is None:
                    loading = _create(connection, start)
                chunk = add_rows(
                    connection,
                    loading,
                    accepted=block.accepted,
                    refused=block.refused,
                    last_row=block.last_row,
                )
                add_labels(connection, block.labels, labelled_by=by, chosen="file")
            if chunk is not None:
                bell.ring([chunk])
            items += len(block.accepted)
            rejected += len(block.refused)
            tell(Progress(source.position_bytes, source.size_bytes, items, rejected))
        if loading is None:
            raise AssertionError("a source without rows raises before this")
        with database.write() as connection:
            finish_loading(connection, loading)
        if start.batch is not None:
            _ring_again(database, bell, loading.run)
        return Enqueued(
            batch=loading.batch,
            run=loading.run,
            model=loading.model,
            items=items,
            rejected=rejected,
            resumed=start.batch is not None,
            layout=layout,
            warnings=(
                *_cancellation_warning(database, loading.batch),
                *_repetition_warning(database, loading.batch, layout),
            ),
            incomplete=source.incomplete,
        )
    except FileChangedError:
        if loading is not None:
            with database.write() as connection:
                cancel_run(connection, loading.run)
                # Its rows may be of no one file, so no enqueue of that file may go on with them.
                forget_file(connection, loading.batch)
        raise
    except KeyboardInterrupt:
        raise _interrupted(database, loading.batch if loading else start.batch) from None


def _interrupted(database: Database, batch: int | None) -> KeyboardInterrupt:
    """What Ctrl-C means now: whether the commit under way came through, only the database knows."""
    if batch is None:
        return KeyboardInterrupt()
    try:
        with database.read() as connection:
            return EnqueueInterruptedError(batch, items=batch_status(connection, batch).total)
    except NoSuchBatchError:
        return KeyboardInterrupt()


def _take_over(database: Database, batch: int) -> Loading:
    with database.write() as connection:
        return resume_loading(connection, batch)


def _blocks(rows: Iterable[Row | Rejected], settings: Settings) -> Iterator[_Block]:
    chunk_rows, chunk_chars = settings.chunk_rows, settings.chunk_chars
    block = _Block()
    for each in rows:
        if isinstance(each, Rejected):
            block.refused.append(RefusedRow(each.row, each.reason, each.raw))
        else:
            row, external_id, text, label = each
            block.accepted.append(AcceptedRow(row, external_id, text, text_hash(text)))
            block.chars += len(text)
            if label is not None:
                block.labels.append((text, label))
        block.last_row = each.row
        if block.chars >= chunk_chars or len(block.accepted) >= chunk_rows or len(block.refused) >= chunk_rows:
            yield block
            block = _Block()
    if block.last_row:
        yield block


def _ring_again(database: Database, bell: Doorbell, run: int) -> None:
    with database.read() as connection:
        waiting = queued_chunks(connection, run)
    bell.ring(waiting)


def _cancellation_warning(database: Database, batch: int) -> tuple[str, ...]:
    with database.read() as connection:
        state = batch_status(connection, batch).state
    return (f"batch {batch} is cancelled: `newsgate requeue {batch}` takes that back",) if state == "cancelled" else ()


def _repetition_warning(database: Database, batch: int, layout: Layout) -> tuple[str, ...]:
    if layout.id_column is None:
        return ()
    with database.read() as connection:
        repeated = repeated_ids(connection, batch)
    if not repeated:
        return ()
    return (f"{repeated} rows repeat an id of column {layout.id_column!r}; each has a verdict of its own",)
