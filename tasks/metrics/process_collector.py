"""What this process has done, as Prometheus reads it: counted anyway, and put into its form when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from newsgate.worker.stage_times import STAGES, Stages
from newsgate.worker.tally import (
    CHUNKS,
    NOTIFICATIONS,
    REFUSED_MESSAGES,
    ROWS,
    TAKEOVERS,
    TALLY,
    TRAININGS,
)

# Each counter with its outcomes, all of which are there from the start: a rate needs a zero to begin with.
_COUNTERS = (
    (CHUNKS, "Attempts at chunks that ended here.", ("done", "failed", "fenced", "left")),
    (ROWS, "Rows that got their verdict here.", ("done", "failed")),
    (NOTIFICATIONS, "Attempts to tell that a batch is done.", ("sent", "failed")),
    (TRAININGS, "Attempts at training.", ("done", "failed")),
)
_PLAIN_COUNTERS = (
    (REFUSED_MESSAGES, "Things in the queue that were no message of newsgate."),
    (TAKEOVERS, "Chunks whose lease ran out and that this process took over."),
)


class ProcessTally(Collector):
    """The counters of this process. stages: of a worker."""

    def __init__(self, stages: Stages | None) -> None:
        self._stages = stages

    def collect(self) -> Iterator[Metric]:
        """What was counted so far."""
        for what, meaning, outcomes in _COUNTERS:
            counter = CounterMetricFamily(f"newsgate_{what}", meaning, labels=["outcome"])
            counted = TALLY.of(what)
            for outcome in outcomes:
                counter.add_metric([outcome], counted.get(outcome, 0))
            yield counter
        for what, meaning in _PLAIN_COUNTERS:
            yield CounterMetricFamily(f"newsgate_{what}", meaning, value=sum(TALLY.of(what).values()))
        if self._stages is not None:
            spent = CounterMetricFamily("newsgate_stage_seconds", "Time by the clock in each stage.", labels=["stage"])
            seconds = self._stages.so_far()
            for stage in STAGES:
                spent.add_metric([stage], seconds[stage])
            yield spent
