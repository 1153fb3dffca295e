"""The libraries of the `training` extra, which a base installation lacks."""

from __future__ import annotations

import os
from importlib.util import find_spec

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command


class TrainingUnavailableError(NewsgateError):
    """The libraries that training needs are not installed."""


def training_unavailable(error: ImportError, *, needs: str) -> TrainingUnavailableError:
    """Return what to tell where `error` came up while importing `needs`, a library or its name for people."""
    return TrainingUnavailableError(
        f"training needs {needs}, which is not installed ({error.name})",
        remedy=f"Run: {install_command('training')}",
    )


def can_train() -> bool:
    """Whether the libraries that training needs are installed; TensorFlow stands for all, and is not loaded."""
    return find_spec("tensorflow") is not None


def require_training_libraries() -> None:
    """Raise TrainingUnavailableError where this installation cannot train; else have TensorFlow be quiet once loaded.

    On a machine without a graphics card it logs an error that is none, and a person takes it for one.
    """
    if not can_train():
        raise TrainingUnavailableError(
            "training needs TensorFlow, which is not installed", remedy=f"Run: {install_command('training')}"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
