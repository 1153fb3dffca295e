"""A Redis transport that survives what is not a message.

Whoever reaches the broker can push bytes into the queue. Kombu raises on bytes that are no JSON envelope, and Celery
takes that for the end of the world; a doorbell must not. What cannot be read is discarded with a line in the log: a
chunk it may have named is still in the database, and the sweeper finds it.
"""

from __future__ import annotations

import logging
from queue import Empty
from typing import Any

from kombu.transport import redis

log = logging.getLogger("newsgate.worker")


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
    """Kombu's Redis transport with the channel above."""

    Channel = _TolerantChannel
