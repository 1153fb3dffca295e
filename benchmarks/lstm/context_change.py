"""What do the gates do where the context changes?

The same sentences, with and without a change of captain, go through two trained models: a small LSTM that learned whom
such sentences speak of (`benchmarks.lstm.subject_tracking`), and the starter model, which learned fake and real and
nothing of this kind. Then "king rich" and "king poor" go through the starter model.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.lstm.one_core import use_one_core
from benchmarks.lstm.subject_tracking import CHANGE, NO_CHANGE, Reader, Sentence, draw_sentence, train_reader
from benchmarks.shared.line_chart import Axis, Curve, LineChart, side_by_side
from benchmarks.shared.page import Found, Picture, Table
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, markdown_table
from newsgate.model.bundle import read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.gates import Trace, trace
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import CONTINUATION, Tokenizer
from newsgate.model.weights import Weights

SEEDS: Final = (0, 1, 2)
SENTENCES: Final = 300
# A unit holds the first name where the name explains this share of its cell's variance at the comma (eta squared).
HOLDS: Final = 0.8
PRIMER: Final = Sentence(first=0, second=1, first_role=0, second_role=1, link=CHANGE)
COUNTERPART: Final = Sentence(first=0, second=1, first_role=0, second_role=1, link=NO_CHANGE[0])
RANDOM_PAIRS: Final = 2_000
KINGS: Final = (("rich", "wealthy"), ("rich", "poor"), ("good", "great"), ("good", "bad"))

MARKER: Final = "context change"
PICTURE: Final = "images/context_change.svg"
COLOURS: Final = {"forget": "#d62728", "input": "#1f77b4", "output": "#2ca02c", "no change": "#7f7f7f"}

Float64 = npt.NDArray[np.float64]
Units = npt.NDArray[np.bool_]


def run(_options: argparse.Namespace) -> Iterator[Found]:
    use_one_core()
    starter = Starter.load()
    readers, reads, told = [], [], []
    for seed in SEEDS:
        random = np.random.default_rng(1_000 + seed)
        sentences = [draw_sentence(random, held_out=True) for _ in range(SENTENCES)]
        reader = train_reader(seed=seed)
        of_seed = read_by_reader(reader, sentences)
        told.append(f"{right_answers(reader, of_seed):.1%} with {of_seed[0].units.sum()} holding units")
        say(f"seed {seed}: {told[-1]}")
        readers.append(reader)
        reads.append(of_seed)
    every = [read for of_seed in reads for read in of_seed]
    by_starter = read_by_starter(starter, [read.sentence for read in every])

    right = f"Words after which the answer is right, seed by seed: {'; '.join(told)}."
    yield Table(f"{MARKER}, sentences", f"{places_table(every)}\n\n{right}\n\n{circumstances()}")
    yield Table(f"{MARKER}, starter", f"{places_table(by_starter)}\n\n{tokens_table(starter)}")
    yield Table(f"{MARKER}, king", kings_table(starter))
    yield Picture(PICTURE, picture(readers, [of_seed[0].units for of_seed in reads], starter))


@dataclass(frozen=True)
class Read:
    """A sentence that was read. units: those that are looked at. link, name, early_now: places among the tokens.

    early_now is the place of the `now` that changes nothing, -1 where there is none.
    """

    sentence: Sentence
    done: Trace
    units: Units
    link: int
    name: int
    early_now: int

    @property
    def special(self) -> set[int]:
        """The places that are looked at on their own."""
        return {self.link - 1, self.link, self.name, self.early_now}

    def gate(self, name: str) -> Float64:
        """Return the mean of a gate over the units, [tokens]."""
        gate: Float64 = getattr(self.done, name)[:, self.units].mean(axis=1, dtype=np.float64)
        return gate


@dataclass(frozen=True)
class Starter:
    """The starter model, its text reader and the names of its tokens."""

    tokenizer: Tokenizer
    weights: Weights

    @classmethod
    def load(cls) -> Starter:
        """Return the model that comes with newsgate."""
        bundle = read_bundle(starter_bundle())
        return cls(bundle.tokenizer, weights_of(bundle))

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text's pieces."""
        return list(self.tokenizer.encode(text, max_tokens=256).ids)

    def pieces(self, text: str) -> list[str]:
        """Return the pieces of a text."""
        return [self.tokenizer.pieces[each] for each in self.ids(text)]

    def trace(self, ids: Sequence[int]) -> Trace:
        """Return what the forward direction did, which reads as a person does."""
        return trace(self.weights.forward, self.weights.embedding[list(ids)])


def read_by_starter(starter: Starter, sentences: Sequence[Sentence]) -> list[Read]:
    """Return what the starter model did with the sentences; all its units are looked at."""
    every = np.ones(starter.weights.forward.units, dtype=np.bool_)
    reads = []
    for sentence in sentences:
        pieces = starter.pieces(sentence.text)
        link = len(starter.ids(f"{sentence.before},"))
        name = link + len(starter.ids(sentence.link))
        early = pieces.index(CHANGE) if sentence.opens_with_now else -1
        reads.append(Read(sentence, starter.trace(starter.ids(sentence.text)), every, link, name, early))
    return reads


