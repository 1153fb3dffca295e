"""The files that a training or a measurement reads, and what is said about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsgate.console.file_messages import print_read_summary
from newsgate.console.label_options import LabelledPath, says_the_opposite
from newsgate.console.messages import print_warning
from newsgate.tasks.models.labelled_files import LabelledFile, UnlabelledFile, read_labelled, read_unlabelled

if TYPE_CHECKING:
    from newsgate.tasks.reading import ReadOptions
    from newsgate.worker.settings import Settings


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """What was read. validation, unlabelled: None where no such file was named."""

    labelled: tuple[LabelledFile, ...]
    validation: LabelledFile | None
    unlabelled: UnlabelledFile | None

    @property
    def unlabelled_texts(self) -> tuple[str, ...]:
        """The texts without a label, of all files that may have some."""
        own = tuple(text for file in self.labelled for text in file.unlabelled_texts)
        return own + (self.unlabelled.texts if self.unlabelled else ())

    @property
    def are_whole(self) -> bool:
        """Whether every row of every file was read."""
        files = (*self.labelled, self.validation, self.unlabelled)
        return all(each.report.is_whole for each in files if each is not None)


def read_labelled_files(
    paths: Sequence[LabelledPath], *, options: ReadOptions, settings: Settings
) -> tuple[LabelledFile, ...]:
    """Read the files, and print after each what became of it. Raises what `read_labelled` does."""
    read = []
    for path, label in paths:
        if label is not None and says_the_opposite(path, label):
            print_warning(f"{path}: every row is taken as {label}, and its name says otherwise")
        read.append(read_labelled(path, options=replace(options, every_label=label), settings=settings))
        print_read_summary(path, read[-1])
    return tuple(read)


def read_training_files(
    paths: Sequence[LabelledPath],
    validation: str | None,
    unlabelled: str | None,
    *,
    options: ReadOptions,
    settings: Settings,
) -> TrainingFiles:
    """Read the files, and print after each what became of it. Raises what `read_labelled` and `read_unlabelled` do."""
    own_labels = replace(options, label_column=None, vocabulary=None, labels_strict=False)
    has_labels_by_file = any(label is not None for _, label in paths)
    # Beside --label, the options about a column of labels can only be about the validation file.
    of_files = own_labels if validation and has_labels_by_file else options
    labelled = read_labelled_files(paths, options=of_files, settings=settings)
    held_out = read_labelled_files([(validation, None)], options=options, settings=settings) if validation else ()
    more = None
    if unlabelled:
        more = read_unlabelled(unlabelled, options=own_labels, settings=settings)
        print_read_summary(unlabelled, more)
    return TrainingFiles(labelled, held_out[0] if held_out else None, more)
