"""Every benchmark: what it is called, which file it is, how long it takes, and where its figures go."""

from __future__ import annotations

import ast
import importlib
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol, cast

from benchmarks.shared.page import Found
from benchmarks.shared.processes import ROOT


class Program(Protocol):
    """The file of a benchmark. One with options of its own, beside `--write`, has `add_options(parser)` too."""

    __doc__: str | None

    def run(self, options: Namespace) -> Iterable[Found] | None:
        """Yield what was found, as soon as it is; None where the benchmark writes its figures itself."""
        ...


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark.

    name: what follows `python -m benchmarks`. file: within `benchmarks`. takes: on two cores, with no options given.
    fills: where its figures stand. has_write: whether `--write` puts them there; otherwise it does so by itself.
    """

    name: str
    file: str
    takes: str
    fills: str
    has_write: bool = True

    @property
    def room(self) -> str:
        """The folder it stands in."""
        return self.file.partition("/")[0]

    @property
    def question(self) -> str:
        """What it answers: its file begins with it, and is not imported for that."""
        source = (ROOT / "benchmarks" / self.file).read_text(encoding="utf-8")
        return "".join((ast.get_docstring(ast.parse(source)) or "").partition("?")[:2])

    def load(self) -> Program:
        """Import its file, and with it what it measures."""
        module = self.file.removesuffix(".py").replace("/", ".")
        return cast("Program", importlib.import_module(f"benchmarks.{module}"))


_PERFORMANCE: Final = "docs/performance.md"
_RATES: Final = "benchmarks/results/rates.json"

BENCHMARKS: Final = (
    Benchmark(name="pipeline", file="pipeline/comparison.py", takes="10 min", fills=_PERFORMANCE),
    Benchmark(name="check", file="pipeline/check.py", takes="5 min", fills="nothing", has_write=False),
    Benchmark(name="gpu", file="pipeline/gpu.py", takes="20 min", fills=_PERFORMANCE),
    Benchmark(name="workers", file="pipeline/workers.py", takes="3 min", fills=_PERFORMANCE),
    Benchmark(name="fair_share", file="pipeline/fair_share.py", takes="10 min", fills=_PERFORMANCE),
    Benchmark(name="metrics_cost", file="pipeline/metrics_cost.py", takes="2 min", fills="docs/metrics.md"),
    Benchmark(name="stages", file="pipeline/stages.py", takes="1 min", fills=_PERFORMANCE),
    Benchmark(name="storing", file="pipeline/storing.py", takes="2 min", fills=_PERFORMANCE),
    Benchmark(name="int8", file="pipeline/whole_numbers.py", takes="1 min", fills=_PERFORMANCE),
    Benchmark(name="pooler", file="pipeline/pooler.py", takes="1 min", fills=_PERFORMANCE),
    Benchmark(name="chunk_rows", file="pipeline/chunk_rows.py", takes="1 min", fills=_PERFORMANCE),
    Benchmark(name="answering", file="answering/every_part.py", takes="8 min", fills=_PERFORMANCE),
    Benchmark(name="starts", file="answering/starts.py", takes="2 min", fills=_PERFORMANCE),
    Benchmark(name="loaded_modules", file="answering/loaded_modules.py", takes="10 s", fills=_PERFORMANCE),
    Benchmark(name="web_verdicts", file="answering/web_verdicts.py", takes="4 min", fills=_PERFORMANCE),
    Benchmark(name="web_watchers", file="answering/web_watchers.py", takes="3 min", fills=_PERFORMANCE),
    Benchmark(name="exports", file="answering/exports.py", takes="3 min", fills=_PERFORMANCE),
    Benchmark(name="sizes", file="scale/sizes.py", takes="3 min", fills=_PERFORMANCE),
    Benchmark(name="growth", file="scale/growth.py", takes="30 s", fills="docs/guarantees.md"),
    Benchmark(name="partitions", file="scale/partitions.py", takes="10 min", fills="docs/scale.md"),
    Benchmark(name="table_settings", file="scale/table_settings.py", takes="5 min", fills="docs/scale.md"),
    Benchmark(name="simulate", file="scale/simulate.py", takes="30 s", fills="docs/scale.md"),
    Benchmark(name="sizing", file="scale/sizing.py", takes="1 s", fills="docs/operations.md"),
    Benchmark(name="rates", file="scale/rates.py", takes="1 s", fills=_RATES, has_write=False),
    Benchmark(name="database_costs", file="scale/database_costs.py", takes="3 min", fills=_RATES, has_write=False),
    Benchmark(name="program_costs", file="scale/program_costs.py", takes="30 s", fills=_RATES, has_write=False),
    Benchmark(name="soak", file="faults/soak.py", takes="15 min", fills="docs/guarantees.md"),
    Benchmark(name="month", file="faults/month.py", takes="45 min", fills="docs/guarantees.md"),
    Benchmark(name="hosts", file="hosts/faults.py", takes="6 min", fills="docs/hosts.md"),
    Benchmark(name="failover", file="hosts/failover.py", takes="6 min", fills="docs/hosts.md"),
    Benchmark(name="distance", file="hosts/distance.py", takes="6 min", fills="docs/hosts.md"),
    Benchmark(name="accuracy", file="accuracy/comparison.py", takes="hours", fills="docs/accuracy.md", has_write=False),
    Benchmark(name="left_out_topics", file="accuracy/left_out_topics.py", takes="a day", fills="docs/accuracy.md"),
    Benchmark(name="few_labels", file="accuracy/few_labels.py", takes="hours", fills="docs/accuracy.md"),
    Benchmark(name="pooled_starter", file="accuracy/pooled_starter.py", takes="8 min", fills="docs/model-card.md"),
    Benchmark(name="teacher_speed", file="accuracy/teacher_speed.py", takes="1 min", fills="docs/accuracy.md"),
    Benchmark(name="abstention", file="accuracy/abstention.py", takes="15 s", fills="docs/abstaining.md"),
    Benchmark(name="promises", file="accuracy/promises.py", takes="20 min", fills="docs/familiarity.md"),
    Benchmark(name="unlabelled", file="accuracy/unlabelled.py", takes="hours", fills="docs/training.md"),
    Benchmark(name="nights", file="retraining/nights.py", takes="15 min", fills="docs/retraining.md"),
    Benchmark(name="promotion_power", file="retraining/promotion_power.py", takes="1 min", fills="docs/retraining.md"),
    Benchmark(
        name="training_beside_serving",
        file="retraining/training_beside_serving.py",
        takes="2 min",
        fills=_PERFORMANCE,
    ),
    Benchmark(name="training_time", file="retraining/training_time.py", takes="15 min", fills="docs/training.md"),
    Benchmark(name="long_term", file="lstm/long_term.py", takes="3 min", fills="docs/lstm.md"),
    Benchmark(name="context_change", file="lstm/context_change.py", takes="1 min", fills="docs/lstm.md"),
    Benchmark(
        name="consoles", file="shared/console_blocks.py", takes="1 min", fills="the pages named", has_write=False
    ),
)
