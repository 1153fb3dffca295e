"""The LSTM's equations in NumPy: what each gate did at each token.

What serves (`model.numpy_runtime`) computes these many texts at a time and keeps nothing but the result. Here every
quantity has a name, and the result is the same. Long short-term memory: Hochreiter and Schmidhuber 1997, Neural
Computation 9(8); its forget gate: Gers, Schmidhuber and Cummins 2000, Neural Computation 12(10). The array layout is
that of Keras' `LSTM` (`model.weights.LstmWeights`).

In the formulas x_t is the embedding of token t [width]; h, C and the gates are [units]; sigma(z) = 1 / (1 + exp(-z));
* multiplies unit by unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from newsgate.model.weights import Float32, LstmWeights, Weights


@dataclass(frozen=True)
class PartWeights:
    """One of an LSTM's four parts: kernel W [width, units], recurrent_kernel U [units, units], bias b [units]."""

    kernel: Float32
    recurrent_kernel: Float32
    bias: Float32


@dataclass(frozen=True)
class LstmParts:
    """The four parts of one direction, taken apart."""

    input: PartWeights
    forget: PartWeights
    candidate: PartWeights
    output: PartWeights


@dataclass(frozen=True)
class Trace:
    """What one direction did, float32 [tokens, units] each; row t is token t.

    forget, input and output are gates between 0 and 1; candidate and hidden lie between -1 and 1; cell is unbounded.
    """

    forget: Float32
    input: Float32
    candidate: Float32
    cell: Float32
    output: Float32
    hidden: Float32


@dataclass(frozen=True)
class NetworkTrace:
    """What the whole network did with one text: both directions, row t of either is token t, and the logit of P(fake).

    The backward direction reads from the last token to the first: the cell it had *before* token t is row t + 1.
    """

    forward: Trace
    backward: Trace
    logit: float


def trace_network(weights: Weights, ids: Sequence[int]) -> NetworkTrace:
    """Return what the network did with the tokens `ids`, at least one, each an id of its vocabulary."""
    embedded = weights.embedding[np.asarray(ids, dtype=np.int64)]
    forward = trace(weights.forward, embedded)
    backward = reversed_in_time(trace(weights.backward, embedded[::-1]))
    pooled = pool(forward.hidden, backward.hidden)
    return NetworkTrace(forward, backward, logit(weights, pooled))


def trace(lstm: LstmWeights, embedded: Float32) -> Trace:
    """Return what one direction did with `embedded`, float32 [tokens, width], in the order in which it reads them.

    Cell and hidden state begin as zeros.
    """
    parts = lstm_parts(lstm)
    tokens, units = len(embedded), lstm.units
    done = Trace(*(np.empty((tokens, units), dtype=np.float32) for _ in range(6)))
    cell = hidden = np.zeros(units, dtype=np.float32)
    for t, x in enumerate(embedded):
        done.forget[t] = forget_gate(parts.forget, x=x, hidden_before=hidden)
        done.input[t] = input_gate(parts.input, x=x, hidden_before=hidden)
        done.candidate[t] = candidate_cell(parts.candidate, x=x, hidden_before=hidden)
        done.output[t] = output_gate(parts.output, x=x, hidden_before=hidden)
        cell = next_cell(cell, forget=done.forget[t], taken=take_in(done.input[t], done.candidate[t]))
        hidden = show(done.output[t], cell)
        done.cell[t], done.hidden[t] = cell, hidden
    return done


def forget_gate(part: PartWeights, *, x: Float32, hidden_before: Float32) -> Float32:
    """f_t = sigma(W_f x_t + U_f h_{t-1} + b_f): how much of each unit's cell stays, 0 nothing, 1 all (Gers 2000)."""
    return sigmoid(_weighted(part, x, hidden_before))


def input_gate(part: PartWeights, *, x: Float32, hidden_before: Float32) -> Float32:
    """i_t = sigma(W_i x_t + U_i h_{t-1} + b_i): how much of the candidate goes into the cell."""
    return sigmoid(_weighted(part, x, hidden_before))


def candidate_cell(part: PartWeights, *, x: Float32, hidden_before: Float32) -> Float32:
    """C~_t = tanh(W_C x_t + U_C h_{t-1} + b_C): what this token would write into the cell, between -1 and 1."""
    return np.tanh(_weighted(part, x, hidden_before))


def output_gate(part: PartWeights, *, x: Float32, hidden_before: Float32) -> Float32:
    """o_t = sigma(W_o x_t + U_o h_{t-1} + b_o): how much of the cell is shown."""
    return sigmoid(_weighted(part, x, hidden_before))


def next_cell(before: Float32, *, forget: Float32, taken: Float32) -> Float32:
    """C_t = f_t * C_{t-1} + i_t * C~_t, where `taken` is the second product: the memory cell after token t."""
    return keep(forget, before) + taken


def keep(forget: Float32, cell_before: Float32) -> Float32:
    """f_t * C_{t-1}: what is left of the cell; a unit whose gate is 0 forgets."""
    return forget * cell_before


def take_in(input_: Float32, candidate: Float32) -> Float32:
    """i_t * C~_t: what is added to the cell."""
    return input_ * candidate


def show(output: Float32, cell: Float32) -> Float32:
    """h_t = o_t * tanh(C_t): the hidden state, what the next step and the layers above see of the cell."""
    return output * np.tanh(cell)


def sigmoid(z: Float32) -> Float32:
    """sigma(z) = 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which neither overflows nor warns."""
    half, one = np.float32(0.5), np.float32(1.0)
    opened: Float32 = half * (one + np.tanh(half * z))
    return opened


def pool(forward: Float32, backward: Float32) -> Float32:
    """Return [4 * units], what the last layer reads of both hidden states [tokens, units].

    Forward mean, backward mean, forward maximum, backward maximum over the tokens: the rows of the output kernel.
    """
    means = (forward.mean(axis=0), backward.mean(axis=0))
    maxima = (forward.max(axis=0), backward.max(axis=0))
    return np.concatenate([*means, *maxima])


def logit(weights: Weights, pooled: Float32) -> float:
    """logit = pooled . w + b: of P(fake), before the temperature (`model.classifier.calibrated`)."""
    return float(pooled @ weights.output_kernel[:, 0] + weights.output_bias[0])


def lstm_parts(lstm: LstmWeights) -> LstmParts:
    """Take Keras' arrays apart, whose columns are input | forget | candidate | output."""
    arrays = (lstm.kernel, lstm.recurrent_kernel, lstm.bias)
    return LstmParts(*(PartWeights(*part) for part in zip(*(np.split(a, 4, axis=-1) for a in arrays), strict=True)))


def reversed_in_time(done: Trace) -> Trace:
    """Return the trace with its rows in the opposite order."""
    return Trace(
        done.forget[::-1], done.input[::-1], done.candidate[::-1], done.cell[::-1], done.output[::-1], done.hidden[::-1]
    )


def _weighted(part: PartWeights, x: Float32, hidden_before: Float32) -> Float32:
    """W x_t + U h_{t-1} + b: the same as W . [h_{t-1}, x_t] + b with both kernels below each other."""
    return x @ part.kernel + hidden_before @ part.recurrent_kernel + part.bias
