"""The labelled sets as files to train and to test on: what newsgate's commands are given.

The sets themselves are no part of newsgate. What is derived from them, splits and changed test texts, is written to a
folder that goes when the measurement ends.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.shared.processes import BenchmarkError
from newsgate.model.labels import LABELS
from newsgate.training.corpus import LabelledTexts
from newsgate.training.starter import read_labelled_csv

TEST_SHARE: Final = 0.2
# How the tests that were derived from a set are called, after its name.
NO_REPEATS: Final = "no-repeats"
MASKED: Final = "masked"
MASKED_NUMBERS: Final = "masked-numbers"

# Retweets are cut off in the middle of a link or a hashtag, as in "https:/…" and "#…".
_LINK: Final = r"https?:\S*|www\.\S+|\b(?:t\.co|pic\.twitter\.com|bit\.ly)/\S+"
_LINKS: Final = re.compile(_LINK, re.IGNORECASE)
_CUES: Final = re.compile(rf"{_LINK}|[@#](?:\w+|…)", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"\S*\d\S*")
_NO_LETTERS: Final = re.compile(r"[\d\W_]+")
# A row without text would be refused, and the test would have fewer rows than its sibling.
_NOTHING_LEFT: Final = "…"


@dataclass(frozen=True)
class Source:
    """Where a set's parts lie in its folder. train is also what is parted by seed where there is no test file."""

    train: str = "train.csv.gz"
    validation: str | None = "val.csv.gz"
    test: str | None = "test.csv.gz"
    changed_tests: bool = False

    @property
    def is_parted_by_seed(self) -> bool:
        """Whether the publisher parted nothing, so that another seed means other test texts."""
        return self.test is None


SOURCES: Final[Mapping[str, Source]] = {
    # The official test texts are held back by its publisher: the validation texts test, and nothing else.
    "constraint": Source(validation=None, test="val.csv.gz", changed_tests=True),
    "gossipcop": Source(),
    "onion": Source(),
    "covid_rumor": Source(),
    "fakes": Source(train="all.csv.gz", validation=None, test=None),
    "horne2017": Source(train="all.csv.gz", validation=None, test=None),
    "celebrity": Source(train="all.csv.gz", validation=None, test=None),
    "ott": Source(train="all.csv.gz", validation=None, test=None),
    "pheme": Source(train="all.csv.gz", validation=None, test=None),
}


@dataclass(frozen=True)
class SetFiles:
    """One set, ready to be given to commands. tests: the name of a test -> its file; the first is the set's own."""

    name: str
    train: Path
    validation: Path | None
    tests: Mapping[str, Path]

    @property
    def test(self) -> Path:
        """The file with the set's own test texts."""
        return self.tests[self.name]


def prepare_set(name: str, *, data: Path, folder: Path, seed: int, limit: int | None = None) -> SetFiles:
    """Return the files of a set; what has to be made, for `limit` or by `seed`, is written into `folder`.

    limit: no more rows of a file than this, for trying the benchmark. Raises BenchmarkError where a file is missing.
    """
    source = SOURCES[name]
    writer = _Writer(folder, prefix=f"{name}-{seed}")
    whole = _existing(data / name / source.train)
    if source.test is None:
        parts = split_by_seed(_limited(read_labelled_csv(whole), limit=limit), seed=seed)
        return SetFiles(name, writer.write("train", parts[0]), None, {name: writer.write("test", parts[1])})

    files = {"train": whole, "test": _existing(data / name / source.test)}
    if source.validation:
        files["validation"] = _existing(data / name / source.validation)
    if limit is not None:
        files = {
            part: writer.write(part, _limited(read_labelled_csv(file), limit=limit)) for part, file in files.items()
        }
    tests = {name: files["test"]}
    if source.changed_tests:
        train, test = read_labelled_csv(files["train"]), read_labelled_csv(files["test"])
        tests[f"{name}:{NO_REPEATS}"] = writer.write(NO_REPEATS, without_repeats(test, of=train))
        tests[f"{name}:{MASKED}"] = writer.write(MASKED, masked(test))
        tests[f"{name}:{MASKED_NUMBERS}"] = writer.write(MASKED_NUMBERS, masked(test, numbers=True))
    return SetFiles(name, files["train"], files.get("validation"), tests)


def read_set(name: str, *, data: Path) -> list[LabelledTexts]:
    """Return the training texts and the test texts of a set, or all of them where nobody parted them.

    Raises BenchmarkError where a file is missing.
    """
    source = SOURCES[name]
    parts = [source.train] if source.test is None else [source.train, source.test]
    return [read_labelled_csv(_existing(data / name / part)) for part in parts]


def joined(parts: Iterable[LabelledTexts]) -> LabelledTexts:
    """Return all texts of all parts, in their order."""
    return LabelledTexts.from_pairs(pair for part in parts for pair in zip(part.texts, part.labels, strict=True))


def split_by_seed(corpus: LabelledTexts, *, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    """Part a corpus into training and test texts, `TEST_SHARE` of each label's texts to test.

    Texts that are equal but for links, digits and marks stay on one side.
    """
    rows_of_key: dict[str, list[int]] = {}
    for row, text in enumerate(corpus.texts):
        rows_of_key.setdefault(repeat_key(text), []).append(row)
    generator = np.random.default_rng(seed)
    test: set[int] = set()
    for label in LABELS:
        groups = [rows for rows in rows_of_key.values() if corpus.labels[rows[0]] == label]
        chosen = generator.permutation(len(groups))[: round(TEST_SHARE * len(groups))]
        test.update(row for group in chosen for row in groups[group])
    everything = range(len(corpus))
    return corpus.pick(row for row in everything if row not in test), corpus.pick(sorted(test))


def repeat_key(text: str) -> str:
    """Return what two posts made from one template have in common: the text without links, digits and marks."""
    return _NO_LETTERS.sub(" ", _LINKS.sub(" ", text)).strip().casefold()


def without_repeats(test: LabelledTexts, *, of: LabelledTexts) -> LabelledTexts:
    """Return the test texts whose `repeat_key` no training text in `of` has."""
    known = {repeat_key(text) for text in of.texts}
    return test.pick(row for row, text in enumerate(test.texts) if repeat_key(text) not in known)


def masked(corpus: LabelledTexts, *, numbers: bool = False) -> LabelledTexts:
    """Return the corpus with every link, handle and hashtag taken out of its texts, and what has a digit if wanted."""
    texts = tuple(mask(text, numbers=numbers) for text in corpus.texts)
    return LabelledTexts(texts=texts, labels=corpus.labels)


def mask(text: str, *, numbers: bool = False) -> str:
    """Return a text without links, handles and hashtags. numbers: and without words that have a digit.

    They are taken out and nothing is put in their place: a stand-in would still tell that there was one.
    """
    without = _CUES.sub(" ", text)
    return " ".join((_NUMBERS.sub(" ", without) if numbers else without).split()) or _NOTHING_LEFT


@dataclass(frozen=True)
class _Writer:
    folder: Path
    prefix: str

    def write(self, part: str, corpus: LabelledTexts) -> Path:
        path = self.folder / f"{self.prefix}-{part}.csv.gz"
        with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("text", "label"))
            rows.writerows(zip(corpus.texts, corpus.labels, strict=True))
        return path


def _limited(corpus: LabelledTexts, *, limit: int | None) -> LabelledTexts:
    if limit is None or limit >= len(corpus):
        return corpus
    return corpus.pick(sorted(np.random.default_rng(0).permutation(len(corpus))[:limit].tolist()))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BenchmarkError(f"{path} is missing: give the folder that holds the sets")
    return path
