"""Files for people and their spreadsheets: how CSV is written, the labels, and the review queue to be answered."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable
from typing import IO

from sqlalchemy import Connection

from newsgate.db.labels import current_labels
from newsgate.tasks.labelling.review_session import Picked

LABEL_COLUMNS = ("text", "label", "by", "when", "chosen", "judgements")
SHEET_COLUMNS = ("item", "text", "p_fake", "chosen", "label")
# A cell that has quotes before a formula's first character already gets one more, so that taking one away is exact.
# Programs trim what is not seen before they look, and some read the wide forms of East Asian keyboards.
_FORMULA = r"(?:[\t\r\n]|[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠])"
_WOULD_BE_FORMULA = re.compile(rf"'*{_FORMULA}")
_WAS_GUARDED = re.compile(rf"'+{_FORMULA}")
_QUOTING_ENDS = "\r\n"


def row_writer(stream: IO[str], *, delimiter: str = ",") -> Callable[[Iterable[object]], object]:
    """A function that writes one row of CSV, such that any cells read back as they were; lines end with a line feed."""
    # The csv module quotes a carriage return, at which every reader ends a line, only where its own line ends have one.
    return csv.writer(_LineFeeds(stream), delimiter=delimiter, lineterminator=_QUOTING_ENDS).writerow


def guard_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: where one would, a single quote goes before it."""
    return f"'{cell}" if _WOULD_BE_FORMULA.match(cell) else cell


def unguard_cell(cell: str) -> str:
    """What `guard_cell` was given."""
    return cell[1:] if _WAS_GUARDED.match(cell) else cell


def export_labels(connection: Connection, stream: IO[str]) -> int:
    """Write the current label of every text; gives how many."""
    write_row = row_writer(stream)
    write_row(LABEL_COLUMNS)
    count = 0
    for count, each in enumerate(current_labels(connection), start=1):  # noqa: B007 - it is given back
        when = each.labelled_at.isoformat(timespec="milliseconds")
        by = guard_cell(each.labelled_by)
        write_row((guard_cell(each.text), each.label, by, when, each.chosen, each.judgements))
    return count


def export_labels_as_json(connection: Connection, stream: IO[str]) -> int:
    """Write the current label of every text as a JSON object on a line; gives how many."""
    count = 0
    for count, each in enumerate(current_labels(connection), start=1):  # noqa: B007 - it is given back
        when = each.labelled_at.isoformat(timespec="milliseconds")
        values = (each.text, each.label, each.labelled_by, when, each.chosen, each.judgements)
        stream.write(json.dumps(dict(zip(LABEL_COLUMNS, values, strict=True)), ensure_ascii=False) + "\n")
    return count


def export_sheet(picked: Iterable[Picked], stream: IO[str]) -> int:
    """Write items of the review queue; gives how many."""
    write_row = row_writer(stream)
    write_row(SHEET_COLUMNS)
    count = 0
    for count, each in enumerate(picked, start=1):  # noqa: B007 - it is given back
        p_fake = "" if each.item.p_fake is None else f"{each.item.p_fake:.6f}"
        write_row((each.item.item, guard_cell(each.item.text), p_fake, each.chosen, ""))
    return count


class _LineFeeds:
    """A stream for the csv module, which writes each row at once: the row's end becomes a line feed."""

    def __init__(self, stream: IO[str]) -> None:
        self._write = stream.write

    def write(self, row: str) -> int:
        return self._write(row[: -len(_QUOTING_ENDS)] + "\n")
