"""Attempts that the database cut short: remembered until it answers again, and then handed back.

An attempt counts from its claim, so that one that kills its process counts too. One that only lost its connection says
nothing about its texts; kept, it would after a second one be told of them that they end workers.
"""

from __future__ import annotations

import threading
from collections import Counter

from newsgate.db.chunks import Claim, hand_back
from newsgate.db.reservations import Reservation, let_all_go, let_go
from newsgate.db.session import Database

# A chunk that the database fails at every time may be the cause itself. From then on its attempts count.
_MOST_TIMES = 8


class InterruptedAttempts:
    """What this process has to hand back; its threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: list[Claim] = []
        self._reserved: list[Reservation] = []
        # In whose name something may be reserved of which this process was not told.
        self._untold: set[str] = set()
        self._times: Counter[int] = Counter()

    def add(self, claim: Claim) -> None:
        """Remember an attempt that ended in an error of the database. Nobody works on it any more."""
        with self._lock:
            self._times[claim.chunk] += 1
            if self._times[claim.chunk] <= _MOST_TIMES:
                self._claims.append(claim)

    def add_reserved(self, reserved: Reservation) -> None:
        """Remember a chunk that was reserved, and perhaps begun: the answer to that was lost."""
        with self._lock:
            self._times[reserved.chunk] += 1
            if self._times[reserved.chunk] <= _MOST_TIMES:
                self._reserved.append(reserved)

    def add_untold(self, worker: str) -> None:
        """Remember that a chunk may be reserved for this worker: which one, the database did not say."""
        with self._lock:
            self._untold.add(worker)

    def hand_back(self, database: Database) -> list[int]:
        """Hand everything back; gives the chunks to ring for. Raises DatabaseError, and all of it stays remembered."""
        with self._lock:
            claims, reserved, untold = list(self._claims), list(self._reserved), set(self._untold)
        if not (claims or reserved or untold):
            return []
        to_ring: list[int] = []
        with database.write() as connection:
            # One order for all workers, or two of them could each wait for a run that the other has locked.
            remembered: list[Claim | Reservation] = [*claims, *reserved]
            for each in sorted(remembered, key=lambda each: each.run):
                to_ring += hand_back(connection, each) if isinstance(each, Claim) else let_go(connection, each)
        for worker in untold:
            with database.write() as connection:
                to_ring += let_all_go(connection, worker=worker)
        with self._lock:
            self._claims = [claim for claim in self._claims if claim not in claims]
            self._reserved = [each for each in self._reserved if each not in reserved]
            self._untold -= untold
        return to_ring
