"""Streaming reader of CSV and JSONL: every data row is exactly one accepted row or one rejected row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsgate.foundation.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from newsgate.tasks.reading.column_content import ColumnContent, judge_column
    from newsgate.tasks.reading.errors import (
        AmbiguousColumnError,
        BadDelimiterError,
        ColumnError,
        DamagedFileError,
        EmptyFileError,
        FileChangedError,
        HeaderlessError,
        MemberError,
        MissingFileError,
        MissingLibraryError,
        NoRowsError,
        NoTextColumnError,
        NotTextError,
        ReadError,
        RecordsError,
        SheetError,
        UnknownColumnError,
        UnknownEncodingError,
        UnreadableFileError,
        UnusedOptionError,
    )
    from newsgate.tasks.reading.file_columns import FileColumns, columns_of, parse_columns
    from newsgate.tasks.reading.kept_columns import LeftOut, parse_keep
    from newsgate.tasks.reading.label_tools.recognise import ToolShapeError
    from newsgate.tasks.reading.label_tools.said import Said
    from newsgate.tasks.reading.label_values.decision import LabelValuesError, is_known_neither, list_values
    from newsgate.tasks.reading.label_values.labelled_layout import labelled_layout
    from newsgate.tasks.reading.label_values.survey import (
        DEFAULT_LABEL_COLUMN,
        find_label_column,
        how_to_export,
        list_no_labels,
        may_hold_labels,
        settle_labels,
    )
    from newsgate.tasks.reading.label_values.vocabulary import FAKE_OR_REAL, LabelVocabulary, parse_vocabulary
    from newsgate.tasks.reading.records import (
        DEFAULT_MAX_TEXT_CHARS,
        Html,
        Keep,
        Layout,
        Limits,
        Quoting,
        ReadOptions,
        Rejected,
        Row,
    )
    from newsgate.tasks.reading.refusal_kinds import kind_of_reason
    from newsgate.tasks.reading.row_maker import storable
    from newsgate.tasks.reading.source import Source, open_source, open_stream
else:
    # A reader of CSV needs none of JSON, and a file without labels none of what tells labels.
    __getattr__ = lazy_exports(
        __name__,
        {
            "column_content": (
                "ColumnContent",
                "judge_column",
            ),
            "errors": (
                "AmbiguousColumnError",
                "BadDelimiterError",
                "ColumnError",
                "DamagedFileError",
                "EmptyFileError",
                "FileChangedError",
                "HeaderlessError",
                "MemberError",
                "MissingFileError",
                "MissingLibraryError",
                "NoRowsError",
                "NoTextColumnError",
                "NotTextError",
                "ReadError",
                "RecordsError",
                "SheetError",
                "UnknownColumnError",
                "UnknownEncodingError",
                "UnreadableFileError",
                "UnusedOptionError",
            ),
            "file_columns": (
                "FileColumns",
                "columns_of",
                "parse_columns",
            ),
            "kept_columns": (
                "LeftOut",
                "parse_keep",
            ),
            "label_tools.recognise": ("ToolShapeError",),
            "label_tools.said": ("Said",),
            "label_values.decision": (
                "LabelValuesError",
                "is_known_neither",
                "list_values",
            ),
            "label_values.labelled_layout": ("labelled_layout",),
            "label_values.survey": (
                "DEFAULT_LABEL_COLUMN",
                "find_label_column",
                "how_to_export",
                "list_no_labels",
                "may_hold_labels",
                "settle_labels",
            ),
            "label_values.vocabulary": (
                "FAKE_OR_REAL",
                "LabelVocabulary",
                "parse_vocabulary",
            ),
            "records": (
                "DEFAULT_MAX_TEXT_CHARS",
                "Html",
                "Keep",
                "Layout",
                "Limits",
                "Quoting",
                "ReadOptions",
                "Rejected",
                "Row",
            ),
            "refusal_kinds": ("kind_of_reason",),
            "row_maker": ("storable",),
            "source": (
                "Source",
                "open_source",
                "open_stream",
            ),
        },
    )

__all__ = [
    "DEFAULT_LABEL_COLUMN",
    "DEFAULT_MAX_TEXT_CHARS",
    "FAKE_OR_REAL",
    "AmbiguousColumnError",
    "BadDelimiterError",
    "ColumnContent",
    "ColumnError",
    "DamagedFileError",
    "EmptyFileError",
    "FileChangedError",
    "FileColumns",
    "HeaderlessError",
    "Html",
    "Keep",
    "LabelValuesError",
    "LabelVocabulary",
    "Layout",
    "LeftOut",
    "Limits",
    "MemberError",
    "MissingFileError",
    "MissingLibraryError",
    "NoRowsError",
    "NoTextColumnError",
    "NotTextError",
    "Quoting",
    "ReadError",
    "ReadOptions",
    "RecordsError",
    "Rejected",
    "Row",
    "Said",
    "SheetError",
    "Source",
    "ToolShapeError",
    "UnknownColumnError",
    "UnknownEncodingError",
    "UnreadableFileError",
    "UnusedOptionError",
    "columns_of",
    "find_label_column",
    "how_to_export",
    "is_known_neither",
    "judge_column",
    "kind_of_reason",
    "labelled_layout",
    "list_no_labels",
    "list_values",
    "may_hold_labels",
    "open_source",
    "open_stream",
    "parse_columns",
    "parse_keep",
    "parse_vocabulary",
    "settle_labels",
    "storable",
]
