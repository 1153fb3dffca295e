"""Attempts that the database cut short: remembered until it answers again, and then handed back.

An attempt counts from its claim, so that one that kills its process counts too. One that only lost its connection says
nothing about its texts; kept, it would after a second one be told of them that they end workers.
"""

from __future__ import annotations

import threading
from collections import Counter

from newsgate.db.chunks import Claim, hand_back
from newsgate.db.session import Database

# A chunk that the database fails at every time may be the cause itself. From then on its attempts count.
_MOST_TIMES = 8


class InterruptedAttempts:
    """What this process has to hand back; its threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: list[Claim] = []
        self._times: Counter[int] = Counter()

    def add(self, claim: Claim) -> None:
        """Remember an attempt that ended in an error of the database. Nobody works on it any more."""
        with self._lock:
            self._times[claim.chunk] += 1
            if self._times[claim.chunk] <= _MOST_TIMES:
                self._claims.append(claim)

    def hand_back(self, database: Database) -> list[int]:
        """Hand everything back; gives the chunks to ring for. Raises DatabaseError, and all of them stay remembered."""
        with self._lock:
            # One order for all workers, or two of them could each wait for a run that the other has locked.
            claims = sorted(self._claims, key=lambda claim: claim.run)
        if not claims:
            return []
        with database.write() as connection:
            to_ring = [chunk for claim in claims for chunk in hand_back(connection, claim)]
        with self._lock:
            self._claims = [claim for claim in self._claims if claim not in claims]
        return to_ring
