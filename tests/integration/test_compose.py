"""docker-compose.yml, without containers: each service's own command, natively, against real servers."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from sqlalchemy import make_url, select

from newsgate.db.audit import audit
from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.db.tables import jobs
from tests.services import PostgresServer, RedisServer, free_port, running_redis, wait_until

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "worker", "trainer", "beat")
# A number of its own: the session's other tests use 0.
REDIS_DATABASE = 7
TEXTS = ["Garlic cures everything, share before they delete it", "The bridge closes for repairs on Monday"] * 20


@pytest.fixture
def environment(postgres_server: PostgresServer, redis_server: RedisServer, tmp_path: Path) -> dict[str, str]:
    """The variables of our services, with the addresses of the test's servers in place of the containers'."""
    told: dict[str, str] = SERVICES["worker"]["environment"]
    assert all(SERVICES[name]["environment"] == told for name in OURS)
    filled = {name: _filled(value, POSTGRES_PASSWORD="secret") for name, value in told.items()}
    empty = make_url(postgres_server.new_database())
    database = make_url(filled["NEWSGATE_DATABASE_URL"]).set(host=empty.host, port=empty.port, database=empty.database)
    broker = make_url(filled["NEWSGATE_BROKER_URL"]).set(
        host="127.0.0.1", port=redis_server.port, database=str(REDIS_DATABASE)
    )
    return {
        **filled,
        "NEWSGATE_DATABASE_URL": database.render_as_string(hide_password=False),
        "NEWSGATE_BROKER_URL": broker.render_as_string(hide_password=False),
        # What is installed beside this interpreter, as in the image.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }


def _filled(value: str, **given: str) -> str:
    """A value as compose makes it, where only these variables are set."""

    def found(variable: re.Match[str]) -> str:
        return given.get(variable["name"]) or variable["default"] or ""

    return re.sub(r"\$\{(?P<name>\w+):(\?[^}]*|-(?P<default>[^}]*))\}", found, value)


def run(command: list[str], environment: dict[str, str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def running(command: list[str], environment: dict[str, str], *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_services_of_the_compose_file_classify_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    migrated = run(SERVICES["migrate"]["command"], environment, cwd=tmp_path)
    assert migrated.returncode == 0, migrated.stderr

    posts = tmp_path / "posts.csv"
    with posts.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *enumerate(TEXTS)])
    database = Database(environment["NEWSGATE_DATABASE_URL"])
    log = tmp_path / "worker.log"
    with running(SERVICES["worker"]["command"], environment, log=log) as worker:
        wait_until(lambda: "ready:" in log.read_text(), what="the worker is ready", seconds=60)
        enqueued = run(["enqueue", "--wait", str(posts)], environment, cwd=tmp_path)
        assert enqueued.returncode == 0, enqueued.stderr
        assert "warning" not in enqueued.stderr
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, log.read_text()

    with database.read() as connection:
        status = batch_status(connection, int(enqueued.stdout))
        assert (status.state, status.done, status.failed) == ("done", len(TEXTS), 0)
        assert all(finding.holds for finding in audit(connection))
    database.close()


@pytest.mark.long
def test_the_trainer_of_the_compose_file_is_rung_by_its_beat(environment: dict[str, str], tmp_path: Path) -> None:
    # The trainer looks by itself once, when it starts; in the minutes after that only a ring can wake it.
    every_minute = {
        **environment,
        "NEWSGATE_RETRAIN_CRONTAB": "* * * * *",
        "NEWSGATE_TRAINING_SWEEP_SECONDS": "3600",
    }
    assert run(SERVICES["migrate"]["command"], environment, cwd=tmp_path).returncode == 0
    database = Database(environment["NEWSGATE_DATABASE_URL"])
    logs = {name: tmp_path / f"{name}.log" for name in ("trainer", "beat")}
    with (
        running(SERVICES["trainer"]["command"], every_minute, log=logs["trainer"]) as trainer,
        running(SERVICES["beat"]["command"], every_minute, log=logs["beat"]) as beat,
    ):
        wait_until(lambda: len(periods(database)) >= 2, what="the schedule rang the trainer", seconds=100)
        for process in (trainer, beat):
            process.send_signal(signal.SIGTERM)
        assert (trainer.wait(30), beat.wait(30)) == (0, 0), logs["trainer"].read_text() + logs["beat"].read_text()
    # There are no labels, so each period has its row and its reason, and nothing was trained.
    assert set(periods(database).values()) == {"skipped"}
    database.close()


def periods(database: Database) -> dict[str, str]:
    """The retrainings so far: period and state."""
    with database.read() as connection:
        return {row.period: row.state for row in connection.execute(select(jobs.c.period, jobs.c.state))}


def test_metrics_are_served_if_their_address_is_set(environment: dict[str, str], tmp_path: Path) -> None:
    assert environment["NEWSGATE_METRICS_ADDRESS"] == ""
    port = free_port()
    told: dict[str, str] = SERVICES["worker"]["environment"]
    address = _filled(told["NEWSGATE_METRICS_ADDRESS"], NEWSGATE_METRICS_ADDRESS=f"0.0.0.0:{port}")
    assert run(SERVICES["migrate"]["command"], environment, cwd=tmp_path).returncode == 0
    log = tmp_path / "worker.log"
    with running(SERVICES["worker"]["command"], environment | {"NEWSGATE_METRICS_ADDRESS": address}, log=log):
        wait_until(lambda: "ready:" in log.read_text(), what="the worker is ready", seconds=60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert b"newsgate_waiting_chunks 0.0" in answer.read()


@pytest.mark.parametrize("lock", ["server", "training"])
def test_the_images_have_what_metrics_and_the_page_need(lock: str) -> None:
    locked = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    needed = [re.split(r"[^\w-]", line)[0] for extra in ("metrics", "web", "postgres") for line in extras[extra]]
    assert [name for name in needed if not re.search(rf"^{name}(\[\w+\])?==", locked, re.MULTILINE)] == []


def test_a_worker_refuses_a_database_that_was_not_migrated(environment: dict[str, str], tmp_path: Path) -> None:
    refused = run(SERVICES["worker"]["command"], environment, cwd=tmp_path)
    assert refused.returncode == 1
    assert "newsgate migrate" in refused.stderr


def test_the_redis_of_the_compose_file_keeps_what_it_is_given() -> None:
    program, *flags = SERVICES["redis"]["command"]
    assert program == "redis-server"
    with (
        running_redis("newsgate-compose-", flags=tuple(flags)) as server,
        redis.Redis(port=server.port, decode_responses=True) as client,
    ):
        assert client.ping()
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.set("kept", "yes")
        server.kill()
        server.start()
        assert client.get("kept") == "yes"


def test_each_service_starts_after_what_it_needs() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("worker", "trainer"):
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert SERVICES["beat"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "redis"))
    assert "restart" not in SERVICES["migrate"]


def test_servers_keep_their_data_in_volumes_and_open_no_ports() -> None:
    kept = {mount.split(":")[0] for name in ("postgres", "redis") for mount in SERVICES[name]["volumes"]}
    assert kept == COMPOSE["volumes"].keys()
    assert not any("ports" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", ["worker", "trainer", "beat"])
def test_services_can_be_scaled_and_are_restarted(name: str) -> None:
    assert "container_name" not in SERVICES[name]
    assert SERVICES[name]["restart"] == "always"


def test_only_the_trainer_has_the_image_that_can_train() -> None:
    assert {name for name in OURS if SERVICES[name]["image"] != "newsgate"} == {"trainer"}
    assert SERVICES["trainer"]["build"] == {"context": ".", "args": {"LOCK": "training"}}
    assert "tensorflow==" in (ROOT / "requirements" / "training.txt").read_text(encoding="utf-8")


def test_there_is_no_default_password() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    used = re.findall(r"\$\{?POSTGRES_PASSWORD[^}\s]*", text)
    assert used
    assert all(each.startswith("${POSTGRES_PASSWORD:?") for each in used)


def test_the_image_runs_a_worker_as_a_user_of_its_own() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == 'CMD ["newsgate", "worker"]'
    assert "USER newsgate" in lines
    assert not any(line.startswith("ENTRYPOINT") for line in lines)
    assert "ARG LOCK=server" in lines
    locks = re.findall(r"--require-hashes -r (\S+)", "\n".join(lines))
    assert locks == ["requirements/${LOCK}.txt"]
    assert all((ROOT / "requirements" / f"{lock}.txt").is_file() for lock in ("server", "training"))
