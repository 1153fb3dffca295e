"""Connections of redis-py to the broker that an address names, the same for whoever rings, reads or looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from newsgate.worker.broker_address import HEALTH_CHECK_SECONDS, BrokerAddress

# Deleted to find out whether the broker takes a write; it is never there.
_PROBE_KEY: Final = "newsgate.probe"


def connection_class(address: BrokerAddress) -> type[Any]:
    """The class of connections to it."""
    if address.kind == "sentinel":
        return SentinelManagedSSLConnection if address.is_tls else SentinelManagedConnection
    if address.kind == "unix":
        return redis.UnixDomainSocketConnection
    return redis.SSLConnection if address.is_tls else redis.Connection


def connection_options(address: BrokerAddress, *, patience_seconds: float) -> dict[str, Any]:
    """What its connections are made with; the patience holds where the address says nothing else."""
    patience = {"socket_timeout": patience_seconds, "socket_connect_timeout": patience_seconds}
    options = {**patience, "health_check_interval": HEALTH_CHECK_SECONDS, **address.options}
    if address.kind == "unix":
        return {**options, "path": address.path}
    if address.kind == "sentinel":
        return options
    host, port = address.hosts[0]
    return {**options, "host": host, "port": port}


def sentinels_of(address: BrokerAddress, *, patience_seconds: float) -> Sentinel:
    """The Sentinels that know the address's master; the caller closes them."""
    patience = {"socket_timeout": patience_seconds, "socket_connect_timeout": patience_seconds}
    # One look at each: redis-py would otherwise take seconds for one that is gone, before it asks the next.
    once = {"retry": Retry(NoBackoff(), 0), "ssl": address.is_tls}
    return Sentinel(  # type: ignore[no-untyped-call]
        address.hosts,
        min_other_sentinels=address.min_other_sentinels,
        sentinel_kwargs={**patience, **once, **address.sentinel_options},
    )


def make_pool(address: BrokerAddress, sentinels: Sentinel | None, **options: Any) -> ConnectionPool:
    """A pool of connections made with `options`; through `sentinels`, they are to whichever server is master."""
    if sentinels is None:
        return ConnectionPool(**options)
    return SentinelConnectionPool(address.master, sentinels, **options)  # type: ignore[no-untyped-call]


def require_writable(client: redis.Redis) -> None:
    """Raise the server's error where it answers but takes no messages: a replica, or one that lacks what it needs.

    Changes nothing. One whose memory is full takes this command, for it would free some.
    """
    client.delete(_PROBE_KEY)


@contextmanager
def open_client(address: BrokerAddress, *, patience_seconds: float) -> Iterator[redis.Redis]:
    """A client of its own, for as long as the block lasts."""
    # One try: redis-py would otherwise pause and try again before it admits that nobody is there.
    options = connection_options(address, patience_seconds=patience_seconds) | {"retry": Retry(NoBackoff(), 0)}
    with ExitStack() as stack:
        sentinels = None
        if address.kind == "sentinel":
            sentinels = stack.enter_context(closing(sentinels_of(address, patience_seconds=patience_seconds)))
        pool = make_pool(address, sentinels, connection_class=connection_class(address), **options)
        stack.callback(pool.disconnect)
        yield redis.Redis(connection_pool=pool)
