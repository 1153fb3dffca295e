"""Bundles for the tests, made in no time from the starter: of another opinion, or of an older format."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from newsgate.db.model_registry import add_model
from newsgate.db.session import Database
from newsgate.model.bundle import METADATA_MEMBER, WEIGHTS_MEMBER, make_bundle, read_bundle
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.score_summary import summarise
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import RESERVED_PIECES, Tokenizer


@cache
def contrary_bundle() -> bytes:
    """The starter's network with its vocabulary in another order, so that it reads other words than were written."""
    starter = read_bundle(starter_bundle())
    reserved = len(RESERVED_PIECES)
    pieces = (*RESERVED_PIECES, *reversed(starter.tokenizer.pieces[reserved:]))
    metadata = replace(starter.metadata, temperature=2 * starter.metadata.temperature)
    return remade(starter_bundle(), tokenizer=Tokenizer(pieces), metadata=metadata)


def remade(data: bytes, **changes: Any) -> bytes:
    """A bundle with other parts, by their names in `Bundle`."""
    bundle = replace(read_bundle(data), **changes)
    assert bundle.weights_npz is not None
    return make_bundle(
        keras_model=bundle.keras_model,
        onnx_model=bundle.onnx_model,
        weights_npz=bundle.weights_npz,
        tokenizer=bundle.tokenizer,
        metadata=bundle.metadata,
        familiarity=bundle.familiarity,
    )


def measured_on(data: bytes, texts: Sequence[str]) -> bytes:
    """A bundle that says that these texts were held back from its training."""
    reference = summarise(scores_of(data, texts)).as_json()
    return remade(data, metadata=replace(read_bundle(data).metadata, reference=reference))


def older_bundle(data: bytes, *, format_version: int = 1) -> bytes:
    """A bundle as it was written before the weights were a file of their own."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != WEIGHTS_MEMBER}
    metadata = json.loads(members[METADATA_MEMBER]) | {"format_version": format_version}
    del metadata["members_sha256"][WEIGHTS_MEMBER]
    members[METADATA_MEMBER] = json.dumps(metadata, indent=2, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def store_bundle(database: Database, data: bytes, *, name: str, changed: Mapping[str, Any] | None = None) -> int:
    """Store a bundle as a model; `changed` goes into what the database says about it."""
    metadata = {**read_bundle(data).metadata.as_dict(), **(changed or {})}
    with database.write() as connection:
        return add_model(connection, name=name, bundle=data, metadata=metadata)


def scores_of(data: bytes, texts: Sequence[str]) -> Scores:
    """What a bundle says about some texts."""
    return Classifier.from_bundle_bytes(data).classify(texts)
