"""The files that a training reads, and what is said about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsgate.console.file_messages import print_read_summary
from newsgate.tasks.models.labelled_files import LabelledFile, UnlabelledFile, read_labelled, read_unlabelled

if TYPE_CHECKING:
    from newsgate.tasks.reading import ReadOptions
    from newsgate.worker.settings import Settings


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """What was read. validation, unlabelled: None where no such file was named."""

    labelled: LabelledFile
    validation: LabelledFile | None
    unlabelled: UnlabelledFile | None

    @property
    def unlabelled_texts(self) -> tuple[str, ...]:
        """The texts without a label, of both files that may have some."""
        return self.labelled.unlabelled_texts + (self.unlabelled.texts if self.unlabelled else ())

    @property
    def are_whole(self) -> bool:
        """Whether every row of every file was read."""
        files = (self.labelled, self.validation, self.unlabelled)
        return all(each.report.is_whole for each in files if each is not None)


def read_training_files(
    file: str, validation: str | None, unlabelled: str | None, *, options: ReadOptions, settings: Settings
) -> TrainingFiles:
    """Read the files, and print after each what became of it. Raises what `read_labelled` and `read_unlabelled` do."""
    labelled = read_labelled(file, options=options, settings=settings)
    print_read_summary(file, labelled)
    held_out = read_labelled(validation, options=options, settings=settings) if validation else None
    if validation and held_out:
        print_read_summary(validation, held_out)
    more = read_unlabelled(unlabelled, options=options, settings=settings) if unlabelled else None
    if unlabelled and more:
        print_read_summary(unlabelled, more)
    return TrainingFiles(labelled, held_out, more)
