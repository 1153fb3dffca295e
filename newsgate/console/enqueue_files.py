"""Files that are enqueued: which they are, and what is said about each."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from newsgate.console.file_messages import print_enqueue_summary, reading_progress
from newsgate.console.label_options import pair_files, says_the_opposite
from newsgate.console.messages import print_message, print_warning
from newsgate.foundation.errors import NewsgateError, WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.model.labels import Label
    from newsgate.tasks.enqueueing.input_files import InputFile, InputFiles
    from newsgate.tasks.enqueueing.request import Enqueued, Request
    from newsgate.worker.settings import Settings

_SKIPPED_SHOWN = 10


def choose_files(arguments: Sequence[str], labels: Sequence[Label]) -> InputFiles:
    """Find the files that were named, and say which of a folder are not read.

    Raises WrongUsageError where it is unclear whose a --label is, MissingFileError where a text was typed.
    """
    from newsgate.tasks.enqueueing.input_files import find_input_files

    if len(labels) == 1 and len(arguments) > 1:
        raise WrongUsageError(
            f"which of {len(arguments)} files the one --label is of is not said",
            remedy="Give one for each file, in their order; a folder and a pattern in quotes, such as 'fake/*.csv', "
            "count as one",
        )
    chosen = find_input_files(pair_files(arguments, labels))
    for each in chosen.skipped:
        shown = ", ".join(each.names[:_SKIPPED_SHOWN])
        more = len(each.names) - _SKIPPED_SHOWN
        print_message(f"note: {each.folder}: not read: {shown}{f' and {more} more' if more > 0 else ''}")
    return chosen


def request_for(file: InputFile, like: Request) -> Request:
    """What `like` asks of all files, asked of this one. Raises ReadError where there is nothing to read."""
    if file.error is not None:
        raise file.error
    return replace(like, path=file.path, options=replace(like.options, every_label=file.label))


def enqueue_one(
    request: Request, settings: Settings, database: Database, *, path: str | None = None, told: Container[str] = ()
) -> Enqueued:
    """Enqueue a file, and print what became of it. Raises what `enqueue` does.

    path: where there are others. told: warnings that were printed before, and are not about this file.
    """
    from newsgate.console.progress_line import ProgressLine
    from newsgate.tasks.enqueueing.enqueue import enqueue
    from newsgate.tasks.enqueueing.request import once_stored

    label = request.options.every_label
    if label is not None and says_the_opposite(request.path, label):
        print_warning(f"{request.path}: every row is taken as {label}, and its name says otherwise")
    with ProgressLine("reading") as line:
        enqueued = enqueue(request, settings=settings, database=database, progress=reading_progress(line))
    news = tuple(warning for warning in enqueued.warnings if warning not in told)
    with once_stored(enqueued.batch, items=enqueued.items):
        print_enqueue_summary(replace(enqueued, warnings=news), database, path=path)
    return enqueued


@contextmanager
def telling_what_is_stored() -> Iterator[None]:
    """Say, where Ctrl-C ends the block, what of the one file that is enqueued in it is stored."""
    from newsgate.tasks.enqueueing.request import EnqueueInterruptedError

    try:
        yield
    except EnqueueInterruptedError as stopped:
        if stopped.is_whole:
            batch = stopped.batch
            print_message(f"stopped: batch {batch} is stored; `newsgate status {batch}` shows how far it is")
        else:
            rest = "the same command goes on from there"
            print_message(f"stopped: batch {stopped.batch} holds {stopped.items} rows; {rest}")
        raise
    except KeyboardInterrupt:
        print_message("stopped: nothing was stored")
        raise


def tell_failure(file: str, error: NewsgateError) -> str:
    """Print why one of several files failed, and give it back."""
    told = error
    # Readers call a file by its name alone, and files of several folders may have the same.
    if error.where in (None, PurePath(file).name):
        told = NewsgateError(error.what, where=file, remedy=error.remedy)
    elif error.where != file:
        told = NewsgateError(str(error), where=file)
    print_message(f"error: {told}")
    return str(told)
