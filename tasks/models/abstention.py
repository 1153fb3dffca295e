"""How sure a model must be for a wanted error, as the record in its bundle says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from newsgate.db.model_registry import ModelRecord, choose_model, model_record
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.running.open_database import ensure_champion


class NoRecordError(NewsgateError):
    """A model whose bundle does not say how often it is wrong at which confidence."""

    def __init__(self, model: int | str, *, damaged: bool = False) -> None:
        state = "a damaged record" if damaged else "no record"
        super().__init__(
            f"model {model} has {state} of how sure it must be for a wanted error",
            remedy="Train it again with this version of newsgate, or leave --max-error out",
        )
        self.model = model


def threshold_of(database: Database, model: int | None, *, max_error: float) -> float:
    """The least confidence that keeps `max_error` for a model, the champion where it is None; infinity where none does.

    Raises NoSuchModelError, and NoRecordError where the model was made before newsgate recorded that.
    """
    if model is None:
        ensure_champion(database)
    with database.read() as connection:
        record = model_record(connection, choose_model(connection, model))
    return threshold_of_record(record, max_error=max_error)


def threshold_of_record(record: ModelRecord, *, max_error: float) -> float:
    """The least confidence that keeps `max_error` for a model that was looked up already. Raises NoRecordError."""
    return threshold_of_metadata(record.metadata, model=record.number, max_error=max_error)


def threshold_of_metadata(metadata: Mapping[str, Any], *, model: int | str, max_error: float) -> float:
    """The least confidence that keeps `max_error`, as a bundle's metadata says it. Raises NoRecordError.

    model: what a person knows it by.
    """
    from newsgate.model.abstention import RiskCoverage, threshold_for

    document = metadata.get("abstention")
    if not document:
        raise NoRecordError(model)
    try:
        steps = RiskCoverage.from_json(document)
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise NoRecordError(model, damaged=True) from error
    return threshold_for(steps, max_error=max_error)
