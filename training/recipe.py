"""How a model is trained: every number that makes a difference, in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from newsgate.model.metadata import MOST_TOKENS, MOST_WIDE_SLOTS

TeacherName = Literal["none", "linear", "minilm"]

MOST_WIDE_BITS: Final = MOST_WIDE_SLOTS.bit_length() - 1

# What a setting may be, in words and as a test. Types are meant exactly: to Python true is 1.
_Rule = tuple[str, Callable[[Any], bool]]


def _whole(least: int, most: float = math.inf) -> _Rule:
    up_to = "" if most == math.inf else f" to {most}"
    return f"a whole number from {least}{up_to}", lambda value: type(value) is int and least <= value <= most


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


_SHARE: Final[_Rule] = "a share from 0 and below 1", lambda value: _is_number(value) and 0 <= value < 1
_SHARE_ABOVE_0: Final[_Rule] = "a share above 0 and below 1", lambda value: _is_number(value) and 0 < value < 1
_RULES: Final[Mapping[str, _Rule]] = {
    "vocabulary_size": _whole(1),
    "embedding_width": _whole(1),
    "lstm_units": _whole(1),
    "max_tokens": _whole(1, MOST_TOKENS),
    "fit_tokens": _whole(1, MOST_TOKENS),
    "wide_bits": _whole(0, MOST_WIDE_BITS),
    "word_vectors": ("true or false", lambda value: type(value) is bool),
    "dropout": _SHARE,
    "word_dropout": _SHARE,
    "label_smoothing": _SHARE,
    "batch_rows": _whole(1),
    "max_epochs": _whole(1),
    "patience": _whole(0),
    "held_back": _SHARE_ABOVE_0,
    "learning_rate": ("a positive number", lambda value: _is_number(value) and 0 < value < math.inf),
    "teacher": (f"one of {', '.join(get_args(TeacherName))}", lambda value: value in get_args(TeacherName)),
    "variants": _whole(0),
    "transfer_words": _whole(1),
    "unlabelled_words": _whole(0),
    "linear_folds": _whole(1),
    # NumPy takes no other.
    "seed": _whole(0, 2**32 - 1),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of one training.

    vocabulary_size: pieces of the tokenizer at most. embedding_width, lstm_units (each direction): the network.
    max_tokens: what the model reads of a text. fit_tokens: a longer text is fitted in parts of at most so many, each
    with the label of the whole. wide_bits: the wide part (`training.wide`) has 2 to the power of this slots for pairs
    of tokens; 0 makes a network without it. word_vectors: whether the embedding starts from what words mean
    elsewhere (`training.word_vectors`). dropout, word_dropout: shares dropped while training, of activations (of
    embedded ones half as many) and of input tokens. label_smoothing: how far the targets stand from 0 and 1, times
    two. batch_rows: texts a step. max_epochs, patience: fitting stops after `patience` epochs that did no better on
    held-back texts. held_back: the share of the training texts that decides this. learning_rate: Adam's highest; it
    rises over the first tenth of the steps and falls as a cosine after. teacher, variants: who labels how many variants
    of each text at most (`training.distillation`) for the network to learn from as well; `minilm` is asked beside
    `linear`. transfer_words: words in all variants at most. unlabelled_words: words at most in all the
    texts without a label that the teachers label as well (`training.unlabelled`). linear_folds: parts that the linear
    teacher is fitted to all but one of, to be asked about that one (`training.linear_model`); 1 asks it about what it
    was fitted to. seed: of everything random but the teachers.
    """

    vocabulary_size: int = 8_000
    embedding_width: int = 128
    lstm_units: int = 64
    max_tokens: int = 256
    fit_tokens: int = 256
    wide_bits: int = 0
    word_vectors: bool = True
    dropout: float = 0.5
    word_dropout: float = 0.4
    label_smoothing: float = 0.1
    batch_rows: int = 32
    max_epochs: int = 8
    patience: int = 5  # long: the learning rate falls to the end, and the late epochs are often the best
    held_back: float = 0.1
    learning_rate: float = 2e-3
    teacher: TeacherName = "none"
    variants: int = 0
    transfer_words: int = 1_300_000
    unlabelled_words: int = 600_000
    linear_folds: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (meaning, holds) in _RULES.items():
            if not holds(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)!r}, not {meaning}")
        if (self.teacher == "none") != (self.variants == 0):
            raise ValueError(f"variants is {self.variants} with teacher {self.teacher!r}: one goes with the other")

    @property
    def wanted_unlabelled_words(self) -> int:
        """`unlabelled_words`, and 0 without a teacher: there is nobody to label them."""
        return 0 if self.teacher == "none" else self.unlabelled_words


# Many variants of each text leave little to memorise: fewer passes, and less dropped. What the linear teacher knows is
# in the wide part as well, so that not all the variants are needed.
PLAIN_RECIPE: Final = Recipe(
    vocabulary_size=9_000,
    embedding_width=96,
    max_tokens=4096,
    wide_bits=16,
    dropout=0.3,
    word_dropout=0.15,
    batch_rows=64,
    max_epochs=4,
    teacher="linear",
    variants=24,
    transfer_words=350_000,
)
BEST_RECIPE: Final = replace(PLAIN_RECIPE, teacher="minilm")
RECIPES: Final[Mapping[str, Recipe]] = {"plain": PLAIN_RECIPE, "best": BEST_RECIPE}
DEFAULT_RECIPE: Final = PLAIN_RECIPE

# 6 000 pieces keep the bundle small.
STARTER_RECIPE: Final = replace(BEST_RECIPE, vocabulary_size=6_000, embedding_width=64)
