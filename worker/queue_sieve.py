"""Takes what is not worth a worker's time out of the queue, many messages at a time.

A message that brings no work costs a worker milliseconds: Celery, a thread, a question to the database. A hundred
thousand of them, thrown in by a broken or hostile program or left over from an outage, would keep real work waiting
for minutes. So after a few such in a row the queue is looked through in blocks, with one question a block.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from newsgate.worker.queue_message import NotAMessageError, parse_message
from newsgate.worker.tally import REFUSED_MESSAGES, TALLY

log = logging.getLogger("newsgate.worker")

_USELESS_IN_A_ROW = 5
_BLOCK_MESSAGES = 500
# As long as the worker does not look after its connections meanwhile.
_MOST_SECONDS = 0.5
_LINES_AT_ONCE = 30
_SECONDS_A_LINE = 5.0

StillWaiting = Callable[[Sequence[int]], Collection[int]]


class QueueSieve:
    """Counts messages that brought nothing, and clears the queue of more of their kind. Threads may share it.

    still_waiting: which of these chunks wait for a worker. Raises whatever it likes; the queue then stays as it is.
    """

    def __init__(self, still_waiting: StillWaiting) -> None:
        self._still_waiting = still_waiting
        self._refusals = RefusalLog()
        self._lock = threading.Lock()
        self._useless = 0

    @property
    def is_due(self) -> bool:
        """Whether so many messages in a row brought nothing that the queue should be looked through."""
        with self._lock:
            return self._useless >= _USELESS_IN_A_ROW

    def note(self, *, useful: bool) -> None:
        """Count what became of a message."""
        with self._lock:
            self._useless = 0 if useful else self._useless + 1

    def refuse(self, error: Exception) -> None:
        """Count something that is no message, and say so in the log."""
        self._refusals.add(str(error))
        self.note(useful=False)

    def clear(self, client: Any, queue: str) -> None:
        """Take messages that would bring nothing out of the queue.

        client: a Redis client that waits for nothing else. Stops at the first block with a message worth having.
        """
        until = time.monotonic() + _MOST_SECONDS
        while time.monotonic() < until:
            block: list[bytes] = client.rpop(queue, _BLOCK_MESSAGES) or []
            if not block:
                break
            try:
                kept = self._worth_having(block)
            except Exception as error:  # noqa: BLE001 - whatever ails the database, the messages go back
                log.debug("the queue is not looked through: %s", error)
                kept = block
            if kept:
                # Back to where they are taken from, in their order.
                client.rpush(queue, *reversed(kept))
                break
        self.note(useful=True)

    def _worth_having(self, block: Sequence[bytes]) -> list[bytes]:
        chunks: dict[int, bytes] = {}
        kept = []
        for content in block:
            try:
                message = parse_message(json.loads(content))
            except NotAMessageError as error:
                self._refusals.add(str(error))
            except (ValueError, RecursionError) as error:
                self._refusals.add(f"it is no JSON: {type(error).__name__}")
            else:
                if message.chunk is None:
                    kept.append(content)
                else:
                    # Of several for one chunk the first is enough.
                    chunks.setdefault(message.chunk, content)
        waiting = set(self._still_waiting(list(chunks))) if chunks else set()
        return kept + [content for chunk, content in chunks.items() if chunk in waiting]


class RefusalLog:
    """One line for each thing that was refused, and one for many where they come too fast."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines_left = float(_LINES_AT_ONCE)
        self._since = time.monotonic()
        self._untold = 0

    def add(self, reason: str) -> None:
        """Say it now, or count it into the next line."""
        TALLY.add(REFUSED_MESSAGES)
        with self._lock:
            now = time.monotonic()
            self._lines_left = min(_LINES_AT_ONCE, self._lines_left + (now - self._since) / _SECONDS_A_LINE)
            self._since = now
            if self._lines_left < 1:
                self._untold += 1
                return
            self._lines_left -= 1
            more, self._untold = self._untold, 0
        before = f" (and {more} others before it)" if more else ""
        log.warning("discarded something in the queue that is no message%s: %s", before, reason)
