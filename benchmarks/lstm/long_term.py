"""Does an LSTM remember over many steps?

The first token of a sequence is one of two, then come distractors; the answer is the first token. A Keras LSTM and a
Keras SimpleRNN with as many weights learn it from the same sequences, with the same optimiser and as many steps. Each
has three learning rates and three seeds; the rate is chosen on other sequences than those that are reported.

Then why: the derivative of the memory at the end by the memory after the first token, from the trained weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.lstm.one_core import use_one_core
from benchmarks.shared.line_chart import Axis, Curve, LineChart, side_by_side
from benchmarks.shared.page import Found, Picture, Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table
from newsgate.model.gates import trace
from newsgate.model.weights import Float32, Int32, LstmWeights

CLASSES: Final = 2
TOKENS: Final = 10
# The longest is what the question is about; the short ones give the first steps of training something to learn from.
# They have no divisor in common, lest a memory that swings in step with all of them passes for one that stays.
TRAINED_STEPS: Final = (10, 23, 51, 99, 200)
ASKED_STEPS: Final = (10, 17, 23, 37, 51, 75, 99, 150, 200)
LONGEST: Final = max(TRAINED_STEPS)
WIDTH: Final = 8
# 1 600 weights in the LSTM and 1 620 in the SimpleRNN, without the embedding and the last layer, which are alike.
UNITS: Final = {"LSTM": 16, "SimpleRNN": 36}
LEARNING_RATES: Final = (0.01, 0.003, 0.001)
SEEDS: Final = (0, 1, 2)
BATCH: Final = 64
UPDATES: Final = 400
CLIP_NORM: Final = 1.0
FRESH_SEQUENCES: Final = 500
DERIVATIVE_SEQUENCES: Final = 10
SOLVED: Final = 0.99

MARKER: Final = "long term"
PICTURE: Final = "images/long_term.svg"
COLOURS: Final = {"LSTM": "#1f77b4", "SimpleRNN": "#d62728"}

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """One training. accuracy: by steps, on sequences for the report. chosen_by: the mean accuracy on others.

    before, after: log10 of the derivative [steps] with the weights before and after the training.
    """

    kind: str
    learning_rate: float
    seed: int
    chosen_by: float
    accuracy: dict[int, float]
    before: Float64
    after: Float64


def run(_options: argparse.Namespace) -> Iterator[Found]:
    use_one_core()
    trained: dict[str, list[Trained]] = {}
    best: dict[str, list[Trained]] = {}
    alone: dict[str, list[Trained]] = {}
    for kind in UNITS:
        learner = Learner(kind)
        trained[kind] = [
            learner.train(learning_rate=rate, seed=seed, steps=TRAINED_STEPS)
            for rate in LEARNING_RATES
            for seed in SEEDS
        ]
        best[kind] = choose_rate(trained[kind])
        rate = best[kind][0].learning_rate
        alone[kind] = [learner.train(learning_rate=rate, seed=seed, steps=(LONGEST,)) for seed in SEEDS]
    yield Table(MARKER, f"{accuracy_table(best, alone)}\n\n{training_table(trained, best)}\n\n{circumstances()}")
    yield Picture(PICTURE, picture(best))


def draw(random: np.random.Generator, *, sequences: int, steps: int) -> tuple[Int32, Int32]:
    """Return ids [sequences, 1 + steps] and the answers [sequences]: the first ids, of which there are `CLASSES`."""
    ids = random.integers(CLASSES, TOKENS, (sequences, 1 + steps), dtype=np.int32)
    ids[:, 0] = random.integers(0, CLASSES, sequences)
    return ids, ids[:, 0].copy()


class Learner:
    """One kind of network, compiled once for every length; each training begins with new weights."""

    def __init__(self, kind: str) -> None:
        import keras

        self.kind = kind
        self._network = self._build(seed=0)
        self._network.compile(
            optimizer=keras.optimizers.Adam(clipnorm=CLIP_NORM),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=True,
        )

    def train(self, *, learning_rate: float, seed: int, steps: Sequence[int]) -> Trained:
        """Train on new sequences of `steps` steps, one length a batch, and ask about fresh ones."""
        began = time.monotonic()
        self._start_over(learning_rate=learning_rate, seed=seed)
        before = self._derivative(seed)
        random = np.random.default_rng(seed)
        for _ in range(UPDATES):
            self._network.train_on_batch(*draw(random, sequences=BATCH, steps=int(random.choice(steps))))
        accuracies = {each: self._accuracies(each, seed=1_000 + seed) for each in ASKED_STEPS}
        done = Trained(
            kind=self.kind,
            learning_rate=learning_rate,
            seed=seed,
            chosen_by=float(np.mean([chosen for chosen, _ in accuracies.values()])),
            accuracy={each: reported for each, (_, reported) in accuracies.items()},
            before=before,
            after=self._derivative(seed),
        )
        say(f"{self.kind}, {learning_rate}, seed {seed}: {done.accuracy}, {time.monotonic() - began:.0f} s")
        return done

    def _build(self, *, seed: int) -> Any:
        import keras
        from keras import layers

        keras.utils.set_random_seed(seed)
        ids = keras.Input((None,), dtype="int32")
        # Keras' own start of +-0.05 leaves nothing to see in so few updates; both kinds get the larger one.
        embedded = layers.Embedding(TOKENS, WIDTH, keras.initializers.RandomUniform(-1, 1), name="embedding")(ids)
        recurrent = layers.LSTM if self.kind == "LSTM" else layers.SimpleRNN
        return keras.Model(ids, layers.Dense(CLASSES)(recurrent(UNITS[self.kind], name="recurrent")(embedded)))

    def _start_over(self, *, learning_rate: float, seed: int) -> None:
        self._network.set_weights(self._build(seed=seed).get_weights())
        optimizer = self._network.optimizer
        for variable in optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        optimizer.learning_rate.assign(learning_rate)

    def _accuracies(self, steps: int, *, seed: int) -> tuple[float, float]:
        """Return the accuracy on fresh sequences for choosing, and on as many others for the report."""
        ids, answers = draw(np.random.default_rng(seed), sequences=2 * FRESH_SEQUENCES, steps=steps)
        right = self._network(ids).numpy().argmax(axis=1) == answers
        return float(right[:FRESH_SEQUENCES].mean()), float(right[FRESH_SEQUENCES:].mean())

    def _derivative(self, seed: int) -> Float64:
        """Return the mean over sequences of log10 of the derivative, [LONGEST]."""
        ids, _ = draw(np.random.default_rng(3_000 + seed), sequences=DERIVATIVE_SEQUENCES, steps=LONGEST)
        (embedding,) = self._network.get_layer("embedding").get_weights()
        weights = self._network.get_layer("recurrent").get_weights()
        derivative = along_forget_gates if self.kind == "LSTM" else along_states
        return np.asarray(np.mean([derivative(LstmWeights(*weights), embedding[row]) for row in ids], axis=0))


def along_forget_gates(weights: LstmWeights, embedded: Float32) -> Float64:
    """Return log10 of dC_t / dC_1 along the cell, which is f_2 * ... * f_t, of the unit that keeps most; [steps]."""
    forget = trace(weights, embedded).forget[1:].astype(np.float64)
    kept = np.cumsum(np.log10(forget), axis=0)
    return np.asarray(kept[:, kept[-1].argmax()])


def along_states(weights: LstmWeights, embedded: Float32) -> Float64:
    """Return log10 of the spectral norm of dh_t / dh_1 of a SimpleRNN, [steps]; `weights` has its three arrays.

    h_t = tanh(W x_t + U h_{t-1} + b), so each step multiplies by U and 1 - h_t^2 (Bengio, Simard and Frasconi 1994).
    """
    kernel, recurrent_kernel, bias = (
        array.astype(np.float64) for array in (weights.kernel, weights.recurrent_kernel, weights.bias)
    )
    hidden = np.tanh(embedded[0] @ kernel + bias)
    jacobian, scale, norms = np.eye(len(hidden)), 0.0, []
    for x in embedded[1:]:
        hidden = np.tanh(x @ kernel + hidden @ recurrent_kernel + bias)
        jacobian = jacobian @ (recurrent_kernel * (1.0 - hidden**2))
        # The product leaves the range of numbers long before 200 steps; its size is kept beside it.
        norm = max(float(np.linalg.norm(jacobian, 2)), 1e-300)
        jacobian, scale = jacobian / norm, scale + np.log10(norm)
        norms.append(scale)
    return np.array(norms)


def choose_rate(trained: Sequence[Trained]) -> list[Trained]:
    """Return the trainings with the learning rate whose mean over the seeds is the best, on the choosing sequences."""

    def mean_over_seeds(rate: float) -> float:
        return float(np.mean([each.chosen_by for each in trained if each.learning_rate == rate]))

    best = max(LEARNING_RATES, key=mean_over_seeds)
    return [each for each in trained if each.learning_rate == best]


def accuracy_table(best: dict[str, list[Trained]], alone: dict[str, list[Trained]]) -> str:
    """Return the accuracy at every number of steps as Markdown: the mean, and the worst and best seed."""

    def cell(trained: Sequence[Trained], steps: int) -> str:
        values = [100 * each.accuracy[steps] for each in trained]
        return f"{np.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"

    rows = [
        [
            f"{steps}" if steps in TRAINED_STEPS else f"{steps} (never trained)",
            *(cell(best[kind], steps) for kind in best),
        ]
        for steps in ASKED_STEPS
    ]
    rows.append([f"{LONGEST}, trained on {LONGEST} alone", *(cell(alone[kind], LONGEST) for kind in alone)])
    return markdown_table(["steps between token and answer", *(f"{kind}, %" for kind in best)], rows)


def training_table(trained: dict[str, list[Trained]], best: dict[str, list[Trained]]) -> str:
    """Return how many trainings succeeded and what the derivative was, as Markdown."""

    def power(values: Sequence[Float64]) -> str:
        return f"10^{np.mean([each[-1] for each in values]):.1f}"

    def solved(some: Sequence[Trained]) -> str:
        good = [each for each in some if min(each.accuracy.values()) >= SOLVED]
        return f"{len(good)} of {len(some)}"

    rows = [
        ["learning rate chosen", *(f"{best[kind][0].learning_rate}" for kind in best)],
        [f"trainings right in {SOLVED:.0%} at every number of steps", *(solved(trained[kind]) for kind in best)],
        [
            f"derivative over {LONGEST} steps, before training",
            *(power([e.before for e in best[kind]]) for kind in best),
        ],
        [f"derivative over {LONGEST} steps, after training", *(power([e.after for e in best[kind]]) for kind in best)],
    ]
    return markdown_table(["", *best], rows)


def picture(best: dict[str, list[Trained]]) -> str:
    """Return accuracy and derivative by the number of steps, side by side."""
    across = Axis("steps between the token and the answer", 0, LONGEST, [(n, str(n)) for n in (10, 50, 100, 150, 200)])
    percent = Axis("right answers, % (chance is 50)", 0, 100, [(n, str(n)) for n in range(0, 101, 25)])
    powers = Axis("derivative of the memory by its first state", -90, 0, [(n, f"1e{n}") for n in range(-90, 1, 15)])
    accuracy = [
        Curve(
            kind,
            [(n, 100 * float(np.mean([each.accuracy[n] for each in best[kind]]))) for n in ASKED_STEPS],
            COLOURS[kind],
            marks=True,
            band=[
                (n, 100 * min(e.accuracy[n] for e in best[kind]), 100 * max(e.accuracy[n] for e in best[kind]))
                for n in ASKED_STEPS
            ],
        )
        for kind in best
    ]
    derivatives = [
        Curve(
            f"{kind}, {'after' if after else 'before'} training",
            [
                (step + 1, float(value))
                for step, value in enumerate(np.mean([e.after if after else e.before for e in best[kind]], axis=0))
            ],
            COLOURS[kind],
            dashed=not after,
        )
        for kind in best
        for after in (False, True)
    ]
    asked_again = f"The first token, asked again ({len(SEEDS)} seeds)"
    left_of_it = "What is left of a change to the first state"
    return side_by_side(
        [
            LineChart(asked_again, across, percent, accuracy, legend=(190, 150)),
            LineChart(left_of_it, across, powers, derivatives, legend=(70, 182)),
        ]
    )
