"""A database and its workers, for programs: rows in, verdicts out, as `enqueue` and `newsgate results` do it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from newsgate.api.arguments import label_said, notify_targets, whole_number, words
from newsgate.api.batch import Batch
from newsgate.api.in_python import in_words_of_python, translated
from newsgate.api.reading_options import ReadingOptions, read_options
from newsgate.api.rows import DataFrame, rows_as_jsonl

if TYPE_CHECKING:
    from newsgate.db.batch_status import BatchStatus
    from newsgate.db.session import Database
    from newsgate.tasks.labelling.label_item import ItemChoice
    from newsgate.tasks.running.local_system import LocalSystem

log = logging.getLogger("newsgate.client")

Rows = str | os.PathLike[str] | DataFrame | Iterable[str | Mapping[str, Any] | None]

_ROWS_NAME = "rows"
# Its ending says how the rows are read.
_ROWS_FILE = "rows.jsonl"


class Client:
    """What a program asks of newsgate's database; threads may share one.

    database: its address. broker: that of the Redis which rings workers. home: the folder of everything that newsgate
    keeps by itself. What is None is read from `NEWSGATE_*`, then `.env`, then the defaults, as commands do.

    Raises WrongUsageError for settings that cannot be, and DatabaseError.

    >>> from newsgate import Client
    >>> client = Client()
    >>> batch = client.enqueue(["Garlic cures the virus, share it now!", "Schools reopen on Monday"], name="two posts")
    >>> batch.wait().state
    'done'
    >>> [row["label"] for row in batch.verdicts()]
    ['fake', 'real']
    >>> client.close()
    """

    def __init__(
        self, database: str | None = None, broker: str | None = None, *, home: str | os.PathLike[str] | None = None
    ) -> None:
        from newsgate.tasks.running.open_database import open_database
        from newsgate.worker.settings import load_settings

        told = {"NEWSGATE_DATABASE_URL": database, "NEWSGATE_BROKER_URL": broker}
        told["NEWSGATE_HOME"] = None if home is None else str(Path(home).absolute())
        self._told = {name: value for name, value in told.items() if value is not None}
        # What names the file of an address in this process's environment would contradict it.
        self._told |= {f"{name}_FILE": "" for name in self._told if name.endswith("_URL")}
        self._settings = load_settings(database_url=database, broker_url=broker, home=home)
        self._database: Database = open_database(self._settings)
        self._system: LocalSystem | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self._database.display_url}>"

    def close(self) -> None:
        """Close the connections to the database.

        >>> from newsgate import Client
        >>> Client().close()
        """
        self._database.close()

    def enqueue(
        self,
        rows: Rows,
        *,
        name: str | None = None,
        model: int | None = None,
        again: bool = False,
        priority: int = 10,
        notify: str | Sequence[str] | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> Batch:
        """Store rows and ring the workers; return the batch, which `Batch.wait` waits for.

        rows: the path of a file, a table of pandas, polars or Arrow, or an iterable of texts or mappings, which is read
        once and never held in memory as a whole. name: of the batch; else the file's, or `rows`. model: by its number;
        else the champion. again: store them again, even if they are there already; else the batch that holds them is
        returned, and its `known` is true. priority: its share of the turns beside other batches, 1 to 100. notify: the
        address that a worker posts to when the batch is done, `command`, or several of them. The other options are
        those of `ReadingOptions`. Bad rows are refused one by one: `Batch.rejected` counts them.

        Raises ReadError for what cannot be read, LabelValuesError, NoSuchModelError, AlreadyEnqueuedError where the
        batch was cancelled, WrongUsageError for another priority or address, and DatabaseError. A worker that cannot be
        rung is a warning in `Batch.warnings`.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue([{"id": 1, "text": "Schools reopen on Monday"}, {"id": 2, "text": ""}])
        >>> batch.items, batch.rejected
        (1, 1)
        """
        from newsgate.tasks.classifying.steer_batch import check_priority
        from newsgate.tasks.enqueueing.enqueue import enqueue
        from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError
        from newsgate.tasks.enqueueing.request import Request

        check_priority(whole_number(priority, "priority"))
        targets = notify_targets(notify)
        number = None if model is None else whole_number(model, "model", least=1)
        called = None if name is None else words(name, "name")
        is_file = isinstance(rows, str | os.PathLike)
        with in_words_of_python():
            options = read_options(reading, max_text_chars=self._settings.max_text_chars)
        path = os.fspath(rows) if isinstance(rows, str | os.PathLike) else _ROWS_FILE
        request = Request(path, options, called or (None if is_file else _ROWS_NAME), number, again, priority, targets)
        stream = None if is_file else rows_as_jsonl(rows)
        try:
            with in_words_of_python(unnamed=None if is_file else _ROWS_FILE):
                done = enqueue(request, settings=self._settings, database=self._database, stream=stream)
        except AlreadyEnqueuedError as known:
            if known.state != "done":
                raise
            batch = self._batch(known.batch, model=known.model, known=True, warnings=_told(known.warnings))
            self._notify(batch, targets)
            return batch
        return self._batch(done.batch, model=done.model, known=False, warnings=_told(done.warnings))

    def batch(self, batch: int | str, *, model: int | None = None) -> Batch:
        """Return a batch that is there: by its number, its name, or `latest`.

        model: whose run; else the latest. Raises NoSuchBatchError, NoSuchNameError and NoSuchRunError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     made = client.enqueue(["The bridge closes on Friday"], name="friday")
        ...     client.batch("friday").number == made.number
        True
        """
        return self._batch(self._number(batch, changes=False), model=model, known=True)

    def batches(self, *, limit: int = 20) -> list[BatchStatus]:
        """Return where the latest batches stand, the newest first.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     made = client.enqueue(["The bridge closes on Friday"], name="friday")
        ...     "friday" in [status.name for status in client.batches()]
        True
        """
        from newsgate.db.batch_status import list_batches

        newest = whole_number(limit, "limit", least=0)
        with self._database.read() as connection:
            return list_batches(connection, limit=newest)

    def label(self, item: int, label: Literal["fake", "real"], *, by: str | None = None) -> None:
        """Say what the text of an item is; `newsgate retrain` learns from it.

        item: its number, as the verdicts have it. by: whose judgement it is, by default this user's. Raises
        NoSuchItemError, WrongUsageError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     status = batch.wait()
        ...     client.label(next(batch.verdicts())["item"], "real", by="Ada")
        """
        from newsgate.tasks.labelling.label_item import ItemChoice

        self._label(ItemChoice(whole_number(item, "item")), label, by=by)

    def pause(self, batch: Batch | int | str) -> BatchStatus:
        """Begin no more rows of a batch until `resume`, and return where it stands then. Rows in work end.

        batch: one of `Client.batch`, or its number, its name, or `latest`; its latest run is meant. A batch that is
        over stays as it is. So it is with `resume`, `cancel` and `priority`. Raises NoSuchBatchError, NoSuchNameError.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     client.pause(batch).state in ("paused", "done")
        True
        """
        from newsgate.tasks.classifying.steer_batch import pause_batch

        return self._steered(batch, lambda number: pause_batch(self._database, number))

    def resume(self, batch: Batch | int | str) -> BatchStatus:
        """Let a paused batch go on, and return where it stands then.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     paused = client.pause(batch)
        ...     client.resume(batch).state == "paused"
        False
        """
        from newsgate.tasks.classifying.steer_batch import resume_batch

        return self._steered(
            batch, lambda number: resume_batch(number, settings=self._settings, database=self._database)
        )

    def cancel(self, batch: Batch | int | str) -> BatchStatus:
        """Stop classifying a batch, and return where it stands then. The verdicts that it has stay.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     client.cancel(batch).state in ("cancelled", "done")
        True
        """
        from newsgate.tasks.classifying.steer_batch import cancel_batch

        return self._steered(batch, lambda number: cancel_batch(self._database, number))

    def requeue(self, batch: Batch | int | str) -> BatchStatus:
        """Try a batch's failed and cancelled rows again, and return where it stands then.

        Raises BatchPurgedError, RunNotLoadedError too.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"])
        ...     cancelled = client.cancel(batch)
        ...     client.requeue(batch).state == "cancelled"
        False
        """
        from newsgate.tasks.classifying.reclassify import requeue_batch

        return self._steered(
            batch, lambda number: requeue_batch(number, settings=self._settings, database=self._database)
        )

    def priority(self, batch: Batch | int | str, priority: int) -> BatchStatus:
        """Give a batch so many turns beside the others, 1 to 100, and return where it stands then.

        Raises WrongUsageError for another priority.

        >>> from newsgate import Client
        >>> with Client() as client:
        ...     batch = client.enqueue(["Schools reopen on Monday"], again=True, priority=50)
        ...     client.priority(batch, 50).priority
        50
        """
        from newsgate.tasks.classifying.steer_batch import give_priority

        turns = whole_number(priority, "priority")
        return self._steered(batch, lambda number: give_priority(self._database, number, turns))

    @contextmanager
    def up(self) -> Iterator[Self]:
        """Run broker and workers for as long as the block lasts, as `newsgate classify` does.

        Where `newsgate up` runs already, its workers are used. They are programs of their own; what they log stands in
        the file worker.log of the home folder.

        >>> from newsgate import Client
        >>> with Client() as client, client.up():
        ...     client.enqueue(["Schools reopen on Monday"]).wait().done
        1
        """
        from newsgate.tasks.running.local_system import LocalSystem, is_up

        if is_up(self._settings):
            yield self
            return
        log_file = self._settings.home / "worker.log"
        with LocalSystem(self._settings, worker_output=log_file, environment=self._told) as self._system:
            try:
                yield self
            finally:
                self._system = None

    def _check(self) -> None:
        """Restart a broker of `up` that died. Raises WorkerFailedError where its workers cannot live."""
        if self._system is not None:
            self._system.check()

    def _number(self, batch: Batch | int | str, *, changes: bool) -> int:
        """The number of the batch that is meant; changes: whether something will be done to it."""
        from newsgate.console.batch_choice import find_batch

        if isinstance(batch, Batch):
            return batch.number
        if not isinstance(batch, str):
            return whole_number(batch, "a batch that is given by no name")
        with self._database.read() as connection:
            return find_batch(connection, batch, changes=changes)

    def _steered(self, batch: Batch | int | str, change: Callable[[int], object]) -> BatchStatus:
        """Do something to a batch; gives where its latest run stands then."""
        from newsgate.db.batch_status import batch_status

        number = self._number(batch, changes=True)
        change(number)
        with self._database.read() as connection:
            return batch_status(connection, number)

    def _notify(self, batch: Batch, targets: Sequence[str]) -> None:
        """Have those told who asked about rows that were classified before: they wait for it."""
        if not targets:
            return
        from newsgate.db.notifications import ask_for_notification

        with self._database.write() as connection:
            for target in targets:
                ask_for_notification(connection, batch.run, target)

    def _label(self, choice: ItemChoice, label: str, *, by: str | None) -> None:
        """Add a person's judgement about the item that is meant."""
        from newsgate.console.reviewer_option import reviewer_name
        from newsgate.tasks.labelling.label_item import label_item

        name = reviewer_name(None if by is None else words(by, "by"))
        label_item(self._database, choice, label_said(label), by=name)

    def _batch(self, number: int, *, model: int | None, known: bool, warnings: tuple[str, ...] = ()) -> Batch:
        from newsgate.db.batch_status import batch_status

        with self._database.read() as connection:
            status = batch_status(connection, number, model=model)
        return Batch(self, status, known=known, warnings=warnings)


def _told(warnings: Iterable[str]) -> tuple[str, ...]:
    """Log what was said about rows, and return it, naming arguments."""
    told = tuple(map(translated, warnings))
    for warning in told:
        log.warning("%s", warning)
    return told
