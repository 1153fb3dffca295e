"""Where the system stands, as Prometheus reads it: from the database, so every process tells the same.

It is looked at when somebody asks, and at most every few seconds. A query takes the highest over the processes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from newsgate.db.errors import DatabaseError, DatabaseUnavailableError
from newsgate.db.session import Database
from newsgate.db.system_figures import SystemFigures, system_figures
from newsgate.tasks.inspecting.drift import find_drift
from newsgate.tasks.retraining.retrain import new_labels
from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.metrics")

_KEPT_SECONDS: Final = 5.0
_DRIFT_KEPT_SECONDS: Final = 300.0


class SystemCollector(Collector):
    """The gauges of the system. with_drift: also compare the latest day with the training, every five minutes."""

    def __init__(self, database: Database, settings: Settings, *, with_drift: bool) -> None:
        self._database = database
        self._settings = settings
        self._with_drift = with_drift
        self._lock = threading.Lock()
        self._system: tuple[float, list[Metric]] = (-_KEPT_SECONDS, [])
        self._drift: tuple[float, list[Metric]] = (-_DRIFT_KEPT_SECONDS, [])

    def describe(self) -> list[Metric]:
        """Nothing: the registry must not ask the database when this process starts."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the database tells, or that it does not answer."""
        with self._lock:
            try:
                found = [*self._system_metrics(), *self._drift_metrics(), _gauge("database_up", _UP, 1)]
            except DatabaseUnavailableError as error:
                log.debug("%s", error)
                found = [_gauge("database_up", _UP, 0)]
            except DatabaseError as error:
                # It answers, and what it holds cannot be read, such as the metadata of a model.
                log.warning("%s", error)
                found = [_gauge("database_up", _UP, 1)]
        yield from found

    def _system_metrics(self) -> list[Metric]:
        at, kept = self._system
        if time.monotonic() - at >= _KEPT_SECONDS:
            with self._database.read() as connection:
                kept = list(_gauges(system_figures(connection), new_labels(connection)))
            self._system = (time.monotonic(), kept)
        return kept

    def _drift_metrics(self) -> list[Metric]:
        at, kept = self._drift
        if self._with_drift and time.monotonic() - at >= _DRIFT_KEPT_SECONDS:
            kept = list(_drift_gauges(self._database))
            self._drift = (time.monotonic(), kept)
        return kept


_UP: Final = "Whether the database answers."


def _gauges(figures: SystemFigures, new: int) -> Iterator[Metric]:
    yield _gauge("waiting_chunks", "Chunks that wait for a worker.", figures.waiting_chunks)
    yield _gauge("waiting_rows", "Rows that wait for a worker.", figures.waiting_rows)
    yield _gauge("oldest_wait_seconds", "Since when the chunk waits that waits longest.", figures.oldest_wait_seconds)
    yield _gauge("running_chunks", "Chunks that are worked on.", figures.running_chunks)
    yield _gauge("lapsed_chunks", "Chunks whose lease ran out, and nobody took them over.", figures.lapsed_chunks)
    yield _gauge("failed_rows", "Rows whose verdict is an error, in all runs.", figures.failed_rows)
    runs = GaugeMetricFamily("newsgate_runs", "Runs under way.", labels=["state"])
    for state, count in figures.runs.items():
        runs.add_metric([state], count)
    yield runs
    workers = GaugeMetricFamily("newsgate_workers", "Workers and trainers.", labels=["kind", "state"])
    for (kind, silent), count in figures.workers.items():
        workers.add_metric([kind, "silent" if silent else "live"], count)
    yield workers
    yield _gauge("champion_model", "The number of the champion; 0 where there is none.", figures.champion or 0)
    yield _gauge("labels", "Judgements stored.", figures.labels)
    yield _gauge("labels_waiting", "Judgements since the last training.", new)
    yield _gauge("training_failed", "Whether the latest training failed, or its trainer died.", figures.training_failed)
    yield _gauge("notifications_owed", "Ends of batches that are still to be told.", figures.owed_notifications)


def _drift_gauges(database: Database) -> Iterator[Metric]:
    p_values = GaugeMetricFamily(
        "newsgate_drift_p_value", "How well chance explains the latest day, corrected.", labels=["model"]
    )
    told = set()
    for day in find_drift(database, days=2):
        if day.model not in told and day.p_value is not None:
            told.add(day.model)
            p_values.add_metric([str(day.model)], day.p_value)
    yield p_values


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"newsgate_{name}", meaning, value=value)
