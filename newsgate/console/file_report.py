"""What a file holds and what would become of it, as a table or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import one_line, print_table
from newsgate.console.file_messages import print_file_notes, print_refused_rows
from newsgate.console.messages import print_message

if TYPE_CHECKING:
    from newsgate.tasks.inspecting.inspect_file import FileReport

_EXAMPLE_CHARS = 60
_NAME_CHARS = 40
_COLUMNS_SHOWN = 50
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", None: "none"}


def print_file_report(report: FileReport) -> None:
    """Print the columns to standard output, and to standard error what would become of the rows."""
    print_message(f"{report.name}: {_description(report)}")
    rows = [
        (
            one_line(each.name, most_chars=_NAME_CHARS),
            each.role,
            f"{each.content.fill:.0%}",
            f"{each.content.mean_chars:.0f}",
            each.content.kind,
            one_line(each.examples[0], most_chars=_EXAMPLE_CHARS) if each.examples else "",
        )
        for each in report.columns[:_COLUMNS_SHOWN]
    ]
    headers = ("column", "is", "filled", "chars", "holds", "example")
    print_table(headers, rows, right_aligned=frozenset({"filled", "chars"}))
    if (more := len(report.columns) - _COLUMNS_SHOWN) > 0:
        click.echo(f"and {more:,} more columns")
    print_file_notes(report.layout.notes, report.warnings)
    if report.labels is not None:
        if report.labels.problem:
            print_message(f"labels: {report.labels.problem}")
        else:
            print_message(f"labels in column {report.labels.column!r}: {_listed(report)}")
    rows_said = "1 row" if report.items == 1 else f"{report.items} rows"
    print_message(f"would enqueue {rows_said}, {report.rejected} refused; nothing is stored")
    print_refused_rows(report.first_rejects, count=report.rejected, kinds=report.reasons, others="more")


def file_report_json(report: FileReport) -> dict[str, Any]:
    """The report with the keys that programs read."""
    layout = report.layout
    return {
        "file": report.name,
        "format": layout.format,
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "member": layout.member,
        "sheet": layout.sheet,
        "records": layout.records,
        "first_row": layout.first_row,
        "columns": [
            {
                "name": each.name,
                "role": each.role or None,
                "fill": round(each.content.fill, 4),
                "chars": round(each.content.mean_chars, 1),
                "holds": each.content.kind,
                "examples": list(each.examples),
            }
            for each in report.columns
        ],
        "rows": report.items + report.rejected,
        "items": report.items,
        "rejected": report.rejected,
        "reasons": dict(report.reasons),
        "labels": None
        if report.labels is None
        else {
            "column": report.labels.column,
            "values": dict(report.labels.values),
            "problem": report.labels.problem,
        },
        "notes": list(layout.notes),
        "warnings": list(report.warnings),
        "incomplete": report.incomplete,
    }


def _description(report: FileReport) -> str:
    layout = report.layout
    parts: list[str] = [layout.format]
    if layout.format in ("csv", "jsonl", "json", "lines", "chat"):
        parts.append(layout.encoding)
    if layout.format == "csv":
        parts.append(f"delimiter {_DELIMITERS.get(layout.delimiter, repr(layout.delimiter))}")
        parts.append("no header" if layout.first_row == 1 else "header")
    if layout.sheet is not None:
        parts.append(f"sheet {layout.sheet!r}")
    if layout.records:
        parts.append(f"records at {layout.records}")
    return ", ".join(parts)


def _listed(report: FileReport) -> str:
    from newsgate.tasks.reading import list_values

    return list_values(report.labels.values) if report.labels else ""
