"""What a training tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["vocabulary", "teacher", "transfer", "fit", "wide", "calibrate", "compile", "evaluate", "done"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One moment of a training.

    epoch, step: begun, counted from 1; 0 outside `fit` and `teacher`. epochs, steps: of them at most (fitting may stop
    early). In `transfer`, step and steps count texts.
    eta_seconds: until fitting ends if every epoch is used; None before that can be told. loss: the running epoch's.
    held_back_loss, held_back_accuracy: after the last finished epoch.
    """

    stage: Stage
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    eta_seconds: float | None = None
    loss: float | None = None
    held_back_loss: float | None = None
    held_back_accuracy: float | None = None


ProgressCallback = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """Tell nobody."""
