"""The Celery app: the doorbell between `enqueue` and the workers, and nothing more.

A message carries the id of a chunk. What a message may lose, repeat or delay, the database knows already, so every
setting here favours answering quickly over keeping messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from kombu import Connection

from newsgate.worker.settings import Settings

CLASSIFY_TASK = "newsgate.classify"
CLASSIFY_QUEUE = "newsgate.classify"
RETRAIN_TASK = "newsgate.retrain"
TRAINING_QUEUE = "newsgate.training"
TOLERANT_TRANSPORT = "newsgate.worker.tolerant_transport:TolerantTransport"
# Never reached: the lease in the database decides when work is taken over, not the broker.
_VISIBILITY_TIMEOUT_SECONDS = 7 * 24 * 3600


class _Doorbell(Celery):
    """Celery, but what is not a message in the queue does not end the worker."""

    def connection_for_read(self, url: str | None = None, **options: Any) -> Connection:
        connection = super().connection_for_read(url, **options)
        # The setting `broker_transport` would do it for TCP, but not for the private broker's `redis+socket` address.
        connection.transport_cls = TOLERANT_TRANSPORT
        return connection


def make_app(settings: Settings) -> Celery:
    """A Celery app that speaks to the broker of `settings`; tasks are registered by the room that knows them."""
    app = _Doorbell("newsgate", set_as_current=False)
    app.conf.update(configuration(settings))
    return app


def consume(
    app: Celery, *, queue: str, name: str, threads: int, log_level: str, on_stop: Callable[[], None] = lambda: None
) -> None:
    """Run what the queue brings, in `threads` threads, until told to stop (SIGTERM, SIGINT); none: in this thread.

    on_stop: called when it is told, before what is in hand is finished.
    """

    def told(**_: Any) -> None:
        on_stop()

    signals.worker_shutting_down.connect(told)
    consumer = app.Worker(
        queues=[queue],
        pool="threads" if threads else "solo",
        concurrency=threads or 1,
        hostname=f"newsgate@{name}",
        loglevel=log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    consumer.start()
    if consumer.exitcode:
        raise SystemExit(consumer.exitcode)


def configuration(settings: Settings) -> dict[str, Any]:
    """Celery's settings; each departure from its defaults has its reason beside it."""
    patience = settings.broker_timeout_seconds
    return {
        "broker_url": settings.effective_broker_url,
        "broker_connection_retry_on_startup": True,
        # A worker outlives any absence of its broker: the sweeper works on meanwhile.
        "broker_connection_max_retries": None,
        "broker_connection_timeout": patience,
        "broker_transport_options": {
            "socket_connect_timeout": patience,
            "socket_timeout": patience,
            "visibility_timeout": _VISIBILITY_TIMEOUT_SECONDS,
        },
        # Only JSON is ever read, whoever put it into the queue.
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_default_queue": CLASSIFY_QUEUE,
        # Acknowledged at once: the chunk's lease, not the message, brings work back.
        "task_acks_late": False,
        "task_publish_retry": False,
        # Verdicts are in the database; a result backend would be a second truth.
        "task_ignore_result": True,
        "result_backend": None,
        "worker_prefetch_multiplier": 1,
        # No way for anyone who reaches the broker to command a worker.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }
