"""What a person is told about labels: which rows of a file were stored, and how far people agree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from newsgate.console.console_table import one_line
from newsgate.console.file_messages import ROWS_TOLD_SINGLY, print_file_notes, print_refusal_kinds
from newsgate.console.messages import print_message
from newsgate.model.labels import FAKE, REAL

if TYPE_CHECKING:
    from newsgate.tasks.labelling.agreement import Agreement
    from newsgate.tasks.labelling.import_labels import Imported

_SAMPLE_CHARS: Final = 90


class RefusedRows:
    """Says why rows of a file were not stored: the first ones one by one, and many then by what is wrong with them."""

    def __init__(self, *, dry_run: bool = False) -> None:
        self._dry_run = dry_run
        self._kinds: Counter[str] = Counter()
        self._count = 0

    def __call__(self, row: int, reason: str) -> None:
        """One more row was refused."""
        from newsgate.tasks.reading import kind_of_reason

        self._count += 1
        self._kinds[kind_of_reason(reason)] += 1
        if self._count <= ROWS_TOLD_SINGLY:
            print_message(f"row {row} {'would be' if self._dry_run else 'was'} refused: {reason}")

    def print_counts(self) -> None:
        """Say how many there were, where they were too many to be told one by one."""
        if self._count > ROWS_TOLD_SINGLY:
            print_message(f"and {self._count - ROWS_TOLD_SINGLY:,} more; of all {self._count:,} refused rows:")
            print_refusal_kinds(self._kinds)


def print_import_summary(imported: Imported, *, path: str | None = None, dry_run: bool = False) -> None:
    """Say what became of a file of labels, or would; path: which one, where there are several."""
    print_file_notes(imported.notes, imported.warnings)
    others = [
        f"{count} {what}"
        for count, what in (
            (imported.known, "known already"),
            (imported.repeated, "repeated"),
            (imported.unlabelled, "without an answer"),
            (imported.refused, "refused"),
        )
        if count
    ]
    if imported.disputed:
        texts = "1 text" if imported.disputed == 1 else f"{imported.disputed} texts"
        print_message(f"people differ on {texts}: what most say counts, and `newsgate labels` says how far they agree")
    which = "" if path is None else f"{path}: "
    stored = f"{imported.stored} labels {'would be ' if dry_run else ''}stored"
    print_message(which + ", ".join([stored, *others]))
    if dry_run and imported.stored:
        _print_what_would_be_stored(imported)


def _print_what_would_be_stored(imported: Imported) -> None:
    print_message(f"{imported.fake} fake and {imported.stored - imported.fake} real; the first ones:")
    for each in imported.samples:
        print_message(f"  {each.label}: {one_line(each.text, most_chars=_SAMPLE_CHARS)}")


def import_figures(path: str, imported: Imported, *, dry_run: bool) -> dict[str, Any]:
    """Return what became of a file of labels, as a command prints it for programs; `by_label` is of those stored."""
    counts = ("stored", "known", "repeated", "unlabelled", "refused", "disputed")
    by_label = {FAKE: imported.fake, REAL: imported.stored - imported.fake}
    figures = {name: getattr(imported, name) for name in counts}
    return {"file": path, **figures, "by_label": by_label, "incomplete": imported.incomplete, "dry_run": dry_run}


def agreement_line(agreement: Agreement) -> str:
    """Return how far two people agree, in one line."""
    kappa = "" if agreement.kappa is None else f", Cohen's kappa {agreement.kappa:.2f}"
    agreed = format_share(agreement.same, agreement.texts) if agreement.texts else "no text yet"
    return f"agreement between people, on texts two of them judged: {agreed}{kappa}"


def format_share(part: int, whole: int) -> str:
    """Return a part of a whole as people say it: `3 of 4 (75.0%)`."""
    return f"{part} of {whole} ({part / whole:.1%})"
