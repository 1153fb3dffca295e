"""One input, opened once: its checksum, its layout and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from newsgate.tasks.reading.csv_rows import CsvRows
from newsgate.tasks.reading.errors import DamagedFileError, EmptyFileError, NoRowsError
from newsgate.tasks.reading.file_signatures import is_gzip, refuse_known_formats
from newsgate.tasks.reading.gzip_stream import ENDS_EARLY, ByteStream, GzipStream
from newsgate.tasks.reading.jsonl_rows import JsonlRows
from newsgate.tasks.reading.layout import Sample, decide_layout
from newsgate.tasks.reading.lines import read_lines
from newsgate.tasks.reading.records import Layout, Limits, ReadOptions, Rejected, Row
from newsgate.tasks.reading.row_maker import LabelReader, RowMaker
from newsgate.tasks.reading.snapshot import Snapshot, SnapshotReader, open_snapshot

GREW = "the file grew while it was read; the row may be incomplete"
_GREW_WARNING = "the file grew while it was read: what was written after it was opened was not read"
_HEAD_BYTES = 4096
_LOOK_BYTES = 1_048_576


class Source:
    """A frozen snapshot of one input; use it as a context manager.

    name: the file's name without its folder, or "stdin".
    size_bytes: of the input as it is, compressed or not.
    position_bytes: how many of them the latest `rows()` has consumed.
    warnings: what the person should know, complete when the latest `rows()` has ended.
    incomplete: rows are missing from the input itself, known when the latest `rows()` or `look_for_damage()` has ended.
    """

    def __init__(self, snapshot: Snapshot, *, limits: Limits) -> None:
        self.name = snapshot.name
        self.size_bytes = snapshot.size_bytes
        self._snapshot = snapshot
        self._limits = limits
        self._reader = SnapshotReader(snapshot)
        self._warnings: list[str] = []
        self.incomplete = False
        head = snapshot.read_at(0, _HEAD_BYTES)
        if not head:
            raise EmptyFileError("the file is empty", where=self.name, remedy="Give it a header and rows")
        self._is_gzip = is_gzip(head, name=self.name)
        if not self._is_gzip:
            refuse_known_formats(head, where=self.name)

    @property
    def sha256(self) -> str:
        """The hex digest of the raw bytes; a pass over the file the first time it is asked for."""
        return self._snapshot.sha256

    @property
    def position_bytes(self) -> int:
        """How many raw bytes the latest `rows()` has consumed, for a progress bar."""
        return self._reader.position_bytes

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence each; complete when the latest `rows()` has ended."""
        return tuple(self._warnings)

    def layout(self, options: ReadOptions | None = None) -> Layout:
        """Decide from a sample how to read the input; raises a ReadError where that cannot be."""
        return decide_layout(self._read_sample(), options or ReadOptions())

    def rows(self, layout: Layout, *, after_row: int = 0) -> Iterator[Row | Rejected]:
        """Yield each data row once, in order, beginning with the first that starts after line `after_row`.

        Raises NoRowsError at the end when the whole input has no data row, and FileChangedError when its bytes
        are no longer those of `sha256`: then nothing that was yielded can be trusted.
        """
        expected_sha256 = self.sha256
        reader = self._reader = SnapshotReader(self._snapshot)
        self._warnings = []
        labels = LabelReader(layout.vocabulary) if layout.label_column is not None else None
        maker = RowMaker(
            encoding=layout.encoding,
            max_text_chars=layout.max_text_chars,
            labels=labels,
            every_label=layout.every_label,
        )
        limits = replace(self._limits, record_chars=max(self._limits.record_chars, layout.max_text_chars))
        stream: ByteStream = GzipStream(reader) if self._is_gzip else reader
        blocks = read_lines(
            stream,
            layout.encoding,
            block_bytes=limits.block_bytes,
            max_line_chars=limits.record_chars,
        )
        parser = (CsvRows if layout.format == "csv" else JsonlRows)(
            layout, maker, limits=limits, cut_off=lambda: self._cut_off(stream), after_row=after_row
        )
        is_empty = True
        for row in parser.read(blocks):
            is_empty = False
            yield row
        reader.drain()
        if reader.hexdigest() != expected_sha256:
            raise self._snapshot.changed("was changed while it was read")
        if is_empty and after_row == 0:
            raise NoRowsError("there are no data rows", where=self.name, remedy="Give it rows below the header")
        self._collect_warnings(stream, maker, labels)

    def look_for_damage(self) -> None:
        """Find out without reading rows whether some are missing from compressed input: a pass over all of it."""
        self._warnings = []
        if self._is_gzip:
            stream = GzipStream(SnapshotReader(self._snapshot))
            while stream.read(_LOOK_BYTES):
                pass
            self._collect_damage(stream)

    def close(self) -> None:
        """Release the file; a copy of standard input is gone with it."""
        self._snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_sample(self) -> Sample:
        reader = SnapshotReader(self._snapshot)
        stream: ByteStream = GzipStream(reader) if self._is_gzip else reader
        data = bytearray()
        is_whole = False
        # A first line longer than the sample is still read to its end, within the limit on any line.
        while len(data) < self._limits.sample_bytes or (
            b"\n" not in data and b"\r" not in data and len(data) < self._limits.record_chars
        ):
            piece = stream.read(self._limits.sample_bytes)
            if not piece:
                is_whole = True
                break
            data += piece
        if not data and isinstance(stream, GzipStream) and stream.damage:
            raise DamagedFileError(stream.damage, where=self.name, remedy="Make it, or download it, again")
        return Sample(self.name, bytes(data), is_whole)

    def _cut_off(self, stream: ByteStream) -> str | None:
        """Why a last row without a line end may be incomplete."""
        if isinstance(stream, GzipStream):
            return stream.damage
        return GREW if self._snapshot.has_grown() else None

    def _collect_warnings(self, stream: ByteStream, maker: RowMaker, labels: LabelReader | None) -> None:
        if self._snapshot.has_grown():
            self._warnings.append(_GREW_WARNING)
        if isinstance(stream, GzipStream):
            self._collect_damage(stream)
        if rows := maker.undecodable_rows:
            count = "1 row is" if rows == 1 else f"{rows:,} rows are"
            self._warnings.append(f"{count} not valid in the encoding read; --encoding names another")
        if labels is not None and (warning := labels.warning()):
            self._warnings.append(warning)

    def _collect_damage(self, stream: GzipStream) -> None:
        self.incomplete = stream.damage is not None
        if stream.damage == ENDS_EARLY:
            self._warnings.append(f"{stream.damage}: its last rows are missing")
        elif stream.damage:
            self._warnings.append(f"{stream.damage}: the rows after the damage are missing")
        if stream.trailing:
            self._warnings.append("bytes after the end of the compressed data were not read")


def open_source(
    path: str | Path, *, spool_folder: Path, stdin: IO[bytes] | None = None, limits: Limits | None = None
) -> Source:
    """Open a .csv, .tsv or .jsonl file, a .gz of one, or "-" for standard input.

    spool_folder: where standard input and pipes are kept until the source is closed; made if it is missing.
    stdin: what "-" reads, `sys.stdin` by default.

    Raises MissingFileError, UnreadableFileError, EmptyFileError, DamagedFileError or NotTextError.
    """
    snapshot = open_snapshot(str(path), spool_folder=spool_folder, stdin=stdin)
    try:
        return Source(snapshot, limits=limits or Limits())
    except BaseException:
        snapshot.close()
        raise
