"""Hears rings on the private broker's socket without Celery: for a program that only waits to be rung."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from newsgate.worker.broker_outage import OutageLog
from newsgate.worker.dead_output import drop_dead_output
from newsgate.worker.private_broker_line import BrokerRefusedError, PrivateLine
from newsgate.worker.queue_message import NotAMessageError, QueueMessage, parse_message
from newsgate.worker.queue_sieve import QueueSieve
from newsgate.worker.settings import Settings
from newsgate.worker.stop_signals import on_stop_signals

log = logging.getLogger("newsgate.worker")

_WAIT_SECONDS = 5
_PAUSE_SECONDS = 1.0


class PrivateListener:
    """One thread that takes messages of `task` out of a queue, one at a time, and does what they ask for.

    What is no such message is discarded with a line in the log. A broker that is away is asked again in peace, and the
    log has a line for it, once. outages, sieve: shared by all listeners of a process.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        queue: str,
        task: str,
        on_ring: Callable[[QueueMessage], None],
        outages: OutageLog,
        sieve: QueueSieve,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._task = task
        self._on_ring = on_ring
        self._outages = outages
        self._sieve = sieve
        self._line: PrivateLine | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_listening, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def end(self) -> None:
        """Take no more messages; what was begun goes on."""
        self._ended.set()
        if self._line is not None:
            self._line.hang_up()

    def join(self) -> None:
        """Wait until what was begun is done."""
        self._thread.join()

    def _keep_listening(self) -> None:
        while not self._ended.is_set():
            has_listened = False
            try:
                patience_seconds = _WAIT_SECONDS + self._settings.broker_timeout_seconds
                with PrivateLine(self._settings.broker_socket, patience_seconds=patience_seconds) as self._line:
                    while not self._ended.is_set():
                        self._take_one(self._line)
                        has_listened = True
            except (OSError, BrokerRefusedError) as error:
                if not self._ended.is_set() and not (has_listened and self._outages.lost(error)):
                    self._pause(error, already_told=has_listened)

    def _pause(self, error: Exception, *, already_told: bool) -> None:
        if not already_told:
            self._outages.failed(error)
        self._ended.wait(_PAUSE_SECONDS)

    def _take_one(self, line: PrivateLine) -> None:
        content = line.wait_for_message(self._queue, seconds=_WAIT_SECONDS)
        self._outages.works()
        if content is not None:
            message = self._read(content)
            if message is not None:
                self._obey(message)
        if self._sieve.is_due:
            with suppress(BrokerRefusedError):
                self._sieve.clear(line, self._queue)

    def _obey(self, message: QueueMessage) -> None:
        try:
            self._on_ring(message)
        except Exception:
            # The next ring may bring what can be done.
            log.exception("after a ring for %s", self._task)

    def _read(self, content: bytes) -> QueueMessage | None:
        try:
            message = parse_message(json.loads(content))
            if message.task != self._task:
                raise NotAMessageError(f"its task is {message.task!r}")
        except (ValueError, RecursionError) as error:
            self._sieve.refuse(error if isinstance(error, NotAMessageError) else NotAMessageError(type(error).__name__))
            return None
        return message


def listen(
    settings: Settings,
    *,
    queue: str,
    task: str,
    threads: int,
    on_ring: Callable[[QueueMessage], None],
    sieve: QueueSieve | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Do what the queue brings, in so many threads, until told to stop (SIGTERM, SIGINT), and finish what is in hand.

    on_ring: called for each message of `task`. sieve: where messages may bring nothing. on_stop: called when it is
    told, before what is in hand is finished.
    """
    told = threading.Event()

    def stop(*_: object) -> None:
        drop_dead_output()
        # A thread, for this is a handler of signals, which may have interrupted the one that holds the event's lock.
        threading.Thread(target=told.set, daemon=True).start()

    outages = OutageLog(settings.display_broker_url)
    sieve = sieve or QueueSieve(lambda chunks: chunks)
    listeners: Sequence[PrivateListener] = [
        PrivateListener(settings, queue=queue, task=task, on_ring=on_ring, outages=outages, sieve=sieve)
        for _ in range(threads)
    ]
    signal.signal(signal.SIGINT, stop)
    on_stop_signals(stop)
    for listener in listeners:
        listener.start()
    log.info("listening: queue %s", queue)
    told.wait()
    on_stop()
    for listener in listeners:
        listener.end()
    for listener in listeners:
        listener.join()
