"""What a person is told about a file that was read: its notes and warnings, its counts, its first refused rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from newsgate.console.messages import print_message, print_warning

if TYPE_CHECKING:
    from newsgate.console.progress_line import ProgressLine
    from newsgate.db.results import Reject
    from newsgate.db.session import Database
    from newsgate.tasks.enqueueing.request import Enqueued, Progress
    from newsgate.tasks.models.labelled_files import LabelledFile, UnlabelledFile
    from newsgate.tasks.reading import Rejected

_REJECTS_SHOWN = 5
# More refused rows than these are also counted by what is wrong with them.
ROWS_TOLD_SINGLY = 20
_KINDS_SHOWN = 10


def reading_progress(line: ProgressLine) -> Callable[[Progress], None]:
    """Return a callback that draws how far reading is."""

    def draw(progress: Progress) -> None:
        line.draw(progress.position_bytes, progress.size_bytes, note=f"{progress.items} rows")

    return draw


def print_enqueue_summary(enqueued: Enqueued, database: Database, *, path: str | None = None) -> None:
    """Print what became of the file: what needs a look, the summary, the first refused rows.

    path: of the file, where there are others.
    """
    from newsgate.console.language_messages import warn_of_other_languages
    from newsgate.db.batch_status import batch_status

    print_file_notes(enqueued.layout.notes, enqueued.warnings, path=path)
    verb = "resumed as" if enqueued.resumed else "enqueued as"
    counts = f"{enqueued.items} rows for model {enqueued.model}, {enqueued.rejected} refused"
    print_message(f"{_place(path)}{verb} batch {enqueued.batch}: {counts}")
    if enqueued.rejected:
        _print_refused_rows_of(enqueued, database)
    with database.read() as connection:
        warn_of_other_languages(connection, [batch_status(connection, enqueued.batch, model=enqueued.model)])


def _print_refused_rows_of(enqueued: Enqueued, database: Database) -> None:
    from newsgate.db.results import read_rejects
    from newsgate.tasks.enqueueing.reject_kinds import count_reject_kinds

    kinds: Mapping[str, int] = {}
    with database.read() as connection:
        rejects = read_rejects(connection, enqueued.batch, limit=_REJECTS_SHOWN)
        if enqueued.rejected > ROWS_TOLD_SINGLY:
            kinds = count_reject_kinds(connection, enqueued.batch)
    others = f"more: `newsgate rejects {enqueued.batch}`"
    print_refused_rows(rejects, count=enqueued.rejected, kinds=kinds, others=others)


def print_read_summary(path: str, read: LabelledFile | UnlabelledFile) -> None:
    """Print what became of a file that is not stored, as for one that is."""
    from newsgate.tasks.models.labelled_files import LabelledFile

    report = read.report
    print_file_notes(report.notes, report.warnings)
    counts = [f"{len(read.pairs)} labelled rows" if isinstance(read, LabelledFile) else f"{len(read.texts)} texts"]
    if report.refused:
        counts.append(f"{report.refused} refused")
    if isinstance(read, LabelledFile) and read.unlabelled:
        counts.append(f"{read.unlabelled} without fake or real")
    print_message(f"{path}: {', '.join(counts)}")
    print_refused_rows(report.first_refused, count=report.refused, kinds=report.refused_by_kind, others="more")


def print_file_notes(notes: Sequence[str], warnings: Sequence[str], *, path: str | None = None) -> None:
    """Print what was guessed about a file, and what is wrong with it as a whole. path: where there are others."""
    for note in notes:
        print_message(f"note: {_place(path)}{note}")
    for warning in warnings:
        print_warning(f"{_place(path)}{warning}")


def print_refused_rows(
    first: Sequence[Reject | Rejected], *, count: int, kinds: Mapping[str, int], others: str
) -> None:
    """Print the first refused rows, and of many, how many there are for each kind of reason."""
    for each in first:
        print_message(f"  row {each.row}: {each.reason}")
    if count > len(first):
        print_message(f"  and {count - len(first)} {others}")
    if count > ROWS_TOLD_SINGLY:
        print_refusal_kinds(kinds)


def print_refusal_kinds(kinds: Mapping[str, int]) -> None:
    """Print how many rows were refused for what, the most frequent first."""
    ranked = sorted(kinds.items(), key=lambda each: (-each[1], each[0]))
    for kind, count in ranked[:_KINDS_SHOWN]:
        print_message(f"  {count:,} of them: {kind}")
    if (left := sum(count for _, count in ranked[_KINDS_SHOWN:])) > 0:
        print_message(f"  {left:,} of them: other reasons")


def _place(path: str | None) -> str:
    return f"{path}: " if path else ""
