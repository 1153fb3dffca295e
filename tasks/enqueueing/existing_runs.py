"""Runs that stand in the database already: which of a file's a person asks for, and what to do where it is over."""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.db.batch_status import BatchStatus, batch_status
from newsgate.db.errors import BatchPurgedError
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError


class AlreadyEnqueuedError(NewsgateError):
    """The same file, read the same way, stands in the database already, and the run asked for is over.

    state: of that run. warnings, incomplete: about the file, as when it was enqueued.
    """

    def __init__(
        self, status: BatchStatus, *, name: str, remedy: str, warnings: tuple[str, ...], incomplete: bool
    ) -> None:
        super().__init__(f"already enqueued as batch {status.batch} ({status.state})", where=name, remedy=remedy)
        self.batch = status.batch
        self.model = status.model
        self.state = status.state
        self.warnings = warnings
        self.incomplete = incomplete


class NeverMetModelError(NewsgateError):
    """The same file stands in the database already, and the model asked for has no run of it."""

    def __init__(self, batch: int, *, model: int, name: str, loaded: bool) -> None:
        once_more = "--again enqueues it once more"
        super().__init__(
            f"already enqueued as batch {batch}, but not for model {model}",
            where=name,
            remedy=f"`newsgate reclassify {batch} --model {model}` has that model classify it too; {once_more}"
            if loaded
            else f"Without --model it is read to its end; {once_more}",
        )
        self.batch = batch
        self.model = model


class RunCancelledError(NewsgateError):
    """Somebody waits for a run that was cancelled."""

    def __init__(self, status: BatchStatus, *, is_latest: bool) -> None:
        super().__init__(
            f"batch {status.batch} is cancelled: {status.done + status.failed} of {status.total} rows have a verdict",
            remedy=f"{taking_back(status, is_latest=is_latest)} has the others classified",
        )
        self.batch = status.batch
        self.model = status.model


def asked_run(runs: Sequence[BatchStatus], *, model: int | None, name: str) -> BatchStatus:
    """Of a batch's runs, latest first, the one by this model, or the latest. Raises NeverMetModelError.

    name: of the file.
    """
    for run in runs:
        if model in (None, run.model):
            return run
    raise NeverMetModelError(runs[0].batch, model=model or 0, name=name, loaded=runs[0].loaded)


def require_verdicts(database: Database, status: BatchStatus) -> None:
    """Refuse a run that is over without verdicts. Raises BatchPurgedError, RunCancelledError."""
    if status.purged_at is not None:
        raise BatchPurgedError(status.batch)
    if status.state == "cancelled":
        with database.read() as connection:
            latest = batch_status(connection, status.batch)
        raise RunCancelledError(status, is_latest=latest.run == status.run)


def what_is_left(run: BatchStatus, *, is_latest: bool) -> str:
    """The remedy for somebody who enqueues the file of a run that is over."""
    once_more = "--again enqueues it once more"
    if run.state == "cancelled":
        instead = f"{taking_back(run, is_latest=is_latest)} goes on with it"
    else:
        of_model = "" if is_latest else f" --model {run.model}"
        instead = f"`newsgate results {run.batch}{of_model}` shows it"
    return f"{instead}; {once_more}"


def taking_back(run: BatchStatus, *, is_latest: bool) -> str:
    """The command that takes the cancellation of a run back: `requeue` knows only a batch's latest."""
    return f"`newsgate requeue {run.batch}`" if is_latest else f"`newsgate reclassify {run.batch} --model {run.model}`"
