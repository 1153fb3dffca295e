"""A Redis transport that survives what is not a message, and connects as the broker's address says.

Whoever reaches the broker can push bytes into the queue. Kombu raises on bytes that are no JSON envelope, and Celery
takes that for the end of the world; a doorbell must not. What is no message of newsgate is discarded with a line in
the log: a chunk it may have named is still in the database, and the sweeper finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import RedisError

from newsgate.worker.broker_address import BrokerAddress
from newsgate.worker.broker_connections import (
    connection_class,
    connection_options,
    make_pool,
    require_writable,
    sentinels_of,
)
from newsgate.worker.broker_outage import OutageLog
from newsgate.worker.queue_message import NotAMessageError, envelope_of, parse_message
from newsgate.worker.queue_sieve import QueueSieve


class _ForgivingQoS(redis.QoS):
    """Acknowledges messages, but a broker that cannot hear it does not keep the work from being done."""

    def ack(self, delivery_tag: str) -> None:
        """Forget the message, here and, if possible, in the broker; what it keeps may be delivered twice."""
        try:
            super().ack(delivery_tag)
        except Exception:  # noqa: BLE001 - kombu raises whatever a channel is in for that was closed meanwhile
            virtual.QoS.ack(self, delivery_tag)


class _TolerantChannel(redis.Channel):
    """Reads one message at a time, like its base, and passes over what is none."""

    QoS = _ForgivingQoS

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """The base makes the class of connections: one that tells this channel when it is cut."""
        address = self._address
        self.connection_class = connection_class(address)
        made = super()._connparams(asynchronous)["connection_class"]  # type: ignore[misc]
        options = connection_options(address, patience_seconds=self._patience_seconds)
        return {"max_connections": self.max_connections, **options, "connection_class": made}

    def _get_pool(self, asynchronous: bool = False) -> Any:
        params = self._connparams(asynchronous)
        self.keyprefix_fanout = self.keyprefix_fanout.format(db=params["db"])
        sentinels = None
        if self._address.kind == "sentinel":
            sentinels = sentinels_of(self._address, patience_seconds=self._patience_seconds)
            # By these names the base closes them.
            setattr(self, "_async_sentinel_manager" if asynchronous else "_sentinel_manager", sentinels)
        return make_pool(self._address, sentinels, **params)

    @property
    def _address(self) -> BrokerAddress:
        address: BrokerAddress = self.connection.address  # type: ignore[attr-defined]  # the transport below
        return address

    @property
    def _patience_seconds(self) -> float:
        return float(self.connection.client.transport_options["patience_seconds"])  # type: ignore[union-attr,index]

    def _brpop_read(self, **options: Any) -> Any:
        sieve: QueueSieve = self.connection.sieve  # type: ignore[attr-defined]  # the transport below
        answered = True
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        # ValueError covers bytes that are no UTF-8 and text that is no JSON; the others an envelope of another shape.
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            sieve.refuse(error if isinstance(error, NotAMessageError) else NotAMessageError(type(error).__name__))
            raise Empty from error
        except TolerantTransport.connection_errors:
            answered = False
            raise
        finally:
            if answered:
                self.connection.outages.works()  # type: ignore[attr-defined]
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
    # The address that kombu knows is a name: the real ones are options of the transport.
    can_parse_url = True
    # Replaced by the worker's own, which can ask the database.
    sieve = QueueSieve(lambda chunks: chunks)
    # Replaced by that of a consumer.
    outages = OutageLog("")
    address: BrokerAddress

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """The broker as logs may show it."""
        return ";".join(each.display for each in self._addresses)

    def establish_connection(self) -> Any:
        """Connect to the first of the addresses that answers and takes messages."""
        fault: Exception | None = None
        for address in self._addresses:
            self.address = address
            try:
                return self._connect()
            except self.connection_errors as error:
                fault = fault or error
        assert fault is not None  # noqa: S101 - there is at least one address, and none of them returned
        raise fault

    def _connect(self) -> Any:
        try:
            channel: Any = self.create_channel(self)  # type: ignore[arg-type]  # kombu's own connections to it are it
        except BaseException:
            # The base keeps the number of a channel that could not be made, and after 65535 of them has none left.
            del self._used_channel_ids[:]  # type: ignore[attr-defined]
            raise
        try:
            with channel.conn_or_acquire() as client:
                require_writable(client)
        except BaseException:
            channel.close()
            raise
        # The next that asks for a channel gets it, as with the base.
        self._avail_channels.append(channel)  # type: ignore[attr-defined]
        return self

    @property
    def _addresses(self) -> Sequence[BrokerAddress]:
        addresses: Sequence[BrokerAddress] = self.client.transport_options["addresses"]  # type: ignore[union-attr,index]
        return addresses

    def _deliver(self, message: Any, queue: Any) -> None:
        super()._deliver(envelope_of(parse_message(message), queue=queue), queue)


def transport_with(sieve: QueueSieve, outages: OutageLog) -> type[TolerantTransport]:
    """The transport of one process, which uses its sieve, and tells its log when the queue can be read."""
    return type("SievingTransport", (TolerantTransport,), {"sieve": sieve, "outages": outages})
