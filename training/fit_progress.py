"""Keras telling how far a fitting is."""

from __future__ import annotations

import time
from typing import Any

import keras

from newsgate.training.progress import Progress, ProgressCallback, Stage

_REPORT_EVERY_SECONDS = 1.0


class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Turns Keras' callbacks into `Progress` of one stage."""

    def __init__(self, progress: ProgressCallback, *, stage: Stage, steps: int) -> None:
        super().__init__()
        self._progress = progress
        self._stage = stage
        self._steps = steps
        self._epoch = 0
        self._began = self._reported = time.monotonic()
        self._held_back: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember where the fitting is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report now and then; the last step is reported with the epoch, when its held-back figures are known."""
        step = batch + 1
        if step < self._steps and time.monotonic() - self._reported >= _REPORT_EVERY_SECONDS:
            self._report(step=step, logs=logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report the epoch's figures."""
        logs = logs or {}
        self._held_back = {
            "held_back_loss": float(logs["val_loss"]),
            "held_back_accuracy": float(logs["val_accuracy"]),
        }
        self._report(step=self._steps, logs=logs)

    def _report(self, *, step: int, logs: dict[str, Any] | None) -> None:
        self._reported = time.monotonic()
        epochs = int(self.params["epochs"])
        done = self._epoch * self._steps + step
        elapsed_seconds = self._reported - self._began
        self._progress(
            Progress(
                stage=self._stage,
                epoch=self._epoch + 1,
                epochs=epochs,
                step=step,
                steps=self._steps,
                eta_seconds=elapsed_seconds / done * (epochs * self._steps - done),
                loss=float((logs or {})["loss"]),
                **self._held_back,
            )
        )
