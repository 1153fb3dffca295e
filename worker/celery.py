"""The Celery app: the doorbell between `enqueue` and the workers, and nothing more.

A message carries the id of a chunk. What a message may lose, repeat or delay, the database knows already, so every
setting here favours answering quickly over keeping messages.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu import Connection

from newsgate.worker.settings import Settings

CLASSIFY_TASK = "newsgate.classify"
CLASSIFY_QUEUE = "newsgate.classify"
RETRAIN_TASK = "newsgate.retrain"
TRAINING_QUEUE = "newsgate.training"
TOLERANT_TRANSPORT = "newsgate.worker.tolerant_transport:TolerantTransport"
# Never reached: the lease in the database decides when work is taken over, not the broker.
_VISIBILITY_TIMEOUT_SECONDS = 7 * 24 * 3600


class CeleryApp(Celery):
    """Celery, but what is not a message in the queue does not end the worker."""

    # Which transport reads the queue: its name, until a worker brings one that can ask the database.
    reading_transport: Any = TOLERANT_TRANSPORT

    def connection_for_read(self, url: str | None = None, **options: Any) -> Connection:
        """A connection that reads with `reading_transport`."""
        connection = super().connection_for_read(url, **options)
        # The setting `broker_transport` would do it for TCP, but not for the private broker's `redis+socket` address.
        connection.transport_cls = self.reading_transport
        return connection


def make_app(settings: Settings) -> CeleryApp:
    """A Celery app that speaks to the broker of `settings`; tasks are registered by the room that knows them."""
    app = CeleryApp("newsgate", set_as_current=False)
    app.conf.update(configuration(settings))
    return app


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
