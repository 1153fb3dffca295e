"""The review queue: which texts people are asked about, in which mix, and what became of each.

Nothing here knows a terminal or a file format: `newsgate review` draws it, tasks.spreadsheets writes it into a file.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from newsgate.db.review import (
    Candidate,
    CannotUndoError,
    Offer,
    ReviewItem,
    claim_item,
    disputed_items,
    forget_lapsed_leases,
    random_items,
    read_item,
    record_label,
    release_item,
    suspect_items,
    uncertain_items,
    undo_label,
)
from newsgate.db.session import Database
from newsgate.db.unfamiliar_items import unfamiliar_items

DEFAULT_RANDOM_SHARE = 0.3
# Longer than anybody looks at one text; after it, somebody else may be shown it.
LEASE_SECONDS = 600.0
REVIEWED = ("random", "suspect", "disagreement", "uncertain", "unfamiliar")
_BLOCK_ITEMS = 50

Fetch = Callable[[Connection, int], list[Candidate]]


class Mix:
    """Says of each place in the queue whether a random item belongs there.

    Random places are spread evenly, and any n places in a row hold n x share of them, rounded up or down. Where the
    pattern begins is random, so that many short sessions keep the share too.
    """

    def __init__(self, share: float, rng: random.Random) -> None:
        # As it was typed: 0.29 as a float is a little less, and a hundred places would hold 28.
        self._share = Fraction(str(share))
        self._sum = Fraction(rng.randrange(self._share.denominator), self._share.denominator)

    def next_is_random(self) -> bool:
        """Go on by one place."""
        before = self._sum
        self._sum += self._share
        return int(self._sum) > int(before)


class Picker:
    """Picks items in the mix's order, none twice, and no text twice."""

    def __init__(self, database: Database, *, batch: int | None, random_share: float, rng: random.Random) -> None:
        self._database = database
        self._mix = Mix(random_share, rng)
        self._seen: set[bytes] = set()
        self._pools: dict[str, deque[Candidate]] = {chosen: deque() for chosen in REVIEWED}
        self._turns = deque(REVIEWED[1:])
        # Asking again at every item could cost a pass over all verdicts.
        self._dry: set[str] = set()
        self._fetches: dict[str, Fetch] = {
            "random": lambda connection, limit: random_items(connection, rng, batch=batch, limit=limit),
            "suspect": lambda connection, limit: suspect_items(connection, batch=batch, limit=limit),
            "disagreement": lambda connection, limit: disputed_items(connection, batch=batch, limit=limit),
            "uncertain": lambda connection, limit: uncertain_items(connection, batch=batch, limit=limit),
            "unfamiliar": lambda connection, limit: _unfamiliar(connection, batch=batch, limit=limit),
        }

    def sources(self) -> Sequence[str]:
        """Where the next item should come from, the right place first and the ones to fall back on after it."""
        picked = tuple(self._turns)
        return ("random", *picked) if self._mix.next_is_random() else (*picked, "random")

    def pick(self, chosen: str) -> Candidate | None:
        """The next item of this origin, or None where there was none left once."""
        pool = self._pools[chosen]
        while chosen not in self._dry:
            while pool:
                candidate = pool.popleft()
                if candidate.text_hash not in self._seen:
                    self._seen.add(candidate.text_hash)
                    return candidate
            self._refill(chosen)
        return None

    def served(self, chosen: str) -> None:
        """An item of this origin was shown: the other origins have their turn before it."""
        if chosen in self._turns:
            self._turns.remove(chosen)
            self._turns.append(chosen)

    def _refill(self, chosen: str) -> None:
        with self._database.read() as connection:
            # Seen ones may still be free, after a skip, and must not fill the block.
            found = self._fetches[chosen](connection, _BLOCK_ITEMS + len(self._seen))
        fresh = [each for each in found if each.text_hash not in self._seen]
        self._pools[chosen].extend(fresh)
        if not fresh:
            self._dry.add(chosen)


def _unfamiliar(connection: Connection, *, batch: int | None, limit: int) -> list[Candidate]:
    # NumPy comes with it, and most commands that import this file need none.
    from newsgate.model.familiarity import UNFAMILIAR

    return unfamiliar_items(connection, batch=batch, below=UNFAMILIAR, limit=limit)


@dataclass(frozen=True, slots=True)
class Tally:
    """What this session has done so far.

    compared, agreed: answers about texts that a model has judged too, and those that say the same. Only the random
    ones among them say how the model does on the whole.
    """

    labelled: int = 0
    skipped: int = 0
    compared: int = 0
    agreed: int = 0
    random_compared: int = 0
    random_agreed: int = 0

    @property
    def seen(self) -> int:
        """How many rows were answered or skipped."""
        return self.labelled + self.skipped


@dataclass(frozen=True, slots=True)
class _Answer:
    offer: Offer
    label_id: int
    label: str

    @property
    def is_compared(self) -> bool:
        return self.offer.item.model_label is not None

    @property
    def agrees(self) -> bool:
        return self.label == self.offer.item.model_label

    @property
    def is_random(self) -> bool:
        return self.offer.chosen == "random"


