"""What can go wrong between newsgate and its database, told to a person."""

from __future__ import annotations

from newsgate.foundation.errors import NewsgateError


class DatabaseError(NewsgateError):
    """Something about the database itself."""


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be reached, or the connection to it was lost."""


class DatabaseFullError(DatabaseError):
    """The disk under the database is full."""


class SchemaBehindError(DatabaseError):
    """The database was made by an older newsgate, or never prepared."""


class SchemaAheadError(DatabaseError):
    """The database was made by a newer newsgate."""


class NoSuchBatchError(DatabaseError):
    """No batch has that number."""

    def __init__(self, batch: int) -> None:
        super().__init__(f"there is no batch {batch}", remedy="`newsgate status` lists them")
        self.batch = batch


class BatchPurgedError(DatabaseError):
    """The rows of the batch were deleted, or are being deleted."""

    def __init__(self, batch: int) -> None:
        super().__init__(
            f"batch {batch} was purged: its rows are deleted", remedy="`enqueue` its file again makes a new batch"
        )
        self.batch = batch


class NoSuchRowError(DatabaseError):
    """The batch has no item of that row."""

    def __init__(self, batch: int, *, row: int) -> None:
        super().__init__(
            f"batch {batch} has no item of row {row}",
            remedy=f"`newsgate results {batch} --format csv` has the rows; one that was refused is no item",
        )
        self.batch = batch
        self.row = row


class NoSuchModelError(DatabaseError):
    """No model has that number, or there is no champion yet."""

    def __init__(self, number: int | None) -> None:
        what = "no model is champion" if number is None else f"there is no model {number}"
        super().__init__(what, remedy="`newsgate models` lists them, `newsgate train` makes one")
        self.number = number


class DamagedModelError(DatabaseError):
    """The stored bytes of a model are not the ones that were stored."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the bundle of model {number} is not the one that was stored: its checksum differs",
            remedy="Restore the database from a backup, or use another model",
        )
        self.number = number


class DamagedMetadataError(DatabaseError):
    """What the database says about a model is no JSON object."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the metadata of model {number} cannot be read", remedy="Restore the database from a backup")
        self.number = number


class BatchNotLoadedError(DatabaseError):
    """The file of the batch is not stored to its end, so only its first run can be."""

    def __init__(self, batch: int) -> None:
        super().__init__(
            f"the file of batch {batch} is not read to its end",
            remedy="`enqueue` with the same file goes on reading it",
        )
        self.batch = batch


class RunNotLoadedError(DatabaseError):
    """Chunks of the run are still to be made."""

    def __init__(self, batch: int, model: int) -> None:
        super().__init__(
            f"not all rows of batch {batch} wait for model {model} yet",
            remedy="Run again the `enqueue` or `newsgate reclassify` that was interrupted; it goes on where it stopped",
        )
        self.batch = batch
        self.model = model


class NoSuchRunError(DatabaseError):
    """The batch has no run by that model, or of that number."""

    def __init__(self, batch: int, model: int | None, *, run: int | None = None) -> None:
        shows = f"`newsgate status {batch}` shows its runs"
        if run is not None:
            super().__init__(f"batch {batch} has no run {run}", remedy=shows)
        else:
            super().__init__(
                f"batch {batch} was never classified by model {model}",
                remedy=f"{shows}, `newsgate reclassify {batch} --model {model}` makes one",
            )
        self.batch = batch
        self.model = model
        self.run = run


class LoaderSupersededError(DatabaseError):
    """Another enqueue of the same file has taken over; this one must add nothing more."""

    def __init__(self, batch: int) -> None:
        super().__init__(
            f"another enqueue of the same file took over batch {batch}",
            remedy=f"`newsgate status {batch}` shows how far it is",
        )
        self.batch = batch


class ChunkFencedError(DatabaseError):
    """The chunk was taken over while it was worked on; nothing of this attempt may be written."""

    def __init__(self, chunk: int, attempt: int) -> None:
        super().__init__(f"chunk {chunk} was taken over after attempt {attempt} began; its verdicts were dropped")
        self.chunk = chunk
        self.attempt = attempt


class NoSuchItemError(DatabaseError):
    """No row has that number."""

    def __init__(self, item: int) -> None:
        super().__init__(f"there is no item {item}", remedy="The column `item` of `newsgate results` has the numbers")
        self.item = item
