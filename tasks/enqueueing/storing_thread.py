"""Storing rows while the next ones are read: where the database is a server, neither waits for the other.

Whatever has been read while one transaction was under way goes into the next one together. So a database nearby is
given a chunk at a time, and one that is far away, or slow, as many as make up for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

# What a transaction takes at most, and what waits for one at most: in memory is twice of it.
_MOST_BLOCKS: Final = 24
_MOST_CHARS: Final = 16_000_000


class Sized(Protocol):
    """What is stored: of so many characters."""

    chars: int
    column_chars: int


Block = TypeVar("Block", bound=Sized)


class StoringThread(Generic[Block]):
    """Calls `store` with what it was given, in order, in a thread of its own, for as long as the block lasts.

    At the block's end everything is stored, also where the block raises. What `store` raises is raised by the next
    `add`, or at the end; nothing more is stored then.
    """

    def __init__(self, store: Callable[[Sequence[Block]], None]) -> None:
        self._store = store
        self._waiting: list[Block] = []
        self._chars = 0
        self._changed = threading.Condition()
        self._is_over = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._keep_storing, name="storing", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def add(self, block: Block) -> None:
        """Have it stored after those before it; waits while there is much to store. Raises what storing raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._error is not None or not self._is_full())
            if self._error is not None:
                raise self._error
            self._waiting.append(block)
            self._chars += block.chars + block.column_chars
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._waiting) >= _MOST_BLOCKS or self._chars >= _MOST_CHARS

    def _keep_storing(self) -> None:
        while blocks := self._next():
            try:
                self._store(blocks)
            except BaseException as error:  # noqa: BLE001 - it is raised where the rows come from
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                return

    def _next(self) -> list[Block]:
        """All that waits; nothing where nothing will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_over)
            blocks, self._waiting = self._waiting, []
            self._chars = 0
            self._changed.notify_all()
            return blocks
