"""How a model is trained: every number that makes a difference, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of one training.

    vocabulary_size: pieces of the tokenizer at most. embedding_width, lstm_units (each direction): the network.
    max_tokens: what the model reads of a text. dropout, word_dropout: shares dropped while training, of activations
    and of input tokens. label_smoothing: how far the targets stand from 0 and 1, times two. batch_rows: texts a step.
    max_epochs, patience: fitting stops after `patience` epochs without a better held-back accuracy. held_back: the
    share of the training texts that decides this. learning_rate: Adam's highest; it rises over the first tenth of
    the steps and falls as a cosine after. seed: of everything random.
    """

    vocabulary_size: int = 8_000
    embedding_width: int = 64
    lstm_units: int = 64
    max_tokens: int = 256
    dropout: float = 0.5
    word_dropout: float = 0.4
    label_smoothing: float = 0.1
    batch_rows: int = 32
    max_epochs: int = 8
    patience: int = 5  # long: the learning rate falls to the end, and the late epochs are often the best
    held_back: float = 0.1
    learning_rate: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("vocabulary_size", "embedding_width", "lstm_units", "max_tokens", "batch_rows", "max_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not a positive number")
        for name in ("dropout", "word_dropout", "label_smoothing", "held_back"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not a share between 0 and 1")


DEFAULT_RECIPE: Final = Recipe()

# 6 000 pieces keep the bundle under 4 MB.
STARTER_RECIPE: Final = Recipe(vocabulary_size=6_000)
