"""Ringing workers. The rows are safe before the bell is touched, so a broken bell is a warning, never an error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK, RETRAIN_TASK, TRAINING_QUEUE
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

    from newsgate.worker.queue_message import QueueMessage


# One attempt: kombu would otherwise pause and try again before it admits that nobody is there.
_ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_SILENT_SECONDS = 30.0


class Doorbell:
    """Tells workers which chunks wait. After a failure it stays silent for a while: the sweeper finds the rest.

    fault: why the last ring failed, None where it did not.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Celery | None = None
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

                patience = self._settings.broker_timeout_seconds
                push(self._settings.broker_socket, messages, queue=queue, patience_seconds=patience)
            else:
                self._send_by_celery(messages, queue=queue)
        except Exception as error:  # noqa: BLE001 - kombu raises many kinds, and none may cost the rows
            from newsgate.worker.broker_outage import fault_of

            self.fault = fault_of(error).reason
            self._silent_until = time.monotonic() + _SILENT_SECONDS
            return
        self.fault = None

    def _send_by_celery(self, messages: Sequence[QueueMessage], *, queue: str) -> None:
        from newsgate.worker.queue_message import MESSAGE_VERSION, VERSION_HEADER

        if len(messages) > 1:
            self._push(messages, queue=queue)
            return
        for message in messages:
            self._celery().send_task(
                message.task,
                args=() if message.chunk is None else (message.chunk,),
                queue=queue,
                headers={VERSION_HEADER: MESSAGE_VERSION},
                retry=False,
                ignore_result=True,
                result_cls=_Receipt,  # type: ignore[arg-type]  # the stubs know no class but Celery's own
            )

    def _push(self, messages: Sequence[QueueMessage], *, queue: str) -> None:
        """Send many at once: Celery would wait for the broker's answer to each."""
        import json

        from newsgate.worker.queue_message import envelope_of

        envelopes = [json.dumps(envelope_of(message, queue=queue)) for message in messages]
        with self._celery().producer_or_acquire() as producer:
            producer.channel.client.lpush(queue, *envelopes)

    def warnings(self) -> tuple[str, ...]:
        """What to tell a person about a bell that could not be rung; nothing where it could."""
        if self.fault is None:
            return ()
        if self._settings.broker_is_private and not self._settings.broker_socket.exists():
            return ("no worker runs here yet; the rows are safe: `newsgate up` classifies them",)
        return (f"the broker could not be rung ({self.fault}); the rows are safe, workers find them by themselves",)

    def close(self) -> None:
        """Close the connections to the broker."""
        if self._app is not None:
            self._app.close()

    def _celery(self) -> Celery:
        if self._app is None:
            from newsgate.worker.celery import make_app

            self._app = make_app(self._settings)
            self._app.conf.broker_transport_options |= _ONE_TRY
        return self._app


class _Receipt:
    """What a ring gives back, and nobody looks at.

    Celery's own would look for a store of results among all installed packages, which takes longer than the ring.
    """

    def __init__(self, task_id: str) -> None:
        self.id = task_id
        self.ignored = True
