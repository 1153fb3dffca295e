"""Enqueue: the rows of a file into the database, chunk by chunk, each committed before its doorbell is rung.

Killed at any moment and run again with the same file, it goes on after the last committed row, so that each row is
stored exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import IO

from newsgate.db.session import Database
from newsgate.tasks.enqueueing.batch_start import EnqueuedMeanwhileError, find_start
from newsgate.tasks.enqueueing.request import Enqueued, Progress, Request, once_stored
from newsgate.tasks.enqueueing.store_rows import ring_again, store_rows
from newsgate.tasks.reading import labelled_layout, open_source, open_stream
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings, prepare_home


def enqueue(
    request: Request,
    *,
    settings: Settings,
    database: Database,
    progress: Callable[[Progress], None] = lambda _: None,
    stream: IO[bytes] | None = None,
) -> Enqueued:
    """Store the rows of a file and ring the workers for each chunk.

    stream: what is read in place of a file; `request.path` is then its name alone.

    Raises ReadError for a file that cannot be read, LabelValuesError where it is unclear what its labels say,
    AlreadyEnqueuedError or NeverMetModelError for one that was,
    NoSuchModelError, and for Ctrl-C EnqueueInterruptedError, or KeyboardInterrupt while nothing of the file is stored.
    """
    champion = ensure_champion(database)
    spool = prepare_home(settings) / "spool"
    opened = (
        open_source(request.path, spool_folder=spool)
        if stream is None
        else open_stream(stream, name=request.path, spool_folder=spool)
    )
    with opened as source:
        layout = labelled_layout(source, request.options)
        bell = Doorbell(settings)

        def store() -> Enqueued:
            start = find_start(database, source, request=request, layout=layout, champion=champion)
            if start.complete is None:
                return store_rows(
                    source, layout, start=start, settings=settings, database=database, bell=bell, tell=progress
                )
            ring_again(database, bell, start.complete.run)
            return start.complete

        try:
            done = store()
        except EnqueuedMeanwhileError:
            # Nothing of this one is stored. What it read is dropped: the other batch may hold more of the file by now.
            done = store()
        finally:
            bell.close()
        with once_stored(done.batch, items=done.items):
            if done.resumed and request.notify:
                from newsgate.db.notifications import ask_for_notification

                # Whoever asks now asks about a batch that was there.
                with database.write() as connection:
                    for target in request.notify:
                        ask_for_notification(connection, done.run, target)
            rung = tuple(bell.warnings())
            return replace(done, warnings=(*rung, *source.warnings, *done.warnings), bell_warnings=rung)
