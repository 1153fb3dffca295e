"""What can go wrong between newsgate and its database, told to a person."""

from __future__ import annotations

from newsgate.errors import NewsgateError


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


class NoSuchModelError(DatabaseError):
    """No model has that number, or there is no champion yet."""

    def __init__(self, number: int | None) -> None:
        what = "no model is champion" if number is None else f"there is no model {number}"
        super().__init__(what, remedy="`newsgate models` lists them, `newsgate train` makes one")
        self.number = number


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
