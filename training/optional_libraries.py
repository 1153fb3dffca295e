"""The libraries of the `training` extra, which a base installation lacks."""

from __future__ import annotations

from newsgate.foundation.errors import NewsgateError


class TrainingUnavailableError(NewsgateError):
    """The libraries that training needs are not installed."""


def training_unavailable(error: ImportError, *, needs: str) -> TrainingUnavailableError:
    """Return what to tell where `error` came up while importing `needs`, a library or its name for people."""
    return TrainingUnavailableError(
        f"training needs {needs}, which is not installed ({error.name})",
        remedy="Run: pip install 'newsgate[training]'",
    )
