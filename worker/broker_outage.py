"""What is wrong with the broker, in words; and a log that says when it begins and when it ends, and nothing between.

A broker can be away, or there and refuse what a worker needs of it: in a failover both follow each other, many times a
second. Work goes on from the database meanwhile, so nobody has to act on any single attempt.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger("newsgate.worker")

# By the first word of what a Redis says. Those without words of their own are told in the server's.
_WORDS: Final = {
    "READONLY": "it is a read-only replica",
    "MASTERDOWN": "it is a replica, and its master is away",
    "NOREPLICAS": "it has too few replicas to take a message",
    "LOADING": "it is still loading its data",
    "CLUSTERDOWN": "it belongs to a cluster, which is down",
    "CROSSSLOT": "it belongs to a cluster, which newsgate cannot use",
    "MOVED": "it belongs to a cluster, which newsgate cannot use",
    "OOM": "its memory is full",
    "MISCONF": "it cannot write to its disk",
    "NOAUTH": "it wants a password",
    "WRONGPASS": "it does not know this user or password",
    "NOPERM": "this user may not do what newsgate needs",
}
# redis-py before 8 keeps the word to itself, but has classes for some.
_WORD_OF_CLASS: Final = {
    "ReadOnlyError": "READONLY",
    "MasterDownError": "MASTERDOWN",
    "BusyLoadingError": "LOADING",
    "ClusterDownError": "CLUSTERDOWN",
    "ClusterCrossSlotError": "CROSSSLOT",
    "MovedError": "MOVED",
    "OutOfMemoryError": "OOM",
    "AuthenticationError": "WRONGPASS",
    "NoPermissionError": "NOPERM",
}
# For these the server's own sentence says more.
_QUOTED: Final = ("NOPERM",)
_AWAY: Final = "away"
_LONGEST_REASON: Final = 200
# One that works for less comes and goes, and is still the same trouble.
_STEADY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class BrokerFault:
    """What an error says of the broker. kind: the server's own word for it, or `away`; reason: one line, to be read."""

    kind: str
    reason: str

    @property
    def is_away(self) -> bool:
        """Whether no server answered, or none that says what is wrong with it."""
        return self.kind == _AWAY


def fault_of(error: BaseException) -> BrokerFault:
    """What is wrong with the broker, from what redis-py or kombu raised."""
    # Kombu wraps what redis-py raises.
    cause = error.__cause__ or error
    sentence = "".join(each if each.isprintable() else " " for each in str(cause)).strip()
    first = sentence.partition(" ")[0]
    kind = getattr(cause, "status_code", None) or _WORD_OF_CLASS.get(type(cause).__name__, first)
    # What a reader hears at the moment in which the server becomes a replica.
    kind = "READONLY" if kind == "UNBLOCKED" else kind
    if kind not in _WORDS:
        return BrokerFault(_AWAY, sentence[:_LONGEST_REASON].rstrip(".") or type(cause).__name__)
    quoted = f": {sentence.removeprefix(f'{kind} ')}" if kind in _QUOTED else ""
    return BrokerFault(kind, f"{_WORDS[kind]} ({kind}){quoted}"[:_LONGEST_REASON])


@dataclass
class OutageLog:
    """Says once that the broker is of no use, for each kind of reason, and once that it is again. Threads may share it.

    broker: its address as logs may show it.
    """

    broker: str
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _told: set[str] = field(default_factory=set)
    _lost_once: bool = False
    _began: float = 0.0
    _works_since: float | None = None

    def lost(self, error: BaseException) -> bool:
        """Note that a connection was lost; gives whether to connect again at once.

        A connection that is cut is worth no line if the next one works. If that fails, it says more of what is wrong.
        """
        with self._lock:
            at_once = not (self._told or self._lost_once)
            self._lost_once = True
        if not at_once:
            self.failed(error)
        return at_once

    def failed(self, error: BaseException) -> None:
        """Note that it could not be used."""
        fault = fault_of(error)
        with self._lock:
            self._works_since = None
            if fault.kind in self._told:
                return
            if not self._told:
                self._began = time.monotonic()
            self._told.add(fault.kind)
        log.warning("Cannot connect to the broker %s: %s; work goes on without it", self.broker, fault.reason)

    def works(self) -> None:
        """Note that it did what was asked of it."""
        self._lost_once = False
        if not self._told:
            return
        with self._lock:
            now = time.monotonic()
            if self._works_since is None:
                self._works_since = now
            if now - self._works_since < _STEADY_SECONDS:
                return
            seconds = self._works_since - self._began
            self._told.clear()
        log.warning("the broker %s works again, after %.0f s", self.broker, seconds)
