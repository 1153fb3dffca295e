"""How models are retrained, as the settings say it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.training.recipe import Recipe


_SHOWN_CHARS = 150


def recipe_of(settings: Settings) -> Recipe:
    """How models are retrained. Raises WrongUsageError."""
    from newsgate.training.recipe import DEFAULT_RECIPE

    try:
        changed = json.loads(settings.retrain_recipe or "{}")
        return replace(DEFAULT_RECIPE, **changed)
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongUsageError(
            f"NEWSGATE_RETRAIN_RECIPE cannot be {_shortened(repr(settings.retrain_recipe))}: {_shortened(str(error))}",
            remedy='Write a JSON object like {"max_epochs": 4}; docs/settings.md names the fields',
        ) from error


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
