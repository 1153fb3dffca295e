"""Running what a queue brings, until told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.apps.worker import Worker
from celery.worker import state

from newsgate.worker.dead_output import drop_dead_output
from newsgate.worker.stop_signals import on_stop_signals

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


def consume(
    app: Celery, *, queue: str, name: str, threads: int, log_level: str, on_stop: Callable[[], None] = lambda: None
) -> None:
    """Run what the queue brings, in `threads` threads, until told to stop (SIGTERM, SIGINT); none: in this thread.

    log_level: how much Celery says. on_stop: called when it is told, before what is in hand is finished.
    """

    def told(**_: Any) -> None:
        on_stop()

    def listening(**_: Any) -> None:
        log.info("listening: queue %s", queue)

    signals.worker_shutting_down.connect(told)
    signals.worker_ready.connect(listening)
    consumer = app.subclass_with_self(_SilentlyStopping)(
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
