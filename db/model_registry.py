"""Models: immutable bundles with a number, and which of them is champion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, insert, literal, select

from newsgate.db.errors import DamagedMetadataError, DamagedModelError, NoSuchModelError
from newsgate.db.tables import models
from newsgate.db.types import database_time


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What the database says about one model, without its bytes."""

    number: int
    name: str
    state: str
    sha256: str
    size_bytes: int
    metadata: Mapping[str, Any]
    created_at: datetime


def add_model(
    connection: Connection, *, name: str, bundle: bytes, metadata: Mapping[str, Any], state: str = "candidate"
) -> int:
    """Store a bundle under the next number; a bundle that is already there keeps the number it has."""
    sha256 = hashlib.sha256(bundle).hexdigest()
    known: int | None = connection.execute(
        select(models.c.number).where(models.c.sha256 == sha256)
    ).scalar_one_or_none()
    if known is not None:
        return known
    number: int = connection.execute(
        insert(models)
        .values(
            name=name,
            state=state,
            sha256=sha256,
            size_bytes=len(bundle),
            metadata=json.dumps(metadata, sort_keys=True),
            bundle=bundle,
            created_at=database_time(),
        )
        .returning(models.c.number)
    ).scalar_one()
    return number


def read_bundle_bytes(connection: Connection, number: int) -> bytes:
    """The bytes of a model, proven to be the ones that were stored. Raises NoSuchModelError, DamagedModelError."""
    found = connection.execute(select(models.c.bundle, models.c.sha256).where(_is_number(number))).one_or_none()
    if found is None:
        raise NoSuchModelError(number)
    if hashlib.sha256(found.bundle).hexdigest() != found.sha256:
        raise DamagedModelError(number)
    return bytes(found.bundle)


def champion_number(connection: Connection) -> int | None:
    """The model that new runs use, or None before the first."""
    return connection.execute(select(models.c.number).where(models.c.state == "champion")).scalar_one_or_none()


def choose_model(connection: Connection, number: int | None) -> int:
    """`number` where it exists, the champion where it is None. Raises NoSuchModelError."""
    chosen = champion_number(connection) if number is None else number
    query = select(models.c.number).where(_is_number(chosen))
    if chosen is None or connection.execute(query).scalar_one_or_none() is None:
        raise NoSuchModelError(number)
    return chosen


def list_models(connection: Connection) -> list[ModelRecord]:
    """Every model, newest first."""
    return [_record(row) for row in connection.execute(_query().order_by(models.c.number.desc()))]


def model_record(connection: Connection, number: int) -> ModelRecord:
    """One model. Raises NoSuchModelError."""
    found = connection.execute(_query().where(_is_number(number))).one_or_none()
    if found is None:
        raise NoSuchModelError(number)
    return _record(found)


def _is_number(number: int | None) -> ColumnElement[bool]:
    # PostgreSQL refuses a number that its column could not hold, and a person may ask for any.
    return models.c.number == literal(number, BigInteger)


def _query() -> Select[Any]:
    return select(
        models.c.number,
        models.c.name,
        models.c.state,
        models.c.sha256,
        models.c.size_bytes,
        models.c.metadata,
        models.c.created_at,
    )


def _record(row: Row[Any]) -> ModelRecord:
    try:
        metadata = json.loads(row.metadata)
    except (ValueError, RecursionError) as error:
        raise DamagedMetadataError(row.number) from error
    if not isinstance(metadata, dict):
        raise DamagedMetadataError(row.number)
    return ModelRecord(**{**row._mapping, "metadata": metadata})
