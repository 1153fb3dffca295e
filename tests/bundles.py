"""A second model for the tests: made in no time from the starter bundle, and of another opinion about many texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from newsgate.db.models import add_model
from newsgate.db.session import Database
from newsgate.model.bundle import make_bundle, read_bundle
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import RESERVED_PIECES, Tokenizer


@cache
def contrary_bundle() -> bytes:
    """The starter's network with its vocabulary in another order, so that it reads other words than were written."""
    starter = read_bundle(starter_bundle())
    reserved = len(RESERVED_PIECES)
    pieces = (*RESERVED_PIECES, *reversed(starter.tokenizer.pieces[reserved:]))
    return make_bundle(
        keras_model=starter.keras_model,
        onnx_model=starter.onnx_model,
        tokenizer=Tokenizer(pieces),
        metadata=replace(starter.metadata, temperature=2 * starter.metadata.temperature),
    )


def store_bundle(database: Database, data: bytes, *, name: str, changed: Mapping[str, Any] | None = None) -> int:
    """Store a bundle as a model; `changed` goes into what the database says about it."""
    metadata = {**read_bundle(data).metadata.as_dict(), **(changed or {})}
    with database.write() as connection:
        return add_model(connection, name=name, bundle=data, metadata=metadata)


def scores_of(data: bytes, texts: Sequence[str]) -> Scores:
    """What a bundle says about some texts."""
    return Classifier.from_bundle_bytes(data).classify(texts)
