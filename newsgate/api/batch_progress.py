"""Progress of a batch where a person watches: by tqdm where it is installed, in notebooks too; else a plain line."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from newsgate.console.progress_line import ProgressLine
from newsgate.console.wait_for_batch import StallWarning
from newsgate.db.batch_status import BatchStatus

_VERB = "classifying"


@contextmanager
def no_progress() -> Iterator[Callable[[BatchStatus], None]]:
    """Show nothing."""
    yield lambda _: None


@contextmanager
def shown_progress() -> Iterator[Callable[[BatchStatus], None]]:
    """Give the function that is told each state of the batch; it says too when nothing moves."""
    stall = StallWarning()
    with _tqdm_bar() if _tqdm() is not None else _plain_line() as draw:

        def show(status: BatchStatus) -> None:
            finished = status.done + status.failed
            draw(finished, status.total)
            stall.observe(finished)

        yield show


@contextmanager
def _plain_line() -> Iterator[Callable[[int, int], None]]:
    with ProgressLine(_VERB) as line:
        yield lambda finished, total: line.draw(finished, total, note=f"{finished} of {total} rows")


@contextmanager
def _tqdm_bar() -> Iterator[Callable[[int, int], None]]:
    # Where no terminal and no notebook is, nobody watches.
    disable = False if "ipykernel" in sys.modules else None
    with _tqdm()(desc=_VERB, unit=" rows", disable=disable) as bar:

        def draw(finished: int, total: int) -> None:
            bar.total = total
            bar.update(finished - bar.n)

        yield draw


def _tqdm() -> Any:
    with warnings.catch_warnings():
        # That a notebook could have a nicer bar is nothing to warn of.
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            return None