class ReviewSession:
    """One reviewer's way through the queue: one item leased at a time, given back when the session ends."""

    def __init__(
        self,
        database: Database,
        *,
        reviewer: str,
        batch: int | None = None,
        random_share: float = DEFAULT_RANDOM_SHARE,
        rng: random.Random | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._reviewer = reviewer
        self._lease_seconds = lease_seconds
        self._picker = Picker(database, batch=batch, random_share=random_share, rng=rng or random.Random())  # noqa: S311 - a sample, not a secret
        self._answers: list[_Answer] = []
        # What can be undone, in the order it was done: answers, and the offers that were skipped.
        self._undoable: list[_Answer | Offer] = []
        self._skipped = 0
        # The item in the reviewer's hands comes last; before it those that an undo put back.
        self._held: list[Offer] = []
        with database.write() as connection:
            forget_lapsed_leases(connection)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        compared = [each for each in self._answers if each.is_compared]
        at_random = [each for each in compared if each.is_random]
        return Tally(
            labelled=len(self._answers),
            skipped=self._skipped,
            compared=len(compared),
            agreed=sum(each.agrees for each in compared),
            random_compared=len(at_random),
            random_agreed=sum(each.agrees for each in at_random),
        )

    def current(self) -> Offer | None:
        """The item to judge now, leased to this reviewer; None where nothing is left."""
        if not self._held:
            offer = self._next()
            if offer is None:
                return None
            self._held.append(offer)
        return self._held[-1]

    def judge(self, label: str) -> None:
        """Label the current item. Raises ReviewLeaseLostError, and then goes on to the next."""
        offer = self._held.pop()
        with self._database.write() as connection:
            label_id = record_label(connection, offer, label)
        answer = _Answer(offer, label_id, label)
        self._answers.append(answer)
        self._undoable.append(answer)

    def skip(self) -> None:
        """Leave the current item to others; this session does not offer it again."""
        offer = self._held.pop()
        with self._database.write() as connection:
            release_item(connection, offer)
        self._undoable.append(offer)
        self._skipped += 1

    @property
    def can_undo(self) -> bool:
        """Whether anything was answered or skipped that is not undone yet."""
        return bool(self._undoable)

    def undo(self) -> bool:
        """Take back the last label or skip of this session and make its item the current one; False if there is none.

        Raises CannotUndoError where the text was judged again meanwhile, or is in somebody else's hands.
        """
        if not self._undoable:
            return False
        last = self._undoable[-1]
        self._held.append(self._undo_answer(last) if isinstance(last, _Answer) else self._undo_skip(last))
        return True

    def close(self) -> None:
        """Give back what is leased."""
        with self._database.write() as connection:
            for offer in self._held:
                release_item(connection, offer)
        self._held.clear()

    def _undo_answer(self, answer: _Answer) -> Offer:
        try:
            with self._database.write() as connection:
                again = undo_label(connection, answer.offer, answer.label_id, lease_seconds=self._lease_seconds)
        except CannotUndoError:
            # As with a skip: it counts on, and the answers before it can still be undone.
            self._undoable.pop()
            raise
        self._undoable.pop()
        self._answers.remove(answer)
        return again

    def _undo_skip(self, skipped: Offer) -> Offer:
        # Whatever comes of it: a skip that cannot be undone must not stand before what was done earlier.
        self._undoable.pop()
        with self._database.write() as connection:
            again = claim_item(
                connection,
                skipped.item.item,
                reviewer=self._reviewer,
                chosen=skipped.chosen,
                lease_seconds=self._lease_seconds,
            )
        if again is None:
            raise CannotUndoError(skipped.item.item, skipped=True)
        self._skipped -= 1
        return again

    def _next(self) -> Offer | None:
        for chosen in self._picker.sources():
            while (candidate := self._picker.pick(chosen)) is not None:
                with self._database.write() as connection:
                    offer = claim_item(
                        connection,
                        candidate.item,
                        reviewer=self._reviewer,
                        chosen=chosen,
                        lease_seconds=self._lease_seconds,
                    )
                if offer is not None:
                    self._picker.served(chosen)
                    return offer
        return None


@dataclass(frozen=True, slots=True)
class Picked:
    """An item of the queue without a lease, and why it was picked."""

    item: ReviewItem
    chosen: str


def pick_without_leases(
    database: Database, *, batch: int | None, random_share: float, limit: int, rng: random.Random | None = None
) -> Iterator[Picked]:
    """The first `limit` items of the queue, for people who judge them somewhere else."""
    picker = Picker(database, batch=batch, random_share=random_share, rng=rng or random.Random())  # noqa: S311 - a sample, not a secret
    for _ in range(limit):
        picked = _pick_one(picker)
        if picked is None:
            return
        candidate, chosen = picked
        picker.served(chosen)
        with database.read() as connection:
            item = read_item(connection, candidate.item)
        if item is not None:
            yield Picked(item, chosen)


def _pick_one(picker: Picker) -> tuple[Candidate, str] | None:
    for chosen in picker.sources():
        candidate = picker.pick(chosen)
        if candidate is not None:
            return candidate, chosen
    return None
