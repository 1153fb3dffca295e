"""`newsgate inspect`: what is in a file, and how it would be read."""

from __future__ import annotations

import json
from typing import Any

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.label_options import label_options
from newsgate.console.parameter_types import FILE_NAME


@click.command("inspect", cls=ErrorReportingCommand)
@click.argument("file", type=FILE_NAME)
@file_reading_options
@label_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def inspect(file: str, *, as_json: bool, **reading: Any) -> None:
    """Show what is in FILE and what would become of it. Nothing is stored, and no database is needed.

    The columns are those of the first rows, each with how many of its cells are filled, how long they are and what they
    hold. Rows and labels are counted in the whole file. `enqueue --dry-run` shows the same.

    \b
    Example:
      newsgate inspect export.json
    """
    from newsgate.console.file_report import file_report_json, print_file_report
    from newsgate.tasks.inspecting.inspect_file import inspect_file
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    report = inspect_file(file, options=make_read_options(settings.max_text_chars, **reading), settings=settings)
    if as_json:
        click.echo(json.dumps(file_report_json(report), ensure_ascii=False))
    else:
        print_file_report(report)
