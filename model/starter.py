"""The model a fresh installation starts with; docs/model-card.md says what it can and cannot do."""

from __future__ import annotations

from importlib import resources
from typing import Final

STARTER_MEMBER: Final = "starter.newsgate"


def starter_bundle() -> bytes:
    """Return the starter bundle, as `model.bundle.read_bundle` and `Classifier.from_bundle_bytes` take it."""
    return resources.files("newsgate.model").joinpath(STARTER_MEMBER).read_bytes()
