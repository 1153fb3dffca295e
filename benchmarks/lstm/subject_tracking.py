"""Sentences that change their subject or do not, and a small LSTM that learned whom they speak of.

    MSD was previous captain & he was good wicket keeper, now Rohit sharma is captain & he is good batsman
    MSD was previous captain & he was good wicket keeper, with Rohit sharma in team & he is good batsman
    MSD is now captain & he is good wicket keeper, with Rohit sharma in team & he is good batsman

The question: whom does the text speak of, as far as it has been read? After `, now` it is nobody until a name comes;
after `, with` it stays MSD, whoever else is named. Half of the sentences begin as the third does, with a `now` that
changes nothing: the word alone must not be enough. An answer is wanted at every token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from newsgate.model.tokenizer import split_words
from newsgate.model.weights import Float32, Int32, LstmWeights

NAMES: Final = ("MSD", "Rohit sharma", "Kohli", "Dravid", "Ganguly", "Kumble", "Kapil", "Azhar", "Gill", "Rahane")
ROLES: Final = ("wicket keeper", "batsman", "bowler", "fielder", "all rounder")
CHANGE: Final = "now"
NO_CHANGE: Final = ("with", "like", "beside")
NOBODY: Final = len(NAMES)

WIDTH: Final = 16
UNITS: Final = 32
BATCH: Final = 64
UPDATES: Final = 400
LEARNING_RATE: Final = 0.01
CLIP_NORM: Final = 1.0


@dataclass(frozen=True)
class Sentence:
    """A sentence and its parts: numbers in NAMES and ROLES.

    link: `now`, or a word that changes no subject. opens_with_now: it begins as "MSD is now captain".
    """

    first: int
    second: int
    first_role: int
    second_role: int
    link: str
    opens_with_now: bool = False

    @property
    def changes(self) -> bool:
        """Whether the text speaks of somebody else afterwards."""
        return self.link == CHANGE

    @property
    def text(self) -> str:
        """The sentence as a person writes it."""
        place = "is captain" if self.changes else "in team"
        return f"{self.before}, {self.link} {NAMES[self.second]} {place} & he is good {ROLES[self.second_role]}"

    @property
    def before(self) -> str:
        """The text before the comma."""
        opening = "is now captain & he is" if self.opens_with_now else "was previous captain & he was"
        return f"{NAMES[self.first]} {opening} good {ROLES[self.first_role]}"

    @property
    def words(self) -> list[str]:
        """The tokens, as `newsgate` splits them."""
        return split_words(self.text)

    @property
    def link_place(self) -> int:
        """The place of the linking word among the words; the second name begins behind it."""
        return len(split_words(self.before)) + 1

    @property
    def subjects(self) -> list[int]:
        """Whom the text speaks of after each word: a number in NAMES, or NOBODY."""
        before, after = self.link_place, len(self.words) - self.link_place - 1
        if not self.changes:
            return [self.first] * (before + 1 + after)
        return [self.first] * before + [NOBODY] + [self.second] * after


def draw_sentence(random: np.random.Generator, *, held_out: bool) -> Sentence:
    """Return a sentence of a pair of names that training sees (or, `held_out`, never sees); half of them change."""
    while True:
        first, second = (int(each) for each in random.choice(len(NAMES), 2, replace=False))
        # One pair in five; the primer's own, MSD and Rohit sharma, is one of them.
        if ((3 * first + second) % 5 == 1) == held_out:
            break
    link = CHANGE if random.random() < 0.5 else NO_CHANGE[random.integers(len(NO_CHANGE))]
    first_role, second_role = (int(each) for each in random.integers(len(ROLES), size=2))
    return Sentence(first, second, first_role, second_role, link, opens_with_now=bool(random.random() < 0.5))


class Vocabulary:
    """The words of these sentences; 0 is padding."""

    def __init__(self) -> None:
        sentences = (
            Sentence(name, 0, role, role, link, opens_with_now)
            for name in range(len(NAMES))
            for role in range(len(ROLES))
            for link in (CHANGE, *NO_CHANGE)
            for opens_with_now in (False, True)
        )
        words = sorted({word for sentence in sentences for word in sentence.words})
        self._ids = {word: number for number, word in enumerate(words, start=1)}

    def __len__(self) -> int:
        return 1 + len(self._ids)

    def ids(self, words: Iterable[str]) -> list[int]:
        """Return the ids of words of these sentences."""
        return [self._ids[word] for word in words]


@dataclass(frozen=True)
class Reader:
    """A trained network: embedding [words, width], an LSTM, and one output for each of NAMES and for nobody."""

    vocabulary: Vocabulary
    embedding: Float32
    lstm: LstmWeights
    kernel: Float32
    bias: Float32

    def embedded(self, sentence: Sentence) -> Float32:
        """Return the embedded words, float32 [words, width]."""
        return self.embedding[self.vocabulary.ids(sentence.words)]

    def answers(self, hidden: Float32) -> list[int]:
        """Return whom the text speaks of after each word, from the hidden states [words, units]."""
        return [int(each) for each in (hidden @ self.kernel + self.bias).argmax(axis=1)]


def train_reader(*, seed: int) -> Reader:
    """Return a network trained on new sentences of seen pairs of names."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    vocabulary = Vocabulary()
    ids = keras.Input((None,), dtype="int32")
    embedding = layers.Embedding(len(vocabulary), WIDTH)
    recurrent, output = layers.LSTM(UNITS, return_sequences=True), layers.Dense(len(NAMES) + 1)
    network = keras.Model(ids, output(recurrent(embedding(ids))))
    network.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE, clipnorm=CLIP_NORM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1),
        jit_compile=True,
    )
    random = np.random.default_rng(seed)
    for _ in range(UPDATES):
        network.train_on_batch(*_batch(vocabulary, [draw_sentence(random, held_out=False) for _ in range(BATCH)]))
    kernel, bias = output.get_weights()
    return Reader(vocabulary, embedding.get_weights()[0], LstmWeights(*recurrent.get_weights()), kernel, bias)


def _batch(vocabulary: Vocabulary, sentences: Sequence[Sentence]) -> tuple[Int32, Int32]:
    """Return ids and subjects [sentences, words], on the right padded with 0 and -1 to one length for all batches."""
    ids = np.zeros((len(sentences), _LONGEST), dtype=np.int32)
    subjects = np.full_like(ids, -1)
    for row, sentence in enumerate(sentences):
        words = vocabulary.ids(sentence.words)
        ids[row, : len(words)] = words
        subjects[row, : len(words)] = sentence.subjects
    return ids, subjects


# Rohit sharma and wicket keeper are the names of two words.
_LONGEST: Final = len(Sentence(1, 1, 0, 0, CHANGE).words)
