"""Which run of a batch a command shows, and what is said about the rows that it has no verdict for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.messages import print_message, print_warning
from newsgate.console.parameter_types import MODEL_NUMBER, RUN_NUMBER
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.batch_status import BatchStatus

_UNDER_WAY = ("queued", "running", "paused")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ChosenRun:
    """A run of a batch, and whether it is the batch's latest."""

    status: BatchStatus
    is_latest: bool


def run_options(function: Function) -> Function:
    """Add --model and --run, which name a run of the batch."""
    function = click.option("--run", type=RUN_NUMBER, metavar="R", help="This run's verdicts. [default: the latest]")(
        function
    )
    return click.option("--model", type=MODEL_NUMBER, metavar="N", help="This model's verdicts. [default: the latest]")(
        function
    )


def choose_run(connection: Connection, batch: int, *, model: int | None, run: int | None) -> ChosenRun:
    """Return the run that is named, the latest where none is; then say which others there are.

    Raises WrongUsageError where two are named, NoSuchBatchError, BatchPurgedError, NoSuchRunError.
    """
    from newsgate.db.batch_status import batch_runs, kept_batch_status

    if model is not None and run is not None:
        raise WrongUsageError("--run and --model both name a run", remedy="Give one of them")
    status = kept_batch_status(connection, batch, model=model, run=run)
    runs = batch_runs(connection, batch)
    if model is None and run is None:
        _tell_other_runs(runs)
    return ChosenRun(status, is_latest=status.run == runs[0].run)


def warn_of_missing_rows(
    chosen: ChosenRun, *, tell_waiting: bool = True, tell_refused: bool = True, refused_are_here: bool = False
) -> None:
    """Say what is missing among the verdicts of a run, and how to get it.

    tell_waiting, tell_refused: whether it is news to whoever asked that rows wait, or that rows were refused.
    refused_are_here: what was written has a row for each row of the file.
    """
    status = chosen.status
    batch, given = status.batch, status.done + status.failed
    if status.state == "cancelled":
        have = f"{given} of {status.total} rows have a verdict, {status.total - given} have none"
        remedy = f"{_taking_back(chosen)} classifies them"
        if not status.loaded:
            # It takes no part of a file for the whole.
            remedy = f"Its file is not read to its end: run the same `enqueue` again, then {_taking_back(chosen)}"
        print_warning(f"batch {batch} is cancelled: {have}. {remedy}")
    elif not status.finished and tell_waiting:
        print_warning(f"batch {batch} is {status.state}: {given} of {status.total} rows have a verdict so far")
    if not status.loaded and status.state in _UNDER_WAY:
        print_message(
            f"note: the file of batch {batch} is not read to its end. If its `enqueue` was stopped, the same command "
            "goes on from there"
        )
    if status.failed:
        again = f". `newsgate requeue {batch}` tries them again" if chosen.is_latest else ""
        print_warning(
            f"{status.failed} of {_rows(status.total)} of batch {batch} failed and have no verdict; the column `error` "
            f"says why{again}"
        )
    if status.rejected and tell_refused:
        verb = "was" if status.rejected == 1 else "were"
        refused = f"{_rows(status.rejected)} of the file of batch {batch} {verb} refused"
        if refused_are_here:
            print_warning(f"{refused}; the column `error` says why")
        else:
            absent = "is" if status.rejected == 1 else "are"
            print_warning(f"{refused} and {absent} not here. `newsgate rejects {batch}` says why")


def _tell_other_runs(runs: Sequence[BatchStatus]) -> None:
    latest, *others = runs
    if others:
        shown = ", ".join(f"`--run {each.run}` shows model {each.model}'s" for each in others)
        print_message(f"note: batch {latest.batch} has verdicts of {len(runs)} runs, and this is the latest: {shown}")


def _taking_back(chosen: ChosenRun) -> str:
    from newsgate.tasks.enqueueing.existing_runs import taking_back

    return taking_back(chosen.status, is_latest=chosen.is_latest)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
