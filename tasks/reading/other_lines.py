"""Files of lines that are neither rows nor texts, told by their beginning: each line would get a verdict."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_CSV_OF_SHELLS = "Write it as CSV: `psql --csv`, `mysql --batch` or `sqlite3 -csv -header`"
_SPREADSHEET = "Open it in a spreadsheet, and save it as .xlsx or CSV"
# What was matched once is never divided anew: many comments have more divisions than can be tried.
_BEGINNINGS = (
    (
        re.compile(rb"\s*+(?:%[^\n]*+\n\s*+)*+\\(?:documentclass|usepackage|begin\{)"),
        "a LaTeX document",
        "Export its rows as CSV",
    ),
    (re.compile(rb"\s*+(?:%[^\n]*+\n\s*+)*+@relation\s", re.IGNORECASE), "an ARFF file", "Export its rows as CSV"),
    (
        re.compile(
            rb"\s*+(?>--[^\n]*+\n\s*+|/\*.*?\*/;?\s*+)*+(?:INSERT INTO|CREATE TABLE|DROP TABLE|COPY [\w.\"]+ \(|"
            rb"SET \w+ = |PRAGMA foreign_keys|BEGIN TRANSACTION)",
            re.DOTALL,
        ),
        "a dump of a database in SQL",
        "Load it into a database, and export the table as CSV",
    ),
    (
        re.compile(rb"\s*+(?:\*{9,}+ 1\. row \*{9}|-\[ RECORD 1 \])"),
        "a table whose columns stand below each other",
        _CSV_OF_SHELLS,
    ),
    (re.compile(rb"\s*+(?:\xe2\x94\x8c|\xe2\x95\xad|\xe2\x95\x94)"), "a table that is drawn", _CSV_OF_SHELLS),
    (re.compile(rb"[^\n]*+\n-++(?: ++-++)++ *+\r?\n"), "a table whose columns are aligned by blanks", _CSV_OF_SHELLS),
    (re.compile(rb"(?:\xef\xbb\xbf)?+\s*+<(?:table|meta)\b", re.IGNORECASE), "a table in HTML", _SPREADSHEET),
    (
        re.compile(rb'\s*+\{(?=[^{}]*"doc_id")[^{}]*"url"\s*+:\s*+"https://docs\.google\.com/'),
        "a link to a document of Google, which stands for it and does not hold it",
        "Open it, and choose File, Download, Comma-separated values",
    ),
)
_YAML_SUFFIXES = frozenset({".yaml", ".yml"})


def what_lines_are(head: bytes, *, where: str) -> tuple[str, str] | None:
    """What such a file is, with its article, and the remedy; None for any other."""
    for begins, what, remedy in _BEGINNINGS:
        if begins.match(head):
            return what, remedy
    if PurePosixPath(where.casefold()).suffix in _YAML_SUFFIXES:
        return "a YAML document", "Export its rows as CSV or JSON"
    return None