def read_by_reader(reader: Reader, sentences: Sequence[Sentence]) -> list[Read]:
    """Return what the small LSTM did with the sentences; the units that hold the first name are looked at."""
    traces = [trace(reader.lstm, reader.embedded(each)) for each in sentences]
    at_comma = np.array([done.cell[each.link_place - 1] for each, done in zip(sentences, traces, strict=True)])
    holding = explained_by(np.array([each.first for each in sentences]), at_comma) >= HOLDS
    return [
        Read(
            sentence,
            done,
            holding,
            link=sentence.link_place,
            name=sentence.link_place + 1,
            early_now=sentence.words.index(CHANGE) if sentence.opens_with_now else -1,
        )
        for sentence, done in zip(sentences, traces, strict=True)
    ]


def explained_by(groups: npt.NDArray[np.int_], values: npt.NDArray[np.float32]) -> Float64:
    """Return eta squared: the share of the variance of `values` [rows, units] that lies between groups, [units]."""
    centred = values.astype(np.float64) - values.mean(axis=0)
    between = sum((groups == group).sum() * centred[groups == group].mean(axis=0) ** 2 for group in np.unique(groups))
    return np.asarray(between / np.maximum((centred**2).sum(axis=0), 1e-12))


def right_answers(reader: Reader, reads: Sequence[Read]) -> float:
    """Return the share of words after which the reader knows whom the text speaks of."""
    return float(
        np.mean(np.concatenate([np.equal(reader.answers(each.done.hidden), each.sentence.subjects) for each in reads]))
    )


# Where in a sentence a gate is looked at: the name of the place, and which tokens of which sentences it means.
PLACES: Final[tuple[tuple[str, Callable[[Read], list[int]]], ...]] = (
    ("`, now`: the captain changes", lambda read: [read.link] if read.sentence.changes else []),
    ("`, with`, `, like`, `, beside`: no change", lambda read: [] if read.sentence.changes else [read.link]),
    ("`is now captain`: the same word, no change", lambda read: [read.early_now] if read.early_now >= 0 else []),
    ("the comma before either", lambda read: [read.link - 1]),
    ("the second name, after a change", lambda read: [read.name] if read.sentence.changes else []),
    ("the second name, no change", lambda read: [] if read.sentence.changes else [read.name]),
    ("every other token but the first", lambda read: sorted(set(range(1, len(read.done.forget))) - read.special)),
)


def gates_at(reads: Sequence[Read], *, gate: str, places: Callable[[Read], list[int]]) -> Float64:
    """Return a gate's values at the places, over all sentences."""
    return np.concatenate([read.gate(gate)[places(read)] for read in reads])


def how_often_lower(these: Float64, those: Float64) -> float:
    """Return the probability that one of `these` is below one of `those`, ties counting half (the area under ROC)."""
    ordered = np.sort(those)
    above = len(ordered) - np.searchsorted(ordered, these, side="right")
    ties = len(ordered) - np.searchsorted(ordered, these, side="left") - above
    return float((above + 0.5 * ties).mean() / len(ordered))


def cohens_d(these: Float64, those: Float64) -> float:
    """Return the difference of the means in pooled standard deviations (Cohen 1988)."""
    return float((these.mean() - those.mean()) / np.sqrt((these.var(ddof=1) + those.var(ddof=1)) / 2))


def places_table(reads: Sequence[Read]) -> str:
    """Return the gates by place as Markdown, each place's forget gate compared with that of every other token."""
    elsewhere = PLACES[-1][1]
    others = gates_at(reads, gate="forget", places=elsewhere)
    rows = []
    for name, places in PLACES:
        forget, entering, shown = (gates_at(reads, gate=gate, places=places) for gate in ("forget", "input", "output"))
        rows.append(
            [
                name,
                str(len(forget)),
                f"{forget.mean():.3f} ± {forget.std(ddof=1):.3f}",
                f"{entering.mean():.3f}",
                f"{shown.mean():.3f}",
                *(compared(forget, others) if places is not elsewhere else ("", "")),
            ]
        )
    headers = ["place", "tokens", "forget, mean ± sd", "input", "output", "lower than others", "Cohen's d"]
    of_change, early = (gates_at(reads, gate="forget", places=PLACES[row][1]) for row in (0, 2))
    lower, effect = compared(of_change, early)
    both = f"The forget gate at `, now` beside that at `is now captain`: lower {lower}, Cohen's d {effect}."
    return f"{markdown_table(headers, rows)}\n\n{both}"


