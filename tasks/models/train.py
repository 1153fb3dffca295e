"""A model made of labelled texts, and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsgate.db.model_registry import add_model, champion_number
from newsgate.db.promotions import promote
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError

if TYPE_CHECKING:
    from newsgate.training.corpus import LabelledTexts
    from newsgate.training.progress import Progress
    from newsgate.training.recipe import Recipe
    from newsgate.training.train import TrainedBundle


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
class Trained:
    """A model that was trained and stored."""

    number: int
    bundle: TrainedBundle
    became_champion: bool


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
