"""The loop that fits a Keras network: one traced step, an epoch after the other, callbacks between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from newsgate.model.network import compile_predictor
from newsgate.model.weights import Float32, Int32
from newsgate.training.length_batches import LengthBatches

# Any number of texts of any length: traced for each shape anew, a small training would be mostly tracing.
_IDS = tf.TensorSpec([None, None], tf.int32)
_TARGETS = tf.TensorSpec([None, 1], tf.float32)


@dataclass(frozen=True)
class HeldBackFigures:
    """How a network does on held-back texts: the mean binary cross-entropy in nats, and the share told right."""

    loss: float
    accuracy: float


def fit_epochs(
    network: keras.Model,
    *,
    fitting: LengthBatches,
    held_back: LengthBatches,
    epochs: int,
    optimizer: keras.optimizers.Optimizer,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Fit `network`, int32 ids [batch, tokens] -> float32 logits [batch, 1], for `epochs` or until a callback ends it.

    What `keras.Model.fit` does, but traced once, where that traces every step twice: for small sets of texts most of a
    training was tracing. The callbacks get the logs `loss`, `val_loss` and `val_accuracy`, as from Keras.
    """
    step = _training_step(network, optimizer)
    logits_of = compile_predictor(network)
    told = keras.callbacks.CallbackList(
        list(callbacks), model=network, epochs=epochs, steps=len(fitting), add_history=False, add_progbar=False
    )
    network.stop_training = False
    told.on_train_begin()
    for epoch in range(epochs):
        told.on_epoch_begin(epoch)
        loss = _fit_once(fitting, step=step, told=told)
        figures = _on_held_back(held_back, logits_of)
        told.on_epoch_end(epoch, {"loss": loss, "val_loss": figures.loss, "val_accuracy": figures.accuracy})
        if network.stop_training:
            break
        fitting.on_epoch_end()
    told.on_train_end()


def _training_step(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> Callable[[Any, Any], Any]:
    weights = network.trainable_weights
    # Before tracing: a step that makes variables is traced a second time without them.
    optimizer.build(weights)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function(input_signature=[_IDS, _TARGETS])  # type: ignore[untyped-decorator,unused-ignore]
    def step(ids: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = cross_entropy(targets, network(ids, training=True))
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step  # type: ignore[no-any-return,unused-ignore]


def _fit_once(fitting: LengthBatches, *, step: Callable[[Any, Any], Any], told: keras.callbacks.CallbackList) -> float:
    """Fit one epoch and return the mean loss of its texts."""
    losses, texts = 0.0, 0
    for index in range(len(fitting)):
        ids, targets = fitting[index]
        losses += float(step(tf.constant(ids), tf.constant(targets))) * len(ids)
        texts += len(ids)
        told.on_train_batch_end(index, {"loss": losses / texts})
    return losses / texts


def _on_held_back(held_back: LengthBatches, logits_of: Callable[[Int32], Float32]) -> HeldBackFigures:
    batches = [held_back[index] for index in range(len(held_back))]
    logits = np.concatenate([logits_of(ids) for ids, _targets in batches]).astype(np.float64)
    targets = np.concatenate([targets[:, 0] for _ids, targets in batches])
    # log(1 + exp(-x)) without overflow, for the sign that makes the target 1.
    losses = np.logaddexp(0.0, logits) - targets * logits
    return HeldBackFigures(loss=float(losses.mean()), accuracy=float(((logits > 0.0) == (targets > 0.5)).mean()))
