"""Fitting that ends where more of it does harm: noisy labels are learned by heart sooner than clean ones."""

from __future__ import annotations

import math
from typing import Any, Final

import keras

# Of accuracies that differ by one text.
_ROUNDING: Final = 1e-6


def is_worse_beyond_luck(accuracy: float, *, best: float, rows: int) -> bool:
    """Whether `accuracy` on `rows` texts is below `best` by more than a standard error of the best.

    The rule of one standard error: Breiman, Friedman, Olshen and Stone 1984, "Classification and Regression Trees",
    section 3.4.3. One text more that is wrong is always luck, though the standard error of a best without any mistake
    is 0.
    """
    one_text = (1 + _ROUNDING) / rows
    return best - accuracy > max(math.sqrt(best * (1 - best) / rows), one_text)


class StopWhenWorse(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the fitting after an epoch that is worse than the best one beyond luck, and goes back to the best.

    An epoch that is worse by less is fitted on: the learning rate still falls, and the last epochs are mostly best.
    held_back_rows: the texts that `val_accuracy` is measured on.
    """

    def __init__(self, *, held_back_rows: int) -> None:
        super().__init__()
        self._rows = held_back_rows
        self._best = -1.0
        self._weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the epoch's weights, or go back."""
        accuracy = float((logs or {})["val_accuracy"])
        if accuracy >= self._best:
            self._best, self._weights = accuracy, self.model.get_weights()
        elif is_worse_beyond_luck(accuracy, best=self._best, rows=self._rows):
            self.model.set_weights(self._weights)
            self.model.stop_training = True
