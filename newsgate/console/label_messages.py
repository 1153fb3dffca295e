"""What a person is told about labels: which rows of a file were stored, and how far people agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsgate.console.file_messages import print_file_notes
from newsgate.console.messages import print_message

if TYPE_CHECKING:
    from newsgate.tasks.labelling.agreement import Agreement
    from newsgate.tasks.labelling.import_labels import Imported


def print_refused_row(row: int, reason: str) -> None:
    """Say why a row of a file was not stored."""
    print_message(f"row {row} was refused: {reason}")


def print_import_summary(imported: Imported) -> None:
    """Say what became of a file of labels."""
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
    print_message(", ".join([f"{imported.stored} labels stored", *others]))


def agreement_line(agreement: Agreement) -> str:
    """Return how far two people agree, in one line."""
    kappa = "" if agreement.kappa is None else f", Cohen's kappa {agreement.kappa:.2f}"
    agreed = format_share(agreement.same, agreement.texts) if agreement.texts else "no text yet"
    return f"agreement between people, on texts two of them judged: {agreed}{kappa}"


def format_share(part: int, whole: int) -> str:
    """Return a part of a whole as people say it: `3 of 4 (75.0%)`."""
    return f"{part} of {whole} ({part / whole:.1%})"
