"""Fitting the Keras LSTM: seeds, early stopping on held-back texts, progress."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from model.batching import pad
from model.labels import FAKE
from model.network import build_network
from model.text import PADDING_ID, UNKNOWN_ID, Tokenizer
from model.weights import Int32
from training.corpus import LabelledTexts, Split
from training.progress import Progress, ProgressCallback
from training.recipe import Recipe

_REPORT_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Fitted:
    """A fitted network. epochs: how many its weights have seen."""

    network: keras.Model
    epochs: int


def fit_network(split: Split, *, tokenizer: Tokenizer, recipe: Recipe, progress: ProgressCallback) -> Fitted:
    """Return a network fitted to `split.fitting`, with the weights that were most accurate on `split.held_back`."""
    keras.utils.set_random_seed(recipe.seed)
    network = build_network(
        vocabulary_size=len(tokenizer),
        embedding_width=recipe.embedding_width,
        lstm_units=recipe.lstm_units,
        dropout=recipe.dropout,
    )
    fitting = _Batches(split.fitting, tokenizer=tokenizer, recipe=recipe, shuffle=True)
    network.compile(
        optimizer=keras.optimizers.Adam(_learning_rate(recipe, steps_per_epoch=len(fitting)), clipnorm=1.0),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
        # XLA would compile anew for every length of a batch.
        jit_compile=False,
    )
    # By accuracy: the loss turns upward earlier, when the network only grows too sure, and that the temperature mends.
    best = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=recipe.patience, restore_best_weights=True
    )
    network.fit(
        fitting,
        validation_data=_Batches(split.held_back, tokenizer=tokenizer, recipe=recipe, shuffle=False),
        epochs=recipe.max_epochs,
        callbacks=[best, _Reporter(progress, steps=len(fitting))],
        verbose=0,
    )
    return Fitted(network=network, epochs=int(best.best_epoch) + 1)


def _learning_rate(recipe: Recipe, *, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a warm-up over the first tenth of the steps, then a cosine down to nothing.

    Against a constant rate this took the swing out of the last epochs: the one chosen matters less.
    """
    steps = recipe.max_epochs * steps_per_epoch
    warm_up = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        decay_steps=max(1, steps - warm_up),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of texts of similar length, so that little of them is padding; parted anew every epoch."""

    def __init__(self, labelled: LabelledTexts, *, tokenizer: Tokenizer, recipe: Recipe, shuffle: bool) -> None:
        super().__init__()
        self._encoded = tokenizer.encode_all(labelled.texts, max_tokens=recipe.max_tokens)
        self._targets = np.array([[label == FAKE] for label in labelled.labels], dtype=np.float32)
        self._batch_rows = recipe.batch_rows
        self._word_dropout = recipe.word_dropout if shuffle else 0.0
        self._shuffle = shuffle
        self._random = np.random.default_rng(recipe.seed)
        self._batches = self._part()

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Int32, npt.NDArray[np.float32]]:
        rows = self._batches[index]
        ids, _lengths = pad([self._encoded[row].ids for row in rows])
        # Keras takes a length that the first two batches share for that of all. One column of padding changes nothing.
        if index == 1 and ids.shape[1] == max(len(self._encoded[row].ids) for row in self._batches[0]):
            ids = np.pad(ids, ((0, 0), (0, 1)), constant_values=PADDING_ID)
        return self._drop_words(ids), self._targets[rows]

    def on_epoch_end(self) -> None:
        """Part the texts anew."""
        if self._shuffle:
            self._batches = self._part()

    def _part(self) -> list[npt.NDArray[np.int64]]:
        lengths = np.array([len(text.ids) for text in self._encoded], dtype=np.float64)
        if self._shuffle:
            # Lengths blurred by a fifth: enough that batches differ from epoch to epoch.
            lengths *= self._random.uniform(0.8, 1.2, size=len(lengths))
        order = np.argsort(lengths, kind="stable")
        batches = [order[start : start + self._batch_rows] for start in range(0, len(order), self._batch_rows)]
        if self._shuffle:
            self._random.shuffle(batches)
        return batches

    def _drop_words(self, ids: Int32) -> Int32:
        """Make a share of the tokens unknown: the model learns what an unseen word is, and leans on no single one."""
        dropped = (self._random.random(ids.shape) < self._word_dropout) & (ids != PADDING_ID)
        return np.where(dropped, np.int32(UNKNOWN_ID), ids)


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Turns Keras' callbacks into `Progress`."""

    def __init__(self, progress: ProgressCallback, *, steps: int) -> None:
        super().__init__()
        self._progress = progress
        self._steps = steps
        self._epoch = 0
        self._began = self._reported = time.monotonic()
        self._held_back: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if time.monotonic() - self._reported >= _REPORT_EVERY_SECONDS:
            self._report(step=batch + 1, logs=logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
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
                stage="fit",
                epoch=self._epoch + 1,
                epochs=epochs,
                step=step,
                steps=self._steps,
                eta_seconds=elapsed_seconds / done * (epochs * self._steps - done),
                loss=float((logs or {})["loss"]),
                **self._held_back,
            )
        )
