"""Workbooks and Parquet files of one input, opened as often as they are read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from newsgate.tasks.reading.content import Content
from newsgate.tasks.reading.errors import DamagedFileError, quote_column
from newsgate.tasks.reading.parquet import ParquetTable
from newsgate.tasks.reading.records import Layout, ReadOptions, Rejected, Row
from newsgate.tasks.reading.row_maker import RowMaker
from newsgate.tasks.reading.table_layout import parquet_layout, sheet_layout
from newsgate.tasks.reading.table_rows import rows_of_records, rows_of_sheet
from newsgate.tasks.reading.used_columns import used_columns
from newsgate.tasks.reading.workbooks.ods import OdsWorkbook
from newsgate.tasks.reading.workbooks.parts import BrokenPartError
from newsgate.tasks.reading.workbooks.xlsx import XlsxWorkbook

_SAMPLE_ROWS = 200
_BROKEN_SHEET = "the sheet is damaged"


def table_layout(content: Content, options: ReadOptions, *, where: str, spool_folder: Path) -> Layout:
    """How to read a workbook or a Parquet file. Raises ReadError."""
    if content.kind == "parquet":
        table = _open_parquet(content, where=where)
        try:
            return parquet_layout(table.sample(), table.columns, options, class_names=table.class_names, where=where)
        finally:
            table.close()
    book = _open_workbook(content, where=where, spool_folder=spool_folder, max_chars=options.max_text_chars)
    try:
        sheet, others = book.choose(options.sheet)
        rows = []
        try:
            for row in itertools.islice(book.rows(sheet), _SAMPLE_ROWS):
                rows.append(row)  # noqa: PERF402 - kept up to the raise
        except BrokenPartError as error:
            if not rows:
                raise DamagedFileError(
                    f"the sheet {quote_column(sheet.name)} is damaged: it {error}",
                    where=where,
                    remedy="Save the workbook again, or as CSV",
                ) from error
        form: Literal["ods", "xlsx"] = "ods" if content.kind == "ods" else "xlsx"
        return sheet_layout(rows, options, form=form, sheet=sheet.name, others=others, where=where)
    finally:
        book.close()


class TableRows:
    """Reads the rows of one workbook or Parquet file. damage: why rows may be missing, known when `read` has ended."""

    def __init__(
        self, content: Content, layout: Layout, maker: RowMaker, *, where: str, spool_folder: Path, after_row: int
    ) -> None:
        self.damage: str | None = None
        self._content = content
        self._layout = layout
        self._maker = maker
        self._where = where
        self._spool_folder = spool_folder
        self._after_row = after_row

    def read(self) -> Iterator[Row | Rejected]:
        """Yield each row, in order."""
        return self._read_parquet() if self._layout.format == "parquet" else self._read_sheet()

    def _read_parquet(self) -> Iterator[Row | Rejected]:
        table = _open_parquet(self._content, where=self._where)
        try:
            records = table.rows(used_columns(self._layout), after_row=self._after_row)
            yield from rows_of_records(records, self._layout, self._maker)
            self.damage = table.damage
        finally:
            table.close()

    def _read_sheet(self) -> Iterator[Row | Rejected]:
        layout = self._layout
        book = _open_workbook(
            self._content, where=self._where, spool_folder=self._spool_folder, max_chars=layout.max_text_chars
        )
        try:
            sheet, _ = book.choose(layout.sheet)
            yield from rows_of_sheet(book.rows(sheet), layout, self._maker, after_row=self._after_row)
            self.damage = book.damage
        except BrokenPartError:
            self.damage = book.damage or _BROKEN_SHEET
        finally:
            book.close()


def _open_parquet(content: Content, *, where: str) -> ParquetTable:
    file = content.as_file()
    try:
        return ParquetTable(file, where=where)
    except BaseException:
        file.close()
        raise


def _open_workbook(content: Content, *, where: str, spool_folder: Path, max_chars: int) -> XlsxWorkbook | OdsWorkbook:
    file = content.as_file()
    try:
        if content.kind == "ods":
            return OdsWorkbook(file, where=where, max_chars=max_chars)
        return XlsxWorkbook(file, where=where, spool_folder=spool_folder, max_chars=max_chars)
    except BaseException:
        file.close()
        raise
