"""A batch, in the hands of a program: how far it is, and its verdicts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from newsgate.api.arguments import one_of, refuse_unknown, seconds, share, wanted_error, whole_number
from newsgate.foundation.errors import NewsgateError, WrongUsageError

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from newsgate.api.client import Client
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.results import ResultFilter
    from newsgate.tasks.exporting.table import OutputTable
    from newsgate.tasks.inspecting.promise import Promise

log = logging.getLogger("newsgate.client")

_VERDICTS = ("fake", "real", "unsure")


class WaitTimeoutError(NewsgateError, TimeoutError):
    """A batch was not done in the time that somebody had for it. It goes on all the same."""


class VerdictOptions(TypedDict, total=False):
    """Which verdicts are read, as the options of `newsgate results` say it.

    label: only rows with this verdict. min_score: only rows whose label has at least this probability. max_error: call
    rows `unsure`, so that at most about this share of the other labels is wrong. max_familiarity: only rows that are no
    more familiar to the model than that. limit: only the first rows. own_columns: the file's own table, with the
    verdicts in columns at its end.
    """

    label: Literal["fake", "real", "unsure"] | None
    min_score: float | None
    max_error: float | None
    max_familiarity: float | None
    limit: int | None
    own_columns: bool


class Batch:
    """One batch and its run by one model; made by `Client.enqueue` and `Client.batch`.

    number, run, model: as `newsgate status` shows them. items, rejected: how many rows were stored and refused. known:
    it was enqueued before. warnings: what was said about the rows.

    >>> from newsgate import Client
    >>> with Client() as client:
    ...     batch = client.enqueue(["Garlic cures the virus, share it now!", "Schools reopen on Monday"])
    ...     status = batch.wait()
    ...     [(row["row"], row["label"]) for row in batch.verdicts()]
    [(1, 'fake'), (2, 'real')]
    """

    def __init__(
        self, client: Client, status: BatchStatus, *, known: bool = True, warnings: tuple[str, ...] = ()
    ) -> None:
        self._client = client
        self.number = status.batch
        self.run = status.run
        self.model = status.model
        self.items = status.total
        self.rejected = status.rejected
        self.known = known
        self.warnings = warnings

    def __repr__(self) -> str:
        return f"<Batch {self.number}: {self.items} rows for model {self.model}>"

    def status(self) -> BatchStatus:
        """Return where the batch stands now: state, total, done, failed, rejected and more.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     client.enqueue(["Schools reopen on Monday"]).status().total
        1
        """
        from newsgate.db.batch_status import batch_status

        with self._client._database.read() as connection:
            return batch_status(connection, self.number, run=self.run)

    def wait(self, *, progress: bool = True, timeout_seconds: float | None = None) -> BatchStatus:
        """Wait until every row has its verdict, and return where the batch stands then.

        progress: draw it where a person watches: by tqdm if it is installed, in notebooks too. Workers must run:
        `newsgate up`, or `Client.up`.

        Raises WaitTimeoutError, RunCancelledError, BatchPurgedError, and WorkerFailedError within `Client.up`.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     client.enqueue(["Schools reopen on Monday"]).wait(progress=False, timeout_seconds=60).state
        'done'
        """
        return self._wait_unless(lambda: None, progress=progress, timeout_seconds=timeout_seconds)

    def verdicts(self, **wanted: Unpack[VerdictOptions]) -> Generator[dict[str, Any], None, None]:
        """Yield each row's verdict in the order of the file, a block of rows in memory at a time.

        The keys are the columns of the view `results`; `classified_at` is a datetime in UTC. The options are those of
        `VerdictOptions`. Rows that have no verdict yet are not there.

        Raises NoRecordError where the model cannot tell when it is sure.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue([{"id": "a7", "text": "Garlic cures the virus, share it now!"}])
        ...     status = batch.wait()
        ...     [(row["external_id"], row["label"]) for row in batch.verdicts(label="fake")]
        [('a7', 'fake')]
        """
        return self._records(self._chosen(wanted), wanted)

    def to_arrow(self, **wanted: Unpack[VerdictOptions]) -> pyarrow.Table:
        """Return the verdicts as a `pyarrow.Table`, with the options of `verdicts`. Raises NotInstalledError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     status = batch.wait()
        ...     batch.to_arrow().column("label").to_pylist()
        ['real']
        """
        from newsgate.tasks.exporting.arrow_table import to_arrow

        with self._table(self._chosen(wanted), wanted) as table:
            return to_arrow(table)

    def to_pandas(self, **wanted: Unpack[VerdictOptions]) -> pandas.DataFrame:
        """Return the verdicts as a `pandas.DataFrame`, with the options of `verdicts`. Raises NotInstalledError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     status = batch.wait()
        ...     batch.to_pandas(own_columns=True)[["text", "label"]].values.tolist()
        [['Schools reopen on Monday', 'real']]
        """
        from newsgate.tasks.exporting.data_frame import to_pandas

        with self._table(self._chosen(wanted), wanted) as table:
            return to_pandas(table)

    def promise(self, max_error: float) -> Promise:
        """Return what holds of the labels that the batch keeps at a wanted error. Raises NoRecordError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     status = batch.wait()
        ...     batch.promise(0.1).state
        'not compared'
        """
        from newsgate.db.batch_status import batch_status
        from newsgate.tasks.inspecting.promise import promise_of

        accepted = wanted_error(max_error)
        with self._client._database.read() as connection:
            status = batch_status(connection, self.number, run=self.run)
            return promise_of(connection, status, max_error=accepted)

    def label(self, row: int, label: Literal["fake", "real"], *, by: str | None = None) -> None:
        """Say what the text of a row is; `newsgate retrain` learns from it.

        row: the line of the file, or the place among the given rows, the first being 1. by: whose judgement it is, by
        default this user's. Raises NoSuchRowError, WrongUsageError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     client.enqueue(["Schools reopen on Monday"]).label(1, "real", by="Ada")
        """
        from newsgate.tasks.labelling.label_item import ItemChoice

        self._client._label(ItemChoice(batch=self.number, row=whole_number(row, "row")), label, by=by)

    def _wait_unless(
        self, meanwhile: Callable[[], None], *, progress: bool, timeout_seconds: float | None
    ) -> BatchStatus:
        """As `wait`; meanwhile: called between looks, and what it raises ends the waiting."""
        from newsgate.api.batch_progress import no_progress, shown_progress
        from newsgate.tasks.enqueueing.existing_runs import require_verdicts
        from newsgate.tasks.running.wait_for_batch import wait_for_batch

        patience = None if timeout_seconds is None else seconds(timeout_seconds, "timeout_seconds")
        until = None if patience is None else time.monotonic() + patience

        def look() -> None:
            meanwhile()
            self._client._check()
            if until is not None and time.monotonic() > until:
                raise self._too_late(patience)

        with shown_progress() if progress else no_progress() as show:
            database = self._client._database
            status = wait_for_batch(database, self.number, model=self.model, tell=show, meanwhile=look)
        require_verdicts(database, status)
        return status

    def _chosen(self, wanted: VerdictOptions) -> ResultFilter:
        """The rows that are wanted. Raises WrongUsageError for an unknown option, and for a value it cannot have."""
        from newsgate.db.results import ResultFilter

        refuse_unknown(wanted, VerdictOptions.__annotations__, of="the reading of verdicts")
        given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        label = one_of(given["label"], "verdict", _VERDICTS) if "label" in given else None
        if label == "unsure" and "max_error" not in given:
            raise WrongUsageError("no row is unsure without max_error", remedy="Give max_error, the error you accept")
        return ResultFilter(
            self.number,
            label,
            share(given["min_score"], "min_score") if "min_score" in given else None,
            whole_number(given["limit"], "limit", least=0) if "limit" in given else None,
            model=self.model,
            threshold=self._threshold(given.get("max_error")),
            max_familiarity=share(given["max_familiarity"], "max_familiarity") if "max_familiarity" in given else None,
        )

    def _records(self, chosen: ResultFilter, wanted: VerdictOptions) -> Generator[dict[str, Any], None, None]:
        with self._table(chosen, wanted) as table:
            yield from table.records()

    @contextmanager
    def _table(self, chosen: ResultFilter, wanted: VerdictOptions) -> Iterator[OutputTable]:
        from newsgate.tasks.exporting.batch_tables import own_table, verdict_table

        with self._client._database.read() as connection:
            if wanted.get("own_columns"):
                table, notes = own_table(connection, chosen)
                for note in notes:
                    log.warning("%s", note)
            else:
                table = verdict_table(connection, chosen)
            with closing(table):
                yield table

    def _threshold(self, max_error: float | None) -> float | None:
        if max_error is None:
            return None
        promise = self.promise(max_error)
        if not promise.is_kept:
            log.warning("batch %d: %s", self.number, promise)
        return promise.threshold

    def _too_late(self, seconds: float | None) -> WaitTimeoutError:
        status = self.status()
        finished = status.done + status.failed
        return WaitTimeoutError(
            f"batch {self.number} is not done after {seconds:g} s: {finished} of {status.total} rows",
            remedy="It goes on; is a worker running? (`newsgate up`)",
        )
