"""Several files, enqueued one after the other: what became of each, and which of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from newsgate.console.enqueue_files import enqueue_one, request_for, tell_failure
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_messages import print_file_notes
from newsgate.console.messages import print_message
from newsgate.foundation.errors import NewsgateError

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.session import Database
    from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError
    from newsgate.tasks.enqueueing.input_files import InputFile
    from newsgate.tasks.enqueueing.request import Enqueued, Request
    from newsgate.worker.settings import Settings


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one of several files.

    batch, run, model, items, rejected: None where it failed. other_language: that most texts are in, and the model was
    not trained on. known: it was enqueued before. incomplete: it is damaged,
    and some of its rows could not be read at all. error: why there is no batch of it.
    """

    file: str
    batch: int | None = None
    run: int | None = None
    model: int | None = None
    items: int | None = None
    rejected: int | None = None
    other_language: str | None = None
    known: bool = False
    incomplete: bool = False
    error: str | None = None

    @classmethod
    def of_enqueued(cls, file: str, done: Enqueued, database: Database) -> Self:
        """What became of a file that was enqueued now."""
        figures = (done.batch, done.run, done.model, done.items, done.rejected)
        return cls(file, *figures, _other_language(database, done.batch, done.model), incomplete=done.incomplete)

    def figures(self) -> dict[str, Any]:
        """What a program is told."""
        keys = ("file", "batch", "run", "model", "items", "rejected", "other_language", "known", "error")
        return {key: getattr(self, key) for key in keys}


# And where its batch stands, if somebody waited for it.
EndedFile: TypeAlias = "tuple[FileOutcome, BatchStatus | None]"


def enqueue_each(
    files: Sequence[InputFile], like: Request, settings: Settings, database: Database
) -> Iterator[FileOutcome]:
    """Enqueue the files one after the other, each with what `like` says of all; yields what became of each.

    One that cannot be read, or was enqueued before, is told and passed over. Raises what concerns all of them.
    """
    from newsgate.db.errors import LoaderSupersededError
    from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, NeverMetModelError
    from newsgate.tasks.reading import ReadError

    told: set[str] = set()
    for file in files:
        try:
            done = enqueue_one(request_for(file, like), settings, database, path=file.path, told=told)
        except AlreadyEnqueuedError as known:
            yield _known_outcome(file.path, known, database)
        except (ReadError, NeverMetModelError, LoaderSupersededError) as error:
            yield _failed_outcome(file.path, error)
        else:
            told.update(done.bell_warnings)
            yield FileOutcome.of_enqueued(file.path, done, database)


def print_files_summary(outcomes: Sequence[FileOutcome]) -> None:
    """Print how many of the files are enqueued now, were before, and failed, and which these are; nothing for one."""
    if len(outcomes) == 1:
        # What became of it has been told.
        return
    new = [each for each in outcomes if each.error is None and not each.known]
    known = sum(each.known for each in outcomes)
    failed = [each.file for each in outcomes if each.error is not None]
    items, rejected = (sum(getattr(each, key) for each in new) for key in ("items", "rejected"))
    parts = [f"{len(new)} of {len(outcomes)} files enqueued: {items} rows, {rejected} refused"]
    if known:
        parts.append(f"{known} enqueued before")
    if failed:
        parts.append(f"{len(failed)} failed: {', '.join(failed)}")
    print_message("; ".join(parts))


def wait_for_outcome(
    outcome: FileOutcome, database: Database, *, meanwhile: Callable[[], None] = lambda: None
) -> EndedFile:
    """Wait until a file's batch, if there is one, is classified; a cancelled batch is a failed file."""
    from newsgate.console.wait_for_batch import wait_with_progress
    from newsgate.tasks.enqueueing.existing_runs import RunCancelledError

    if outcome.batch is None:
        return outcome, None
    try:
        return outcome, wait_with_progress(database, outcome.batch, model=outcome.model, meanwhile=meanwhile)
    except RunCancelledError as error:
        return _failed_outcome(outcome.file, error), None


def exit_code_of(ended: Sequence[EndedFile]) -> int:
    """1 where a file failed, else 3 where rows did; those of files that were enqueued before only if waited for."""
    if any(outcome.error is not None for outcome, _ in ended):
        return NewsgateError.exit_code
    return EXIT_SOME_ROWS_BAD if any(map(_has_bad_rows, ended)) else 0


def _has_bad_rows(file: EndedFile) -> bool:
    outcome, status = file
    if status is not None:
        return bool(outcome.incomplete or status.rejected or status.failed)
    return outcome.incomplete or bool(outcome.rejected and not outcome.known)


def _known_outcome(file: str, known: AlreadyEnqueuedError, database: Database) -> FileOutcome:
    from newsgate.db.batch_status import batch_status

    if known.state != "done":
        return _failed_outcome(file, known)
    with database.read() as connection:
        at = batch_status(connection, known.batch, model=known.model)
    print_file_notes((), known.warnings, path=file)
    print_message(f"{file}: {known.what}")
    figures = (at.batch, at.run, at.model, at.total, at.rejected, _other_language(database, at.batch, at.model))
    return FileOutcome(file, *figures, known=True, incomplete=known.incomplete)


def _failed_outcome(file: str, error: NewsgateError) -> FileOutcome:
    return FileOutcome(file, error=tell_failure(file, error))


def _other_language(database: Database, batch: int, model: int) -> str | None:
    from newsgate.console.language_messages import language_figures
    from newsgate.db.batch_status import batch_status

    with database.read() as connection:
        found: str | None = language_figures(connection, batch_status(connection, batch, model=model))["other_language"]
    return found
