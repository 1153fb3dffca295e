"""The address at which Prometheus finds a process: each process of a host has a port of its own."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from newsgate import __version__
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command
from newsgate.worker.metrics_address import parse_metrics_address
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.stage_times import Stages

log = logging.getLogger("newsgate.metrics")

# How many processes of a host can have a port each, from the one that the setting names.
PORTS: Final = 100


class MetricsUnavailableError(NewsgateError):
    """Metrics are asked for, and cannot be served."""


@contextmanager
def serving_metrics(
    settings: Settings, database: Database, *, part: str, stages: Stages | None = None, with_drift: bool = False
) -> Iterator[None]:
    """Serve metrics for as long as the block lasts, if the settings name an address.

    part: `worker`, `trainer` or `up`. stages: those of a worker. with_drift: for a process that classifies nothing.
    Raises MetricsUnavailableError where the library is not there or no port is free.
    """
    if not settings.metrics_address:
        yield
        return
    try:
        from prometheus_client import CollectorRegistry, Info, PlatformCollector, ProcessCollector, start_http_server
    except ImportError as error:
        raise MetricsUnavailableError(
            "metrics need a library that is not installed", remedy=f"Run: {install_command('metrics')}"
        ) from error
    from newsgate.tasks.metrics.process_collector import ProcessTally
    from newsgate.tasks.metrics.system_collector import SystemCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    Info("newsgate", "What serves these metrics.", registry=registry).info({"version": __version__, "part": part})
    registry.register(ProcessTally(stages))
    registry.register(SystemCollector(database, settings, with_drift=with_drift))
    host, first = parse_metrics_address(settings.metrics_address)
    for port in range(first, min(first + PORTS, 65536)):
        try:
            server, thread = start_http_server(port, addr=host, registry=registry)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise MetricsUnavailableError(
                    f"metrics cannot be served at {host}:{port}: {error.strerror}",
                    remedy="Correct NEWSGATE_METRICS_ADDRESS",
                ) from error
    else:
        raise MetricsUnavailableError(
            f"none of the ports {first} to {first + PORTS - 1} is free", remedy="Set NEWSGATE_METRICS_ADDRESS to others"
        )
    log.info("metrics at http://%s:%d/metrics", f"[{host}]" if ":" in host else host, port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
