"""Ringing workers. The rows are safe before the bell is touched, so a broken bell is a warning, never an error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK, RETRAIN_TASK, TRAINING_QUEUE
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.worker.redis_line import RedisLine

_SILENT_SECONDS = 30.0


class Doorbell:
    """Tells workers which chunks wait. After a failure it stays silent for a while: the sweeper finds the rest.

    fault: why the last ring failed, None where it did not.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._line: RedisLine | None = None
        self._silent_until = 0.0
        self.fault: str | None = None

    def ring(self, chunks: Iterable[int]) -> None:
        """Send one message a chunk; on failure keep the reason in `fault` and send no more for now."""
        self._send(CLASSIFY_TASK, tuple(chunks), queue=CLASSIFY_QUEUE)

    def ring_trainers(self) -> None:
        """Tell trainers that retraining is due; failures are as for `ring`."""
        self._send(RETRAIN_TASK, (None,), queue=TRAINING_QUEUE)

    def _send(self, task: str, chunks: Sequence[int | None], *, queue: str) -> None:
        if not chunks or time.monotonic() < self._silent_until:
            return
        if self._settings.broker_is_private and not self._settings.broker_socket.exists():
            # Nobody to wait for, so no silence either: `newsgate up` may come up at any moment.
            self.fault = "no newsgate is running here"
            return
        from newsgate.worker.queue_message import QueueMessage

        messages = [QueueMessage(task, chunk) for chunk in chunks]
        try:
            if self._settings.broker_is_private:
                from newsgate.worker.private_broker_line import push

                push(self._settings.broker_socket, messages, queue=queue, patience_seconds=self._patience_seconds)
            else:
                self._redis_line().push(messages, queue=queue)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may not cost the rows
            from newsgate.worker.broker_outage import fault_of

            self.fault = fault_of(error).reason
            self._silent_until = time.monotonic() + _SILENT_SECONDS
            return
        self.fault = None

    def warnings(self) -> tuple[str, ...]:
        """What to tell a person about a bell that could not be rung; nothing where it could."""
        if self.fault is None:
            return ()
        if self._settings.broker_is_private and not self._settings.broker_socket.exists():
            return ("no worker runs here yet; the rows are safe: `newsgate up` classifies them",)
        return (f"the broker could not be rung ({self.fault}); the rows are safe, workers find them by themselves",)

    def close(self) -> None:
        """Close the connection to the broker."""
        if self._line is not None:
            self._line.close()

    @property
    def _patience_seconds(self) -> float:
        return self._settings.broker_timeout_seconds

    def _redis_line(self) -> RedisLine:
        if self._line is None:
            from newsgate.worker.redis_line import RedisLine

            self._line = RedisLine(self._settings.broker_addresses, patience_seconds=self._patience_seconds)
        return self._line
