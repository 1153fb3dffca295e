"""What a person asks of an enqueue, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from newsgate.db.turns import DEFAULT_PRIORITY
from newsgate.tasks.reading import Layout, ReadOptions


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked to have enqueued.

    path: `-` is standard input. model: None is the champion. priority: its share of the turns beside other batches.
    notify: who is told when the batch is done.
    """

    path: str
    options: ReadOptions = field(default_factory=ReadOptions)
    name: str | None = None
    model: int | None = None
    again: bool = False
    priority: int = DEFAULT_PRIORITY
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading is, in raw bytes of the file, and what came out so far."""

    position_bytes: int
    size_bytes: int
    items: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of a file: its batch and run, and how many of its rows were stored and refused.

    bell_warnings: those of the `warnings` that are about ringing the workers, and not about the file.
    incomplete: the file itself is damaged, and some of its rows could not be read at all.
    """

    batch: int
    run: int
    model: int
    items: int
    rejected: int
    resumed: bool
    layout: Layout
    warnings: tuple[str, ...] = ()
    bell_warnings: tuple[str, ...] = ()
    incomplete: bool = False


class EnqueueInterruptedError(KeyboardInterrupt):
    """Ctrl-C came after some of the file was stored: `batch` holds `items` rows of it. is_whole: these are all."""

    def __init__(self, batch: int, *, items: int, is_whole: bool = False) -> None:
        super().__init__()
        self.batch = batch
        self.items = items
        self.is_whole = is_whole


@contextmanager
def once_stored(batch: int, *, items: int) -> Iterator[None]:
    """For what follows when a file is stored: Ctrl-C ends that alone, and raises EnqueueInterruptedError."""
    try:
        yield
    except KeyboardInterrupt:
        raise EnqueueInterruptedError(batch, items=items, is_whole=True) from None
