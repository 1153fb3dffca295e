"""The rows of a file into the database, block by block: each in one transaction, alone or with those after it.

On PostgreSQL it is one statement where nothing but rows is stored: no labels, and not the batch itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import (
    AcceptedRow,
    Loading,
    RefusedRow,
    cancel_run,
    finish_loading,
    first_rows,
    forget_file,
    queued_chunks,
    repeated_ids,
    resume_loading,
)
from newsgate.db.errors import NoSuchBatchError
from newsgate.db.row_groups import RowsOfChunk, add_row_groups
from newsgate.db.session import Database
from newsgate.db.text_hashes import text_hash
from newsgate.model.languages import MOST_TEXTS, measure_languages
from newsgate.tasks.enqueueing.batch_start import BatchStart, create_batch_of
from newsgate.tasks.enqueueing.file_labels import FileLabels
from newsgate.tasks.enqueueing.request import Enqueued, EnqueueInterruptedError, Progress
from newsgate.tasks.enqueueing.text_sample import TextSample
from newsgate.tasks.reading import (
    FileChangedError,
    Keep,
    Layout,
    LeftOut,
    Rejected,
    Row,
    Source,
    columns_of,
    parse_columns,
)
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.tasks.reading import Said

# Of a block's other columns, which wait in memory. More than the texts' limit: only named columns reach it.
_MOST_COLUMN_CHARS = 33_554_432


@dataclass(slots=True)
class _Block(RowsOfChunk):
    """Rows that become one chunk, and what is stored with them.

    labels: as (text, label). judgements: as (text, what one person says), of the exports of tools. left_out: what the
    source had left out when they were read.
    """

    labels: list[tuple[str, str]] = field(default_factory=list)
    judgements: list[tuple[str, Said]] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    chars: int = 0
    column_chars: int = 0
    last_row: int = 0


def store_rows(
    source: Source,
    layout: Layout,
    *,
    start: BatchStart,
    settings: Settings,
    database: Database,
    bell: Doorbell,
    tell: Callable[[Progress], None],
) -> Enqueued:
    """Store the rows of a file that are not stored yet, and ring for each chunk once it is committed.

    Raises ReadError, EnqueuedMeanwhileError, LoaderSupersededError, and for Ctrl-C EnqueueInterruptedError, or
    KeyboardInterrupt while nothing of the file is stored.
    """
    storage = _Storage(source, layout, start=start, database=database, bell=bell)
    try:
        storage.take_over()
        with _storing(storage, database) as store:
            for block in _blocks(source.rows(storage.layout, after_row=storage.last_row), settings):
                block.left_out = source.left_out
                store(block)
                tell(Progress(source.position_bytes, source.size_bytes, storage.items, storage.rejected))
        return storage.finish()
    except FileChangedError:
        storage.give_up()
        raise
    except KeyboardInterrupt:
        raise storage.interruption() from None


@contextmanager
def _storing(storage: _Storage, database: Database) -> Iterator[Callable[[_Block], None]]:
    """What stores a block, and rings: at once on SQLite, and else in threads of their own, which end with this."""
    if database.is_sqlite:
        yield lambda block: storage.ring(storage.store([block]))
        return
    from concurrent.futures import ThreadPoolExecutor

    from newsgate.tasks.enqueueing.storing_thread import StoringThread

    # The broker may be as far away as the database.
    with ThreadPoolExecutor(1, thread_name_prefix="ringing") as ringing:

        def store(blocks: Sequence[_Block]) -> None:
            ringing.submit(storage.ring, storage.store(blocks))

        with StoringThread(store) as thread:
            yield thread.add


class _Storage:
    """One batch while it is loaded; from its first block on it holds the right to add rows (`Loading`)."""

    def __init__(
        self, source: Source, layout: Layout, *, start: BatchStart, database: Database, bell: Doorbell
    ) -> None:
        self._source = source
        self.layout = layout
        self._start = start
        self._database = database
        self._bell = bell
        self._labels = FileLabels(start.new.name)
        self._loading: Loading | None = None
        self._columns = columns_of(layout)
        self._left_out_before = LeftOut()
        self._left_out_rows = 0
        self._sample = TextSample()
        self.last_row = 0
        self.items = 0
        self.rejected = 0

    def take_over(self) -> None:
        """Where an earlier enqueue began, go on in its place; it can add no row from now on."""
        if self._start.batch is None:
            return
        from newsgate.db.other_columns import batch_columns

        with self._database.write() as connection:
            self._loading = resume_loading(connection, self._start.batch)
            self._sample.add(first_rows(connection, self._start.batch, limit=MOST_TEXTS))
            stored = batch_columns(connection, self._start.batch)
        # One batch's rows are kept alike, whatever is asked for now; an older newsgate kept no columns.
        keep: Keep = "none"
        if stored is not None:
            self._columns = parse_columns(stored)
            self._left_out_before = self._columns.left_out
            keep = self._columns.keep
        self.layout = replace(self.layout, keep=keep)
        self.last_row = self._loading.last_row
        self.items, self.rejected = self._loading.accepted, self._loading.rejected

    def store(self, blocks: Sequence[_Block]) -> list[int]:
        """Commit blocks of rows in one transaction, the first together with its batch; gives the chunks to ring for."""
        # What a power cut undoes is read again; nobody is told that the file is stored before the last commit.
        if self._loading is not None and self._are_rows_alone(blocks):
            chunks = self._store_at_once(self._loading, blocks)
        else:
            chunks = self._store_in_steps(blocks)
        for block in blocks:
            self._sample.add(block.accepted)
            self.items += len(block.accepted)
            self.rejected += len(block.refused)
        return chunks

    def _are_rows_alone(self, blocks: Sequence[_Block]) -> bool:
        """Whether nothing but rows is to be stored, on a server: that is one way there and back."""
        return (
            not self._database.is_sqlite
            and blocks[-1].left_out.rows == self._left_out_rows
            and not any(block.labels or block.judgements for block in blocks)
        )

    def _store_at_once(self, loading: Loading, blocks: Sequence[_Block]) -> list[int]:
        # What nobody needs whose database is SQLite.
        from newsgate.db.rows_at_once import add_rows_at_once

        with self._database.at_once() as connection:
            return add_rows_at_once(connection, loading, blocks, last_row=blocks[-1].last_row)

    def _store_in_steps(self, blocks: Sequence[_Block]) -> list[int]:
        with self._database.write(synced=False, in_a_row=True) as connection:
            if self._loading is None:
                self._loading = create_batch_of(connection, self._start)
            chunks = add_row_groups(connection, self._loading, blocks, last_row=blocks[-1].last_row)
            self._note_left_out(connection, self._loading.batch, blocks[-1].left_out)
            for block in blocks:
                if block.labels or block.judgements:
                    self._labels.store(connection, block.labels, block.judgements)
        return chunks

    def ring(self, chunks: Sequence[int]) -> None:
        """Ring for chunks that are committed."""
        self._bell.ring(chunks)

    def _note_left_out(self, connection: Connection, batch: int, left_out: LeftOut) -> None:
        """Remember which columns were too long to be kept, as soon as one was."""
        if left_out.rows != self._left_out_rows:
            from newsgate.db.other_columns import note_columns

            self._left_out_rows = left_out.rows
            columns = self._columns.without(left_out.and_earlier(self._left_out_before))
            note_columns(connection, batch, columns.as_json())

    def finish(self) -> Enqueued:
        """Commit that the file is stored to its end."""
        loading = self._loading
        if loading is None:
            raise AssertionError("a source without rows raises before this")
        languages = measure_languages(self._sample.texts).as_json() if self._sample.texts else None
        with self._database.write() as connection:
            finish_loading(connection, loading, languages=languages)
        resumed = self._start.batch is not None
        if resumed:
            ring_again(self._database, self._bell, loading.run)
        return Enqueued(
            batch=loading.batch,
            run=loading.run,
            model=loading.model,
            items=self.items,
            rejected=self.rejected,
            resumed=resumed,
            layout=self.layout,
            warnings=(
                *_cancellation_warning(self._database, loading.batch),
                *_repetition_warning(self._database, loading.batch, self.layout),
                *self._labels.warnings(),
            ),
            incomplete=self._source.incomplete,
        )

    def give_up(self) -> None:
        """Cancel the batch of a file that changed while it was read."""
        if self._loading is None:
            return
        with self._database.write() as connection:
            cancel_run(connection, self._loading.run)
            # Its rows may be of no one file, so no enqueue of that file may go on with them.
            forget_file(connection, self._loading.batch)

    def interruption(self) -> KeyboardInterrupt:
        """What Ctrl-C means now: whether the commit under way came through, only the database knows."""
        batch = self._loading.batch if self._loading else self._start.batch
        if batch is None:
            return KeyboardInterrupt()
        try:
            with self._database.read() as connection:
                return EnqueueInterruptedError(batch, items=batch_status(connection, batch).total)
        except NoSuchBatchError:
            return KeyboardInterrupt()


def ring_again(database: Database, bell: Doorbell, run: int) -> None:
    """Ring for every chunk of a run that waits."""
    with database.read() as connection:
        waiting = queued_chunks(connection, run)
    bell.ring(waiting)


def _blocks(rows: Iterable[Row | Rejected], settings: Settings) -> Iterator[_Block]:
    chunk_rows, chunk_chars = settings.chunk_rows, settings.chunk_chars
    block = _Block()
    for each in rows:
        if isinstance(each, Rejected):
            block.refused.append(RefusedRow(each.row, each.reason, each.raw, each.columns))
            columns = each.columns
        else:
            row, external_id, text, label, said, columns = each
            if columns is not None:
                block.columns[len(block.accepted)] = columns
            # As `AcceptedRow(…)` does it, in half the time.
            block.accepted.append(tuple.__new__(AcceptedRow, (row, external_id, text, text_hash(text))))
            block.chars += len(text)
            if said:
                block.judgements += [(text, each) for each in said]
            elif label is not None:
                block.labels.append((text, label))
        if columns is not None:
            block.column_chars += len(columns)
            if block.column_chars >= _MOST_COLUMN_CHARS:
                block.chars = chunk_chars
        block.last_row = each.row
        if block.chars >= chunk_chars or len(block.accepted) >= chunk_rows or len(block.refused) >= chunk_rows:
            yield block
            block = _Block()
    if block.last_row:
        yield block


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
