"""One input, opened once: its checksum, its layout and its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from newsgate.tasks.reading.content import HEAD_BYTES, Content, Pass
from newsgate.tasks.reading.errors import (
    DamagedFileError,
    EmptyFileError,
    NoRowsError,
    UnknownColumnError,
    UnusedOptionError,
)
from newsgate.tasks.reading.file_signatures import refuse_known_formats
from newsgate.tasks.reading.gzip_stream import ENDS_EARLY
from newsgate.tasks.reading.json_document import ENDS_EARLY as JSON_ENDS_EARLY
from newsgate.tasks.reading.kept_columns import ColumnKeeper, LeftOut, resolve_keep
from newsgate.tasks.reading.layout import Sample, decide_layout
from newsgate.tasks.reading.line_readers import line_reader
from newsgate.tasks.reading.lines import decode_text, read_lines
from newsgate.tasks.reading.records import Layout, Limits, ReadOptions, Rejected, Row
from newsgate.tasks.reading.row_maker import LabelReader, RowMaker
from newsgate.tasks.reading.snapshot import Snapshot, SnapshotReader, open_snapshot, spool_stream

GREW = "the file grew while it was read; the row may be incomplete"
_GREW_WARNING = "the file grew while it was read: what was written after it was opened was not read"
_LOOK_BYTES = 1_048_576


class Source:
    """A frozen snapshot of one input; use it as a context manager.

    name: the file's name without its folder, or "stdin".
    size_bytes: of the input as it is, compressed or not.
    position_bytes: how many of them the latest `rows()` has consumed.
    warnings: what the person should know, complete when the latest `rows()` has ended.
    no_labels: how many judgements of the latest `rows()` are no label, by why not, where a tool wrote the file.
    incomplete: rows are missing from the input itself, known when the latest `rows()` or `look_for_damage()` has ended.
    """

    def __init__(self, snapshot: Snapshot, *, spool_folder: Path, limits: Limits) -> None:
        self.name = snapshot.name
        self.size_bytes = snapshot.size_bytes
        self._snapshot = snapshot
        self._spool_folder = spool_folder
        self._limits = limits
        self._pass: Pass | None = None
        self._contents: dict[str | None, Content] = {}
        self._warnings: list[str] = []
        self._keeper: ColumnKeeper | None = None
        self.incomplete = False
        self.no_labels: Counter[str] = Counter()
        if not snapshot.size_bytes:
            raise EmptyFileError("the file is empty", where=self.name, remedy="Give it a header and rows")
        refuse_known_formats(snapshot.read_at(0, HEAD_BYTES), where=self.name)

    @property
    def sha256(self) -> str:
        """The hex digest of the raw bytes; a pass over the file the first time it is asked for."""
        return self._snapshot.sha256

    @property
    def position_bytes(self) -> int:
        """How many raw bytes the latest `rows()` has consumed, for a progress bar."""
        if self._pass is not None:
            return min(self._pass.position_bytes, self.size_bytes)
        return min(sum(each.position_bytes for each in self._contents.values()), self.size_bytes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence each; complete when the latest `rows()` has ended."""
        return tuple(self._warnings)

    @property
    def left_out(self) -> LeftOut:
        """The other columns that the latest `rows()` did not keep so far, because they are too long."""
        if self._keeper is None:
            return LeftOut()
        return LeftOut(self._keeper.left_out_rows, tuple(self._keeper.left_out))

    def layout(self, options: ReadOptions | None = None) -> Layout:
        """Decide from a sample how to read the input; raises a ReadError where that cannot be."""
        options = options or ReadOptions()
        try:
            return self._decide(options)
        except UnknownColumnError:
            # Hardly anybody needs it.
            from newsgate.tasks.reading.late_columns import columns_of_all, without_names

            late = columns_of_all(self._decide(without_names(options)), self._rows)
            if not late:
                raise
        return self._decide(options, late_columns=late)

    def _decide(self, options: ReadOptions, *, late_columns: Sequence[str] = ()) -> Layout:
        content = self._content(options.member)
        if content.kind == "text":
            if options.sheet is not None:
                raise UnusedOptionError("this is no workbook", option="--sheet", where=self.name)
            layout = decide_layout(self._read_sample(content), options, late_columns=late_columns)
        else:
            # Most inputs are text, and need neither XML nor its like.
            from newsgate.tasks.reading.tables import table_layout

            layout = table_layout(content, options, where=self.name, spool_folder=self._spool_folder)
        layout = replace(layout, keep=resolve_keep(layout.columns, options.keep, where=self.name))
        if content.member is None:
            return layout
        notes = (f"read {content.member} of the archive", *layout.notes)
        return replace(layout, member=content.member, notes=notes)

    def rows(self, layout: Layout, *, after_row: int = 0) -> Iterator[Row | Rejected]:
        """Yield each data row once, in order, beginning with the first that starts after line `after_row`.

        Raises NoRowsError at the end when the whole input has no data row, and FileChangedError when its bytes
        are no longer those of `sha256`: then nothing that was yielded can be trusted.
        """
        keeper = ColumnKeeper(layout) if layout.keep != "none" else None
        return self._rows(layout, keeper, after_row=after_row)

    def _rows(self, layout: Layout, keeper: ColumnKeeper | None, *, after_row: int = 0) -> Iterator[Row | Rejected]:
        expected_sha256 = self.sha256
        self._warnings = []
        labels = LabelReader(layout.vocabulary) if layout.label_column is not None and layout.tool is None else None
        tool = None
        if layout.tool is not None and layout.label_column is not None:
            from newsgate.tasks.reading.label_tools.tool_labels import ToolLabels

            tool = ToolLabels(layout.tool.tool, layout.label_column, layout.vocabulary)
        self.no_labels = Counter() if tool is None else tool.counts
        self._keeper = keeper
        maker = RowMaker(
            encoding=layout.encoding,
            max_text_chars=layout.max_text_chars,
            labels=labels,
            every_label=layout.every_label,
            tool=tool,
            keeper=self._keeper,
            is_html=layout.is_html,
        )
        content = self._content(layout.member)
        damage_of: Callable[[], str | None]
        if layout.format in ("xlsx", "ods", "parquet"):
            rows, damage_of = self._table_rows(content, layout, maker, after_row)
        elif layout.format == "json":
            rows, damage_of = self._json_rows(content, layout, maker, after_row)
        else:
            rows, damage_of = self._line_rows(content, layout, maker, after_row)
        is_empty = True
        for row in rows:
            is_empty = False
            yield row
        damage = damage_of()
        self._check_unchanged(expected_sha256)
        if is_empty and after_row == 0 and damage is None:
            raise NoRowsError("there are no data rows", where=self.name, remedy="Give it rows below the header")
        self._collect_warnings(damage, maker, labels)

    def look_for_damage(self) -> None:
        """Find out without reading rows whether some are missing from compressed input: a pass over all of it."""
        self._warnings = []
        for content in list(self._contents.values()) or [self._content(None)]:
            if content.is_packed:
                stream = content.open()
                while stream.read(_LOOK_BYTES):
                    pass
                self._collect_damage(stream.damage, has_trailing=stream.trailing)

    def close(self) -> None:
        """Release the file; a copy of standard input is gone with it."""
        self._snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _content(self, member: str | None) -> Content:
        if member not in self._contents:
            content = Content(self._snapshot, member=member, spool_folder=self._spool_folder)
            self._contents = {member: content}
        return self._contents[member]

    def _line_rows(
        self, content: Content, layout: Layout, maker: RowMaker, after_row: int
    ) -> tuple[Iterator[Row | Rejected], Callable[[], str | None]]:
        limits = replace(self._limits, record_chars=max(self._limits.record_chars, layout.max_text_chars))
        stream = self._pass = content.open()
        blocks = read_lines(
            stream,
            layout.encoding,
            block_bytes=limits.block_bytes,
            max_line_chars=limits.record_chars,
        )
        parser = line_reader(layout.format)(
            layout, maker, limits=limits, cut_off=lambda: self._cut_off(stream), after_row=after_row
        )
        return parser.read(blocks), lambda: stream.damage

    def _json_rows(
        self, content: Content, layout: Layout, maker: RowMaker, after_row: int
    ) -> tuple[Iterator[Row | Rejected], Callable[[], str | None]]:
        from newsgate.tasks.reading.json_cursor import JsonCursor
        from newsgate.tasks.reading.json_rows import JsonRows

        passes: list[Pass] = []

        def begin() -> JsonCursor:
            stream = self._pass = content.open()
            passes.append(stream)
            pieces = decode_text(stream, layout.encoding, self._limits.block_bytes)
            # A record is its text and what stands around it.
            most_chars = 2 * max(self._limits.record_chars, layout.max_text_chars)
            return JsonCursor(pieces, max_value_chars=most_chars)

        parser = JsonRows(layout, maker, begin=begin, after_row=after_row)

        def damage() -> str | None:
            # What is left behind the last record is read too, for the file's checksum.
            return next((each.damage for each in passes if each.damage), None) or parser.damage

        return parser.read(), damage

    def _table_rows(
        self, content: Content, layout: Layout, maker: RowMaker, after_row: int
    ) -> tuple[Iterator[Row | Rejected], Callable[[], str | None]]:
        from newsgate.tasks.reading.tables import TableRows

        self._pass = None
        parser = TableRows(
            content, layout, maker, where=self.name, spool_folder=self._spool_folder, after_row=after_row
        )
        return parser.read(), lambda: parser.damage

    def _read_sample(self, content: Content) -> Sample:
        stream = content.open()
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
        if not data and stream.damage:
            raise DamagedFileError(stream.damage, where=self.name, remedy="Make it, or download it, again")
        return Sample(content.name, bytes(data), is_whole)

    def _check_unchanged(self, expected_sha256: str) -> None:
        sha256 = self._pass.sha256_to_the_end() if self._pass else None
        if sha256 is None:
            reader = SnapshotReader(self._snapshot)
            reader.drain()
            sha256 = reader.hexdigest()
        if sha256 != expected_sha256:
            raise self._snapshot.changed("was changed while it was read")

    def _cut_off(self, stream: Pass) -> str | None:
        """Why a last row without a line end may be incomplete."""
        if stream.is_packed:
            return stream.damage
        return GREW if self._snapshot.has_grown() else None

    def _collect_warnings(self, damage: str | None, maker: RowMaker, labels: LabelReader | None) -> None:
        if self._snapshot.has_grown():
            self._warnings.append(_GREW_WARNING)
        self._collect_damage(damage, has_trailing=self._pass is not None and self._pass.trailing)
        if rows := maker.undecodable_rows:
            count = "1 row is" if rows == 1 else f"{rows:,} rows are"
            self._warnings.append(f"{count} not valid in the encoding read; --encoding names another")
        if rows := maker.misquoted_rows:
            count = "1 row has" if rows == 1 else f"{rows:,} rows have"
            self._warnings.append(f"{count} a quote that is not closed; where quotes mean nothing: --quoting none")
        if left_out := self.left_out.warning():
            self._warnings.append(left_out)
        if labels is not None and (warning := labels.warning()):
            self._warnings.append(warning)
        if self.no_labels:
            from newsgate.tasks.reading.label_tools.said import DISPUTED

            if disputed := self.no_labels[DISPUTED]:
                self._warnings.append(f"1 text {DISPUTED}" if disputed == 1 else f"{disputed:,} texts {DISPUTED}")

    def _collect_damage(self, damage: str | None, *, has_trailing: bool) -> None:
        self.incomplete = damage is not None
        if damage and damage in (ENDS_EARLY, JSON_ENDS_EARLY):
            self._warnings.append(f"{damage}: its last rows are missing")
        elif damage:
            self._warnings.append(f"{damage}: the rows after the damage are missing")
        if has_trailing:
            self._warnings.append("bytes after the end of the compressed data were not read")


def open_source(
    path: str | Path, *, spool_folder: Path, stdin: IO[bytes] | None = None, limits: Limits | None = None
) -> Source:
    """Open a file of rows, compressed or not, or "-" for standard input.

    spool_folder: where standard input, pipes and what must be unpacked are kept until the source is closed.
    stdin: what "-" reads, `sys.stdin` by default.

    Raises MissingFileError, UnreadableFileError, EmptyFileError or NotTextError; what is packed in the file is looked
    at by `layout`.
    """
    return _source_of(open_snapshot(str(path), spool_folder=spool_folder, stdin=stdin), spool_folder, limits)


def open_stream(stream: IO[bytes], *, name: str, spool_folder: Path, limits: Limits | None = None) -> Source:
    """Open rows that a program gives as bytes, as `open_source` opens a file; the name's ending says their format."""
    return _source_of(spool_stream(stream, name=name, spool_folder=spool_folder), spool_folder, limits)


def _source_of(snapshot: Snapshot, spool_folder: Path, limits: Limits | None) -> Source:
    try:
        return Source(snapshot, spool_folder=spool_folder, limits=limits or Limits())
    except BaseException:
        snapshot.close()
        raise
