"""A broker that answers, and is of no use: a failover, a full memory, a lost right. The rows are classified without it.

The log has one line when that begins, one when it ends, and none between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from newsgate.tasks.inspecting.doctor.broker import look_at_broker
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import load_settings
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site, stopwatch
from tests.services import RedisServer, free_port, running_redis, short_folder, wait_until
from tests.texts import write_posts

_ROWS = 60
# As a Redis writes it into its append-only file.
_SET = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
_STOP_SECONDS = 5.0


@contextmanager
def _configured(server: RedisServer, **changed: str) -> Iterator[None]:
    with redis.Redis(port=server.port) as client:
        names = {name.replace("_", "-"): value for name, value in changed.items()}
        before = {name: client.config_get(name)[name] for name in names}
        for name, value in names.items():
            client.config_set(name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@contextmanager
def _replica(server: RedisServer) -> Iterator[None]:
    with redis.Redis(port=server.port) as client:
        client.replicaof("127.0.0.1", str(free_port()))
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@contextmanager
def _replica_without_master(server: RedisServer) -> Iterator[None]:
    with _configured(server, replica_serve_stale_data="no"), _replica(server):
        yield


@contextmanager
def _without_disk(server: RedisServer) -> Iterator[None]:
    """A snapshot that failed: from then on writes are refused."""
    with redis.Redis(port=server.port) as client, _configured(server, save="3600 1"):
        snapshot = server.folder / "dump.rdb"
        snapshot.unlink(missing_ok=True)
        snapshot.mkdir()
        client.bgsave()
        wait_until(lambda: client.info()["rdb_last_bgsave_status"] == "err", what="the snapshot has failed")
        try:
            yield
        finally:
            snapshot.rmdir()
            client.bgsave()
            wait_until(lambda: client.info()["rdb_last_bgsave_status"] == "ok", what="a snapshot is made")


@contextmanager
def _allowed(server: RedisServer, *rules: str) -> Iterator[None]:
    with redis.Redis(port=server.port, username="keeper", password="x") as client:
        client.execute_command("ACL", "SETUSER", "default", *rules)
        try:
            yield
        finally:
            client.execute_command("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")


State = Callable[[RedisServer], AbstractContextManager[None]]
STATES: dict[str, State] = {
    "it is a read-only replica (READONLY)": _replica,
    "it is a replica, and its master is away (MASTERDOWN)": _replica_without_master,
    "it has too few replicas to take a message (NOREPLICAS)": lambda server: _configured(
        server, min_replicas_to_write="1"
    ),
    "its memory is full (OOM)": lambda server: _configured(server, maxmemory="1"),
    "it cannot write to its disk (MISCONF)": _without_disk,
    "it wants a password (NOAUTH)": lambda server: _allowed(server, "resetpass", ">secret"),
    "this user may not do what newsgate needs (NOPERM)": lambda server: _allowed(server, "-@write"),
    "Connection refused": RedisServer.away,
}
# Those a worker meets in different places: when it connects, at a read, at a write, when it logs in.
_ONE_AFTER_THE_OTHER = (
    "Connection refused",
    "it is a read-only replica (READONLY)",
    "its memory is full (OOM)",
    "it wants a password (NOAUTH)",
)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    flags = ("--appendonly", "no", "--maxmemory-policy", "noeviction", "--user", "keeper", "on", ">x", "+@all")
    with running_redis("newsgate-states-", flags=flags) as made:
        yield made


@pytest.mark.parametrize("words", STATES)
def test_whoever_rings_or_looks_is_told_that(words: str, server: RedisServer) -> None:
    settings = load_settings(broker_url=server.url)
    with STATES[words](server):
        bell = Doorbell(settings)
        bell.ring([1])
        checks = list(look_at_broker(settings))
    assert words in str(bell.fault)
    assert [check.state for check in checks] == ["FAILED"]
    assert words in checks[0].detail
    bell = Doorbell(settings)
    bell.ring([1])
    assert bell.fault is None
    bell.close()


def test_whoever_looks_is_told_that_a_broker_is_still_loading(tmp_path: Path) -> None:
    with short_folder("newsgate-loading-") as folder:
        (folder / "appendonly.aof").write_bytes(_SET * 20_000)
        server = RedisServer(folder, flags=("--appendonly", "yes", "--key-load-delay", "100"))
        server.start(ready=False)
        wait_until(lambda: "(LOADING)" in _looked_at(server), what="it says that it is loading")
        server.kill()


def test_whoever_looks_is_told_that_a_broker_is_a_cluster() -> None:
    # Without a port for its bus it takes one that may be none.
    flags = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with running_redis("newsgate-cluster-", flags=flags) as server:
        assert "takes no messages: it belongs to a cluster, which is down (CLUSTERDOWN)" in _looked_at(server)
        with redis.Redis(port=server.port) as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        cannot = "takes no messages: it belongs to a cluster, which newsgate cannot use"
        wait_until(lambda: cannot in _looked_at(server), what="the cluster is up, and still of no use")


def _looked_at(server: RedisServer) -> str:
    return " ".join(check.detail for check in look_at_broker(load_settings(broker_url=server.url)))


def test_a_broker_that_fails_over_and_over_costs_one_line_for_each_reason(
    new_site: MakeSite, server: RedisServer, tmp_path: Path
) -> None:
    site = new_site(broker_url=server.url, extra={"NEWSGATE_CHUNK_ROWS": "20"})
    with site.started("worker") as worker:
        site.wait_for_words("listening:", "worker")
        batches = []
        with ExitStack() as before:
            for words in _ONE_AFTER_THE_OTHER:
                if words == "it is a read-only replica (READONLY)":
                    before.close()
                with ExitStack() as entered:
                    entered.enter_context(STATES[words](server))
                    # Each begins before the last one ends, so that the worker meets no sound broker between.
                    before.close()
                    before.push(entered.pop_all())
                site.wait_for_words(words, "worker")
                if words == "it is a read-only replica (READONLY)":
                    batches.append(site.enqueue(write_posts(tmp_path / "meanwhile.csv", _ROWS, seed=1)))
                    site.wait_for(batches[-1])
        site.wait_for_words("works again", "worker")
        batches.append(site.enqueue(write_posts(tmp_path / "after.csv", _ROWS, seed=100)))
        site.wait_for(batches[-1])
        with _replica(server):
            site.wait_for_words("(READONLY)", "worker", times=2)
            with stopwatch() as taken:
                worker.terminate()
                assert worker.wait(30) == 0
    assert taken[0] < _STOP_SECONDS
    for batch in batches:
        site.assert_whole(batch, rows=_ROWS)
    _assert_told_once(site)


def _assert_told_once(site: Site) -> None:
    lines = site.log("worker").read_text().splitlines()
    assert [line for line in lines if "Traceback" in line or line.startswith(" ")] == []
    about = [line for line in lines if "broker" in line]
    counts = {words: sum(words in line for line in about) for words in (*_ONE_AFTER_THE_OTHER, "works again")}
    again = "it is a read-only replica (READONLY)"
    assert {words: count for words, count in counts.items() if count != 1 + (words == again)} == {}
    assert len(about) == len(_ONE_AFTER_THE_OTHER) + 2
