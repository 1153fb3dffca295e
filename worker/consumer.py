"""Running what a queue brings, until told to stop."""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.worker import state
from celery.worker.consumer import Consumer

from newsgate.worker.broker_outage import OutageLog
from newsgate.worker.dead_output import drop_dead_output
from newsgate.worker.queue_sieve import QueueSieve
from newsgate.worker.settings import Settings
from newsgate.worker.stop_signals import on_stop_signals
from newsgate.worker.tolerant_transport import TolerantTransport, transport_with

# Between two attempts to connect. Short, for a failover is over in seconds, and an attempt costs nothing.
_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 0.1

log = logging.getLogger("newsgate.worker")


class _SilentlyStopping(Worker):  # type: ignore[misc,unused-ignore]
    """Celery's worker, but being told to stop needs no terminal.

    Celery's own handler first writes to standard output. Where nobody takes that any more, it raises in place of
    stopping.
    """

    def install_platform_tweaks(self, worker: Any) -> None:
        """Set the handlers of signals, as Celery calls for before it consumes."""
        super().install_platform_tweaks(worker)

        def stop(*_: object) -> None:
            drop_dead_output()
            signals.worker_shutting_down.send(sender=worker.hostname, sig="SIGTERM", how="Warm", exitcode=0)
            setattr(state, "should_stop", 0)  # noqa: B010 - the stubs know it as None alone

        on_stop_signals(stop)


class _PatientConsumer(Consumer):  # type: ignore[misc,unused-ignore]
    """Celery's consumer, but a broker that is of no use is asked again in peace, and its log has a line for it, once.

    Celery's own logs every attempt, with a traceback where a connection was lost, and where the server answers but
    refuses it makes dozens a second.
    """

    outages: OutageLog

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long that takes."""
        connected = conn.ensure_connection(
            lambda error, _: self.outages.failed(error),
            interval_start=_PAUSE_SECONDS,
            interval_step=0,
            callback=state.maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Note it, and wait; Celery calls this where connecting itself failed."""
        self.outages.failed(exc)
        self._pause()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Note it, and let go of the connection; Celery connects anew when this returns."""
        at_once = self.outages.lost(exc)
        with contextlib.suppress(Exception):
            self.connection.collect()  # type: ignore[union-attr,unused-ignore]
        if not at_once:
            self._pause()

    def _pause(self) -> None:
        until = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < until:
            state.maybe_shutdown()
            time.sleep(_LOOK_SECONDS)


def consume(
    app: Celery,
    settings: Settings,
    *,
    queue: str,
    name: str,
    threads: int,
    sieve: QueueSieve | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Run what the queue brings, in `threads` threads, until told to stop (SIGTERM, SIGINT); none: in this thread.

    sieve: where messages may bring nothing. on_stop: called when it is told, before what is in hand is finished.
    """
    outages = OutageLog(settings.display_broker_url)
    app.conf.broker_transport = transport_with(sieve or TolerantTransport.sieve, outages)

    def told(**_: Any) -> None:
        on_stop()

    def listening(**_: Any) -> None:
        log.info("listening: queue %s", queue)

    # It says so to root at length, at every start and restart; newsgate's own log has a line for it.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    signals.worker_shutting_down.connect(told)
    signals.worker_ready.connect(listening)
    consumer = app.subclass_with_self(_SilentlyStopping)(
        queues=[queue],
        pool="threads" if threads else "solo",
        concurrency=threads or 1,
        consumer_cls=type("LoggingConsumer", (_PatientConsumer,), {"outages": outages}),
        hostname=f"newsgate@{name}",
        loglevel=settings.library_log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    consumer.start()
    if consumer.exitcode:
        raise SystemExit(consumer.exitcode)
