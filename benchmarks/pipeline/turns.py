"""Lets the sides take turns: whatever else the machine does then meets all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.pipeline.side import Entry, Pace, Side, Work
from benchmarks.shared.processes import BenchmarkError, Cost, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import figure
from benchmarks.shared.synthetic_texts import ARTICLES, POSTS, Kind, Lexicon, make_lexicon, make_texts, write_posts
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import Tokenizer

_WARM_UP_ROWS = 2000
# They have six times as many tokens as posts.
_ARTICLES_SHARE = 0.2
_SEED = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. rows: how many a side gets in a repeat, by its pace."""

    sides: Sequence[Entry]
    kinds: Sequence[Kind]
    rows: Mapping[Pace, int]
    repeats: int

    def sides_for(self, kind: Kind) -> list[Entry]:
        """The sides measured on texts of this kind that can be started here."""
        return [entry for entry in self.sides if entry.installed and (kind is POSTS or entry.everywhere)]

    def rows_for(self, entry: Entry, kind: Kind) -> int:
        """How many rows of this kind a side gets in a repeat."""
        share = _ARTICLES_SHARE if kind is ARTICLES else 1.0
        return max(1, round(share * self.rows[entry.pace]))


@dataclass(frozen=True, slots=True)
class Measured:
    """What the sides did with one kind of text. turns: for each repeat what each side took, by its key.

    tokens_a_text: as the model reads them, the mean.
    """

    kind: Kind
    turns: Sequence[Mapping[str, Cost]]
    tokens_a_text: float

    def costs(self, entry: Entry) -> list[Cost]:
        """What a side took, one for each repeat; empty where it was not measured."""
        return [turn[entry.key] for turn in self.turns if entry.key in turn]

    def rates(self, entry: Entry) -> list[float]:
        """A side's items a second, one for each repeat."""
        return [cost.items_per_second for cost in self.costs(entry)]

    def ratios(self, entry: Entry, other: Entry) -> list[float]:
        """How many times as many items a second `entry` did as `other`, one for each repeat that has both."""
        return [mine / others for mine, others in zip(self.rates(entry), self.rates(other), strict=False)]


def measure(plan: Plan) -> list[Measured]:
    """Start the sides, warm them, and let them take turns; one kind of text after another.

    Raises BenchmarkError where there is nothing to measure.
    """
    kinds = [kind for kind in plan.kinds if plan.sides_for(kind)]
    if not kinds:
        raise BenchmarkError("none of these sides can be measured on such texts: run `make .venv/.bench`")
    bundle = read_bundle(starter_bundle())
    lexicon = make_lexicon(bundle.tokenizer.pieces)
    with scratch_folder() as folder:
        measured = []
        for kind in kinds:
            place = folder / kind.name
            place.mkdir()
            desk = _Desk(place, kind, lexicon, plan)
            measured.append(desk.measure(bundle.tokenizer, max_tokens=bundle.metadata.max_tokens))
    return measured


class _Desk:
    """One kind of text, and a folder for its files and the sides' own."""

    def __init__(self, folder: Path, kind: Kind, lexicon: Lexicon, plan: Plan) -> None:
        self._folder = folder
        self._kind = kind
        self._plan = plan
        self._sides = plan.sides_for(kind)
        self._texts: Iterator[str] = make_texts(lexicon, kind, seed=_SEED)

    def measure(self, tokenizer: Tokenizer, *, max_tokens: int) -> Measured:
        tokens = texts = 0
        turns = []
        with ExitStack() as running:
            warm = self._start(running)
            for number in range(1, self._plan.repeats + 1):
                works = self._next_works(f"turn-{number}", limit=None)
                turns.append({entry.key: self._turn(entry, warm[entry.key], works, number) for entry in self._sides})
                longest = max(works.values(), key=lambda work: len(work.texts))
                tokens += sum(len(tokenizer.encode(text, max_tokens=max_tokens).ids) for text in longest.texts)
                texts += len(longest.texts)
        return Measured(self._kind, turns, tokens / texts)

    def _start(self, running: ExitStack) -> dict[str, Side]:
        works = self._next_works("warm-up", limit=_WARM_UP_ROWS)
        warm = {}
        for entry in self._sides:
            say(f"{self._kind.name}: starting and warming up {entry.key}")
            folder = self._folder / entry.key
            folder.mkdir()
            warm[entry.key] = running.enter_context(entry.open(folder, works[entry.key]))
        return warm

    def _turn(self, entry: Entry, side: Side, works: Mapping[str, Work], number: int) -> Cost:
        cost = side.classify(works[entry.key])
        say(f"{self._kind.name}, {number} of {self._plan.repeats}: {entry.key} {figure(cost.items_per_second)} items/s")
        return cost

    def _next_works(self, name: str, *, limit: int | None) -> dict[str, Work]:
        """New texts, the same for all: a side that gets fewer rows gets the first of them."""
        rows = {entry.key: self._plan.rows_for(entry, self._kind) for entry in self._sides}
        if limit is not None:
            rows = {key: min(each, limit) for key, each in rows.items()}
        texts = list(islice(self._texts, max(rows.values())))
        by_rows = {each: self._write(name, texts[:each]) for each in set(rows.values())}
        return {key: by_rows[each] for key, each in rows.items()}

    def _write(self, name: str, texts: Sequence[str]) -> Work:
        file = self._folder / f"{name}-{len(texts)}.csv"
        return Work(write_posts(file, iter(texts), rows=len(texts)), texts)
