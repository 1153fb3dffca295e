"""newsgate's real programs with traps in them: `python -m tests.faults.saboteur up`, or `worker`, as `newsgate` is run.

A trap is a file in the folder SABOTAGE_FOLDER, put there by a test at any time. Its name says what happens where:
`kill-at-claimed` ends the next worker that has just claimed a chunk, `stop-at-classified` freezes it. A trap is sprung
once, by whoever renames it first. The product has no part in this: the steps are wrapped from outside.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from newsgate.db import chunks, commit_at_once
from newsgate.db.session import Database
from newsgate.main import main as newsgate_main
from newsgate.model.classifier import Classifier, Scores
from newsgate.tasks.classifying import classify_chunk, classify_waiting, worker_process
from newsgate.tasks.classifying.pace import Pace
from newsgate.tasks.running import local_system
from newsgate.training import optional_libraries
from newsgate.worker.watchdog import watch

FOLDER_VARIABLE = "SABOTAGE_FOLDER"
# In the order in which a chunk passes them.
STEPS = ("claimed", "loaded", "classified", "within-commit", "committed")
# The same on PostgreSQL. "ahead" is while one is classified and the next is in hand.
STEPS_AHEAD = ("reserved", "begun", "ahead", "classified", "within-commit", "committed")
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
# While this file is there, classifying a chunk takes as long as it says, in seconds.
SLOW = "slow"
# While this file is there, workers have no watchdog.
UNWATCHED = "unwatched"
POISONS = ("raise", "hang", "exit", "nan", "abort")
EXIT_CODE = 3
# So many chunks are taken ahead on PostgreSQL.
_AHEAD = 3
_MODULE = "tests.faults.saboteur"

log = logging.getLogger("saboteur")


def poison(kind: str) -> str:
    """The word that makes a text deadly in one of the ways of POISONS."""
    return f"poison-{kind}"


class Traps:
    """The traps that are set at this moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reach(self, step: str) -> None:
        """Come past a step: end or freeze this process, if a trap waits there."""
        for action, number in SIGNALS.items():
            trap = self._folder / f"{action}-at-{step}"
            try:
                trap.rename(self._folder / f"sprung-{trap.name}-{os.getpid()}")
            except FileNotFoundError:
                continue
            log.warning("the trap %s is sprung", trap.name)
            # To this very thread: a signal to the process may reach another first, and this one would go on a little.
            signal.pthread_kill(threading.get_ident(), number)

    def dawdle(self) -> None:
        """Take as long as a test wants classifying to take."""
        try:
            seconds = float((self._folder / SLOW).read_text())
        except (FileNotFoundError, ValueError):
            return
        time.sleep(seconds)

    def is_set(self, name: str) -> bool:
        """Whether a file of this name is there."""
        return (self._folder / name).exists()


def install(traps: Traps) -> None:
    """Put the traps between the steps of classifying, and the poisons into the classifier."""
    committing = threading.local()
    _after(classify_chunk, "_claim", lambda claim: traps.reach("claimed" if claim else "not claimed"))
    _after(classify_chunk, "load_texts", lambda _: traps.reach("loaded"))
    _after(classify_chunk, "_classify", lambda _: traps.reach("classified"))
    # Between the verdicts and the counters of one transaction.
    _after(chunks, "store_verdicts", lambda _: traps.reach("within-commit"))
    _after(classify_chunk, "commit_chunk", lambda _: setattr(committing, "chunk", True))
    _install_ahead(traps)
    _replace(Database, "write", _noticing_commits(Database.write, committing, traps))
    _replace(Classifier, "classify", _poisoned(Classifier.classify, traps))
    _replace(worker_process, "watch", _watch_unless_told(watch, traps))
    # Programs that `up` starts are sabotaged too; and it starts no trainer, which is another matter.
    followed = ("--with-parent", str(os.getpid()))
    _replace(local_system, "_command", lambda name: [sys.executable, "-m", _MODULE, name, *followed])
    _replace(optional_libraries, "can_train", lambda: False)


def _install_ahead(traps: Traps) -> None:
    """The traps of a worker that works hand over hand, on PostgreSQL, which counts as far away."""
    _replace(Pace, "chunks_ahead", lambda _, lease_seconds: _AHEAD)
    _after(classify_waiting, "reserve_next", lambda reserved: traps.reach("reserved") if reserved else None)
    _after(classify_waiting, "begin", lambda _: traps.reach("begun"))
    _after(classify_waiting, "score", lambda _: traps.reach("classified"))
    commit, classify = commit_at_once.commit_at_once, classify_waiting._HandOverHand._classify

    def committing(*arguments: Any, **named: Any) -> None:
        with ThreadPoolExecutor(1) as sending:
            sent = sending.submit(commit, *arguments, **named)
            # Wherever it is by now: on its way, at work in the server, or answered.
            traps.reach("within-commit")
            sent.result()
        traps.reach("committed")

    def classifying(hands: Any, reserved: Any, beginning: Any) -> Any:
        _wait_for_one_ahead(hands, beginning, traps)
        return classify(hands, reserved, beginning)

    _replace(classify_waiting, "commit_at_once", committing)
    _replace(classify_waiting._HandOverHand, "_classify", classifying)


def _wait_for_one_ahead(hands: Any, beginning: Any, traps: Traps) -> None:
    """Where a trap is set for it: until there are others in hand, and this one's attempt counts."""
    while any(traps.is_set(f"{action}-at-ahead") for action in SIGNALS):
        ahead = [each for each in hands._ahead if each.result() is not None]
        if ahead and beginning.result() is not None:
            traps.reach("ahead")
            return
        # They may not be stored yet, or be left to a worker that was killed a moment ago.
        time.sleep(0.02)
        hands._ahead = ahead
        hands._reserve_ahead(_AHEAD)


def _noticing_commits(write: Callable[..., Any], committing: threading.local, traps: Traps) -> Callable[..., Any]:
    @contextmanager
    def noticing(database: Database, *, synced: bool = True) -> Iterator[Connection]:
        committing.chunk = False
        with write(database, synced=synced) as connection:
            yield connection
        if committing.chunk:
            committing.chunk = False
            traps.reach("committed")

    return noticing


def _poisoned(classify: Callable[[Classifier, Sequence[str]], Scores], traps: Traps) -> Callable[..., Scores]:
    def poisoned(classifier: Classifier, texts: Sequence[str]) -> Scores:
        found = {kind for kind in POISONS for text in texts if poison(kind) in text}
        if "raise" in found:
            raise ValueError("this text is poison")
        if "exit" in found:
            os._exit(EXIT_CODE)
        if "abort" in found:
            os.abort()
        # Only now, so that a killer dies while others in the process still have theirs in hand.
        traps.dawdle()
        if "hang" in found:
            threading.Event().wait()
        scores = classify(classifier, texts)
        scores.p_fake[[poison("nan") in text for text in texts]] = np.nan
        return scores

    return poisoned


def _watch_unless_told(watch: Callable[..., None], traps: Traps) -> Callable[..., None]:
    def maybe(*arguments: Any, **named: Any) -> None:
        if not traps.is_set(UNWATCHED):
            watch(*arguments, **named)

    return maybe


def _after(owner: Any, name: str, then: Callable[[Any], object]) -> None:
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        then(result)
        return result

    _replace(owner, name, wrapped)


def _replace(owner: Any, name: str, value: object) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more: the traps must follow")
    setattr(owner, name, value)


def main() -> None:
    """Set the traps, then be `newsgate`."""
    install(Traps(Path(os.environ[FOLDER_VARIABLE])))
    newsgate_main()


if __name__ == "__main__":
    main()
