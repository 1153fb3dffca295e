"""Streaming reader of CSV and JSONL: every data row is exactly one accepted row or one rejected row."""

from __future__ import annotations

from newsgate.tasks.reading.errors import (
    AmbiguousColumnError,
    BadDelimiterError,
    ColumnError,
    DamagedFileError,
    EmptyFileError,
    FileChangedError,
    MissingFileError,
    NoRowsError,
    NoTextColumnError,
    NotTextError,
    ReadError,
    UnknownColumnError,
    UnknownEncodingError,
    UnreadableFileError,
)
from newsgate.tasks.reading.records import DEFAULT_MAX_TEXT_CHARS, Layout, Limits, ReadOptions, Rejected, Row
from newsgate.tasks.reading.row_maker import storable
from newsgate.tasks.reading.source import Source, open_source

__all__ = [
    "DEFAULT_MAX_TEXT_CHARS",
    "AmbiguousColumnError",
    "BadDelimiterError",
    "ColumnError",
    "DamagedFileError",
    "EmptyFileError",
    "FileChangedError",
    "Layout",
    "Limits",
    "MissingFileError",
    "NoRowsError",
    "NoTextColumnError",
    "NotTextError",
    "ReadError",
    "ReadOptions",
    "Rejected",
    "Row",
    "Source",
    "UnknownColumnError",
    "UnknownEncodingError",
    "UnreadableFileError",
    "open_source",
    "storable",
]
