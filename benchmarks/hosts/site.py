"""newsgate on hosts: the database and the broker on one, a worker on each of the others, and the desk to enqueue at."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.hosts.network import Host, Network, network_of
from benchmarks.hosts.servers import Servers, running_servers
from benchmarks.hosts.watched import Watched
from benchmarks.shared.home import Home, program
from benchmarks.shared.processes import RunningProgram, run_to_end, running, scratch_folder
from newsgate.db.session import Database

DESK: Final = "desk"
STORE: Final = "store"
WORKER_HOSTS: Final = ("one", "two")
_READY_SECONDS: Final = 120
# As `restart: always` in docker-compose.yml: a worker whose chunk took longer than its lease ends itself.
_ALWAYS: Final = """trap 'kill $!; wait; exit' TERM; while :; do "$@" & wait $!; sleep 1; done"""


@dataclass(frozen=True)
class Site(Watched):
    """What a measurement has: hosts, servers, and newsgate's own database as this process sees it."""

    network: Network
    servers: Servers
    settings: Mapping[str, str]

    @contextlib.contextmanager
    def worker(self, name: str, **variables: str) -> Iterator[RunningProgram]:
        """Keep a worker running on a host, and start it again whenever it ends; the block begins when it lives."""
        host, home = self.network.hosts[name], self._home(name)
        log = self.folder / f"{name}.log"
        before = self._workers_of(name)
        command = _named(host, ["sh", "-c", _ALWAYS, "sh", program("newsgate"), "worker"])
        with running(command, environment=home.environment | variables, folder=home.folder, log=log) as worker:
            worker.wait_until(
                lambda: self._workers_of(name) > before, what=f"the worker on {name} is ready", seconds=_READY_SECONDS
            )
            yield worker

    def enqueue(self, file: Path) -> int:
        """Enqueue a file at the desk and return its batch. Raises BenchmarkError where that fails."""
        return int(json.loads(self._run("enqueue", str(file), "--json"))["batch"])

    def pause(self, batch: int) -> None:
        """Let no worker begin a chunk of a batch."""
        self._run("newsgate", "pause", str(batch))

    def resume(self, batch: int) -> None:
        """Let workers go on with a batch."""
        self._run("newsgate", "resume", str(batch))

    def _run(self, name: str, *arguments: str) -> str:
        home = self._home(DESK)
        return run_to_end([program(name), *arguments], environment=home.environment, folder=home.folder)

    def _home(self, name: str) -> Home:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Home(folder, {**self.servers.variables, **self.settings})

    def _workers_of(self, name: str) -> int:
        # Names have the host and the process with a colon, and each worker that was ever there has its row a while.
        return self.count(f"select count(*) from workers where name like '{name}:%'")


@contextlib.contextmanager
def prepared_site(**settings: str) -> Iterator[Site]:
    """Hosts with everything but workers, for as long as the block lasts. settings: NEWSGATE_ variables everywhere."""
    with (
        scratch_folder() as folder,
        network_of(DESK, STORE, *WORKER_HOSTS) as network,
        running_servers(network.hosts[STORE]) as servers,
        contextlib.closing(Database(servers.database_url)) as database,
    ):
        yield Site(database, folder, network, servers, settings)


def _named(host: Host, command: list[str]) -> list[str]:
    # Its own name too: newsgate's workers are called after their hosts.
    return host.command(["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host.name, *command])
