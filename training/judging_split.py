"""Labels to the texts that train and the texts that judge, parted so that neither ever becomes the other.

The labels are replayed in the order they were given. A text that nearly repeats earlier ones joins their cluster, and
a cluster is on one side:

- the first text of a cluster decides: an imported test set judges; a text chosen at random judges with probability
  `judging_share`, told by its hash; everything else trains;
- whatever joins the cluster later is on its side;
- where clusters of both sides turn out to be one, or a test set brings a text that may have been trained on, the whole
  cluster is left out, for good.

A cluster's side therefore changes at most once, to "left out", and at any two moments no text and no near-duplicate of
it is on both sides.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from newsgate.model.labels import LABELS
from newsgate.training.corpus import CorpusError, LabelledTexts
from newsgate.training.near_duplicates import CLUSTERING, Forest, NearDuplicates

JUDGING_SHARE: Final = 0.2

Side = Literal["train", "judging", "left out"]

BOTH_SIDES: Final = "in a cluster of both sides"
CANNOT_JUDGE: Final = "near a judging text, but not fit to judge"
REPEATS_A_JUDGE: Final = "near-duplicate of a judging text"
TEST_SET: Final = "of a test set, but near a training text"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One human label, as the corpus needs it.

    label_id: rises with every label. judges: the text was chosen at random, or is of an imported test set, so a model
    may be judged by it. is_test: of an imported test set, so never trained on. counts: False of one that was taken
    back: a model may have learned from it, so it still says on which side its text is, and nothing else.
    """

    label_id: int
    text: str
    label: str
    judges: bool
    is_test: bool = False
    counts: bool = True

    def __post_init__(self) -> None:
        if self.is_test and not self.judges:
            raise ValueError("a label of a test set judges")


@dataclass(frozen=True)
class CorpusSplit:
    """The texts that train a model and the ones that judge it.

    train: every distinct text of the training side, with its latest label. train_label_ids: where each of those labels
    comes from. train_clusters: near-duplicates in `train` have equal numbers. judging: one text a cluster, so that the
    rows are independent, with its latest label of those that judge; None where they are not of both labels.
    label_id: the last label that was looked at, 0 without any. fingerprint: a sha256 of both sides' texts and labels.
    counts: rows by what they do. left_out: distinct texts of no use, by reason.
    """

    train: LabelledTexts
    train_label_ids: tuple[int, ...]
    train_clusters: tuple[int, ...]
    judging: LabelledTexts | None
    label_id: int
    fingerprint: str
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    judging_share: float

    def without(self, rows: Iterable[int], *, reason: str) -> CorpusSplit:
        """Return this with some rows of `train`, counted from 0, left out of it for `reason`."""
        dropped = frozenset(rows)
        if not dropped:
            return self
        kept = [row for row in range(len(self.train)) if row not in dropped]
        train = self.train.pick(kept)
        return replace(
            self,
            train=train,
            train_label_ids=tuple(self.train_label_ids[row] for row in kept),
            train_clusters=tuple(self.train_clusters[row] for row in kept),
            fingerprint=_fingerprint(train, self.judging),
            counts={**self.counts, "train": len(train)},
            left_out={**self.left_out, reason: self.left_out.get(reason, 0) + len(dropped)},
        )

    def as_json(self) -> dict[str, Any]:
        """Return what a bundle records of this, as JSON values."""
        return {
            "label_id": self.label_id,
            "fingerprint": self.fingerprint,
            "counts": dict(self.counts),
            "left_out": dict(self.left_out),
            "judging_share": self.judging_share,
            "clustering": CLUSTERING,
        }


def split_labels(
    judgements: Iterable[Judgement], *, judging_share: float = JUDGING_SHARE, up_to: int | None = None
) -> CorpusSplit:
    """Part the texts of the labels whose id is at most `up_to`, all of them where it is None.

    The same labels give the same split, and more labels never take a text from one side to the other, provided that
    ids only ever rise (a transaction that commits late must not bring a smaller id) and that `judging_share` stays
    what it was. Raises CorpusError where the training side lacks one of the labels, TrainingUnavailableError where
    datasketch is not installed.
    """
    if not 0 <= judging_share < 1:
        raise ValueError(f"judging_share is {judging_share}, not a share between 0 and 1")
    ordered = sorted(
        (judgement for judgement in judgements if up_to is None or judgement.label_id <= up_to),
        key=lambda judgement: judgement.label_id,
    )
    if not ordered:
        raise CorpusError("there are no labels", remedy="Label texts with newsgate review, or import labels")
    texts = _replay(ordered, judging_share=judging_share)
    return _part(texts, label_id=ordered[-1].label_id, judging_share=judging_share)


