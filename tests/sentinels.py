"""A Redis that is watched by real Sentinels, with passwords everywhere: two servers, and three who vote."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from newsgate.worker.embedded_redis import find_server
from tests.services import RedisServer, free_port, short_folder, wait_until

MASTER = "news"
_PASSWORD = "of-the-servers"
_SENTINEL_PASSWORD = "of-the-sentinels"
SECRETS = (_PASSWORD, _SENTINEL_PASSWORD)
_SENTINELS = 3
_FAILOVER_SECONDS = 30.0
# Half a second of silence is enough to be replaced.
_CONFIGURATION = f"""\
bind 127.0.0.1
requirepass {_SENTINEL_PASSWORD}
sentinel sentinel-pass {_SENTINEL_PASSWORD}
sentinel monitor {MASTER} 127.0.0.1 {{master}} 2
sentinel auth-pass {MASTER} {_PASSWORD}
sentinel down-after-milliseconds {MASTER} 500
sentinel failover-timeout {MASTER} 2000
"""


@dataclass
class WatchedRedis:
    """The servers, by their ports, and the Sentinels."""

    servers: dict[int, RedisServer]
    sentinels: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address as docs/deployment.md writes it; credentials once, at either end."""
        first, *others = self.sentinels
        more = "".join(f";sentinel://127.0.0.1:{port}" for port in others)
        return (
            f"sentinel://:{_PASSWORD}@127.0.0.1:{first}{more}/0"
            f"?master_name={MASTER}&sentinel_password={_SENTINEL_PASSWORD}"
        )

    @property
    def master(self) -> int:
        """The port of the server that the Sentinels call the master."""
        with self._any_sentinel() as client:
            address: Any = client.sentinel_get_master_addr_by_name(MASTER)
        return int(address[1])

    def client(self, port: int) -> redis.Redis:
        """A client of one of the servers."""
        return redis.Redis(port=port, password=_PASSWORD)

    def kill_first_sentinel(self) -> None:
        """End the Sentinel that the address names first."""
        _end(next(iter(self.sentinels.values())))

    def kill_master(self) -> None:
        """End the master, and wait until the Sentinels have made the other one master."""
        before = self.master
        self.servers[before].kill()
        wait_until(lambda: self.master != before, what="the Sentinels name another", seconds=_FAILOVER_SECONDS)
        with self.client(self.master) as client:
            wait_until(lambda: client.info("replication")["role"] == "master", what="it is the master")

    def is_ready(self) -> bool:
        """Whether the Sentinels know each other and a replica."""
        for port in self.sentinels:
            with _sentinel(port) as client:
                state: Any = client.sentinel_master(MASTER)
            if state["num-other-sentinels"] != _SENTINELS - 1 or state["num-slaves"] != 1:
                return False
        return True

    @contextmanager
    def _any_sentinel(self) -> Iterator[redis.Redis]:
        with _sentinel(next(port for port, process in self.sentinels.items() if process.poll() is None)) as client:
            yield client


@contextmanager
def watched_redis() -> Iterator[WatchedRedis]:
    """Two servers and three Sentinels for as long as the block lasts."""
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder("newsgate-sentinel-"))
        master, replica = free_port(), free_port()
        secrets = ("--requirepass", _PASSWORD, "--masterauth", _PASSWORD, "--repl-diskless-sync-delay", "0")
        servers = {
            port: RedisServer(folder / str(port), port=port, flags=(*secrets, *following))
            for port, following in ((master, ()), (replica, ("--replicaof", f"127.0.0.1 {master}")))
        }
        watched = WatchedRedis(servers)
        for server in servers.values():
            server.start(ready=False)
            stack.callback(server.stop)
        with watched.client(replica) as client:
            # A Sentinel asks the master for its replicas when it starts, and then only every ten seconds.
            wait_until(lambda: _holds(lambda: _follows(client)), what="the replica follows the master")
        for _ in range(_SENTINELS):
            port = free_port()
            watched.sentinels[port] = _start_sentinel(folder / f"sentinel-{port}", port=port, master=master)
            stack.callback(_end, watched.sentinels[port])
        wait_until(lambda: _holds(watched.is_ready), what="the Sentinels know all that is there")
        yield watched


def _start_sentinel(folder: Path, *, port: int, master: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    file = folder / "sentinel.conf"
    file.write_text(_CONFIGURATION.format(master=master) + f"port {port}\ndir {folder}\n")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([str(find_server()), str(file), "--sentinel"], stdout=log, stderr=log)


def _sentinel(port: int) -> redis.Redis:
    return redis.Redis(port=port, password=_SENTINEL_PASSWORD)


def _follows(client: redis.Redis) -> bool:
    about: Any = client.info("replication")
    return bool(about["master_link_status"] == "up")


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except redis.RedisError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)
