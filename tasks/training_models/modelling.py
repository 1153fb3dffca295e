"""Files of labelled texts to models, and models to figures about such files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from newsgate.db.models import add_model, champion_number, choose_model, read_bundle_bytes
from newsgate.db.promotions import promote
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.inspecting.abstaining import threshold_of
from newsgate.tasks.reading import Layout, ReadOptions, Rejected, Row, Source, open_source
from newsgate.tasks.running.opening import ensure_champion
from newsgate.worker.settings import Settings, prepare_home

if TYPE_CHECKING:
    from newsgate.training.corpus import LabelledTexts
    from newsgate.training.evaluate import Coverage, Evaluation
    from newsgate.training.progress import Progress
    from newsgate.training.recipe import Recipe
    from newsgate.training.reliability import ReliabilityBin
    from newsgate.training.train import TrainedBundle

DEFAULT_LABEL_COLUMN = "label"
# Of a file's texts without a label more are not kept in memory: no recipe wants as many.
MOST_UNLABELLED = 200_000
REFUSED_SHOWN = 5


class UnlabelledFileError(NewsgateError):
    """A file that should say fake or real on its rows does so on none."""


class BundleNotWrittenError(NewsgateError):
    """A model is stored, and the file that should hold it too could not be written."""

    def __init__(self, number: int, *, path: Path, reason: str) -> None:
        super().__init__(
            f"stored as model {number}, but {path} cannot be written: {reason}",
            remedy="Nothing has to be trained again: model and figures are in the database",
        )
        self.number = number
        self.path = path


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a person should know about a file that was read.

    refused: how many of its rows; first_refused: the first `REFUSED_SHOWN` of them. incomplete: the file itself is
    damaged, and some of its rows could not be read at all.
    """

    refused: int
    first_refused: tuple[Rejected, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    incomplete: bool

    @property
    def is_whole(self) -> bool:
        """No row is missing and none was refused."""
        return not (self.refused or self.incomplete)


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """The labelled rows of a file, and how many there are without fake or real.

    unlabelled_texts: of the latter, the first `MOST_UNLABELLED`.
    """

    texts: LabelledTexts
    unlabelled: int
    unlabelled_texts: tuple[str, ...]
    report: FileReport


@dataclass(frozen=True, slots=True)
class UnlabelledFile:
    """The first `MOST_UNLABELLED` texts of a file; the report is about the file as far as it was read for them."""

    texts: tuple[str, ...]
    report: FileReport


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was trained and stored."""

    number: int
    bundle: TrainedBundle
    became_champion: bool


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A model and how well it does; `threshold` and what it costs and buys only where an error was wanted."""

    model: int
    figures: Evaluation
    reliability: tuple[ReliabilityBin, ...]
    threshold: float | None = None
    selected: Coverage | None = None


@dataclass(slots=True)
class _Refused:
    """Counts refused rows and keeps the first."""

    count: int = 0
    first: list[Rejected] = field(default_factory=list)

    def add(self, row: Rejected) -> None:
        self.count += 1
        if self.count <= REFUSED_SHOWN:
            self.first.append(row)


def read_labelled(path: str, *, options: ReadOptions, settings: Settings) -> LabelledFile:
    """The texts of a file whose label column says fake or real. Raises ReadError, UnlabelledFileError."""
    from newsgate.training.corpus import LabelledTexts

    options = replace(options, label_column=options.label_column or DEFAULT_LABEL_COLUMN)
    pairs: list[tuple[str, str]] = []
    unlabelled_texts: list[str] = []
    refused = _Refused()
    unlabelled = 0
    with open_source(path, spool_folder=prepare_home(settings) / "spool") as source:
        layout = source.layout(options)
        for row in source.rows(layout):
            if isinstance(row, Rejected):
                refused.add(row)
            elif row.label is None:
                unlabelled += 1
                if unlabelled <= MOST_UNLABELLED:
                    unlabelled_texts.append(row.text)
            else:
                pairs.append((row.text, row.label))
        report = _report(source, layout, refused)
    if not pairs:
        refusals = "".join(f"; {refused.count} were refused, row {row.row}: {row.reason}" for row in refused.first[:1])
        raise UnlabelledFileError(
            f"no row says fake or real in column {options.label_column!r}{refusals}",
            where=path,
            remedy="Name the right one with --label-column",
        )
    return LabelledFile(
        LabelledTexts.from_pairs(pairs),
        unlabelled=unlabelled,
        unlabelled_texts=tuple(unlabelled_texts),
        report=report,
    )


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
    )


def train_and_store(
    train: LabelledTexts,
    *,
    validation: LabelledTexts | None,
    unlabelled: Iterable[str],
    recipe: Recipe,
    database: Database,
    name: str,
    cache_folder: Path,
    progress: Callable[[Progress], None],
) -> Trained:
    """Train a model and store it under the next number; the first of a database becomes its champion.

    Raises TrainingUnavailableError where TensorFlow is not installed, CorpusError, ParityError.
    """
    from newsgate.training.train import train_bundle

    bundle = train_bundle(
        train,
        validation=validation,
        unlabelled=unlabelled,
        recipe=recipe,
        progress=progress,
        cache_folder=cache_folder,
    )
    with database.write() as connection:
        number = add_model(connection, name=name, bundle=bundle.data, metadata=bundle.metadata.as_dict())
        first = champion_number(connection) is None
        if first:
            promote(connection, number, reason="the first model of this database", figures={})
    return Trained(number, bundle, became_champion=first)


def write_out(trained: Trained, path: Path) -> None:
    """Write a stored model to a file, whose folder is made where it is missing. Raises BundleNotWrittenError."""
    from newsgate.model.bundle import write_bundle

    try:
        write_bundle(path, trained.bundle.data)
    except OSError as error:
        raise BundleNotWrittenError(trained.number, path=path, reason=error.strerror or str(error)) from error


def evaluate_model(
    labelled: LabelledTexts, *, model: int | None, max_error: float | None, settings: Settings, database: Database
) -> Evaluated:
    """How well a model, the champion where it is None, tells these texts apart.

    max_error: also say what is left where only as many labels are given as keep this share of mistakes. Raises
    NoRecordError where the model cannot tell.
    """
    from newsgate.model.classifier import Classifier
    from newsgate.training.evaluate import coverage_at, evaluate_probabilities
    from newsgate.training.reliability import reliability_bins

    ensure_champion(database)
    with database.read() as connection:
        number = choose_model(connection, model)
        data = read_bundle_bytes(connection, number)
    threshold = None if max_error is None else threshold_of(database, number, max_error=max_error)
    classifier = Classifier.from_bundle_bytes(data, runtime=settings.runtime)
    p_fake = classifier.classify(labelled.texts).p_fake
    return Evaluated(
        model=number,
        figures=evaluate_probabilities(p_fake, labelled.labels),
        reliability=reliability_bins(p_fake, labelled.labels),
        threshold=threshold,
        selected=None if threshold is None else coverage_at(p_fake, labelled.labels, threshold=threshold),
    )