@dataclass(slots=True)
class _Text:
    """A distinct text. place: from 0. latest: its last label that counts. latest_judge: the last that also judges."""

    place: int
    text: str
    is_test: bool
    latest: Judgement | None = None
    latest_judge: Judgement | None = None
    cluster: int = -1
    side: Side = "train"


def _replay(ordered: Iterable[Judgement], *, judging_share: float) -> list[_Text]:
    """Return the distinct texts in the order of their first labels, with their clusters and sides."""
    texts: dict[str, _Text] = {}
    clusters = _Clusters(judging_share)
    for judgement in ordered:
        known = texts.get(judgement.text)
        if known is None:
            clusters.add(judgement)
            known = _Text(place=len(texts), text=judgement.text, is_test=judgement.is_test)
            texts[judgement.text] = known
        elif judgement.is_test and not known.is_test:
            known.is_test = True
            clusters.put_to_test(known.place)
        if judgement.counts:
            known.latest = judgement
            known.latest_judge = judgement if judgement.judges else known.latest_judge
    for text in texts.values():
        text.cluster, text.side = clusters.of(text.place)
    return list(texts.values())


class _Clusters:
    """The clusters of the texts so far and their sides; a text is known by its place among them."""

    def __init__(self, judging_share: float) -> None:
        self._judging_share = judging_share
        self._index = NearDuplicates()
        self._forest = Forest()
        self._sides: dict[int, Side] = {}

    def add(self, first: Judgement) -> None:
        """Add the text of `first`, the first label it ever had."""
        root, joined = self._forest.add(self._index.add(first.text))
        sides = {self._sides[cluster] for cluster in joined}
        if first.is_test:
            sides.add("judging")
        if not sides:
            sides.add("judging" if first.judges and would_judge(first.text, self._judging_share) else "train")
        self._sides[root] = sides.pop() if len(sides) == 1 else "left out"

    def put_to_test(self, place: int) -> None:
        """Note that a text known before is of a test set too."""
        root = self._forest.root(place)
        if self._sides[root] != "judging":
            self._sides[root] = "left out"

    def of(self, place: int) -> tuple[int, Side]:
        """Return the cluster of a text and its side."""
        root = self._forest.root(place)
        return root, self._sides[root]


def _part(texts: Iterable[_Text], *, label_id: int, judging_share: float) -> CorpusSplit:
    train: list[tuple[Judgement, int]] = []
    judging: dict[int, tuple[str, str]] = {}
    left_out: Counter[str] = Counter()
    for text in texts:
        if text.latest is None:
            continue
        if text.side == "train":
            train.append((text.latest, text.cluster))
        elif text.side == "left out":
            left_out[TEST_SET if text.is_test else BOTH_SIDES] += 1
        elif text.latest_judge is None:
            left_out[CANNOT_JUDGE] += 1
        elif text.cluster in judging:
            left_out[REPEATS_A_JUDGE] += 1
        else:
            judging[text.cluster] = (text.text, text.latest_judge.label)
    trains = LabelledTexts.from_pairs((latest.text, latest.label) for latest, _ in train)
    both_labels = {label for _, label in judging.values()} == set(LABELS)
    judges = LabelledTexts.from_pairs(judging.values()) if both_labels else None
    return CorpusSplit(
        train=trains,
        train_label_ids=tuple(latest.label_id for latest, _ in train),
        train_clusters=tuple(cluster for _, cluster in train),
        judging=judges,
        label_id=label_id,
        fingerprint=_fingerprint(trains, judges),
        counts={"train": len(trains), "judging": len(judging)},
        left_out=dict(left_out),
        judging_share=judging_share,
    )


def _fingerprint(train: LabelledTexts, judging: LabelledTexts | None) -> str:
    sides = (train.fingerprint(), "" if judging is None else judging.fingerprint())
    return hashlib.sha256(" ".join(sides).encode()).hexdigest()


def would_judge(text: str, judging_share: float) -> bool:
    """Return whether a text that nearly repeats no other judges, if it is ever labelled at random."""
    return _coin(text) < judging_share


def _coin(text: str) -> float:
    """Return a number from 0 to 1 that depends on nothing but the text."""
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8, person=b"judging").digest()
    return int.from_bytes(digest, "big") / 2**64
