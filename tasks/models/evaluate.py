"""How well a stored model does on a file of labelled texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsgate.db.model_registry import choose_model, read_bundle_bytes
from newsgate.db.session import Database
from newsgate.tasks.models.abstention import threshold_of
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.training.corpus import LabelledTexts
    from newsgate.training.evaluate import Coverage, Evaluation
    from newsgate.training.reliability import ReliabilityBin


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A model and how well it does; `threshold` and what it costs and buys only where an error was wanted."""

    model: int
    figures: Evaluation
    reliability: tuple[ReliabilityBin, ...]
    threshold: float | None = None
    selected: Coverage | None = None


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
