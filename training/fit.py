"""Fitting the Keras LSTM: seeds, early stopping on held-back texts, progress."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
import numpy.typing as npt

from newsgate.model.network import EMBEDDING, build_network
from newsgate.model.tokenizer import Tokenizer
from newsgate.training.block_lstm import BlockBidirectional, runs_best_here
from newsgate.training.corpus import LabelledTexts
from newsgate.training.embedding import AnchoredEmbedding
from newsgate.training.examples import Examples
from newsgate.training.fit_loop import fit_epochs
from newsgate.training.fit_progress import Reporter
from newsgate.training.learning_rate import warm_up_then_cosine
from newsgate.training.length_batches import LengthBatches
from newsgate.training.progress import ProgressCallback
from newsgate.training.recipe import Recipe
from newsgate.training.word_vectors import load_word_vectors


@dataclass(frozen=True)
class Fitted:
    """A fitted network. epochs: how many its weights have seen."""

    network: keras.Model
    epochs: int


def fit_network(
    examples: Examples,
    *,
    held_back: LabelledTexts,
    tokenizer: Tokenizer,
    recipe: Recipe,
    progress: ProgressCallback,
) -> Fitted:
    """Return a network fitted to `examples`, with the weights that did best on `held_back`."""
    keras.utils.set_random_seed(recipe.seed)
    network = _build(
        tokenizer,
        recipe=recipe,
        embedding=_anchored(tokenizer, recipe=recipe),
        bidirectional=BlockBidirectional if runs_best_here() else keras.layers.Bidirectional,
    )
    ids, targets = _parts(examples, tokenizer=tokenizer, recipe=recipe)
    fitting = LengthBatches(
        ids,
        targets,
        batch_rows=recipe.batch_rows,
        shuffle_seed=recipe.seed,
        unknown_share=recipe.word_dropout,
    )
    ids, targets = _parts(Examples.of_labels(held_back, smoothing=0.0), tokenizer=tokenizer, recipe=recipe)
    stopping = LengthBatches(ids, targets, batch_rows=recipe.batch_rows)
    rate = warm_up_then_cosine(
        recipe.learning_rate, first=recipe.learning_rate / 10, steps=recipe.max_epochs * len(fitting)
    )
    best = _early_stopping(recipe)
    fit_epochs(
        network,
        fitting=fitting,
        held_back=stopping,
        epochs=recipe.max_epochs,
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        callbacks=[best, Reporter(progress, stage="fit", steps=len(fitting))],
    )
    return Fitted(network=_as_served(network, tokenizer=tokenizer, recipe=recipe), epochs=int(best.best_epoch) + 1)


def _early_stopping(recipe: Recipe) -> keras.callbacks.EarlyStopping:
    if recipe.teacher == "none":
        # By accuracy: with hard targets the loss turns upward earlier, when the network only grows too sure, and that
        # the temperature mends.
        monitor, mode = "val_accuracy", "max"
    else:
        # Teachers say how sure to be, so the loss stays true, and it tells epochs apart that are as accurate.
        monitor, mode = "val_loss", "min"
    return keras.callbacks.EarlyStopping(monitor, mode=mode, patience=recipe.patience, restore_best_weights=True)


def _parts(
    examples: Examples, *, tokenizer: Tokenizer, recipe: Recipe
) -> tuple[list[tuple[int, ...]], npt.NDArray[np.float32]]:
    """Return the token ids of what is fitted to, and their targets: texts, and the parts of those that are longer."""
    parts: list[tuple[int, ...]] = []
    places: list[int] = []
    for place, encoded in enumerate(tokenizer.encode_all(examples.texts, max_tokens=recipe.max_tokens)):
        of_text = in_windows(encoded.ids, longest=recipe.fit_tokens)
        parts += of_text
        places += [place] * len(of_text)
    return parts, examples.targets[places]


def in_windows(ids: tuple[int, ...], *, longest: int) -> list[tuple[int, ...]]:
    """Return `ids` in as few parts of at most `longest` as there can be, all about as long."""
    count = -(-len(ids) // longest)
    ends = [len(ids) * part // count for part in range(count + 1)]
    return [ids[start:end] for start, end in pairwise(ends)]


def _anchored(tokenizer: Tokenizer, *, recipe: Recipe) -> AnchoredEmbedding | None:
    if not recipe.word_vectors:
        return None
    vectors = load_word_vectors().of_pieces(tokenizer.pieces)
    return AnchoredEmbedding(vectors, width=recipe.embedding_width, name=EMBEDDING)


def _build(
    tokenizer: Tokenizer,
    *,
    recipe: Recipe,
    embedding: AnchoredEmbedding | None = None,
    bidirectional: type[keras.layers.Bidirectional] = keras.layers.Bidirectional,
) -> keras.Model:
    return build_network(
        vocabulary_size=len(tokenizer),
        embedding_width=recipe.embedding_width,
        lstm_units=recipe.lstm_units,
        dropout=recipe.dropout,
        embedding=embedding,
        bidirectional=bidirectional,
    )


def _as_served(network: keras.Model, *, tokenizer: Tokenizer, recipe: Recipe) -> keras.Model:
    """Return the same function of Keras' own layers, with one table as its embedding: what is read in safe mode."""
    plain = _build(tokenizer, recipe=recipe)
    for trained, served in zip(network.layers, plain.layers, strict=True):
        is_anchored = isinstance(trained, AnchoredEmbedding)
        served.set_weights([trained.folded()] if is_anchored else trained.get_weights())
    return plain
