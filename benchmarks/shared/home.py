"""A home of its own for a measurement, and newsgate's programs in it. Nothing of newsgate is imported for them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.processes import RunningProgram, clean_environment, run_to_end, running

if TYPE_CHECKING:
    from newsgate.worker.embedded_redis import EmbeddedRedis
    from newsgate.worker.settings import Settings


@dataclass(frozen=True)
class Home:
    """A home in `folder`, in which the programs run and log. variables: NEWSGATE_ variables beside that of the home."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What the programs see."""
        return clean_environment(NEWSGATE_HOME=str(self.folder / "home"), **self.variables)

    @cached_property
    def settings(self) -> Settings:
        """By which this process finds the database and the broker of the programs; made once, as it takes its time."""
        from newsgate.worker.settings import Settings

        return Settings(
            home=self.folder / "home",
            database_url=self.variables.get("NEWSGATE_DATABASE_URL", ""),
            broker_url=self.variables.get("NEWSGATE_BROKER_URL", ""),
        )

    def run(self, name: str, *arguments: str | Path, **variables: str) -> str:
        """Run a program to its end and return what it printed. Raises BenchmarkError where it fails."""
        return run_to_end(
            [program(name), *map(str, arguments)], environment=self.environment | variables, folder=self.folder
        )

    def running(self, name: str, *arguments: str | Path) -> AbstractContextManager[RunningProgram]:
        """Run a program for as long as the block lasts."""
        log = self.folder / f"{name}-{arguments[0]}.log" if name == "newsgate" else self.folder / f"{name}.log"
        return running([program(name), *map(str, arguments)], environment=self.environment, folder=self.folder, log=log)

    @contextlib.contextmanager
    def broker(self) -> Iterator[EmbeddedRedis]:
        """Keep the private broker running, and nothing else, for as long as the block lasts."""
        from newsgate.worker.embedded_redis import EmbeddedRedis

        broker = EmbeddedRedis(self.settings)
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


def program(name: str) -> str:
    """The path of a program installed beside the running Python."""
    return str(Path(sys.executable).parent / name)
