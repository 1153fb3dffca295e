"""Where the verdicts of several files go: a file for each, or one after the other onto standard output."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsgate.console.output_file import OutputError
from newsgate.console.output_options import choose_output_form
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.tasks.enqueueing.input_files import InputFiles
    from newsgate.tasks.exporting.formats import OutputForm


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Where the verdicts go. output: a file, a folder where `are_several`, or None for standard output.

    own_columns: beside each file's own table. repeated_stems: the beginnings of names that several of the files have.
    """

    output: str | None
    form: OutputForm
    are_several: bool
    own_columns: bool
    repeated_stems: frozenset[str] = frozenset()

    @property
    def is_one_after_the_other(self) -> bool:
        """Whether the verdicts of several files go onto standard output."""
        return self.are_several and self.output is None

    def path_for(self, file: str, *, batch: int) -> str | None:
        """Where the verdicts of a file go; None for standard output."""
        from newsgate.tasks.enqueueing.input_files import stem_of

        if not self.are_several or self.output is None:
            return self.output
        stem = stem_of(file)
        unique = f"{stem}-batch-{batch}" if stem.casefold() in self.repeated_stems else stem
        return str(Path(self.output) / f"{unique}{self.form.ending}")


def choose_result_files(
    chosen: InputFiles, *, form: str | None, output: str | None, own_columns: bool | None = None
) -> ResultFiles:
    """Decide where the verdicts go and in which form, and make the folder. Raises WrongUsageError, OutputError."""
    if not chosen.are_several:
        if output is not None and Path(output).is_dir():
            raise WrongUsageError(f"{output} is a folder", remedy="Name a file in it")
        output_form = choose_output_form(output, said=form, own_columns=own_columns)
        is_file = output is not None and output != "-" and output_form.form != "table"
        is_own = is_file if own_columns is None else own_columns
        return ResultFiles(output, output_form, are_several=False, own_columns=is_own)
    if output is None or output == "-":
        output_form = choose_output_form(output, said=form, own_columns=own_columns)
        if output_form.form not in ("table", "jsonl"):
            raise WrongUsageError(
                f"the verdicts of several files are no one {output_form.form.upper()}",
                remedy="Say with -o FOLDER where a file for each goes",
            )
        # Whose a line is, only the columns of the view say.
        return ResultFiles(None, output_form, are_several=True, own_columns=own_columns or False)
    return _into_folder(
        chosen, output, choose_output_form(None, said=form or "csv", own_columns=own_columns), own_columns
    )


def _into_folder(chosen: InputFiles, folder: str, form: OutputForm, own_columns: bool | None) -> ResultFiles:
    from newsgate.tasks.enqueueing.input_files import stem_of

    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise WrongUsageError(f"{folder} is a file, and the verdicts are of several", remedy="Name a folder with -o")
    if not path.exists() and path.suffix and not folder.endswith("/"):
        raise WrongUsageError(
            f"{folder} looks like a file, and the verdicts are of several", remedy=f"Name a folder: -o {folder}/"
        )
    stems = Counter(stem_of(each.path).casefold() for each in chosen.files)
    is_own = form.form != "table" if own_columns is None else own_columns
    files = ResultFiles(folder, form, True, is_own, frozenset(stem for stem, count in stems.items() if count > 1))
    own = {os.path.realpath(each.path) for each in chosen.files}
    for each in chosen.files:
        if os.path.realpath(files.path_for(each.path, batch=0) or "") in own:
            raise WrongUsageError(
                f"{each.path} itself stands where its verdicts would go", remedy="Name another folder with -o"
            )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder cannot be made: {error.strerror}", where=folder) from error
    return files
