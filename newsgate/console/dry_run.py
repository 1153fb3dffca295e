"""`enqueue --dry-run`: what would become of files, of which nothing is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.enqueue_files import tell_failure
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_reading_options import make_read_options
from newsgate.foundation.errors import NewsgateError

if TYPE_CHECKING:
    from newsgate.tasks.enqueueing.input_files import InputFiles


def show_what_would_be_enqueued(chosen: InputFiles, *, as_json: bool, reading: dict[str, Any]) -> int:
    """Print the report of `newsgate inspect` for each file; gives how `enqueue` would exit.

    Raises ReadError where there is only one file.
    """
    from newsgate.console.file_report import file_report_json, print_file_report
    from newsgate.tasks.inspecting.inspect_file import inspect_file
    from newsgate.tasks.reading import ReadError
    from newsgate.worker.settings import load_settings

    settings = load_settings()
    options = make_read_options(settings.max_text_chars, **reading)
    documents: list[dict[str, Any]] = []
    codes = {0}
    for file in chosen.files:
        try:
            if file.error is not None:
                raise file.error
            report = inspect_file(file.path, options=replace(options, every_label=file.label), settings=settings)
        except ReadError as error:
            if not chosen.are_several:
                raise
            documents.append({"file": file.path, "error": tell_failure(file.path, error)})
            codes.add(NewsgateError.exit_code)
            continue
        documents.append(file_report_json(report))
        if not as_json:
            print_file_report(report)
        if report.rejected or report.incomplete:
            codes.add(EXIT_SOME_ROWS_BAD)
    if as_json:
        click.echo(json.dumps(documents if chosen.are_several else documents[0], ensure_ascii=False))
    return NewsgateError.exit_code if NewsgateError.exit_code in codes else max(codes)
