"""The models a worker holds in memory: one copy of each for all threads of the process, the last few used."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsgate.model.classifier import Classifier
    from newsgate.model.runtime_names import RuntimeName

log = logging.getLogger("newsgate.worker")


class SharedModels:
    """Classifiers by model number, loaded on first use and shared by every thread.

    read_bundle: gives the bytes of a model; called once a model, under the lock, so that threads which need the same
    model wait for one load instead of doing it twice.
    """

    def __init__(self, read_bundle: Callable[[int], bytes], *, runtime: RuntimeName, keep: int) -> None:
        self._read_bundle = read_bundle
        self._runtime = runtime
        self._keep = keep
        self._lock = threading.Lock()
        self._loaded: OrderedDict[int, tuple[str, Classifier]] = OrderedDict()
        self._newer: dict[int, str] = {}

    @property
    def newer(self) -> frozenset[int]:
        """The models whose bundles only a newer newsgate reads, of those that were asked for."""
        return frozenset(self._newer)

    def get(self, number: int, *, sha256: str | None = None) -> Classifier:
        """The classifier of a model, warmed. Raises whatever makes it unfit: no such model, a damaged bundle.

        sha256: what the database says of its bundle now, None where it was not asked. Where a replica or a backup takes
        the database's place, a number may be given a second time.
        Raises NewerBundleError for one that a newer newsgate has made; the log has a line for it, once.
        """
        with self._lock:
            if number in self._newer:
                from newsgate.model.bundle import NewerBundleError

                raise NewerBundleError(self._newer[number])
            if sha256 is not None and number in self._loaded and self._loaded[number][0] != sha256:
                log.warning("model %d is another one than before: its bundle is loaded anew", number)
                del self._loaded[number]
            if number not in self._loaded:
                self._loaded[number] = self._load(number)
                while len(self._loaded) > self._keep:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(number)
            return self._loaded[number][1]

    def _load(self, number: int) -> tuple[str, Classifier]:
        from newsgate.model.bundle import NewerBundleError
        from newsgate.model.classifier import Classifier
        from newsgate.model.runtime_choice import choose_runtime

        started = time.monotonic()
        bundle = self._read_bundle(number)
        try:
            # One thread a call: the parallelism is in the chunks, and two pools on the same cores would only collide.
            classifier = Classifier.from_bundle_bytes(bundle, runtime=self._runtime, threads=1)
        except NewerBundleError as error:
            self._newer[number] = str(error)
            log.error("model %d is left to newer workers: %s", number, error)
            raise
        classifier.warm_up()
        _give_back_memory()
        chosen = choose_runtime(self._runtime, classifier.metadata.quantisation)
        seconds = time.monotonic() - started
        log.info("model %d is loaded (%s, %.1f s): %s", number, chosen.name, seconds, chosen.reason)
        return hashlib.sha256(bundle).hexdigest(), classifier


def _give_back_memory() -> None:
    """Let the system have what loading a model needed for a moment: glibc keeps it, some fourteen megabytes."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        # Another C library, which may give it back by itself.
        return
    trim(0)
