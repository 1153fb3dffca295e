"""docker-compose.yml, without containers: each service's own command, natively, against real servers."""

from __future__ import annotations

import csv
import json
import re
import signal
import ssl
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import psycopg
import pytest
import redis
import yaml
from jsonschema import Draft7Validator
from sqlalchemy import select

from newsgate.db.audit import audit
from newsgate.db.batch_status import batch_status
from newsgate.db.labels import add_labels
from newsgate.db.model_registry import champion_number
from newsgate.db.session import Database
from newsgate.db.upkeep_tables import jobs
from newsgate.worker.settings import SETTINGS
from tests.acceptance.test_retraining import QUICK
from tests.compose import (
    COMPOSE,
    OURS,
    ROOT,
    SERVICES,
    Place,
    answers,
    client_of,
    make_secrets,
    running_redis,
)
from tests.labelled import labelled_posts
from tests.pgbouncer import pgbouncer_program
from tests.services import PostgresServer, free_port, short_folder, wait_until

TEXTS = ["Garlic cures everything, share before they delete it", "The bridge closes for repairs on Monday"] * 20
SERVERS = ("postgres", "redis", "redis-replica", "sentinel", "pgbouncer")
OTHERS = ("prometheus", "grafana", "flower")


@pytest.fixture
def place(postgres_server: PostgresServer) -> Iterator[Place]:
    """A place with an empty database and a Redis, both with the passwords of the secrets."""
    with short_folder("newsgate-compose-") as folder:
        place = Place(folder, folder / "secrets")
        make_secrets(place.secrets)
        with running_redis(folder, place.secrets) as server:
            place.point_at(database=postgres_server.new_database(), redis_port=server.port)
            yield place


@pytest.mark.long
@pytest.mark.timeout(450)
def test_the_services_of_the_compose_file_classify_label_retrain_and_promote(place: Place) -> None:
    migrated = place.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    database = Database(place.database_url)
    # The trainer looks by itself once, when it starts; in the hour after that only a ring can wake it.
    training = {
        "NEWSGATE_RETRAIN_CRONTAB": "* * * * *",
        "NEWSGATE_TRAINING_SWEEP_SECONDS": "3600",
        "NEWSGATE_RETRAIN_RECIPE": QUICK["NEWSGATE_RETRAIN_RECIPE"],
    }
    page, metrics = free_port(), free_port()
    with ExitStack() as stack:
        processes = {
            "worker": stack.enter_context(place.running("worker", NEWSGATE_METRICS_ADDRESS=f"0.0.0.0:{metrics}")),
            "trainer": stack.enter_context(place.running("trainer", **training)),
            "web": stack.enter_context(place.running("web", NEWSGATE_WEB_PORT=str(page))),
        }
        wait_until(lambda: "ready:" in place.log("worker"), what="the worker is ready", seconds=120)
        batch = _classify(place)
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=30) as answer:
            assert b"newsgate_waiting_chunks 0.0" in answer.read()
        wait_until(lambda: bool(periods(database)), what="the trainer has looked by itself", seconds=120)
        assert set(periods(database).values()) == {"skipped"}
        _label(place, database)
        processes["beat"] = stack.enter_context(place.running("beat", **training))
        wait_until(lambda: _shows_a_page(place, page), what="the page is served", seconds=120)
        for service in processes:
            wait_until(partial(place.is_healthy, service), what=f"{service} is healthy", seconds=120)
        wait_until(lambda: "done" in periods(database).values(), what="a model was trained at a ring", seconds=300)
        with database.read() as connection:
            assert champion_number(connection) == 2
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        ended = {service: process.wait(30) for service, process in processes.items()}
        assert ended == dict.fromkeys(processes, 0), {name: place.log(name) for name in processes}

    back = place.run("worker", "newsgate", "promote", "1", "--reason", "complaints")
    assert back.returncode == 0, back.stderr
    with database.read() as connection:
        status = batch_status(connection, batch)
        assert (status.state, status.done, status.failed) == ("done", len(TEXTS), 0)
        assert champion_number(connection) == 1
        assert all(finding.holds for finding in audit(connection))
    database.close()


