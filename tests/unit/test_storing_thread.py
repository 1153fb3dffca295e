"""Rows that are stored while the next ones are read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from newsgate.tasks.enqueueing import storing_thread
from newsgate.tasks.enqueueing.storing_thread import StoringThread

_PATIENCE_SECONDS = 30


@dataclass
class Block:
    number: int
    chars: int = 1
    column_chars: int = 0


class Store:
    """Stores at once, or when `open` is set."""

    def __init__(self, *, open_at_once: bool = True) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()
        self.groups: list[list[int]] = []
        if open_at_once:
            self.open.set()

    def __call__(self, blocks: Sequence[Block]) -> None:
        self.asked.set()
        assert self.open.wait(_PATIENCE_SECONDS)
        self.groups.append([block.number for block in blocks])


def test_what_is_read_while_one_is_stored_is_stored_together() -> None:
    store = Store(open_at_once=False)
    with StoringThread(store) as thread:
        thread.add(Block(0))
        assert store.asked.wait(_PATIENCE_SECONDS)
        for number in range(1, 4):
            thread.add(Block(number))
        store.open.set()
    assert store.groups == [[0], [1, 2, 3]]


@pytest.mark.parametrize(("limit", "value"), [("_MOST_BLOCKS", 3), ("_MOST_CHARS", 3)])
def test_reading_waits_for_storing(limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing_thread, limit, value)
    store = Store(open_at_once=False)
    read: list[int] = []

    with StoringThread(store) as thread:

        def read_on() -> None:
            for number in range(10):
                thread.add(Block(number))
                read.append(number)

        reader = threading.Thread(target=read_on)
        reader.start()
        assert store.asked.wait(_PATIENCE_SECONDS)
        reader.join(0.2)
        # The first, or the first few, are being stored, and no more wait than may.
        assert len(read) <= 6
        store.open.set()
        reader.join()
    assert [number for group in store.groups for number in group] == list(range(10))
    assert max(map(len, store.groups)) <= 3


def test_what_storing_raises_is_raised_where_rows_come_from() -> None:
    def store(_: Sequence[Block]) -> None:
        raise ValueError("no room")

    def read_on(thread: StoringThread[Block]) -> None:
        for number in range(1000):
            thread.add(Block(number))

    with pytest.raises(ValueError, match="no room"), StoringThread(store) as thread:
        read_on(thread)
    with pytest.raises(ValueError, match="no room"), StoringThread(store) as thread:
        thread.add(Block(0))


def test_what_was_read_is_stored_also_where_reading_ends_badly() -> None:
    store = Store()

    def read_on() -> None:
        with StoringThread(store) as thread:
            thread.add(Block(0))
            thread.add(Block(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_on()
    assert [number for group in store.groups for number in group] == [0, 1]
