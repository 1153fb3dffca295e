"""The learning rate over a fitting."""

from __future__ import annotations

import keras


def warm_up_then_cosine(highest: float, *, first: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a rise from `first` to `highest` over a tenth of the steps, then a cosine down to nothing.

    Against a constant rate this took the swing out of the last epochs: the one chosen matters less.
    """
    warm_up = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        first, decay_steps=max(1, steps - warm_up), warmup_target=highest, warmup_steps=warm_up
    )