def compared(these: Float64, those: Float64) -> tuple[str, str]:
    """Return how often `these` are lower than `those` and Cohen's d, as cells of a table."""
    return f"{how_often_lower(these, those):.2f}", f"{cohens_d(these, those):+.1f}"


def tokens_table(starter: Starter) -> str:
    """Return the starter model's gates at each token around the change in the primer's sentence, as Markdown."""
    (read,) = read_by_starter(starter, [PRIMER])
    pieces = starter.pieces(PRIMER.text)
    forget, entering, shown = (read.gate(gate) for gate in ("forget", "input", "output"))
    rank = 1 + np.argsort(np.argsort(forget))
    rows = [
        [f"`{pieces[t]}`", f"{forget[t]:.3f}", f"{entering[t]:.3f}", f"{shown[t]:.3f}", f"{rank[t]} of {len(forget)}"]
        for t in range(read.link - 3, read.link + 10)
    ]
    return markdown_table(["token", "forget", "input", "output", "forget gate's rank, lowest first"], rows)


def kings_table(starter: Starter) -> str:
    """Return how alike the starter's hidden states are after "king" and one of two words, as Markdown."""
    words = [each for each in starter.tokenizer.pieces if each.isalpha() and len(each) > 3]
    random = np.random.default_rng(0)
    pairs = [tuple(random.choice(words, 2, replace=False)) for _ in range(RANDOM_PAIRS)]
    chance = np.array([king_cosine(starter, *pair) for pair in pairs])
    rows = [
        [f"king {one}, king {other}", f"{cosine:.3f}", f"{(chance < cosine).mean():.0%}"]
        for one, other in KINGS
        for cosine in [king_cosine(starter, one, other)]
    ]
    low, middle, high = np.quantile(chance, [0.05, 0.5, 0.95])
    rows.append([f"two random words, {RANDOM_PAIRS} pairs", f"{middle:.3f} ({low:.3f} to {high:.3f})", ""])
    return markdown_table(["pair", "cosine", "random pairs that are less alike"], rows)


def king_cosine(starter: Starter, one: str, other: str) -> float:
    """Return the cosine of the forward hidden states after "king ONE" and "king OTHER"."""
    first, second = (starter.trace(starter.ids(f"king {word}")).hidden[-1] for word in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def picture(readers: Sequence[Reader], holding: Sequence[Units], starter: Starter) -> str:
    """Return the gates along the primer's sentence in both models, side by side, as SVG."""
    return side_by_side([_reader_panel(readers, holding), _starter_panel(starter)])


def _reader_panel(readers: Sequence[Reader], holding: Sequence[Units]) -> LineChart:
    def gate(sentence: Sentence, name: str) -> Float64:
        traces = [trace(reader.lstm, reader.embedded(sentence)) for reader in readers]
        return np.array(
            [getattr(done, name)[:, units].mean(axis=1) for done, units in zip(traces, holding, strict=True)]
        )

    words = [
        one if one == other else f"{one} / {other}" for one, other in zip(PRIMER.words, COUNTERPART.words, strict=True)
    ]
    return _panel(
        f"Trained on such sentences ({len(readers)} seeds)",
        words,
        [
            _curve("forget, captain changes", gate(PRIMER, "forget"), "forget"),
            _curve("input, captain changes", gate(PRIMER, "input"), "input"),
            _curve(f'forget, "{COUNTERPART.link}" in its place', gate(COUNTERPART, "forget"), "no change", dashed=True),
        ],
        link=PRIMER.link_place,
    )


def _starter_panel(starter: Starter) -> LineChart:
    (read,) = read_by_starter(starter, [PRIMER])
    curves = [_curve(gate, read.gate(gate)[np.newaxis], gate) for gate in ("forget", "input", "output")]
    return _panel("The starter model (fake or real)", starter.pieces(PRIMER.text), curves, link=read.link)


def _curve(name: str, values: Float64, colour: str, *, dashed: bool = False) -> Curve:
    """Return the mean of `values` [seeds, tokens] as a curve, with all seeds between the edges of its band."""
    return Curve(
        name,
        [(t, float(value)) for t, value in enumerate(values.mean(axis=0))],
        COLOURS[colour],
        dashed=dashed,
        band=[(t, float(each.min()), float(each.max())) for t, each in enumerate(values.T)] if len(values) > 1 else (),
    )


def _panel(title: str, tokens: Sequence[str], curves: Sequence[Curve], *, link: int) -> LineChart:
    return LineChart(
        title,
        across=Axis(
            "", 0, len(tokens) - 1, [*enumerate(token.removeprefix(CONTINUATION) for token in tokens)], slanted=True
        ),
        up=Axis("gate, mean over units", 0, 1, [(tenths / 10, f"{tenths / 10:.1f}") for tenths in range(0, 11, 2)]),
        curves=curves,
        legend=(70, 190),
        width=470,
        height=330,
        below=86,
        shaded=[(link - 0.4, link + 0.4)],
    )
