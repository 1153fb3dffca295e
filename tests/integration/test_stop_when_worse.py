"""When more fitting does harm."""

from __future__ import annotations

import pytest


def _fitted(accuracies: list[float]) -> tuple[list[float], float]:
    """The accuracies of the epochs that were fitted, and the epoch whose weights the network has in the end."""
    import keras

    from newsgate.training.stop_when_worse import StopWhenWorse

    class SetWeight(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            assert logs is not None
            self.model.set_weights([keras.ops.full((1, 1), float(epoch + 1))])
            logs["val_accuracy"] = accuracies[epoch]
            seen.append(accuracies[epoch])

    seen: list[float] = []
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(loss="mse")
    network.fit(
        keras.ops.ones((1, 1)),
        keras.ops.ones((1, 1)),
        epochs=len(accuracies),
        verbose=0,
        callbacks=[SetWeight(), StopWhenWorse(held_back_rows=1600)],
    )
    return seen, float(network.get_weights()[0][0, 0])


@pytest.mark.parametrize(
    ("accuracies", "fitted", "kept"),
    [
        # A standard error is 0.8 points here: the second epoch is worse by more.
        ([0.872, 0.860, 0.9], 2, 1),
        ([0.86, 0.872, 0.866, 0.868], 4, 4),
        ([0.86, 0.872, 0.866, 0.85], 4, 2),
    ],
    ids=["worse", "unlucky", "worse in the end"],
)
def test_fitting_goes_back_to_the_best_epoch_where_a_later_one_is_worse_beyond_luck(
    accuracies: list[float], fitted: int, kept: int
) -> None:
    assert _fitted(accuracies) == (accuracies[:fitted], kept)
