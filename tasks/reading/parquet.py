"""The rows of a Parquet file, read batch by batch."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from newsgate.tasks.reading.errors import DamagedFileError, missing_extra
from newsgate.tasks.reading.gzip_stream import DAMAGED
from newsgate.tasks.reading.records import ClassNames

_BATCH_ROWS = 512
_SAMPLE_ROWS = 200
_BUFFER_BYTES = 1_048_576
_BOMB_RATIO = 250
_BOMB_LEAST_BYTES = 1_073_741_824
_PLAIN = (str, int, float, bool, dict, list, type(None))


class ParquetTable:
    """One open file. columns: those that may hold texts, ids or labels; of nested ones the outermost.

    class_names: what the numbers of a column mean, where the library `datasets` has written it.
    damage: why rows may be missing, known when `rows` has ended.

    Raises MissingLibraryError, DamagedFileError.
    """

    def __init__(self, file: IO[bytes], *, where: str) -> None:
        self.damage: str | None = None
        self._where = where
        self._raw = file
        try:
            self._arrow = importlib.import_module("pyarrow")
            parquet = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise missing_extra("a Parquet file", where=where) from error
        try:
            self._file = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            schema = self._file.schema_arrow
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        self._refuse_bomb()
        self.columns = tuple(field.name for field in schema if not self._holds_bytes(field.type))
        if not self.columns:
            # Some programs write texts without saying that they are.
            self.columns = tuple(field.name for field in schema)
        self.class_names = _class_names(schema.metadata or {})

    def sample(self) -> list[Mapping[str, object]]:
        """The first records, of a size that is quick to read. Raises DamagedFileError."""
        try:
            batches = self._file.iter_batches(_SAMPLE_ROWS, columns=list(self.columns), use_threads=False)
            first = next(batches, None)
            return [] if first is None else [_plain(each) for each in first.to_pylist()]
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def rows(self, columns: Sequence[str], *, after_row: int = 0) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Each record with its number, 1 for the first. columns: those to read, parts of nested ones with dots."""
        outermost = [name for name in self.columns if any(f"{each}.".startswith(f"{name}.") for each in columns)]
        number = 0
        try:
            for group in range(self._file.metadata.num_row_groups):
                group_rows = self._file.metadata.row_group(group).num_rows
                if number + group_rows <= after_row:
                    number += group_rows
                    continue
                for batch in self._file.iter_batches(
                    _BATCH_ROWS, row_groups=[group], columns=outermost, use_threads=False
                ):
                    for values in batch.to_pylist():
                        number += 1
                        if number > after_row:
                            yield number, _plain(values)
        except (self._arrow.ArrowException, OSError, UnicodeDecodeError):
            self.damage = DAMAGED.replace("compressed", "Parquet")

    def close(self) -> None:
        """Release the file."""
        self._file.close()
        self._raw.close()

    def _holds_bytes(self, kind: Any) -> bool:
        types = self._arrow.types
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            return True
        return any(self._holds_bytes(kind.field(index).type) for index in range(kind.num_fields))

    def _refuse_bomb(self) -> None:
        metadata = self._file.metadata
        for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
            for column in (group.column(index) for index in range(group.num_columns)):
                unpacked, packed = column.total_uncompressed_size, column.total_compressed_size
                if unpacked > _BOMB_LEAST_BYTES and unpacked > _BOMB_RATIO * max(packed, 1):
                    raise DamagedFileError(
                        "a column expands to more than 250 times its size, as a decompression bomb does",
                        where=self._where,
                        remedy="Save it as CSV where you trust it",
                    )

    def _damaged(self, error: Exception) -> DamagedFileError:
        return DamagedFileError(
            f"the Parquet file cannot be read ({error})", where=self._where, remedy="Make it, or download it, again"
        )


def _plain(values: dict[str, Any]) -> Mapping[str, object]:
    """The values in the types of JSON; dates and the like as text."""
    for name, value in values.items():
        if not isinstance(value, _PLAIN):
            values[name] = value.decode() if isinstance(value, bytes) else str(value)
    return values


def _class_names(metadata: Mapping[bytes, bytes]) -> tuple[ClassNames, ...]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        found = [(column, each.get("names")) for column, each in features.items() if each.get("_type") == "ClassLabel"]
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
    return tuple(ClassNames(column, tuple(map(str, names))) for column, names in found if isinstance(names, list))