def _classify(place: Place) -> int:
    posts = place.folder / "posts.csv"
    with posts.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *enumerate(TEXTS)])
    enqueued = place.run("worker", "enqueue", "--wait", str(posts))
    assert enqueued.returncode == 0, enqueued.stderr
    assert "warning" not in enqueued.stderr
    return int(enqueued.stdout)


def _label(place: Place, database: Database) -> None:
    labelled = place.run("worker", "newsgate", "label", "1", "fake")
    assert labelled.returncode == 0, labelled.stderr
    with database.write() as connection:
        add_labels(connection, labelled_posts(1500, seed=1), labelled_by="ann", chosen="direct")
        add_labels(connection, labelled_posts(500, seed=2), labelled_by="ann", chosen="test")


def _shows_a_page(place: Place, port: int) -> bool:
    trusting = ssl.create_default_context(cafile=str(place.secrets / "web_certificate"))
    try:
        with urllib.request.urlopen(f"https://localhost:{port}/sign-in", context=trusting, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def periods(database: Database) -> dict[str, str]:
    """The retrainings so far: period and state."""
    with database.read() as connection:
        return {row.period: row.state for row in connection.execute(select(jobs.c.period, jobs.c.state))}


def test_a_worker_refuses_a_database_that_was_not_migrated_and_is_not_healthy(place: Place) -> None:
    refused = place.run("worker")
    assert refused.returncode == 1
    assert "newsgate migrate" in refused.stderr
    assert not place.is_healthy("worker")


def test_the_redis_of_the_compose_file_keeps_what_it_is_given_and_knows_only_its_users() -> None:
    with short_folder("newsgate-compose-") as folder:
        make_secrets(folder / "secrets")
        with (
            running_redis(folder, folder / "secrets") as server,
            client_of(server, folder / "secrets") as client,
            redis.Redis(port=server.port) as stranger,
            redis.Redis(port=server.port, username="health", password="health") as probe,
            client_of(server, folder / "secrets", "replica") as replica,
        ):
            # What newsgate's own user may not ask either.
            info = client.info("persistence") | client.info("memory")
            assert (info["aof_enabled"], info["maxmemory_policy"]) == (1, "noeviction")
            client.set("newsgate.kept", "yes")
            server.kill()
            server.start(ready=False)
            wait_until(lambda: answers(client), what="Redis answers again")
            assert client.get("newsgate.kept") == "yes"
            assert probe.ping()
            for refused, command in ((stranger, "PING"), (probe, "GET newsgate.kept"), (replica, "GET newsgate.kept")):
                with pytest.raises(redis.RedisError):
                    refused.execute_command(*command.split())


def test_pgbouncer_lets_in_who_has_the_password(postgres_server: PostgresServer) -> None:
    with short_folder("newsgate-compose-") as folder:
        make_secrets(folder / "secrets")
        folder.joinpath("secrets").chmod(0o755)
        port = free_port()
        told = (ROOT / "deploy" / "compose" / "pgbouncer.ini").read_text(encoding="utf-8")
        database = postgres_server.new_database().rpartition("/")[2]
        for old, new in {
            "host=postgres port=5432 dbname=newsgate": f"host=127.0.0.1 port={postgres_server.port} dbname={database}",
            "listen_addr = *": "listen_addr = 127.0.0.1",
            "listen_port = 6432": f"listen_port = {port}",
            "/run/secrets": str(folder / "secrets"),
        }.items():
            assert told.count(old) == 1
            told = told.replace(old, new)
        (folder / "pgbouncer.ini").write_text(told, encoding="utf-8")
        password = (folder / "secrets" / "postgres_password").read_text().strip()
        address = f"host=127.0.0.1 port={port} dbname=newsgate user=newsgate"
        with pgbouncer_program(folder / "pgbouncer.ini", port=port), psycopg.connect(address, password=password) as one:
            assert one.execute("select current_database()").fetchone() == (database,)
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(address, password="wrong")


def test_the_file_is_valid_by_the_schema_of_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    assert [error.message for error in Draft7Validator(schema).iter_errors(COMPOSE)] == []
    # That it would notice is part of what is tested.
    assert list(Draft7Validator(schema).iter_errors({"services": {"worker": {"comand": ["newsgate"]}}}))


def test_each_service_starts_after_what_it_needs() -> None:
    pooled = {"pgbouncer": {"condition": "service_healthy", "required": False}}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}, **pooled}
    for name in ("worker", "trainer", "web"):
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert SERVICES["beat"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert all("healthcheck" in SERVICES[name] for name in SERVERS)
    assert "restart" not in SERVICES["migrate"]


def test_a_database_that_reads_its_log_after_a_power_cut_is_waited_for() -> None:
    # One that is unhealthy ends `docker compose up`, and `migrate` is not started a second time.
    assert SERVICES["postgres"]["healthcheck"]["start_period"] == "600s"


def test_what_must_be_kept_is_in_volumes_and_only_profiles_open_ports_on_this_machine_alone() -> None:
    mounts = [mount.split(":") for each in SERVICES.values() for mount in each.get("volumes", ())]
    assert {source for source, *_ in mounts if not source.startswith("./")} == COMPOSE["volumes"].keys()
    files = [mount for mount in mounts if mount[0].startswith("./")]
    assert all((ROOT / source).is_file() and mode == ["ro"] for source, _, *mode in files)
    for service in SERVICES.values():
        assert "profiles" in service or "ports" not in service
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_without_a_profile_it_is_what_the_main_job_needs() -> None:
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {"postgres", "redis", "migrate", "worker", "trainer", "beat"}
    profiles = {each for service in SERVICES.values() for each in service.get("profiles", ())}
    assert profiles == {"web", "monitoring", "flower", "pgbouncer", "sentinel"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert "privileged" not in service


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_services_can_be_scaled_and_are_restarted(name: str) -> None:
    assert "container_name" not in SERVICES[name]
    assert SERVICES[name]["restart"] == "always"


@pytest.mark.parametrize("name", [*SERVERS, *OTHERS])
def test_images_of_others_are_pinned_to_a_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-p\d)?$", SERVICES[name]["image"])


@pytest.mark.parametrize("name", ["worker", "trainer", "beat", "web"])
def test_health_is_what_newsgate_says_of_itself(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "newsgate", "health"]


def test_a_worker_may_finish_the_chunk_in_hand() -> None:
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > SETTINGS["lease_seconds"].default


def test_only_the_trainer_has_the_image_that_can_train() -> None:
    assert {name for name in OURS if SERVICES[name]["image"] != "newsgate"} == {"trainer"}
    assert SERVICES["trainer"]["build"] == {"context": ".", "args": {"LOCK": "training"}}
    assert "tensorflow==" in (ROOT / "requirements" / "training.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", ["server", "training"])
def test_the_images_have_what_metrics_and_the_page_need(lock: str) -> None:
    locked = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    needed = [re.split(r"[^\w-]", line)[0] for extra in ("metrics", "web", "postgres") for line in extras[extra]]
    assert [name for name in needed if not re.search(rf"^{name}(\[\w+\])?==", locked, re.MULTILINE)] == []


def test_prometheus_looks_where_workers_and_trainers_serve_metrics() -> None:
    told = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus.yml").read_text(encoding="utf-8"))
    ((found,),) = [job["dns_sd_configs"] for job in told["scrape_configs"]]
    assert found["names"] == ["worker", "trainer"]
    for name in found["names"]:
        assert SERVICES[name]["environment"]["NEWSGATE_METRICS_ADDRESS"] == f"0.0.0.0:{found['port']}"


def test_the_image_runs_a_worker_as_a_user_of_its_own() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"FROM python:\d+\.\d+\.\d+-slim-\w+", lines[0])
    assert lines[-1] == 'CMD ["newsgate", "worker"]'
    assert "USER newsgate" in lines
    (user,) = {SERVICES[name]["user"] for name in OURS}
    assert f"--uid {user.split(':')[0]} newsgate" in "\n".join(lines)
    assert not any(line.startswith("ENTRYPOINT") for line in lines)
    assert "ARG LOCK=server" in lines
    locks = re.findall(r"--require-hashes -r (\S+)", "\n".join(lines))
    assert locks == ["requirements/${LOCK}.txt"]
    assert all((ROOT / "requirements" / f"{lock}.txt").is_file() for lock in ("server", "training"))
