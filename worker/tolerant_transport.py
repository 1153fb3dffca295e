"""A Redis transport that survives what is not a message.

Whoever reaches the broker can push bytes into the queue. Kombu raises on bytes that are no JSON envelope, and Celery
takes that for the end of the world; a doorbell must not. What cannot be read is discarded with a line in the log: a
chunk it may have named is still in the database, and the sweeper finds it.
"""

from __future__ import annotations

import logging
import time
from queue import Empty
from typing import Any

from kombu.transport import redis
from redis.exceptions import ResponseError

log = logging.getLogger("newsgate.worker")

_PAUSE_SECONDS = 2.0


class _TolerantChannel(redis.Channel):
    """Reads one message at a time, like its base, and passes over what is none."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        # ValueError covers bytes that are no UTF-8 and text that is no JSON; the others an envelope of another shape.
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("discarded something in the queue that is no message: %s", error)
            raise Empty from error


class TolerantTransport(redis.Transport):
    """Kombu's Redis transport with the channel above, for which a server that refuses a command is one that is away.

    A Redis out of memory or disk refuses what a consumer does when it connects. To Celery that is the end; here it is
    a reason to try again later.
    """

    Channel = _TolerantChannel
    connection_errors = redis.Transport.connection_errors + redis.Transport.channel_errors

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Begin to consume."""
        try:
            super().register_with_event_loop(connection, loop)
        except ResponseError:
            # Celery would try again at once, and log each time what it tried.
            time.sleep(_PAUSE_SECONDS)
            raise
