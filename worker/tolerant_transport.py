"""A Redis transport that survives what is not a message.

Whoever reaches the broker can push bytes into the queue. Kombu raises on bytes that are no JSON envelope, and Celery
takes that for the end of the world; a doorbell must not. What is no message of newsgate is discarded with a line in
the log: a chunk it may have named is still in the database, and the sweeper finds it.
"""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from kombu.transport import redis
from redis.exceptions import RedisError, ResponseError

from newsgate.worker.queue_message import NotAMessageError, envelope_of, parse_message
from newsgate.worker.queue_sieve import QueueSieve

_PAUSE_SECONDS = 2.0


class _TolerantChannel(redis.Channel):
    """Reads one message at a time, like its base, and passes over what is none."""

    def _brpop_read(self, **options: Any) -> Any:
        sieve: QueueSieve = self.connection.sieve  # type: ignore[attr-defined]  # the transport below
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        # ValueError covers bytes that are no UTF-8 and text that is no JSON; the others an envelope of another shape.
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            sieve.refuse(error if isinstance(error, NotAMessageError) else NotAMessageError(type(error).__name__))
            raise Empty from error
        finally:
            if sieve.is_due:
                self._clear_queues(sieve)

    def _clear_queues(self, sieve: QueueSieve) -> None:
        try:
            with self.conn_or_acquire() as client:
                for queue in self.active_queues:
                    sieve.clear(client, queue)
        except (RedisError, OSError):
            # The next read meets the same fault, and Celery knows what to do about it.
            return


class TolerantTransport(redis.Transport):
    """Kombu's Redis transport with the channel above, for which a server that refuses a command is one that is away.

    A Redis out of memory or disk refuses what a consumer does when it connects. To Celery that is the end; here it is
    a reason to try again later.
    """

    Channel = _TolerantChannel
    connection_errors = redis.Transport.connection_errors + redis.Transport.channel_errors
    # Replaced by the worker's own, which can ask the database.
    sieve = QueueSieve(lambda chunks: chunks)

    def _deliver(self, message: Any, queue: Any) -> None:
        super()._deliver(envelope_of(parse_message(message), queue=queue), queue)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Begin to consume."""
        try:
            super().register_with_event_loop(connection, loop)
        except ResponseError:
            # Celery would try again at once, and log each time what it tried.
            time.sleep(_PAUSE_SECONDS)
            raise


def transport_with(sieve: QueueSieve) -> type[TolerantTransport]:
    """The transport of one process, which uses its sieve."""
    return type("SievingTransport", (TolerantTransport,), {"sieve": sieve})
