"""Rows that a program holds, as the bytes of a JSONL file: made while they are read, so that memory stays bounded."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from newsgate.api.texts import is_missing
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK_ROWS: Final = 1000


class DataFrame(Protocol):
    """A table of pandas, polars or Arrow."""

    @property
    def columns(self) -> Any:
        """The names of its columns, or the columns."""


def rows_as_jsonl(rows: object) -> io.BufferedReader:
    """Return a stream of one JSON object a line.

    rows: texts, mappings, or a table of pandas, polars or Arrow. Raises WrongUsageError, while it is read too.
    """
    return io.BufferedReader(_JsonLines(_records(rows)), buffer_size=262_144)


class _JsonLines(io.RawIOBase):
    def __init__(self, records: Iterator[Mapping[str, Any]]) -> None:
        self._records = records
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._rest:
            block = list(islice(self._records, _BLOCK_ROWS))
            if not block:
                return 0
            self._rest = "".join(map(_line, block)).encode("ascii")
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _records(rows: Any) -> Iterator[Mapping[str, Any]]:
    if hasattr(rows, "to_batches"):
        _refuse_repeated(str(name) for name in rows.schema.names)
        return (record for batch in rows.to_batches(max_chunksize=_BLOCK_ROWS) for record in batch.to_pylist())
    if isinstance(rows, bytes | Mapping) or not hasattr(rows, "__iter__"):
        raise WrongUsageError(
            f"{type(rows).__name__} is nothing that has rows",
            remedy="Give the path of a file, a table, or a list of texts or mappings",
        )
    if hasattr(rows, "iter_rows"):
        return iter(rows.iter_rows(named=True))
    if hasattr(rows, "itertuples"):
        names = [str(name) for name in rows.columns]
        _refuse_repeated(names)
        return (dict(zip(names, row, strict=True)) for row in rows.itertuples(index=False, name=None))
    return _records_of_items(rows.to_pylist() if hasattr(rows, "to_pylist") else rows)


def _refuse_repeated(names: Iterable[str]) -> None:
    """Raise WrongUsageError where two columns have one name: a row could hold but one of them."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise WrongUsageError(f"the table has the column {name!r} more than once", remedy="Rename one of them")
        seen.add(name)


def _records_of_items(items: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for place, item in enumerate(items):
        if isinstance(item, Mapping):
            yield item
        elif isinstance(item, str) or is_missing(item):
            yield {"text": item}
        else:
            raise WrongUsageError(
                f"row {place} is neither a str nor a mapping but {type(item).__name__}",
                remedy='Give texts, or rows like {"text": "…", "id": 7}',
            )


def _line(record: Mapping[str, Any]) -> str:
    plain = {str(name): None if is_missing(value) else value for name, value in record.items()}
    return json.dumps(plain, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    # The scalars and arrays of NumPy, and what is made of them.
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
