"""The Celery app: the doorbell between `enqueue` and the workers, and nothing more.

A message carries the id of a chunk. What a message may lose, repeat or delay, the database knows already, so every
setting here favours answering quickly over keeping messages.
"""

from __future__ import annotations

from typing import Any

from celery import Celery

from newsgate.worker.broker_address import HEALTH_CHECK_SECONDS
from newsgate.worker.queue_names import CLASSIFY_QUEUE
from newsgate.worker.settings import Settings

TOLERANT_TRANSPORT = "newsgate.worker.tolerant_transport:TolerantTransport"
# Never reached: the lease in the database decides when work is taken over, not the broker.
_VISIBILITY_TIMEOUT_SECONDS = 7 * 24 * 3600


def make_app(settings: Settings) -> Celery:
    """A Celery app that speaks to the broker of `settings`; tasks are registered by the room that knows them."""
    app = Celery("newsgate", set_as_current=False)
    app.conf.update(configuration(settings))
    return app


def configuration(settings: Settings) -> dict[str, Any]:
    """Celery's settings; each departure from its defaults has its reason beside it."""
    patience = settings.broker_timeout_seconds
    return {
        # A name only: kombu would read an address in its own way, and knows few of the options that redis-py has.
        "broker_url": "newsgate",
        "broker_transport": TOLERANT_TRANSPORT,
        "broker_connection_retry_on_startup": True,
        # A worker outlives any absence of its broker: the sweeper works on meanwhile.
        "broker_connection_max_retries": None,
        "broker_connection_timeout": patience,
        "broker_transport_options": {
            "addresses": settings.broker_addresses,
            # Kombu shares connections among all whose options look alike, and addresses do not show their secrets.
            "identity": hash((settings.broker_url, settings.home)),
            "patience_seconds": patience,
            "health_check_interval": _health_check_seconds(settings),
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


def _health_check_seconds(settings: Settings) -> int:
    """How often kombu looks after its own connections; it cannot be told never, which counts as nothing told."""
    told = settings.broker_addresses[0].options.get("health_check_interval", 0)
    return int(told) or HEALTH_CHECK_SECONDS
