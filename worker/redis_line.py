"""Rings to a broker that an address names: one command by redis-py, as kombu would push it.

Celery and kombu take longer to load than redis-py takes to load and ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import redis

from newsgate.worker.broker_address import BrokerAddress
from newsgate.worker.broker_connections import open_client
from newsgate.worker.queue_message import QueueMessage, envelopes_of


class RedisLine:
    """A connection to the first of the addresses that takes messages. It is kept until it fails."""

    def __init__(self, addresses: Sequence[BrokerAddress], *, patience_seconds: float) -> None:
        self._addresses = addresses
        self._patience_seconds = patience_seconds
        self._client: redis.Redis | None = None
        self._open = ExitStack()

    def push(self, messages: Sequence[QueueMessage], *, queue: str) -> None:
        """Put messages into a queue. Raises what redis-py raised for the first address where none takes them."""
        envelopes = envelopes_of(messages, queue=queue)
        if self._client is not None and self._pushed(self._client, queue, envelopes):
            return
        self.close()
        self._push_to_first(queue, envelopes)

    def close(self) -> None:
        """Close the connection."""
        self._client = None
        self._open.close()

    def _pushed(self, client: redis.Redis, queue: str, envelopes: Sequence[bytes]) -> bool:
        try:
            client.lpush(queue, *envelopes)
        except (redis.RedisError, OSError):
            # The server may have gone since, and come back.
            return False
        return True

    def _push_to_first(self, queue: str, envelopes: Sequence[bytes]) -> None:
        fault: Exception | None = None
        for address in self._addresses:
            client = self._open.enter_context(open_client(address, patience_seconds=self._patience_seconds))
            try:
                client.lpush(queue, *envelopes)
            except (redis.RedisError, OSError) as error:
                fault = fault or error
                self._open.close()
                continue
            self._client = client
            return
        assert fault is not None  # noqa: S101 - there is at least one address, and none of them took it
        raise fault
