"""The options of every command that reads a file of texts, and what is said about the file afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.error_reporting import tell, warn

if TYPE_CHECKING:
    from newsgate.console.progress_line import ProgressLine
    from newsgate.db.results import Reject
    from newsgate.db.session import Database
    from newsgate.tasks.enqueueing.request import Enqueued, Progress
    from newsgate.tasks.models.labelled_files import LabelledFile, UnlabelledFile
    from newsgate.tasks.reading import ReadOptions, Rejected

_REJECTS_SHOWN = 5

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--text-column",
        "text_columns",
        multiple=True,
        metavar="NAME",
        help="Column of the text; given several times, the columns are joined. [default: guessed from the header]",
    ),
    click.option(
        "--id-column", metavar="NAME", help="Column of your own id, kept beside the verdict. [default: guessed]"
    ),
    click.option("--label-column", metavar="NAME", help="Column that already says fake or real; such labels are kept."),
    click.option(
        "--delimiter", metavar="CHAR", help="One character, or tab, comma, semicolon, pipe. [default: detected]"
    ),
    click.option("--encoding", metavar="NAME", help="For example utf-8, latin-1, utf-16. [default: detected]"),
)


def reading_options(function: Function) -> Function:
    """Give a command the options that say how its file is read."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_options(settings_max_chars: int, **told: Any) -> ReadOptions:
    """What the person said about the file, as the reader takes it."""
    from newsgate.tasks.reading import ReadOptions

    return ReadOptions(
        text_columns=tuple(told["text_columns"]),
        id_column=told["id_column"],
        label_column=told["label_column"],
        delimiter=told["delimiter"],
        encoding=told["encoding"],
        max_text_chars=settings_max_chars,
    )


def draw_reading(line: ProgressLine) -> Callable[[Progress], None]:
    """A callback that draws how far reading is."""

    def draw(progress: Progress) -> None:
        line.draw(progress.position_bytes, progress.size_bytes, note=f"{progress.items} rows")

    return draw


def tell_enqueued(done: Enqueued, database: Database) -> None:
    """What became of the file, on standard error: what needs a look, the summary, the first refused rows."""
    from newsgate.db.results import read_rejects

    with database.read() as connection:
        rejects = read_rejects(connection, done.batch, limit=_REJECTS_SHOWN)
    tell_about_file(done.layout.notes, done.warnings)
    verb = "resumed as" if done.resumed else "enqueued as"
    tell(f"{verb} batch {done.batch}: {done.items} rows for model {done.model}, {done.rejected} refused")
    _tell_refused(rejects, count=done.rejected, others="more, in the table `rejects`")


def tell_read(path: str, read: LabelledFile | UnlabelledFile) -> None:
    """What became of a file that is not stored, on standard error: as for one that is."""
    from newsgate.tasks.models.labelled_files import LabelledFile

    report = read.report
    tell_about_file(report.notes, report.warnings)
    is_labelled = isinstance(read, LabelledFile)
    counts = [f"{len(read.texts)} {'labelled rows' if is_labelled else 'texts'}"]
    if report.refused:
        counts.append(f"{report.refused} refused")
    if isinstance(read, LabelledFile) and read.unlabelled:
        counts.append(f"{read.unlabelled} without fake or real")
    tell(f"{path}: {', '.join(counts)}")
    _tell_refused(report.first_refused, count=report.refused, others="more")


def tell_about_file(notes: Sequence[str], warnings: Sequence[str]) -> None:
    """What was guessed about a file, and what is wrong with it as a whole, on standard error."""
    for note in notes:
        tell(f"note: {note}")
    for warning in warnings:
        warn(warning)


def _tell_refused(first: Sequence[Reject | Rejected], *, count: int, others: str) -> None:
    for each in first:
        tell(f"  row {each.row}: {each.reason}")
    if count > len(first):
        tell(f"  and {count - len(first)} {others}")
