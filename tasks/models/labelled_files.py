"""Files of labelled texts, read for training and evaluating."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.models.opinions import Opinions
from newsgate.tasks.reading import (
    DEFAULT_LABEL_COLUMN,
    Layout,
    ReadOptions,
    Rejected,
    Row,
    Source,
    how_to_export,
    kind_of_reason,
    labelled_layout,
    list_no_labels,
    open_source,
)
from newsgate.worker.settings import Settings, prepare_home

if TYPE_CHECKING:
    from newsgate.training.corpus import LabelledTexts


# Of a file's texts without a label more are not kept in memory: no recipe wants as many.
MOST_UNLABELLED = 200_000


REFUSED_SHOWN = 5


class UnlabelledFileError(NewsgateError):
    """A file that should say fake or real on its rows does so on none."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a person should know about a file that was read.

    refused: how many of its rows; first_refused: the first `REFUSED_SHOWN` of them; refused_by_kind: how many for what.
    incomplete: the file itself is
    damaged, and some of its rows could not be read at all.
    """

    refused: int
    first_refused: tuple[Rejected, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    incomplete: bool
    refused_by_kind: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """No row is missing and none was refused."""
        return not (self.refused or self.incomplete)


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """The labelled rows of a file as (text, label) pairs, and how many there are without fake or real.

    unlabelled_texts: of the latter, the first `MOST_UNLABELLED`.
    """

    pairs: tuple[tuple[str, str], ...]
    unlabelled: int
    unlabelled_texts: tuple[str, ...]
    report: FileReport


@dataclass(frozen=True, slots=True)
class UnlabelledFile:
    """The first `MOST_UNLABELLED` texts of a file; the report is about the file as far as it was read for them."""

    texts: tuple[str, ...]
    report: FileReport


@dataclass(slots=True)
class _Refused:
    """Counts refused rows and keeps the first."""

    count: int = 0
    first: list[Rejected] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)

    def add(self, row: Rejected) -> None:
        self.count += 1
        self.by_kind[kind_of_reason(row.reason)] += 1
        if self.count <= REFUSED_SHOWN:
            self.first.append(row)


def read_labelled(path: str, *, options: ReadOptions, settings: Settings) -> LabelledFile:
    """The texts of a file whose label column, or `options`, says fake or real.

    Raises ReadError, LabelValuesError where it is unclear what the labels say, UnlabelledFileError.
    """
    pairs: list[tuple[str, str]] = []
    unlabelled_texts: list[str] = []
    refused = _Refused()
    unlabelled = 0
    opinions = Opinions()
    with open_source(path, spool_folder=prepare_home(settings) / "spool") as source:
        layout = labelled_layout(source, options, needs_labels=True)
        for row in source.rows(layout):
            if isinstance(row, Rejected):
                refused.add(row)
                continue
            opinions.add(row.text, row.said)
            if row.label is None:
                unlabelled += 1
                if unlabelled <= MOST_UNLABELLED:
                    unlabelled_texts.append(row.text)
            else:
                pairs.append((row.text, row.label))
        report = _report(source, layout, refused)
    pairs, even = opinions.settle(pairs)
    unlabelled += len(even)
    unlabelled_texts += even[: MOST_UNLABELLED - len(unlabelled_texts)]
    if not pairs:
        raise nothing_said(layout, source, where=path, refused=refused.first[:1], refused_rows=refused.count)
    return LabelledFile(
        tuple(pairs),
        unlabelled=unlabelled,
        unlabelled_texts=tuple(unlabelled_texts),
        report=report,
    )


def nothing_said(
    layout: Layout, source: Source, *, where: str, refused: Sequence[Rejected] = (), refused_rows: int = 0
) -> UnlabelledFileError:
    """The error for a file that says fake or real on no row, and why it does not; refused: its first refused row."""
    refusals = "".join(f"; {refused_rows} were refused, row {row.row}: {row.reason}" for row in refused)
    if layout.tool is None:
        return UnlabelledFileError(
            f"no row says fake or real in column {layout.label_column or DEFAULT_LABEL_COLUMN!r}{refusals}",
            where=where,
            remedy="Name the right one with --label-column",
        )
    why = list_no_labels(source.no_labels) if source.no_labels else "nobody has answered"
    return UnlabelledFileError(
        f"no row of this export of {layout.tool.title} says fake or real: {why}{refusals}",
        where=where,
        remedy=how_to_export(source.no_labels) or "Export it when somebody has labelled",
    )


def labelled_texts(files: Sequence[LabelledFile]) -> LabelledTexts:
    """The labelled rows of all files. Raises CorpusError where they say only fake, or only real."""
    from newsgate.training.corpus import LabelledTexts

    return LabelledTexts.from_pairs(pair for file in files for pair in file.pairs)


def read_unlabelled(path: str, *, options: ReadOptions, settings: Settings) -> UnlabelledFile:
    """The first texts of a file, whatever it says they are. Raises ReadError."""
    refused = _Refused()
    with open_source(path, spool_folder=prepare_home(settings) / "spool") as source:
        layout = source.layout(options)
        texts = tuple(islice(_accepted(source.rows(layout), refused), MOST_UNLABELLED))
        return UnlabelledFile(texts, _report(source, layout, refused))


def _accepted(rows: Iterable[Row | Rejected], refused: _Refused) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Rejected):
            refused.add(row)
        else:
            yield row.text


def _report(source: Source, layout: Layout, refused: _Refused) -> FileReport:
    return FileReport(
        refused=refused.count,
        first_refused=tuple(refused.first),
        notes=layout.notes,
        warnings=source.warnings,
        incomplete=source.incomplete,
        refused_by_kind=refused.by_kind,
    )
