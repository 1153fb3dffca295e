"""One person's review in one browser: a review session of the queue, and what the last answer came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.labelling.columns_beside import columns_beside
from newsgate.tasks.labelling.review_session import ReviewSession

if TYPE_CHECKING:
    from newsgate.db.review import Offer
    from newsgate.db.session import Database

ACTIONS: Final = ("fake", "real", "skip", "undo")


@dataclass(frozen=True, slots=True)
class Question:
    """A text to judge, and what else its row says."""

    offer: Offer
    beside: tuple[tuple[str, str], ...]


class ReviewDesk:
    """What a person has before them. Only one thread at a time may use it: the session's lock is for that.

    is_done: nothing was left when it was asked last.
    """

    def __init__(self, database: Database, *, reviewer: str, batch: int | None) -> None:
        self.batch = batch
        self.session = ReviewSession(database, reviewer=reviewer, batch=batch)
        self._database = database
        self.is_done = False

    def question(self) -> Question | None:
        """What to judge now; None where nothing is left."""
        offer = self.session.current()
        self.is_done = offer is None
        if offer is None:
            return None
        with self._database.read() as connection:
            return Question(offer, tuple(columns_beside(connection, offer.item.item)))

    def act(self, action: str, *, item: int | None) -> str | None:
        """Answer, skip or undo; gives a sentence where that did not go as it was meant.

        item: what the person had before them. An answer that was given twice, or late, is none about the next text.
        """
        if action == "undo":
            return self._undo(item)
        offer = self.session.current()
        if offer is None or offer.item.item != item:
            return "That text was judged or passed on already; this is the next one."
        try:
            if action == "skip":
                self.session.skip()
            else:
                self.session.judge(action)
        except NewsgateError as error:
            return f"{str(error).capitalize()}."
        return None

    def close(self) -> None:
        """Give back what is in hand."""
        self.session.close()

    def _undo(self, item: int | None) -> str | None:
        offer = self.session.current()
        if self.session.can_undo and (None if offer is None else offer.item.item) != item:
            return "That was undone already. Undo once more to take back what was before it."
        try:
            return None if self.session.undo() else "There is nothing to undo in this session."
        except NewsgateError as error:
            return f"{str(error).capitalize()}."
