"""Options behind the `?` of a broker's address: with each of them whoever rings, reads or looks reaches the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis

from newsgate.tasks.inspecting.doctor.broker import look_at_broker
from newsgate.worker.celery import make_app
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.embedded_redis import EmbeddedRedis
from newsgate.worker.queue_names import CLASSIFY_QUEUE
from newsgate.worker.settings import Settings, load_settings
from tests.programs import World
from tests.proxies import TlsFront
from tests.services import RedisServer, running_redis, short_folder, wait_until
from tests.texts import write_posts

_USER = ("--user", "ann", "on", ">p@ss", "~*", "&*", "+@all")


@dataclass(frozen=True)
class Doors:
    """One server and the ways in: its TCP port, its Unix socket, a port that speaks TLS."""

    server: RedisServer
    socket: Path
    tls: TlsFront

    def address(self, template: str) -> str:
        """An address with the places of these doors in it."""
        places = {"tcp": f"127.0.0.1:{self.server.port}", "socket": self.socket}
        return template.format(**places, tls=f"localhost:{self.tls.port}", ca=self.tls.certificate)


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    with short_folder("newsgate-doors-") as folder:
        socket = folder / "redis.sock"
        flags = ("--appendonly", "no", "--maxmemory-policy", "noeviction", "--unixsocket", str(socket), *_USER)
        with running_redis("newsgate-options-", flags=flags) as server, TlsFront(server.port, folder=folder) as tls:
            yield Doors(server, socket, tls)


@pytest.mark.parametrize(
    ("template", "database"),
    [
        ("redis://{tcp}/0?socket_timeout=5", 0),
        ("redis://{tcp}?socket_connect_timeout=5&socket_keepalive=yes&socket_read_size=4096", 0),
        ("redis://{tcp}/2?health_check_interval=7", 2),
        ("redis://{tcp}/0?health_check_interval=0", 0),
        ("redis://{tcp}?db=3&protocol=2", 3),
        ("redis://{tcp}/0?protocol=3", 0),
        ("redis://{tcp}/0?username=ann&password=p%40ss", 0),
        ("redis://{tcp}/0?client_name=news&max_connections=1", 0),
        ("redis://{tcp}/0?retry_on_timeout=True", 0),
        ("valkey://ann:p%40ss@{tcp}/1", 1),
        ("redis+socket://{socket}?virtual_host=4", 4),
        ("redis+socket://{socket}?socket_timeout=5&health_check_interval=7", 0),
        ("unix://ann@{socket}?db=5&password=p%40ss&client_name=news&protocol=2", 5),
        ("rediss://{tls}/6?ssl_ca_certs={ca}&ssl_check_hostname=yes&ssl_min_version=771&socket_timeout=5", 6),
        ("rediss://{tls}/6?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={ca}&health_check_interval=7", 6),
        ("redis://127.0.0.1:1/0?socket_timeout=5;redis://{tcp}/7?socket_timeout=6", 7),
    ],
)
def test_a_server_is_reached_with(template: str, database: int, doors: Doors) -> None:
    with redis.Redis(port=doors.server.port, db=database) as client:
        _assert_reached(load_settings(broker_url=doors.address(template)), client)


def test_the_private_broker_is_reached() -> None:
    with short_folder("newsgate-private-") as folder:
        settings = load_settings(home=folder / "home")
        broker = EmbeddedRedis(settings)
        broker.start()
        try:
            with redis.Redis(unix_socket_path=str(settings.broker_socket)) as client:
                _assert_reached(settings, client)
        finally:
            broker.stop()


def _assert_reached(settings: Settings, client: redis.Redis) -> None:
    """Ring, read and look; the client is one of the test's own, at the same place."""
    client.delete(CLASSIFY_QUEUE)
    bell = Doorbell(settings)
    bell.ring([1])
    assert (bell.fault, client.llen(CLASSIFY_QUEUE)) == (None, 1)
    bell.close()

    with make_app(settings).connection_for_read() as connection:
        channel: Any = connection.default_channel
        channel.queue_declare(CLASSIFY_QUEUE)
        assert channel.basic_get(CLASSIFY_QUEUE) is not None
        assert client.llen(CLASSIFY_QUEUE) == 0
    assert [check.state for check in look_at_broker(settings)][-2:] == ["ok", "ok"]


def test_a_worker_connects_as_the_address_says(alone: World, doors: Doors, tmp_path: Path) -> None:
    options = "username=ann&password=p%40ss&client_name=reader&protocol=2&socket_timeout=3"
    address = doors.address(f"redis://{{tcp}}/8?{options}")
    # The sweeper keeps away, so that what is done was brought by the broker.
    world = replace(alone, extra={"NEWSGATE_BROKER_URL": address, "NEWSGATE_LOST_AFTER_SECONDS": "600"})
    with world.started("worker"), redis.Redis(port=doors.server.port) as client:
        wait_until(lambda: "reader" in {each["name"] for each in client.client_list()}, what="the worker is connected")
        world.enqueue(write_posts(tmp_path / "posts.csv", 50))
        assert world.wait_for(1).done == 50
        found = {(each["user"], each["db"], each["resp"]) for each in client.client_list() if each["name"] == "reader"}
    assert found == {("ann", "8", "2")}
    world.assert_sound()


@pytest.mark.parametrize("program", ["worker", "up", "beat", "trainer", "doctor", "enqueue", "classify"])
def test_an_option_that_cannot_be_is_refused_before_anything_starts(
    program: str, alone: World, doors: Doors, tmp_path: Path
) -> None:
    address = doors.address("redis://{tcp}/0?socket_timeout=soon")
    world = replace(alone, extra={"NEWSGATE_BROKER_URL": address})
    file = write_posts(tmp_path / "posts.csv", 10)
    files = [file] if program in ("enqueue", "classify") else []
    done = world.run(program, *files) if program == "enqueue" else world.run("newsgate", program, *files)
    told = done.out if program == "doctor" else done.err
    lines = [line for line in told.splitlines() if "NEWSGATE_BROKER_URL" in line]
    assert done.code == (1 if program == "doctor" else 2)
    assert len(lines) == 1
    assert "its option socket_timeout must be seconds" in lines[0]
    assert world.figure("select count(*) from batches") == 0
