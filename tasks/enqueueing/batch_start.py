"""Where loading a file begins: with a new batch, or with one that an earlier enqueue of the same file has made."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from newsgate.db.batch_status import batch_runs, batch_status
from newsgate.db.batches import Loading, NewBatch, batch_layout, create_batch, find_batches, one_file_at_a_time
from newsgate.db.model_registry import choose_model
from newsgate.db.session import Database
from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, asked_run, what_is_left
from newsgate.tasks.enqueueing.request import Enqueued, Request
from newsgate.tasks.reading import Layout, Source, columns_of


@dataclass(frozen=True, slots=True)
class BatchStart:
    """Where loading begins: a new batch, one to go on with, or one that is loaded and only waits for workers."""

    request: Request
    batch: int | None
    model: int
    new: NewBatch
    complete: Enqueued | None = None


class EnqueuedMeanwhileError(Exception):
    """Another enqueue of the same file made its batch while this one read its first rows."""


def find_start(database: Database, source: Source, *, request: Request, layout: Layout, champion: int) -> BatchStart:
    """Find out what the database has of a file already.

    Raises AlreadyEnqueuedError, NeverMetModelError, RunCancelledError, NoSuchModelError.
    """
    new = _describe(request, source, layout)
    with database.read() as connection:
        model = choose_model(connection, request.model or champion)
        earlier = _find_earlier(connection, new, request)
    if earlier is None:
        return BatchStart(request, batch=None, model=model, new=new)
    return _resume(database, earlier, request=request, source=source, layout=layout)


def create_batch_of(connection: Connection, start: BatchStart) -> Loading:
    """Make the new batch. Raises EnqueuedMeanwhileError where another enqueue of the file was faster."""
    if not start.request.again:
        one_file_at_a_time(connection, start.new.sha256)
        if _find_earlier(connection, start.new, start.request) is not None:
            raise EnqueuedMeanwhileError
    loading = create_batch(connection, start.new, model=start.model)
    for target in start.request.notify:
        from newsgate.db.notifications import ask_for_notification

        ask_for_notification(connection, loading.run, target)
    return loading


def _describe(request: Request, source: Source, layout: Layout) -> NewBatch:
    return NewBatch(
        name=request.name or source.name,
        sha256=source.sha256,
        size_bytes=source.size_bytes,
        layout=_layout_json(layout),
        columns=columns_of(layout).as_json(),
        priority=request.priority,
    )


def _layout_json(layout: Layout) -> str:
    """What decides how the rows are read, and so whether two enqueues of a file are the same."""
    decisive: dict[str, object] = {
        "format": layout.format,
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "text_columns": layout.text_columns,
        "id_column": layout.id_column,
        "label_column": layout.label_column,
    }
    # What the file itself decides, and what earlier versions did not know, is left out.
    if layout.vocabulary is not None and layout.vocabulary.is_given:
        decisive["labels"] = layout.vocabulary.as_option()
    if layout.vocabulary is not None and layout.vocabulary.strict:
        decisive["labels_strict"] = True
    if layout.every_label is not None:
        decisive["every_label"] = layout.every_label
    rarer: dict[str, object] = {
        "text_fallbacks": layout.text_fallbacks,
        "quoting": "" if layout.quoting == "usual" else layout.quoting,
        "html": layout.is_html,
        "mended": layout.is_mended,
        "member": layout.member,
        "sheet": layout.sheet,
        "records": layout.records,
        "shape": "" if layout.shape == "objects" else layout.shape,
        # A second line is where the rows begin, unless somebody says that there is no header.
        "first_row": layout.first_row if layout.format == "csv" and layout.first_row == 1 else None,
    }
    decisive.update({name: value for name, value in rarer.items() if value})
    return json.dumps(decisive, sort_keys=True)


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


def _resume(database: Database, batch: int, *, request: Request, source: Source, layout: Layout) -> BatchStart:
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
        return BatchStart(request, batch=batch, model=status.model, new=new)
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
    return BatchStart(request, batch=batch, model=status.model, new=new, complete=complete)
